//! What others can see of nodes and pods: Ready statuses, taints, evictions; recorded or computed.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::conformance::Verdict;
use crate::conformance::json::{list, milliseconds, text, typed};
use crate::encodings::clocked::node_lifecycle::node::{FALSE, KEYS, Node, PerTaint, TRUE, UNKNOWN};

/// What is seen of an object at a moment, in order.
pub type Seen = BTreeMap<(i64, String), Vec<String>>;

/// How often something of each kind is seen at each moment.
pub fn counts(seen: &Seen) -> BTreeMap<(i64, bool), usize> {
    let mut counts = BTreeMap::new();
    for ((time, _), all) in seen {
        for what in all {
            *counts.entry((*time, what.contains('['))).or_default() += 1;
        }
    }
    counts
}

/// What two views do not have in common.
pub fn differences<K: Ord + std::fmt::Debug, V: PartialEq + std::fmt::Debug>(
    computed: &BTreeMap<K, V>,
    recorded: &BTreeMap<K, V>,
) -> Verdict {
    let missing = recorded.iter().filter(|(key, value)| computed.get(key) != Some(value));
    let extra = computed.iter().filter(|(key, _)| !recorded.contains_key(key));
    let missing = missing.map(|(key, value)| format!("{key:?}: {:?}, recorded {value:?}", computed.get(key)));
    let extra = extra.map(|(key, value)| format!("{key:?}: {value:?}, not recorded"));
    Verdict::from_differences(missing.chain(extra).collect())
}

/// A recorded timeline.
pub fn parse_timeline(timeline: &Value) -> Result<Seen, String> {
    let mut seen = Seen::new();
    for event in list(timeline) {
        let (object, what) = match text(&event["event"])? {
            "node" => {
                let mut taints: Vec<String> = typed(&event["taints"])?;
                taints.sort();
                (&event["node"], describe_node(text(&event["ready"])?, &taints))
            }
            "podReady" => (&event["pod"], describe_ready(event["ready"] == "True")),
            "podEvicted" => (&event["pod"], EVICTED.to_owned()),
            other => return Err(format!("unknown event {other}")),
        };
        seen.entry((milliseconds(&event["t"])?, text(object)?.to_owned())).or_default().push(what);
    }
    Ok(seen)
}

/// A pod is gone.
pub const EVICTED: &str = "evicted";

fn describe_node(ready: &str, taints: &[String]) -> String {
    format!("{ready} [{}]", taints.join(" "))
}

/// Whether a pod is ready.
pub fn describe_ready(ready: bool) -> String {
    format!("ready: {ready}")
}

/// What can be seen of a node in a state.
pub fn look_at_node(node: &Node, values: &[i64]) -> String {
    let ready = match values[node.ready.index()] {
        TRUE => "True",
        FALSE => "False",
        UNKNOWN => "Unknown",
        _ => "none",
    };
    let of = |flags: &PerTaint, effect: &str| {
        let present = flags.iter().zip(KEYS).filter(|(flag, _)| values[flag.index()] != 0);
        let short = |key: &str| format!("{}:{effect}", key.rsplit('/').next().unwrap_or(key));
        present.map(|(_, key)| short(key)).collect::<Vec<_>>()
    };
    let mut taints = of(&node.no_schedule, "NoSchedule");
    taints.extend(of(&node.no_execute, "NoExecute"));
    taints.sort();
    describe_node(ready, &taints)
}
