//! Node lifecycle controller, as far as it needs no clock.
//!
//! Nodes whose kubelets fall silent turn Unknown, their pods not ready. Nodes that are not ready get a NoSchedule taint
//! at once, and a NoExecute taint when their zone's rate allows; when every zone is down, all NoExecute taints go.
//!
//! [`zone`] says how disrupted a zone is, and at which rate its nodes may be tainted. The model of a cluster has no
//! clock and takes from the controller what time cannot change: [`taints_nodes`]. The controller with a clock, which is
//! what recordings are compared with, is [`crate::encodings::clocked::node_lifecycle`].

pub mod zone;

use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::term::Bool;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "node-lifecycle/taints",
    component: NodeLifecycle,
    upstream: [
        "pkg/controller/nodelifecycle/node_lifecycle_controller.go" => ["handleDisruption"],
    ],
    decides: "Whether nodes that are down carry NoExecute taints: not while every zone is down.",
    parts: [
        "no NoExecute taints while every zone is down: nothing is evicted from nodes that are down until one is back" =>
            "exact, if *down* is read as *seen to be down*",
    ],
    omits: [
        "grace periods" => "they delay the taint, which the free moment of eviction covers",
        "nodes that come and go, labels that exclude nodes from zone states, conditions other than Ready",
    ],
};

/// The rules of the controller.
pub static RULES: &[&Rule] = &[&RULE, &zone::RULE];

/// The controller's flags; times in milliseconds.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `--node-monitor-grace-period`.
    pub grace_period: i64,
    /// `--node-startup-grace-period`: for nodes that never posted a status.
    pub startup_grace_period: i64,
    /// `--node-eviction-rate`: nodes tainted per second in a healthy zone.
    pub eviction_rate: f32,
    /// `--secondary-node-eviction-rate`: in an unhealthy zone.
    pub secondary_eviction_rate: f32,
    /// `--large-cluster-size-threshold`: unhealthy zones of at most as many nodes have a rate of 0.
    pub large_zone_threshold: i64,
    /// `--unhealthy-zone-threshold`: the share of nodes that are not ready.
    pub unhealthy_zone_threshold: f32,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            grace_period: 50_000,
            startup_grace_period: 60_000,
            eviction_rate: 0.1,
            secondary_eviction_rate: 0.01,
            large_zone_threshold: 50,
            unhealthy_zone_threshold: 0.55,
        }
    }
}

/// Whether nodes of a cluster that are down carry NoExecute taints: not while every zone is fully disrupted. Every zone
/// has nodes, so all of them are exactly if the whole cluster, taken as one zone, is.
pub fn taints_nodes<'c>(cluster: &Cluster<'c>) -> Bool<'c> {
    let ctx = cluster.ctx();
    let cells = cluster.listed(&cluster.state());
    let some = |down: bool| {
        let is = |down_now: Bool<'c>| if down { down_now } else { !down_now };
        ctx.any(cells.iter().map(|cell| cell.exists & is(cluster.is_down(cell))))
    };
    !zone::is_fully_disrupted(some(false), some(true))
}
