//! Labels, node affinity, taints and tolerations: who matches whom.
//!
//! Unknown operators match nothing; the input layer refuses them before they get here.
//!
//! Reference: `apimachinery/pkg/labels/selector.go`, `component-helpers/scheduling/corev1/nodeaffinity` and
//! `component-helpers/scheduling/corev1/helpers.go` (v1.34).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Node, NodeAffinity, NodeSelectorRequirement, NodeSelectorTerm, PodSpec, Taint, Toleration,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

/// Labels of an object.
pub type Labels = BTreeMap<String, String>;

/// Effects that keep pods off a node.
pub const HARD_EFFECTS: [&str; 2] = ["NoSchedule", "NoExecute"];

/// Whether a label selector matches. An empty one matches everything.
pub fn matches(selector: &LabelSelector, labels: &Labels) -> bool {
    let equal = |(key, value): (&String, &String)| labels.get(key) == Some(value);
    selector.match_labels.iter().flatten().all(equal)
        && selector.match_expressions.iter().flatten().all(|requirement| {
            let values = requirement.values.as_deref().unwrap_or_default();
            holds(&requirement.operator, values, labels.get(&requirement.key))
        })
}

/// Whether a label selector asks for nothing.
pub fn is_empty(selector: &LabelSelector) -> bool {
    selector.match_labels.as_ref().is_none_or(|labels| labels.is_empty())
        && selector.match_expressions.as_ref().is_none_or(|expressions| expressions.is_empty())
}

/// Whether a set of plain `key: value` pairs, such as a Service's selector, matches.
pub fn matches_pairs(pairs: &Labels, labels: &Labels) -> bool {
    pairs.iter().all(|(key, value)| labels.get(key) == Some(value))
}

/// Whether a node satisfies a pod's `nodeSelector` and required node affinity.
pub fn matches_node(pod: &PodSpec, node: &Node) -> bool {
    let labels = node_labels(node);
    let by_selector = pod.node_selector.as_ref().is_none_or(|pairs| matches_pairs(pairs, labels));
    let required =
        node_affinity(pod).and_then(|affinity| affinity.required_during_scheduling_ignored_during_execution.as_ref());
    by_selector
        && required.is_none_or(|selector| selector.node_selector_terms.iter().any(|term| term_matches(term, node)))
}

/// Sum of the weights of a pod's preferred node affinity terms that a node matches.
pub fn preferred_node_score(pod: &PodSpec, node: &Node) -> i64 {
    let preferred =
        node_affinity(pod).and_then(|affinity| affinity.preferred_during_scheduling_ignored_during_execution.as_ref());
    let matching = preferred.into_iter().flatten().filter(|term| term_matches(&term.preference, node));
    matching.map(|term| i64::from(term.weight)).sum()
}

/// Whether a node matches one term: all its expressions and fields hold, and it has at least one.
pub fn term_matches(term: &NodeSelectorTerm, node: &Node) -> bool {
    let expressions = term.match_expressions.as_deref().unwrap_or_default();
    let fields = term.match_fields.as_deref().unwrap_or_default();
    let labels = node_labels(node);
    let field = |requirement: &NodeSelectorRequirement| match requirement.key.as_str() {
        "metadata.name" => node.metadata.name.as_ref(),
        _ => None,
    };
    !(expressions.is_empty() && fields.is_empty())
        && expressions.iter().all(|requirement| requirement_holds(requirement, labels.get(&requirement.key)))
        && fields.iter().all(|requirement| requirement_holds(requirement, field(requirement)))
}

/// A taint without a value.
pub fn taint(key: &str, effect: &str) -> Taint {
    Taint { key: key.to_owned(), effect: effect.to_owned(), ..Taint::default() }
}

/// Whether one of the tolerations tolerates a taint.
pub fn tolerates(tolerations: &[Toleration], taint: &Taint) -> bool {
    tolerations.iter().any(|toleration| tolerates_taint(toleration, taint))
}

/// Whether a single toleration tolerates a taint.
pub fn tolerates_taint(toleration: &Toleration, taint: &Taint) -> bool {
    let any_or = |given: Option<&str>, wanted: &str| given.is_none_or(|given| given.is_empty() || given == wanted);
    let value = toleration.value.as_deref().unwrap_or_default() == taint.value.as_deref().unwrap_or_default();
    any_or(toleration.effect.as_deref(), &taint.effect)
        && any_or(toleration.key.as_deref(), &taint.key)
        && match toleration.operator.as_deref() {
            None | Some("" | "Equal") => value,
            Some("Exists") => true,
            Some(_) => false,
        }
}

/// Whether pods with these tolerations are evicted from a node that stays down: they do not tolerate for ever both that
/// its kubelet says so and that it says nothing. (Those that say nothing about it tolerate it for a while.)
pub fn leave_nodes_that_are_down(tolerations: &[Toleration]) -> bool {
    let stays = |key: &str| {
        let taint = taint(key, "NoExecute");
        let first = tolerations.iter().find(|toleration| tolerates_taint(toleration, &taint));
        first.is_some_and(|toleration| toleration.toleration_seconds.is_none())
    };
    !["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"].into_iter().all(stays)
}

/// Whether one of the tolerations tolerates a taint where the operators `Gt` and `Lt` compare the taint's value with the
/// toleration's number.
pub fn tolerates_comparing(tolerations: &[Toleration], taint: &Taint) -> bool {
    tolerations.iter().any(|toleration| {
        let operator = toleration.operator.as_deref().filter(|operator| matches!(*operator, "Gt" | "Lt"));
        let Some(operator) = operator else { return tolerates_taint(toleration, taint) };
        let exists = Toleration { operator: Some("Exists".to_owned()), ..toleration.clone() };
        let number = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<i64>().ok());
        tolerates_taint(&exists, taint)
            && match (number(&taint.value), number(&toleration.value)) {
                (Some(value), Some(limit)) if operator == "Gt" => value > limit,
                (Some(value), Some(limit)) => value < limit,
                _ => false,
            }
    })
}

/// The keys that a label selector reads.
pub fn keys(selector: &LabelSelector) -> impl Iterator<Item = &String> {
    let expressions = selector.match_expressions.iter().flatten().map(|requirement| &requirement.key);
    selector.match_labels.iter().flatten().map(|(key, _)| key).chain(expressions)
}

/// The taints with one of these effects that nothing tolerates, in node order.
pub fn untolerated<'a>(
    tolerations: &'a [Toleration],
    taints: &'a [Taint],
    effects: &'a [&str],
) -> impl Iterator<Item = &'a Taint> {
    taints.iter().filter(|taint| effects.contains(&taint.effect.as_str()) && !tolerates(tolerations, taint))
}

fn node_labels(node: &Node) -> &Labels {
    static NONE: Labels = Labels::new();
    node.metadata.labels.as_ref().unwrap_or(&NONE)
}

fn node_affinity(pod: &PodSpec) -> Option<&NodeAffinity> {
    pod.affinity.as_ref()?.node_affinity.as_ref()
}

fn requirement_holds(requirement: &NodeSelectorRequirement, value: Option<&String>) -> bool {
    holds(&requirement.operator, requirement.values.as_deref().unwrap_or_default(), value)
}

fn holds(operator: &str, values: &[String], value: Option<&String>) -> bool {
    match (operator, value) {
        ("In", Some(value)) => values.contains(value),
        ("NotIn", value) => value.is_none_or(|value| !values.contains(value)),
        ("Exists", value) => value.is_some(),
        ("DoesNotExist", value) => value.is_none(),
        ("Gt", Some(value)) => compare(value, values).is_some_and(|(value, limit)| value > limit),
        ("Lt", Some(value)) => compare(value, values).is_some_and(|(value, limit)| value < limit),
        _ => false,
    }
}

fn compare(value: &str, limits: &[String]) -> Option<(i64, i64)> {
    match limits {
        [limit] => Some((value.parse().ok()?, limit.parse().ok()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, from_value, json};

    fn node(labels: Value) -> Node {
        from_value(json!({"metadata": {"name": "n1", "labels": labels}})).expect("a node")
    }

    fn required(terms: Value) -> PodSpec {
        let affinity = json!({"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}});
        from_value(json!({"containers": [], "affinity": {"nodeAffinity": affinity}})).expect("a pod spec")
    }

    fn expression(key: &str, operator: &str, values: &[&str]) -> Value {
        json!({"key": key, "operator": operator, "values": values})
    }

    #[test]
    fn operators_follow_upstream() {
        for (operator, values, labels, expected) in [
            ("In", vec!["a"], json!({"k": "a"}), true),
            ("In", vec!["a"], json!({}), false),
            ("NotIn", vec!["a"], json!({}), true),
            ("NotIn", vec!["a"], json!({"k": "a"}), false),
            ("Exists", vec![], json!({"k": ""}), true),
            ("DoesNotExist", vec![], json!({}), true),
            ("Gt", vec!["3"], json!({"k": "04"}), true),
            ("Gt", vec!["4"], json!({"k": "4"}), false),
            ("Gt", vec!["4"], json!({"k": "4.5"}), false),
            ("Lt", vec!["4"], json!({"k": "3"}), true),
            ("Lt", vec!["4"], json!({}), false),
        ] {
            let pod = required(json!([{"matchExpressions": [expression("k", operator, &values)]}]));
            assert_eq!(matches_node(&pod, &node(labels.clone())), expected, "{operator} {values:?} {labels}");
        }
    }

    #[test]
    fn terms_are_alternatives_and_empty_ones_match_nothing() {
        let name = json!({"matchFields": [expression("metadata.name", "In", &["n1"])]});
        assert!(matches_node(&required(json!([{}, name])), &node(json!({}))));
        assert!(!matches_node(&required(json!([{}])), &node(json!({}))));
        let mut pinned = required(json!([name]));
        pinned.node_selector = Some(Labels::from([("disk".to_owned(), "ssd".to_owned())]));
        assert!(!matches_node(&pinned, &node(json!({}))));
    }

    #[test]
    fn preferences_add_up() {
        let term = |weight: i64, preference: Value| json!({"weight": weight, "preference": preference});
        let ssd = json!({"matchExpressions": [expression("disk", "In", &["ssd"])]});
        let list = json!([term(5, ssd.clone()), term(7, json!({})), term(2, ssd)]);
        let affinity = json!({"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": list}});
        let pod: PodSpec = from_value(json!({"containers": [], "affinity": affinity})).expect("a pod spec");
        assert_eq!(preferred_node_score(&pod, &node(json!({"disk": "ssd"}))), 7);
        assert_eq!(preferred_node_score(&pod, &node(json!({}))), 0);
    }

    #[test]
    fn absent_parts_of_a_toleration_are_wildcards() {
        let taint: Taint = from_value(json!({"key": "k", "value": "v", "effect": "NoExecute"})).expect("a taint");
        for (toleration, expected) in [
            (json!({"operator": "Exists"}), true),
            (json!({"key": "k", "operator": "Exists"}), true),
            (json!({"key": "k", "value": "v"}), true),
            (json!({"key": "k"}), false),
            (json!({"key": "k", "value": "v", "effect": "NoSchedule"}), false),
            (json!({"key": "other", "operator": "Exists"}), false),
        ] {
            let list = [from_value::<Toleration>(toleration.clone()).expect("a toleration")];
            assert_eq!(tolerates(&list, &taint), expected, "{toleration}");
            assert_eq!(untolerated(&list, std::slice::from_ref(&taint), &HARD_EFFECTS).count(), usize::from(!expected));
        }
    }

    #[test]
    fn an_empty_label_selector_matches_everything() {
        assert!(matches(&LabelSelector::default(), &Labels::new()));
    }
}
