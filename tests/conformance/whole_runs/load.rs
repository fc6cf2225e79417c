//! The load of a run, and the settings of the control plane that autoscaled it.
//!
//! The simulated metrics API shows ready pods only, also while they are being deleted. They share the load evenly, up to
//! a limit for each.

use serde_json::{Value, json};

use super::record::Stretch;

/// What a pod uses at most, in milli-cores.
const AT_MOST: i64 = 200;

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
        let load = step.load_after(known[known.len() - 1]);
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
