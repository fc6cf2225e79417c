//! LimitRanges: what they give to containers that say nothing, and which pods they refuse.
//!
//! Reference: `plugin/pkg/admission/limitranger/admission.go` (`mergeContainerResources`, `PodValidateLimitFunc`),
//! `pkg/apis/core/v1/defaults.go` (`SetDefaults_LimitRangeItem`, `SetDefaults_Pod`), v1.34.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, LimitRange, LimitRangeItem, PodSpec, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::resources::{self, ResourceError};

type Amounts = BTreeMap<String, Quantity>;

/// Whether a range is about pods of a namespace.
pub fn is_of(range: &LimitRange, namespace: &str) -> bool {
    range.metadata.namespace.as_deref().unwrap_or("default") == namespace
}

/// Gives containers of a pod the limits and requests that they do not have.
pub fn complete(range: &LimitRange, pod: &mut PodSpec) {
    for item in items(range).filter(|item| item.type_ == "Container") {
        let (limits, requests) = defaults(item);
        let inits = pod.init_containers.iter_mut().flatten();
        for container in pod.containers.iter_mut().chain(inits) {
            let resources = container.resources.get_or_insert_with(ResourceRequirements::default);
            // A limit stands in for a request before any range does.
            let own = resources.limits.clone().unwrap_or_default();
            fill(&mut resources.requests, &own);
            fill(&mut resources.limits, &limits);
            fill(&mut resources.requests, &requests);
        }
    }
}

fn items(range: &LimitRange) -> impl Iterator<Item = &LimitRangeItem> {
    range.spec.iter().flat_map(|spec| &spec.limits)
}

/// Limits and requests of containers without any: what is left out follows from the maximum, and from one another.
fn defaults(item: &LimitRangeItem) -> (Amounts, Amounts) {
    let mut limits = item.default.clone();
    fill(&mut limits, item.max.as_ref().unwrap_or(&Amounts::new()));
    let limits = limits.unwrap_or_default();
    let mut requests = item.default_request.clone();
    fill(&mut requests, &limits);
    fill(&mut requests, item.min.as_ref().unwrap_or(&Amounts::new()));
    (limits, requests.unwrap_or_default())
}

fn fill(given: &mut Option<Amounts>, defaults: &Amounts) {
    for (name, amount) in defaults {
        given.get_or_insert_with(Amounts::new).entry(name.clone()).or_insert_with(|| amount.clone());
    }
}

/// Why a range refuses a pod that it has completed, in a few words; `None` if it does not.
///
/// # Errors
///
/// If an amount does not parse.
pub fn refusal(range: &LimitRange, pod: &PodSpec) -> Result<Option<String>, ResourceError> {
    for item in items(range) {
        let subjects: Vec<Subject> = match item.type_.as_str() {
            "Container" => containers(pod).map(Subject::of_container).collect::<Result<_, _>>()?,
            "Pod" => vec![Subject::of_pod(pod)?],
            _ => Vec::new(),
        };
        for subject in subjects {
            if let Some(why) = subject.refusal(item)? {
                return Ok(Some(why));
            }
        }
    }
    Ok(None)
}

fn containers(pod: &PodSpec) -> impl Iterator<Item = &Container> {
    pod.containers.iter().chain(pod.init_containers.iter().flatten())
}

/// What a range holds against its numbers: thousandths of cpu, else whole units.
struct Subject {
    what: String,
    requests: BTreeMap<String, i64>,
    limits: BTreeMap<String, i64>,
}

impl Subject {
    fn of_container(container: &Container) -> Result<Subject, ResourceError> {
        let given = container.resources.as_ref();
        Ok(Subject {
            what: format!("container {}", container.name),
            requests: resources::parse_all(given.and_then(|it| it.requests.as_ref()))?,
            limits: resources::parse_all(given.and_then(|it| it.limits.as_ref()))?,
        })
    }

    /// A pod says something of a resource if all its containers do.
    fn of_pod(pod: &PodSpec) -> Result<Subject, ResourceError> {
        let (requests, limits) = (resources::pod_requests(pod)?, resources::pod_limits(pod)?);
        let each = containers(pod).map(Subject::of_container).collect::<Result<Vec<Subject>, ResourceError>>()?;
        let said = |of: fn(&Subject) -> &BTreeMap<String, i64>| -> Vec<String> {
            each.iter().flat_map(|subject| of(subject).keys().cloned()).collect()
        };
        let of_requests = said(|it| &it.requests).into_iter().map(|name| (name.clone(), requests.get(&name)));
        let of_limits = said(|it| &it.limits).into_iter().map(|name| (name.clone(), limits.get(&name)));
        Ok(Subject { what: "the pod".to_owned(), requests: of_requests.collect(), limits: of_limits.collect() })
    }

    fn refusal(&self, item: &LimitRangeItem) -> Result<Option<String>, ResourceError> {
        for (name, least) in resources::parse_all(item.min.as_ref())? {
            let request = self.requests.get(&name);
            if request.is_none_or(|&request| request < least) || self.limits.get(&name).is_some_and(|&it| it < least) {
                return Ok(Some(format!("{} is below the minimum of {name}", self.what)));
            }
        }
        for (name, most) in resources::parse_all(item.max.as_ref())? {
            let limit = self.limits.get(&name);
            if limit.is_none_or(|&limit| limit > most) || self.requests.get(&name).is_some_and(|&it| it > most) {
                return Ok(Some(format!("{} is above the maximum of {name}", self.what)));
            }
        }
        for (name, ratio) in item.max_limit_request_ratio.iter().flatten() {
            // Both in the same unit, so the ratio is a plain number, in thousandths as cpu is.
            let ratio = resources::amount("cpu", ratio)?;
            let (request, limit) = (self.requests.get(name).copied(), self.limits.get(name).copied());
            let exceeds = |request: i64, limit: i64| {
                request == 0 || i128::from(limit) * 1000 > i128::from(ratio) * i128::from(request)
            };
            if request.zip(limit).is_none_or(|(request, limit)| exceeds(request, limit)) {
                return Ok(Some(format!("{} has too large a limit of {name} for what it requests", self.what)));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, from_value, json};

    fn range(item: Value) -> LimitRange {
        from_value(json!({"metadata": {"name": "r"}, "spec": {"limits": [item]}})).expect("a range")
    }

    fn completed(range: &LimitRange, resources: Value) -> PodSpec {
        let mut pod: PodSpec =
            from_value(json!({"containers": [{"name": "a", "resources": resources}]})).expect("a pod");
        complete(range, &mut pod);
        pod
    }

    fn told(pod: &PodSpec) -> Value {
        json!(pod.containers[0].resources)
    }

    #[test]
    fn what_is_left_out_follows_from_the_rest() {
        let both = range(json!({"type": "Container", "default": {"cpu": "200m"}, "defaultRequest": {"cpu": "150m"}}));
        assert_eq!(told(&completed(&both, json!({}))), json!({"limits": {"cpu": "200m"}, "requests": {"cpu": "150m"}}));
        let limited = completed(&both, json!({"limits": {"cpu": "1"}}));
        assert_eq!(told(&limited), json!({"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}));
        let most = range(json!({"type": "Container", "max": {"cpu": "2"}}));
        assert_eq!(told(&completed(&most, json!({}))), json!({"limits": {"cpu": "2"}, "requests": {"cpu": "2"}}));
        let least = range(json!({"type": "Container", "min": {"cpu": "1"}}));
        assert_eq!(told(&completed(&least, json!({}))), json!({"requests": {"cpu": "1"}}));
    }

    #[test]
    fn pods_outside_of_the_range_are_refused() {
        let refused = |item: Value, resources: Value| {
            let range = range(item);
            refusal(&range, &completed(&range, resources)).expect("amounts").is_some()
        };
        let most = || json!({"type": "Container", "max": {"cpu": "300m"}});
        assert!(refused(most(), json!({"limits": {"cpu": "400m"}})) && !refused(most(), json!({})));
        let of_pod = || json!({"type": "Pod", "max": {"cpu": "300m"}});
        assert!(refused(of_pod(), json!({"requests": {"cpu": "100m"}})), "no limit is given");
        assert!(!refused(of_pod(), json!({"limits": {"cpu": "100m"}})));
        let ratio = || json!({"type": "Container", "maxLimitRequestRatio": {"cpu": "2"}});
        assert!(refused(ratio(), json!({"limits": {"cpu": "3"}, "requests": {"cpu": "1"}})));
        assert!(!refused(ratio(), json!({"limits": {"cpu": "2"}, "requests": {"cpu": "1"}})));
    }
}
