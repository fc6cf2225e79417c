//! What is made of kinds that the model does not move.
//!
//! Pods of DaemonSets and StatefulSets stay where they are for the model, and so do those that nobody owns: a stretch in which
//! one of them comes or goes is not followed. A ResourceQuota matters only where it refuses pods.

use serde_json::Value;

use super::record::{Event, Stretch, listed};
use super::workload::{self, is_workload};

/// What of the kinds at hand stands against modelling a stretch, if anything does.
pub fn not_modelled(stretch: &Stretch) -> Option<String> {
    let known = ["Pod", "PodDisruptionBudget", "StatefulSet", "DaemonSet", "ResourceQuota"];
    let is_known = |object: &Value| is_workload(object) || known.iter().any(|kind| object["kind"] == *kind);
    if let Some(object) = stretch.present().find(|object| !is_known(object)) {
        return Some(format!("the kind {}", object["kind"].as_str().unwrap_or_default()));
    }
    let events = stretch.steps.iter().flat_map(|step| &step.events);
    let moved = events.filter(|event| event.kind == "Pod" && comes_or_goes(event));
    if let Some(kind) = moved.filter_map(|event| of_pod(&stretch.objects, &event.state)).next() {
        return Some(format!("pods of kind {kind} come or go"));
    }
    let waiting = listed(&stretch.before, "Pod").iter().filter(|pod| pod["node"].is_null() && !pod["owner"].is_null());
    // Whose controller names the node in a way that is not recorded.
    let mut waiting = waiting.filter_map(|pod| of_pod(&stretch.objects, pod)).filter(|kind| *kind == "DaemonSet");
    waiting.next().map(|kind| format!("pods of kind {kind} that wait for a node")).or_else(|| quota(stretch))
}

/// The kind that a pod of none of the modelled workloads is of: its owner's, or its own.
fn of_pod<'a>(objects: &'a [Value], pod: &Value) -> Option<&'a str> {
    match pod["owner"].as_str() {
        None => Some("Pod"),
        Some(owner) if workload::of_set(objects, owner).is_some() => None,
        Some(owner) => fixed(objects, owner).and_then(|owner| owner["kind"].as_str()).or(Some("unknown")),
    }
}

/// The StatefulSet or DaemonSet of that name.
pub fn fixed<'a>(objects: &'a [Value], name: &str) -> Option<&'a Value> {
    let is_fixed = |object: &&Value| matches!(object["kind"].as_str(), Some("StatefulSet" | "DaemonSet"));
    objects.iter().filter(is_fixed).find(|object| workload::name(object) == name)
}

/// Whether a pod comes or goes by somebody else than the user, whose pods are part of the input, or a kubelet, which ends
/// what others began.
fn comes_or_goes(event: &Event) -> bool {
    let by = event.by.as_deref().unwrap_or_default();
    let given = by.starts_with("harness") || by.starts_with("kubelet");
    (event.change == "ADDED" || event.state["deleting"] == true) && !given
}

fn quota(stretch: &Stretch) -> Option<String> {
    const FORBIDDEN: i64 = 403;
    let refuses = |refused: &Value| refused["kind"] == "Pod" && refused["code"] == FORBIDDEN;
    let refused = stretch.steps.iter().flat_map(|step| &step.refused).any(refuses);
    // What was refused before is tried again, much later.
    let is_short = |set: &Value| set["replicas"].as_i64().unwrap_or(0) < set["spec.replicas"].as_i64().unwrap_or(0);
    let missing = || listed(&stretch.before, "ReplicaSet").iter().any(is_short);
    let has_quota = stretch.present().any(|object| object["kind"] == "ResourceQuota");
    (has_quota && (refused || missing())).then(|| "a ResourceQuota that refuses pods".to_owned())
}
