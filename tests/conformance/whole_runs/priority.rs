//! PriorityClasses of a run. They are not among its objects: their pods tell the value, and the scheduler whether they may
//! preempt. Where it never says that they may not, none of them ever had to.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::record::{Event, Run};
use super::workload;

/// The classes that the run's pods name.
pub fn classes(run: &Run) -> Vec<Value> {
    let mut values: BTreeMap<&str, (i64, bool)> = BTreeMap::new();
    let events = run.steps.iter().flat_map(|step| &step.events).filter(|event| event.kind == "Pod");
    for (class, pod) in events.filter_map(|event| Some((class(&run.objects, event)?, &event.state))) {
        let (value, is_never) = values.entry(class).or_default();
        *value = pod["priority"].as_i64().unwrap_or_default();
        *is_never |= run.steps.iter().flat_map(|step| &step.says).any(|said| may_not(said, &pod["name"]));
    }
    let object = |(name, (value, is_never)): (&str, (i64, bool))| {
        json!({
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": {"name": name},
            "value": value,
            "preemptionPolicy": if is_never { "Never" } else { "PreemptLowerPriority" },
        })
    };
    values.into_iter().map(object).collect()
}

fn class<'a>(objects: &'a [Value], event: &Event) -> Option<&'a str> {
    let pod = &event.state;
    let bare = || objects.iter().find(|object| object["kind"] == "Pod" && workload::name(object) == pod["name"]);
    let spec = match workload::of_pod(objects, pod) {
        Some(owner) => &owner["spec"]["template"]["spec"],
        None => &bare()?["spec"],
    };
    spec["priorityClassName"].as_str()
}

/// Whether the scheduler said that a pod may not preempt.
fn may_not(said: &Value, pod: &Value) -> bool {
    said["name"] == *pod && said["message"].as_str().is_some_and(|text| text.contains("preemptionPolicy=Never"))
}
