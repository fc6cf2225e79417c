//! Taints that the user changes several times without waiting for rest. No command says that, so each change begins a phase
//! with a model of its own: the same cluster with other taints.

use serde_json::{Value, json};

use super::record::{Step, Stretch};

/// Whether a stretch is nothing but changes of taints.
pub fn are_of_taints(stretch: &Stretch) -> bool {
    stretch.steps.iter().all(|step| step.does("taints"))
}

/// A stretch as one for each of its phases; they begin with the pods that it began with.
pub fn of(stretch: &Stretch) -> Vec<Stretch> {
    if stretch.steps.len() == 1 || !are_of_taints(stretch) {
        return vec![stretch.clone()];
    }
    let mut before = stretch.before.clone();
    let phase = |step: &Step| {
        let phase = Stretch { before: before.clone(), steps: vec![step.clone()], ..stretch.clone() };
        if let Some(nodes) = before.get_mut("Node").and_then(Value::as_array_mut) {
            nodes.iter_mut().filter(|node| node["name"] == step.action["node"]).for_each(|node| taint(node, step));
        }
        phase
    };
    stretch.steps.iter().map(phase).collect()
}

/// Gives a recorded node the taints that a step sets.
fn taint(node: &mut Value, step: &Step) {
    let text = |taint: &Value| {
        let part = |field: &str| taint[field].as_str().unwrap_or_default().to_owned();
        json!(format!("{}={}:{}", part("key"), part("value"), part("effect")))
    };
    if !step.is_refused() {
        node["taints"] = step.action["taints"].as_array().into_iter().flatten().map(text).collect();
    }
}
