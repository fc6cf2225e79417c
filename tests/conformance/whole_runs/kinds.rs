//! What is made of kinds that the model does not move: pods that nobody owns stay where they are. A stretch in which one
//! goes is not followed.

use serde_json::Value;

use super::daemons;
use super::record::{Event, Stretch};
use super::workload::{self, is_workload};

/// What of the kinds at hand stands against modelling a stretch, if anything does.
pub fn not_modelled(stretch: &Stretch) -> Option<String> {
    let known = ["Pod", "PodDisruptionBudget", "HorizontalPodAutoscaler", "ResourceQuota", "LimitRange"];
    let is_known = |object: &Value| is_workload(object) || known.iter().any(|kind| object["kind"] == *kind);
    if let Some(object) = stretch.present().find(|object| !is_known(object)) {
        return Some(format!("the kind {}", object["kind"].as_str().unwrap_or_default()));
    }
    let events = stretch.steps.iter().flat_map(|step| &step.events);
    let moved = events.filter(|event| event.kind == "Pod" && goes(event) && !is_drained(stretch, event));
    if let Some(kind) = moved.filter_map(|event| of_pod(&stretch.objects, &event.state)).next() {
        return Some(format!("pods of kind {kind} that go"));
    }
    daemons::not_modelled(stretch)
}

/// The kind that a pod of none of the modelled workloads is of: its owner's, or its own.
fn of_pod<'a>(objects: &'a [Value], pod: &Value) -> Option<&'a str> {
    match pod["owner"].as_str() {
        None => Some("Pod"),
        Some(owner) if workload::of_set(objects, owner).is_some() => None,
        Some(_) => Some("unknown"),
    }
}

/// Whether a pod goes by somebody else than the user, who is part of the input, or a kubelet, which ends what others
/// began.
fn goes(event: &Event) -> bool {
    let by = event.by.as_deref().unwrap_or_default();
    let given = by.starts_with("harness") || by.starts_with("kubelet");
    event.state["deleting"] == true && !given
}

/// Whether a drain takes a pod that nobody owns.
fn is_drained(stretch: &Stretch, event: &Event) -> bool {
    let by_drain = |event: &Event| event.by.as_deref().is_some_and(|by| by.starts_with("kubectl-drain"));
    let events = stretch.steps.iter().flat_map(|step| &step.events).filter(|it| it.kind == "Pod");
    event.state["owner"].is_null() && events.into_iter().any(|it| it.state["uid"] == event.state["uid"] && by_drain(it))
}
