//! Inter-pod affinity terms of a pod: where they are, and which namespaces they reach.
//!
//! Reference: `pkg/scheduler/framework/types.go` (AffinityTerm) and
//! `pkg/scheduler/framework/plugins/interpodaffinity/plugin.go` (v1.34).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{PodAffinityTerm, PodSpec, WeightedPodAffinityTerm};

use super::selector::{self, Labels};

/// Required affinity terms.
pub fn required(pod: &PodSpec) -> &[PodAffinityTerm] {
    let affinity = pod.affinity.as_ref().and_then(|affinity| affinity.pod_affinity.as_ref());
    affinity.and_then(|it| it.required_during_scheduling_ignored_during_execution.as_deref()).unwrap_or_default()
}

/// Required anti-affinity terms.
pub fn required_anti(pod: &PodSpec) -> &[PodAffinityTerm] {
    let affinity = pod.affinity.as_ref().and_then(|affinity| affinity.pod_anti_affinity.as_ref());
    affinity.and_then(|it| it.required_during_scheduling_ignored_during_execution.as_deref()).unwrap_or_default()
}

/// Preferred affinity terms.
pub fn preferred(pod: &PodSpec) -> &[WeightedPodAffinityTerm] {
    let affinity = pod.affinity.as_ref().and_then(|affinity| affinity.pod_affinity.as_ref());
    affinity.and_then(|it| it.preferred_during_scheduling_ignored_during_execution.as_deref()).unwrap_or_default()
}

/// Preferred anti-affinity terms.
pub fn preferred_anti(pod: &PodSpec) -> &[WeightedPodAffinityTerm] {
    let affinity = pod.affinity.as_ref().and_then(|affinity| affinity.pod_anti_affinity.as_ref());
    affinity.and_then(|it| it.preferred_during_scheduling_ignored_during_execution.as_deref()).unwrap_or_default()
}

/// All terms of a pod.
pub fn all(pod: &PodSpec) -> impl Iterator<Item = &PodAffinityTerm> {
    let weighted = preferred(pod).iter().chain(preferred_anti(pod)).map(|weighted| &weighted.pod_affinity_term);
    required(pod).iter().chain(required_anti(pod)).chain(weighted)
}

/// Whether a term of a pod in namespace `own` reaches the pods of namespace `other`: without any namespaces its own, else
/// the listed and the selected ones together.
pub fn reaches(term: &PodAffinityTerm, own: &str, other: &str, namespaces: &BTreeMap<String, Labels>) -> bool {
    let listed = term.namespaces.as_deref().unwrap_or_default();
    let none = Labels::new();
    let labels = namespaces.get(other).unwrap_or(&none);
    match &term.namespace_selector {
        None if listed.is_empty() => own == other,
        None => listed.iter().any(|name| name == other),
        Some(selected) => listed.iter().any(|name| name == other) || selector::matches(selected, labels),
    }
}

/// Whether the scheduler takes a term of the pod that it is placing to reach every namespace: it asks the selector about
/// no labels as well, which one that only excludes is content with. (Upstream means to resolve the selector first.)
pub fn reaches_everywhere(term: &PodAffinityTerm) -> bool {
    term.namespace_selector.as_ref().is_some_and(|selected| selector::matches(selected, &Labels::new()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, from_value, json};

    fn term(fields: Value) -> PodAffinityTerm {
        let mut term = json!({"topologyKey": "zone"});
        term.as_object_mut().expect("an object").extend(fields.as_object().cloned().unwrap_or_default());
        from_value(term).expect("a term")
    }

    fn namespaces() -> BTreeMap<String, Labels> {
        let labels = |team: &str| Labels::from([("team".to_owned(), team.to_owned())]);
        BTreeMap::from([("a".to_owned(), labels("x")), ("b".to_owned(), labels("y"))])
    }

    #[test]
    fn listed_and_selected_namespaces_add_up() {
        let reached = |fields: Value| {
            let term = term(fields);
            ["a", "b", "c"].map(|other| reaches(&term, "a", other, &namespaces()))
        };
        assert_eq!(reached(json!({})), [true, false, false], "its own without any");
        assert_eq!(reached(json!({"namespaces": ["b"]})), [false, true, false]);
        let selected = json!({"matchLabels": {"team": "x"}});
        assert_eq!(reached(json!({"namespaceSelector": selected, "namespaces": ["c"]})), [true, false, true]);
        assert_eq!(reached(json!({"namespaceSelector": {}})), [true, true, true]);
    }

    #[test]
    fn a_selector_that_only_excludes_is_content_with_no_labels() {
        let excluding = |operator: &str| {
            let expression = json!({"key": "team", "operator": operator, "values": ["x"]});
            reaches_everywhere(&term(json!({"namespaceSelector": {"matchExpressions": [expression]}})))
        };
        assert!(excluding("NotIn"));
        assert!(!excluding("In"));
        assert!(!reaches_everywhere(&term(json!({}))));
    }
}
