//! Checks of pod specs.

use std::collections::{BTreeMap, HashSet};

use k8s_openapi::api::core::v1::{
    Container, NodeAffinity, NodeSelectorTerm, PodAffinityTerm, PodSpec, ResourceRequirements, Toleration,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use crate::cluster::{object::affinity, object::resources};
use crate::input::path::FieldPath;

use super::Check;

const LABEL_OPERATORS: [&str; 6] = ["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"];
const FIELD_OPERATORS: [&str; 2] = ["In", "NotIn"];

/// Checks a pod spec at `path`.
pub fn spec(path: &FieldPath, pod: &PodSpec, check: &mut Check<'_>) {
    if pod.containers.is_empty() {
        check.error(&path.field("containers"), "a pod needs at least one container", "list its containers here");
    }
    containers(path, pod, check);
    requirements(&path.field("resources"), pod.resources.as_ref(), check);
    check.amounts(&path.field("overhead"), pod.overhead.as_ref());
    if let Err(error) = resources::pod_requests(pod)
        && error.source.to_string().contains("sum")
    {
        check.error(
            &path.field("containers"),
            format!("{} requests add up to more than 64 bits can hold", error.resource),
            "request less",
        );
    }
    tolerations(&path.field("tolerations"), pod.tolerations.as_deref(), check);
    topology_spread(&path.field("topologySpreadConstraints"), pod, check);
    let affinity = pod.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    if let Some(affinity) = affinity {
        node_affinity(&path.field("affinity.nodeAffinity"), affinity, check);
    }
    pod_affinity(&path.field("affinity"), pod, check);
}

fn pod_affinity(path: &FieldPath, pod: &PodSpec, check: &mut Check<'_>) {
    let required = [("podAffinity", affinity::required(pod)), ("podAntiAffinity", affinity::required_anti(pod))];
    for (kind, terms) in required {
        let at = path.field(kind).field("requiredDuringSchedulingIgnoredDuringExecution");
        terms.iter().enumerate().for_each(|(index, term)| pod_term(&at.index(index), term, check));
    }
    let preferred = [("podAffinity", affinity::preferred(pod)), ("podAntiAffinity", affinity::preferred_anti(pod))];
    for (kind, terms) in preferred {
        let at = path.field(kind).field("preferredDuringSchedulingIgnoredDuringExecution");
        for (index, term) in terms.iter().enumerate() {
            weight(&at.index(index), term.weight, check);
            pod_term(&at.index(index).field("podAffinityTerm"), &term.pod_affinity_term, check);
        }
    }
}

fn pod_term(path: &FieldPath, term: &PodAffinityTerm, check: &mut Check<'_>) {
    if term.topology_key.is_empty() {
        let help = "give a node label, such as `kubernetes.io/hostname`";
        check.error(&path.field("topologyKey"), "an affinity term needs a topology key", help);
    }
    check.label_selector(&path.field("labelSelector"), term.label_selector.as_ref());
    check.label_selector(&path.field("namespaceSelector"), term.namespace_selector.as_ref());
}

fn weight(path: &FieldPath, weight: i32, check: &mut Check<'_>) {
    if !(1..=100).contains(&weight) {
        check.error(&path.field("weight"), format!("{weight} is no weight"), "give a number from 1 to 100");
    }
}

fn containers(path: &FieldPath, pod: &PodSpec, check: &mut Check<'_>) {
    let mut names = HashSet::new();
    let init = pod.init_containers.as_deref().unwrap_or_default();
    for (field, list) in [("containers", pod.containers.as_slice()), ("initContainers", init)] {
        for (index, one) in list.iter().enumerate() {
            container(&path.field(field).index(index), one, &mut names, check);
        }
    }
}

fn container<'a>(path: &FieldPath, container: &'a Container, names: &mut HashSet<&'a str>, check: &mut Check<'_>) {
    if container.name.is_empty() {
        check.error(&path.field("name"), "every container needs a name", "add `name:`");
    } else if !names.insert(&container.name) {
        check.error(
            &path.field("name"),
            format!("`{}` is the name of another container too", container.name),
            "container names are unique within a pod",
        );
    }
    requirements(&path.field("resources"), container.resources.as_ref(), check);
}

fn requirements(path: &FieldPath, resources: Option<&ResourceRequirements>, check: &mut Check<'_>) {
    let Some(resources) = resources else { return };
    check.amounts(&path.field("requests"), resources.requests.as_ref());
    check.amounts(&path.field("limits"), resources.limits.as_ref());
    let none = BTreeMap::new();
    let limits = resources.limits.as_ref().unwrap_or(&none);
    for (name, request) in resources.requests.iter().flatten() {
        if limits.get(name).is_some_and(|limit| exceeds(name, request, limit)) {
            let problem = format!("the request `{}` exceeds the limit `{}`", request.0, limits[name].0);
            check.error(&path.field("requests").key(name), problem, "raise the limit or lower the request");
        }
    }
}

fn exceeds(name: &str, request: &Quantity, limit: &Quantity) -> bool {
    matches!((resources::amount(name, request), resources::amount(name, limit)), (Ok(request), Ok(limit)) if request > limit)
}

fn tolerations(path: &FieldPath, tolerations: Option<&[Toleration]>, check: &mut Check<'_>) {
    if check.is_accepted() {
        return;
    }
    for (index, toleration) in tolerations.into_iter().flatten().enumerate() {
        let at = path.index(index);
        let operator = toleration.operator.as_deref().filter(|operator| !operator.is_empty());
        let effect = toleration.effect.as_deref().filter(|effect| !effect.is_empty());
        check.one_of(&at.field("operator"), operator, &["Exists", "Equal"]);
        check.one_of(&at.field("effect"), effect, &["NoSchedule", "PreferNoSchedule", "NoExecute"]);
        let blank = |text: &Option<String>| text.as_deref().is_none_or(str::is_empty);
        if operator == Some("Exists") && !blank(&toleration.value) {
            check.error(
                &at.field("value"),
                "operator Exists takes no value",
                "leave the value out, or use operator Equal",
            );
        }
        if blank(&toleration.key) && operator != Some("Exists") {
            check.error(&at, "a toleration without a key needs operator Exists", "add a `key:`, or `operator: Exists`");
        }
        if toleration.toleration_seconds.is_some() && effect != Some("NoExecute") {
            check.error(
                &at.field("tolerationSeconds"),
                "only effect NoExecute has tolerationSeconds",
                "add `effect: NoExecute`",
            );
        }
    }
}

fn topology_spread(path: &FieldPath, pod: &PodSpec, check: &mut Check<'_>) {
    if check.is_accepted() {
        return;
    }
    let mut seen = HashSet::new();
    for (index, constraint) in pod.topology_spread_constraints.iter().flatten().enumerate() {
        let at = path.index(index);
        check.at_least(&at.field("maxSkew"), Some(constraint.max_skew), 1);
        check.one_of(
            &at.field("whenUnsatisfiable"),
            Some(&constraint.when_unsatisfiable),
            &["DoNotSchedule", "ScheduleAnyway"],
        );
        for (field, policy) in [
            ("nodeAffinityPolicy", &constraint.node_affinity_policy),
            ("nodeTaintsPolicy", &constraint.node_taints_policy),
        ] {
            check.one_of(&at.field(field), policy.as_deref(), &["Honor", "Ignore"]);
        }
        check.at_least(&at.field("minDomains"), constraint.min_domains, 1);
        if constraint.min_domains.is_some() && constraint.when_unsatisfiable == "ScheduleAnyway" {
            check.error(&at.field("minDomains"), "minDomains goes with DoNotSchedule only", "leave it out");
        }
        if constraint.topology_key.is_empty() {
            check.error(
                &at.field("topologyKey"),
                "a constraint needs a topology key",
                "give a node label, such as `topology.kubernetes.io/zone`",
            );
        }
        if !seen.insert((&constraint.topology_key, &constraint.when_unsatisfiable)) {
            check.error(
                &at,
                "there is another constraint with this topologyKey and whenUnsatisfiable",
                "keep one of them",
            );
        }
        check.label_selector(&at.field("labelSelector"), constraint.label_selector.as_ref());
    }
}

fn node_affinity(path: &FieldPath, affinity: &NodeAffinity, check: &mut Check<'_>) {
    if let Some(required) = &affinity.required_during_scheduling_ignored_during_execution {
        let terms = path.field("requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms");
        if required.node_selector_terms.is_empty() {
            check.error(
                &terms,
                "required node affinity needs at least one term",
                "add a term, or leave the affinity out",
            );
        }
        for (index, term) in required.node_selector_terms.iter().enumerate() {
            node_term(&terms.index(index), term, check);
        }
    }
    let preferred = path.field("preferredDuringSchedulingIgnoredDuringExecution");
    for (index, term) in affinity.preferred_during_scheduling_ignored_during_execution.iter().flatten().enumerate() {
        let at = preferred.index(index);
        weight(&at, term.weight, check);
        node_term(&at.field("preference"), &term.preference, check);
    }
}

fn node_term(path: &FieldPath, term: &NodeSelectorTerm, check: &mut Check<'_>) {
    check.node_requirements(&path.field("matchExpressions"), term.match_expressions.as_deref(), &LABEL_OPERATORS);
    check.node_requirements(&path.field("matchFields"), term.match_fields.as_deref(), &FIELD_OPERATORS);
}
