//! Policies in version `descheduler/v1alpha1`, which upstream read until v0.31: as the same policy in `v1alpha2`.
//!
//! Each strategy that is enabled becomes a profile with one plugin and an evictor of its own, as upstream's conversion
//! made them; what its parameters say stands where it stood, so that complaints name the right line. Strategies are a
//! mapping, whose order upstream did not keep; here it is that of the text.
//!
//! Reference: descheduler v0.30 `pkg/api/v1alpha1/{types,conversion,strategymigration}.go`.

use serde_json::{Value, json};

use crate::input::object::RawObject;
use crate::input::tree::{Entry, Node, Position, Tree};

/// The version.
pub(super) const VERSION: &str = "descheduler/v1alpha1";

/// Fields of the policy that say which pods may be evicted: of the evictor in `v1alpha2`.
const OF_EVICTOR: [&str; 5] =
    ["evictFailedBarePods", "evictLocalStoragePods", "evictSystemCriticalPods", "evictDaemonSetPods", "ignorePvcPods"];
/// Fields of the policy that have kept their names.
const OF_POLICY: [&str; 4] =
    ["nodeSelector", "maxNoOfPodsToEvictPerNode", "maxNoOfPodsToEvictPerNamespace", "maxNoOfPodsToEvictTotal"];
/// Groups of parameters whose fields became arguments of the plugin.
const GROUPS: [&str; 5] =
    ["nodeResourceUtilizationThresholds", "removeDuplicates", "podsHavingTooManyRestarts", "podLifeTime", "failedPods"];
/// Parameters that became arguments of the plugin under the same name.
const ARGUMENTS: [&str; 5] =
    ["nodeAffinityType", "labelSelector", "includePreferNoSchedule", "excludedTaints", "includedTaints"];
/// Plugins that balance; the others deschedule.
const BALANCE: [&str; 4] =
    ["RemoveDuplicates", "RemovePodsViolatingTopologySpreadConstraint", "LowNodeUtilization", "HighNodeUtilization"];

/// The policy in the version that is read.
pub(super) fn convert(object: &RawObject) -> RawObject {
    let policy = object.tree();
    let at = policy.position;
    let kept = OF_POLICY.iter().filter_map(|name| Some((*name, policy.get(name)?.clone())));
    let enabled = |entry: &&Entry| entry.value.get("enabled").is_some_and(|it| it.to_json() == Value::Bool(true));
    let strategies = policy.get("strategies").map(Tree::entries).unwrap_or_default();
    let profiles = strategies.iter().filter(enabled).map(|entry| profile(&policy, entry)).collect();
    let profiles = Tree { position: at, node: Node::Sequence(profiles) };
    object.with_tree(mapping(at, kept.chain([("profiles", profiles)])))
}

fn profile(policy: &Tree, strategy: &Entry) -> Tree {
    let at = strategy.position;
    let nothing = mapping(at, []);
    let parameters = strategy.value.get("params").filter(|it| !it.is_null()).unwrap_or(&nothing);
    let config = |name: &str, args: Tree| mapping(at, [("name", Tree::from_json(name.into(), at)), ("args", args)]);
    let configs = vec![
        config("DefaultEvictor", evictor(policy, &strategy.key, parameters, at)),
        config(&strategy.key, arguments(&strategy.key, parameters, at)),
    ];
    let point = if BALANCE.contains(&strategy.key.as_str()) { "balance" } else { "deschedule" };
    let plugins = json!({point: {"enabled": [strategy.key]}});
    let name = format!("strategy-{}-profile", strategy.key);
    mapping(
        at,
        [
            ("name", Tree::from_json(name.into(), at)),
            ("pluginConfig", Tree { position: at, node: Node::Sequence(configs) }),
            ("plugins", Tree::from_json(plugins, at)),
        ],
    )
}

fn evictor(policy: &Tree, plugin: &str, parameters: &Tree, at: Position) -> Tree {
    let flags = OF_EVICTOR.iter().filter_map(|name| Some((*name, policy.get(name)?.clone())));
    let node_fit = parameters.get("nodeFit").filter(|_| plugin != "PodLifeTime").map(|it| ("nodeFit", it.clone()));
    let value = parameters.get("thresholdPriority").map(|it| ("value", it.clone()));
    let class = parameters.get("thresholdPriorityClassName").map(|it| ("name", it.clone()));
    let threshold: Vec<(&str, Tree)> = value.into_iter().chain(class).collect();
    let threshold = (!threshold.is_empty()).then(|| ("priorityThreshold", mapping(at, threshold)));
    mapping(at, flags.chain(node_fit).chain(threshold))
}

fn arguments(plugin: &str, parameters: &Tree, at: Position) -> Tree {
    let grouped = GROUPS.iter().filter_map(|group| parameters.get(group)).flat_map(Tree::entries);
    let grouped = grouped.map(|entry| (entry.key.as_str(), entry.value.clone()));
    let own = ARGUMENTS.iter().filter_map(|name| Some((*name, parameters.get(name)?.clone())));
    let utilization = matches!(plugin, "LowNodeUtilization" | "HighNodeUtilization");
    let namespaces = if utilization { "evictableNamespaces" } else { "namespaces" };
    let namespaces = parameters.get("namespaces").filter(|it| !it.is_null()).map(|it| (namespaces, it.clone()));
    mapping(at, grouped.chain(own).chain(namespaces).chain(constraints(plugin, parameters)))
}

/// What `includeSoftConstraints` says.
fn constraints(plugin: &str, parameters: &Tree) -> Option<(&'static str, Tree)> {
    let soft = parameters.get("includeSoftConstraints").filter(|_| plugin == BALANCE[1])?;
    let kinds = match soft.to_json() == Value::Bool(true) {
        true => json!(["DoNotSchedule", "ScheduleAnyway"]),
        false => json!(["DoNotSchedule"]),
    };
    Some(("constraints", Tree::from_json(kinds, soft.position)))
}

fn mapping<'k>(position: Position, entries: impl IntoIterator<Item = (&'k str, Tree)>) -> Tree {
    let entry = |(key, value): (&str, Tree)| Entry { key: key.to_owned(), position: value.position, value };
    Tree { position, node: Node::Mapping(entries.into_iter().map(entry).collect()) }
}
