//! Readiness probes that the user makes fail: pods of workloads cease to be ready as the scenario lets them. Other pods, whose
//! readiness the model does not move, are not ready from the beginning.

use serde_json::{Value, json};

use super::record::{Event, Step, Stretch, is_over};
use super::workload;

/// Whether an event tells that a pod of a workload ceased to be ready because its probe failed.
pub fn is_loss(stretch: &Stretch, event: &Event) -> bool {
    stretch.steps.iter().any(fails) && is_told(event) && workload::of_pod(&stretch.objects, &event.state).is_some()
}

/// Whether a pod of no workload is not ready because its probe fails: then it is so when the stretch begins.
pub fn is_given(stretch: &Stretch, pod: &Value) -> bool {
    let own = |event: &&Event| event.state["uid"] == pod["uid"];
    let lost = || stretch.steps[0].events.iter().filter(own).any(is_told);
    fails(&stretch.steps[0]) && workload::of_pod(&stretch.objects, pod).is_none() && lost()
}

/// What the scenario says of workloads whose pods cease to be ready.
pub fn workloads(stretch: &Stretch) -> Vec<Value> {
    let events = stretch.steps.iter().flat_map(|step| &step.events).filter(|event| is_loss(stretch, event));
    let owners = events.filter_map(|event| workload::of_pod(&stretch.objects, &event.state));
    let mut found: Vec<Value> = Vec::new();
    for owner in owners {
        let target = json!({"kind": owner["kind"], "name": workload::name(owner)});
        let entry = json!({"target": target, "atMost": "any", "recover": true});
        if !found.contains(&entry) {
            found.push(entry);
        }
    }
    found
}

fn fails(step: &Step) -> bool {
    step.does("set ready")
}

/// Whether a kubelet says that a pod that goes on is not ready.
fn is_told(event: &Event) -> bool {
    let (pod, by) = (&event.state, event.by.as_deref().unwrap_or_default());
    event.kind == "Pod"
        && by.starts_with("kubelet")
        && pod["ready"] == false
        && pod["deleting"] != true
        && !is_over(pod)
}
