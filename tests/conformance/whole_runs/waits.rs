//! Evictions from nodes that are down which had not happened yet when a stretch came to rest.
//!
//! The node may have no NoExecute taint, because too many others are down; or pods tolerate the taint for longer than the
//! recording went on.

use std::collections::BTreeMap;

use serde_json::Value;

use super::record::{Stretch, listed};
use super::workload::name;

/// The taint of nodes whose kubelets are silent.
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";

/// For how long the recorded API server lets pods tolerate that which say nothing of it.
const DEFAULT_SECONDS: f64 = 3.0;

/// More than any recording's delays, in seconds.
const SLACK_SECONDS: f64 = 1.0;

/// Since when nodes evict, and how long pods tolerate it.
pub struct Waits {
    /// By node that is down: for how many seconds it had its NoExecute taint; `None` if it has none.
    tainted: BTreeMap<String, Option<f64>>,
    /// By revision: for how many seconds its pods tolerate that; `None`: for ever.
    tolerated: BTreeMap<i64, Option<f64>>,
}

impl Waits {
    /// At the end of a stretch.
    pub fn of(stretch: &Stretch) -> Waits {
        let down = stretch.steps.last().map(|step| listed(&step.after, "Node")).unwrap_or_default().iter();
        let down = down.filter(|node| node["ready"] != "True");
        let since = |node: &Value| (node["name"].as_str().unwrap_or_default().to_owned(), tainted_for(stretch, node));
        let tolerated = stretch.revisions.iter().filter_map(|(&revision, known)| {
            let owner = stretch.objects.iter().find(|object| name(object) == known.workload)?;
            Some((revision, tolerated_for(&owner["spec"]["template"]["spec"]["tolerations"])))
        });
        Waits { tainted: down.map(since).collect(), tolerated: tolerated.collect() }
    }

    /// Whether the eviction of a revision's pods from a node may be yet to come.
    pub fn allows(&self, revision: i64, node: &str) -> bool {
        let tolerated = self.tolerated.get(&revision).copied().unwrap_or(Some(DEFAULT_SECONDS));
        self.tainted.get(node).is_some_and(|tainted| match (tainted, tolerated) {
            (Some(tainted), Some(tolerated)) => *tainted < tolerated + SLACK_SECONDS,
            _ => true,
        })
    }
}

fn is_evicting(node: &Value) -> bool {
    let mut taints = node["taints"].as_array().into_iter().flatten().filter_map(Value::as_str);
    taints.any(|taint| taint.starts_with(UNREACHABLE) && taint.ends_with(":NoExecute"))
}

/// For how long a node had its NoExecute taint when a stretch ended.
fn tainted_for(stretch: &Stretch, node: &Value) -> Option<f64> {
    let step = stretch.steps.last().filter(|_| is_evicting(node))?;
    let events = stretch.steps.iter().flat_map(|step| &step.events);
    let mut own = events.filter(|event| event.kind == "Node" && event.state["name"] == node["name"]);
    let since = own.find(|event| is_evicting(&event.state)).map_or(0.0, |event| event.t);
    let end = step.after.get("t").and_then(Value::as_f64).or_else(|| step.events.last().map(|event| event.t));
    end.map(|end| end - since)
}

/// For how long pods with these tolerations stay; of several the shortest.
fn tolerated_for(tolerations: &Value) -> Option<f64> {
    let own = tolerations.as_array().into_iter().flatten().filter(|toleration| {
        let is = |field: &str, wanted: &str| toleration[field].as_str().is_none_or(|given| given == wanted);
        is("key", UNREACHABLE) && is("effect", "NoExecute")
    });
    let seconds: Vec<Option<f64>> = own.map(|toleration| toleration["tolerationSeconds"].as_f64()).collect();
    match seconds.is_empty() {
        true => Some(DEFAULT_SECONDS),
        false => seconds.into_iter().flatten().reduce(f64::min),
    }
}
