//! How disrupted a zone is, and the rate that follows.

use crate::cluster::arithmetic::node_lifecycle::most_ready_in_unhealthy_zone;
use crate::cluster::view::rule::{Rule, rule};
use crate::term::{Bool, Int};

use super::Settings;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "node-lifecycle/zone",
    component: NodeLifecycle,
    upstream: [
        "pkg/controller/nodelifecycle/node_lifecycle_controller.go" => [
            "ComputeZoneState", "setLimiterInZone", "ReducedQPSFunc",
        ],
    ],
    decides: "How disrupted a zone is, and at which rate its nodes are tainted.",
    parts: [
        "a zone's rate, and that an unhealthy zone of at most 50 nodes (at least 3 nodes and 55 % of them not ready) \
            taints no more" =>
            "over: nodes may be tainted whenever another zone or node is up. Those tainted before stay tainted, and \
                the state does not say which these are",
    ],
};

/// Nothing was computed yet.
pub const INITIAL: i64 = 0;
/// Most nodes are ready.
pub const NORMAL: i64 = 1;
/// Many are not.
pub const PARTIAL_DISRUPTION: i64 = 2;
/// None is.
pub const FULL_DISRUPTION: i64 = 3;

/// No node is tainted.
pub const NEVER: i64 = 0;
/// Nodes are tainted at the rate of healthy zones.
pub const HEALTHY: i64 = 1;
/// Nodes are tainted at the rate of unhealthy zones.
pub const SECONDARY: i64 = 2;

/// Whether a zone with and without such nodes is fully disrupted.
pub fn is_fully_disrupted<'c>(some_ready: Bool<'c>, some_not_ready: Bool<'c>) -> Bool<'c> {
    !some_ready & some_not_ready
}

/// A zone's state, by the number of its nodes whose Ready condition is True and the number of others.
pub fn state<'c>(settings: &Settings, ready: Int<'c>, not_ready: Int<'c>) -> Int<'c> {
    let full = is_fully_disrupted(ready.ge(1), not_ready.ge(1));
    let unhealthy =
        ready.le(not_ready.map(|nodes| most_ready_in_unhealthy_zone(nodes, settings.unhealthy_zone_threshold)));
    full.ite(FULL_DISRUPTION, unhealthy.ite(PARTIAL_DISRUPTION, NORMAL))
}

/// The rate in a zone of that size and state, unless every zone is fully disrupted.
pub fn rate<'c>(settings: &Settings, state: Int<'c>, size: Int<'c>) -> Int<'c> {
    let reduced = size.gt(settings.large_zone_threshold).ite(effective(settings, SECONDARY), NEVER);
    state.eq(PARTIAL_DISRUPTION).ite(reduced, effective(settings, HEALTHY))
}

/// A rate of 0 per second is none.
pub fn effective(settings: &Settings, rate: i64) -> i64 {
    if per_second(settings, rate) > 0.0 { rate } else { NEVER }
}

/// Nodes per second.
pub fn per_second(settings: &Settings, rate: i64) -> f32 {
    match rate {
        HEALTHY => settings.eviction_rate,
        SECONDARY => settings.secondary_eviction_rate,
        _ => 0.0,
    }
}
