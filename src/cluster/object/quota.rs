//! ResourceQuotas: which pods they count, and what each pod takes.
//!
//! Reference: `pkg/quota/v1/evaluator/core/pods.go` (`Constraints`, `PodUsageFunc`, `podMatchesScopeFunc`),
//! `k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go` (`CheckRequest`), v1.34.

use k8s_openapi::api::core::v1::{
    Container, PodSpec, ResourceQuota, ResourceQuotaSpec, ScopedResourceSelectorRequirement,
};

use super::affinity;
use super::resources::{self, ResourceError};

/// What one pod takes of a resource that a quota limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The resource as the quota names it: `pods`, `requests.cpu`, …
    pub resource: String,
    /// What a pod takes; 0 or more. Thousandths of cpu, else whole units.
    pub each: i64,
    /// What all pods may take together.
    pub hard: i64,
}

/// Compute resources that a quota may limit without a prefix: requests are meant.
const PLAIN: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

/// What a pod takes of everything that a quota limits and pods take something of.
///
/// # Errors
///
/// If an amount does not parse.
pub fn charges(quota: &ResourceQuota, pod: &PodSpec) -> Result<Vec<Charge>, ResourceError> {
    let (requests, limits) = (resources::pod_requests(pod)?, resources::pod_limits(pod)?);
    let hard = quota.spec.as_ref().and_then(|spec| spec.hard.as_ref());
    let mut charges = Vec::new();
    for (resource, amount) in hard.into_iter().flatten() {
        let (each, unit) = match resource.split_once('.') {
            _ if resource == "pods" || resource == "count/pods" => (1, "pods"),
            Some(("requests", name)) => (requests.get(name), name),
            Some(("limits", name)) => (limits.get(name), name),
            _ if PLAIN.contains(&resource.as_str()) => (requests.get(resource), resource.as_str()),
            _ => continue,
        };
        charges.push(Charge { resource: resource.clone(), each, hard: resources::amount(unit, amount)? });
    }
    Ok(charges)
}

/// A compute resource that a quota limits and some container of a pod says nothing of: then the pod is refused.
pub fn lacking(quota: &ResourceQuota, pod: &PodSpec) -> Option<String> {
    let hard = quota.spec.as_ref().and_then(|spec| spec.hard.as_ref())?;
    let containers = || pod.containers.iter().chain(pod.init_containers.iter().flatten());
    let lacks = |resource: &&String| match resource.split_once('.') {
        Some(("requests", name)) if PLAIN[..2].contains(&name) => !containers().all(|it| says(it, name, false)),
        Some(("limits", name)) if PLAIN[..2].contains(&name) => !containers().all(|it| says(it, name, true)),
        _ => PLAIN[..2].contains(&resource.as_str()) && !containers().all(|it| says(it, resource, false)),
    };
    hard.keys().find(lacks).cloned()
}

/// Whether a container limits a resource, or requests it; a limit stands in for a request.
fn says(container: &Container, name: &str, limits: bool) -> bool {
    let Some(resources) = &container.resources else { return false };
    let listed =
        |list: &Option<std::collections::BTreeMap<_, _>>| list.as_ref().is_some_and(|it| it.contains_key(name));
    listed(&resources.limits) || !limits && listed(&resources.requests)
}

/// Whether a quota counts pods of a namespace with this spec.
pub fn selects(quota: &ResourceQuota, namespace: &str, pod: &PodSpec) -> bool {
    let own = quota.metadata.namespace.as_deref().unwrap_or("default");
    let none = ResourceQuotaSpec::default();
    let spec = quota.spec.as_ref().unwrap_or(&none);
    let scopes = spec.scopes.iter().flatten().all(|scope| is_in(scope, "Exists", &[], pod));
    let matches = |it: &ScopedResourceSelectorRequirement| {
        is_in(&it.scope_name, &it.operator, it.values.as_deref().unwrap_or_default(), pod)
    };
    let selector = spec.scope_selector.iter().flat_map(|it| it.match_expressions.iter().flatten()).all(matches);
    own == namespace && scopes && selector
}

fn is_in(scope: &str, operator: &str, values: &[String], pod: &PodSpec) -> bool {
    let class = pod.priority_class_name.as_deref().unwrap_or_default();
    match (scope, operator) {
        ("Terminating", _) => pod.active_deadline_seconds.is_some(),
        ("NotTerminating", _) => pod.active_deadline_seconds.is_none(),
        ("BestEffort", _) => is_best_effort(pod),
        ("NotBestEffort", _) => !is_best_effort(pod),
        ("CrossNamespacePodAffinity", _) => crosses_namespaces(pod),
        ("PriorityClass", "In") => values.iter().any(|value| value == class),
        ("PriorityClass", "NotIn") => values.iter().all(|value| value != class),
        ("PriorityClass", "DoesNotExist") => class.is_empty(),
        ("PriorityClass", _) => !class.is_empty(),
        _ => false,
    }
}

/// Whether no container requests or limits cpu or memory.
fn is_best_effort(pod: &PodSpec) -> bool {
    let containers = pod.containers.iter().chain(pod.init_containers.iter().flatten());
    let is_bare = |container: &Container| PLAIN[..2].iter().all(|name| !says(container, name, false));
    pod.resources.is_none() && containers.into_iter().all(is_bare)
}

fn crosses_namespaces(pod: &PodSpec) -> bool {
    affinity::all(pod).any(|term| {
        term.namespace_selector.is_some() || term.namespaces.as_ref().is_some_and(|names| !names.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, from_value, json};

    fn quota(spec: Value) -> ResourceQuota {
        from_value(json!({"metadata": {"name": "q", "namespace": "n"}, "spec": spec})).expect("a quota")
    }

    fn pod(resources: Value) -> PodSpec {
        let init = json!({"name": "init", "resources": {"limits": {"cpu": "2"}, "requests": {"memory": "1Mi"}}});
        let main = json!({"name": "main", "resources": resources});
        from_value(json!({"containers": [main], "initContainers": [init]})).expect("a pod")
    }

    #[test]
    fn a_pod_takes_what_it_requests_and_what_it_is_limited_to() {
        let quota = quota(json!({"hard": {
            "pods": "5", "requests.cpu": "4", "limits.cpu": "3", "memory": "1Gi", "services": "1", "count/pods": "7"
        }}));
        let charges =
            charges(&quota, &pod(json!({"limits": {"cpu": "1"}, "requests": {"cpu": "500m"}}))).expect("amounts");
        let charges: Vec<(&str, i64, i64)> =
            charges.iter().map(|it| (it.resource.as_str(), it.each, it.hard)).collect();
        assert_eq!(
            charges,
            [
                ("count/pods", 1, 7),
                ("limits.cpu", 2000, 3000),
                ("memory", 1 << 20, 1 << 30),
                ("pods", 1, 5),
                ("requests.cpu", 2000, 4000)
            ]
        );
    }

    #[test]
    fn every_container_has_to_say_what_is_limited() {
        let limited = quota(json!({"hard": {"limits.cpu": "3"}}));
        assert_eq!(lacking(&limited, &pod(json!({"requests": {"cpu": "1"}}))).as_deref(), Some("limits.cpu"));
        assert_eq!(lacking(&limited, &pod(json!({"limits": {"cpu": "1"}}))), None);
        let requested = quota(json!({"hard": {"requests.cpu": "3", "pods": "2"}}));
        assert_eq!(lacking(&requested, &pod(json!({"limits": {"cpu": "1"}}))), None);
        assert_eq!(lacking(&requested, &pod(json!({}))).as_deref(), Some("requests.cpu"));
    }

    #[test]
    fn scopes_select_pods() {
        let of_class = |operator: &str| {
            let expression = json!({"scopeName": "PriorityClass", "operator": operator, "values": ["high"]});
            quota(json!({"hard": {"pods": "1"}, "scopeSelector": {"matchExpressions": [expression]}}))
        };
        let mut urgent = pod(json!({"requests": {"cpu": "1"}}));
        let plain = urgent.clone();
        urgent.priority_class_name = Some("high".to_owned());
        assert!(selects(&of_class("In"), "n", &urgent) && !selects(&of_class("In"), "n", &plain));
        assert!(!selects(&of_class("NotIn"), "n", &urgent) && selects(&of_class("NotIn"), "n", &plain));
        let best_effort = quota(json!({"hard": {"pods": "1"}, "scopes": ["BestEffort"]}));
        let bare: PodSpec = from_value(json!({"containers": [{"name": "a"}]})).expect("a pod");
        assert!(selects(&best_effort, "n", &bare) && !selects(&best_effort, "n", &plain));
        assert!(!selects(&best_effort, "other", &bare));
    }

    #[test]
    fn terms_that_reach_other_namespaces_are_in_a_scope_of_their_own() {
        let crossing = quota(json!({"hard": {"pods": "1"}, "scopes": ["CrossNamespacePodAffinity"]}));
        let near = |namespaces: Value| {
            let term = json!({"topologyKey": "zone", "labelSelector": {}, "namespaces": namespaces});
            let preferred = json!([{"weight": 1, "podAffinityTerm": term}]);
            let affinity = json!({"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}});
            from_value::<PodSpec>(json!({"containers": [], "affinity": affinity})).expect("a pod")
        };
        assert!(selects(&crossing, "n", &near(json!(["other"]))));
        assert!(!selects(&crossing, "n", &near(json!([]))) && !selects(&crossing, "n", &pod(json!({}))));
    }
}
