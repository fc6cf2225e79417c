//! What is made of kinds that the model does not move.
//!
//! Pods of StatefulSets stay where they are for the model, and so do those that nobody owns. Those that come wait for a node
//! from the beginning: the scheduler does not care. A stretch in which one goes is not followed. A ResourceQuota matters
//! only where it refuses pods.

use serde_json::Value;

use super::daemons;
use super::record::{Event, Stretch, listed};
use super::workload::{self, is_workload};

/// What of the kinds at hand stands against modelling a stretch, if anything does.
pub fn not_modelled(stretch: &Stretch) -> Option<String> {
    let known = ["Pod", "PodDisruptionBudget", "HorizontalPodAutoscaler", "StatefulSet", "DaemonSet", "ResourceQuota"];
    let is_known = |object: &Value| is_workload(object) || known.iter().any(|kind| object["kind"] == *kind);
    if let Some(object) = stretch.present().find(|object| !is_known(object)) {
        return Some(format!("the kind {}", object["kind"].as_str().unwrap_or_default()));
    }
    let events = stretch.steps.iter().flat_map(|step| &step.events);
    let moved = events.filter(|event| event.kind == "Pod" && goes(event));
    if let Some(kind) = moved.filter_map(|event| of_pod(&stretch.objects, &event.state)).next() {
        return Some(format!("pods of kind {kind} that go"));
    }
    daemons::not_modelled(stretch).or_else(|| quota(stretch))
}

/// The kind that a pod of none of the modelled workloads is of: its owner's, or its own.
fn of_pod<'a>(objects: &'a [Value], pod: &Value) -> Option<&'a str> {
    match pod["owner"].as_str() {
        None => Some("Pod"),
        Some(owner) if workload::of_set(objects, owner).is_some() => None,
        Some(owner) => fixed(objects, owner).and_then(|owner| owner["kind"].as_str()).or(Some("unknown")),
    }
}

/// The StatefulSet of that name.
pub fn fixed<'a>(objects: &'a [Value], name: &str) -> Option<&'a Value> {
    objects.iter().filter(|object| object["kind"] == "StatefulSet").find(|object| workload::name(object) == name)
}

/// Pods that come, as they were when they did, but those of modelled workloads and the user's.
pub fn newcomers(stretch: &Stretch) -> impl Iterator<Item = &Value> {
    let events = stretch.steps.iter().flat_map(|step| &step.events);
    let added = events.filter(|event| event.kind == "Pod" && event.change == "ADDED").map(|event| &event.state);
    added.filter(|pod| pod["owner"].as_str().is_some_and(|owner| fixed(&stretch.objects, owner).is_some()))
}

/// A name for one that comes: a StatefulSet's pod may have that of one that is still leaving.
pub fn incarnation(pod: &Value) -> String {
    format!("{}-{}", pod["name"].as_str().unwrap_or_default(), pod["uid"])
}

/// Whether a pod goes by somebody else than the user, who is part of the input, or a kubelet, which ends what others
/// began.
fn goes(event: &Event) -> bool {
    let by = event.by.as_deref().unwrap_or_default();
    let given = by.starts_with("harness") || by.starts_with("kubelet");
    event.state["deleting"] == true && !given
}

fn quota(stretch: &Stretch) -> Option<String> {
    const FORBIDDEN: i64 = 403;
    let refuses = |refused: &Value| {
        matches!(refused["kind"].as_str(), Some("Pod" | "ReplicaSet")) && refused["code"] == FORBIDDEN
    };
    let refused = stretch.steps.iter().flat_map(|step| &step.refused).any(refuses);
    // What was refused before is tried again, much later.
    let is_short = |set: &Value| set["replicas"].as_i64().unwrap_or(0) < set["spec.replicas"].as_i64().unwrap_or(0);
    let lacks_set = |deployment: &Value| {
        let conditions = deployment["conditions"].as_array().into_iter().flatten().filter_map(Value::as_str);
        conditions.into_iter().any(|condition| condition.contains("ReplicaSetCreateError"))
    };
    let missing = || {
        listed(&stretch.before, "ReplicaSet").iter().any(is_short)
            || listed(&stretch.before, "Deployment").iter().any(lacks_set)
    };
    let has_quota = stretch.present().any(|object| object["kind"] == "ResourceQuota");
    (has_quota && (refused || missing())).then(|| "a ResourceQuota that refuses something".to_owned())
}
