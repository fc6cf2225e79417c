//! Jobs: what they had counted when a stretch began, and their pods, which end by themselves.

use serde_json::{Value, json};

use super::record::{Stretch, is_over, listed};
use super::workload::{self, name};

/// A Job with the status that it had when the stretch began.
pub fn as_before(stretch: &Stretch, mut object: Value) -> Value {
    let Some(was) = listed(&stretch.before, "Job").iter().find(|known| known["name"] == name(&object)) else {
        return object;
    };
    let conditions = was["conditions"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let conditions: Vec<Value> = conditions.filter_map(condition).collect();
    object["status"] = json!({
        "succeeded": was["succeeded"].as_i64().unwrap_or(0),
        "failed": was["failed"].as_i64().unwrap_or(0),
        "completedIndexes": was["completedIndexes"].as_str().unwrap_or_default(),
        "failedIndexes": was["failedIndexes"].as_str().unwrap_or_default(),
        "conditions": conditions,
    });
    object
}

/// A condition as it is recorded: `Complete=True CompletionsReached`.
fn condition(text: &str) -> Option<Value> {
    let (type_, rest) = text.split_once('=')?;
    let status = rest.split_whitespace().next()?;
    Some(json!({"type": type_, "status": status}))
}

/// Whether a recorded pod is one of a Job.
pub fn is_pod(objects: &[Value], pod: &Value) -> bool {
    workload::of_pod(objects, pod).is_some_and(|owner| owner["kind"] == "Job")
}

/// Whether a pod has ended, and its Job has not counted it yet.
pub fn is_uncounted(objects: &[Value], pod: &Value) -> bool {
    let finalizers = pod["finalizers"].as_array();
    is_over(pod) && is_pod(objects, pod) && finalizers.is_some_and(|finalizers| !finalizers.is_empty())
}
