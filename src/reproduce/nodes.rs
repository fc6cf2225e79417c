//! Nodes without machines: KWOK's.

use serde_json::{Value, json};

use crate::cluster::object::spec::NodeSpec;

use super::clean::cleaned;

/// Taints that a cluster gives to nodes by itself.
const OWN_TAINTS: [&str; 7] = [
    "node.kubernetes.io/disk-pressure",
    "node.kubernetes.io/memory-pressure",
    "node.kubernetes.io/network-unavailable",
    "node.kubernetes.io/not-ready",
    "node.kubernetes.io/pid-pressure",
    "node.kubernetes.io/unreachable",
    "node.kubernetes.io/unschedulable",
];

/// The annotation by which KWOK knows its nodes.
pub const FAKE: (&str, &str) = ("kwok.x-k8s.io/node", "fake");

/// A node as KWOK keeps it alive: labels, taints and sizes are those of the input.
pub fn fake(node: &NodeSpec) -> Value {
    let given = serde_json::to_value(&node.node).unwrap_or_default();
    let mut metadata = cleaned(&given)["metadata"].clone();
    metadata["name"] = node.name.as_str().into();
    metadata["annotations"][FAKE.0] = FAKE.1.into();
    metadata["annotations"]["metrics.k8s.io/resource-metrics-path"] =
        format!("/metrics/nodes/{}/metrics/resource", node.name).into();
    if metadata["labels"]["type"].is_null() {
        metadata["labels"]["type"] = "kwok".into();
    }
    let mut value = json!({"apiVersion": "v1", "kind": "Node", "metadata": metadata});
    let taints = given["spec"]["taints"].as_array().into_iter().flatten();
    let taints: Vec<&Value> = taints.filter(|taint| !is_own(taint)).collect();
    if !taints.is_empty() {
        value["spec"]["taints"] = json!(taints);
    }
    if node.is_cordoned() {
        value["spec"]["unschedulable"] = true.into();
    }
    value["status"] = status(&given["status"]);
    value
}

fn is_own(taint: &Value) -> bool {
    taint["key"].as_str().is_some_and(|key| OWN_TAINTS.contains(&key))
}

/// What KWOK takes from the node instead of a machine.
fn status(given: &Value) -> Value {
    let allocatable = &given["allocatable"];
    let capacity = if given["capacity"].is_object() { &given["capacity"] } else { allocatable };
    let mut status = json!({"allocatable": allocatable, "capacity": capacity, "phase": "Running"});
    if given["images"].as_array().is_some_and(|images| !images.is_empty()) {
        status["images"] = given["images"].clone();
    }
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_fake_and_otherwise_itself() {
        let object = json!({
            "metadata": {"name": "a", "uid": "1", "labels": {"type": "gpu", "zone": "b"}},
            "spec": {
                "unschedulable": true,
                "taints": [
                    {"key": "dedicated", "value": "lab", "effect": "NoExecute"},
                    {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"},
                ],
            },
            "status": {"allocatable": {"cpu": "4"}, "conditions": [{"type": "Ready", "status": "True"}]},
        });
        let node = serde_json::from_value(object).expect("a node");
        let value = fake(&NodeSpec { name: "a".to_owned(), node, ..NodeSpec::default() });
        assert_eq!(value["metadata"]["annotations"]["kwok.x-k8s.io/node"], "fake");
        assert_eq!(value["metadata"]["labels"], json!({"type": "gpu", "zone": "b"}));
        assert_eq!(value["metadata"].get("uid"), None);
        assert_eq!(value["spec"]["taints"].as_array().map(Vec::len), Some(1));
        assert_eq!(value["spec"]["unschedulable"], true);
        assert_eq!(value["status"]["capacity"], json!({"cpu": "4"}));
        assert_eq!(value["status"].get("conditions"), None);
    }
}
