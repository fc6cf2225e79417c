//! The load of a run, and the settings of the control plane that autoscaled it.
//!
//! The simulated metrics API shows ready pods only, also while they are being deleted. They share the load evenly, up to
//! a limit for each.

use serde_json::{Value, json};

use super::record::{Step, Stretch};
use super::workload::name;

/// What a pod uses at most, in milli-cores.
const AT_MOST: i64 = 200;

/// The load after a step.
pub fn after(load: i64, step: &Step) -> i64 {
    step.action["load"].as_i64().unwrap_or(load)
}

/// Whether autoscalers look at the pods of a run.
pub fn is_autoscaled(stretch: &Stretch) -> bool {
    autoscalers(stretch).next().is_some()
}

fn autoscalers(stretch: &Stretch) -> impl Iterator<Item = &Value> {
    stretch.present().filter(|object| object["kind"] == "HorizontalPodAutoscaler")
}

/// The loads of a stretch: what its first step makes of them, and whatever its other steps do.
pub fn loads(stretch: &Stretch) -> Value {
    let mut known = vec![stretch.load];
    for (number, step) in stretch.steps.iter().enumerate() {
        let load = after(known[known.len() - 1], step);
        match number {
            0 => known = vec![load],
            _ if known.last() != Some(&load) => known.push(load),
            _ => {}
        }
    }
    let (least, most) = (known.iter().min(), known.iter().max());
    let declare = |autoscaler: &Value| {
        json!({
            "target": format!("deployment/{}", autoscaler["spec"]["scaleTargetRef"]["name"].as_str().unwrap_or_default()),
            "per": "deployment",
            "range": {"min": milli(least), "max": milli(most)},
            "initial": milli(known.first()),
            "changes": known.len() - 1,
            "atMost": milli(Some(&AT_MOST)),
            "samples": "ready",
        })
    };
    autoscalers(stretch).map(declare).collect()
}

fn milli(amount: Option<&i64>) -> String {
    format!("{}m", amount.copied().unwrap_or_default())
}

/// Flags of the recorded controller that are not the defaults.
pub fn flags() -> Value {
    json!({"syncPeriod": "2s", "downscaleStabilization": "6s", "cpuInitializationPeriod": "1s"})
}

/// The name of a recorded Deployment and its `spec.replicas`.
pub fn replicas(deployment: &Value) -> Option<(String, i64)> {
    Some((deployment["name"].as_str()?.to_owned(), deployment["spec.replicas"].as_i64()?))
}

/// Gives Deployments the sizes that they were seen to have.
pub fn resize(objects: &mut [Value], seen: &[Value]) {
    for (deployment, size) in seen.iter().filter_map(replicas) {
        let is = |object: &&mut Value| object["kind"] == "Deployment" && name(object) == deployment;
        if let Some(object) = objects.iter_mut().find(is) {
            object["spec"]["replicas"] = json!(size);
        }
    }
}
