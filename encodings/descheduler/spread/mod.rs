//! RemovePodsViolatingTopologySpreadConstraint. There are two forms of it:
//!
//! * `steps`, where every node is a cell of its own: all constraints on one placement, priorities, selectors, node fit
//!   and limits, with what is free at upstream as the only freedom (equal domains, the order of nodes and of pods);
//! * `counted`, where nodes that are alike are counted.
//!
//! Which form a cluster gets, `ClusterSpec::deschedules_stepwise` says. Both balance on paper by the same terms.

mod balance;
mod constraint;
mod counted;
mod memory;
mod paper;
mod steps;

use crate::cluster::object::spec::{DeschedulerPlugin, PodFilter};
use crate::cluster::view::Declaring;
use crate::cluster::view::rule::{Rule, rule};

use super::cycle::Stage;
use super::sight::Sight;
pub use counted::{Group, add, declare};
pub use memory::Memory;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "descheduler/RemovePodsViolatingTopologySpreadConstraint",
    component: Descheduler,
    upstream: [
        "pkg/framework/plugins/removepodsviolatingtopologyspreadconstraint/topologyspreadconstraint.go" => [
            "Balance", "topologyIsBalanced", "balanceDomains", "sortDomains", "filterNodesBelowIdealAvg",
        ],
    ],
    decides: "Where the largest and the smallest domain of a constraint differ by more than maxSkew, pods move, on \
        paper, from domains above the average to domains below it; the ones that moved are evicted.",
    parts: [
        "step by step: all constraints on one placement, domains, balancing, priorities, selectors, node fit" =>
            "exact; which of equal domains lose pods, and the order of nodes and pods, is free. Upstream's sort of \
                more than 12 pods in a domain is taken to be one by rank",
        "where nodes are counted: sources, largest first, lose what they have above the average" =>
            "exact numbers for up to 16 domains; beyond, the number of moves is free within bounds, which coincide \
                for maxSkew 1 and a whole average",
        "where nodes are counted: unlike pods under one constraint, several constraints" =>
            "differs: pods go template by template, constraints are balanced one after the other; limits do not count",
    ],
};

/// Declares what the plugin remembers between steps.
pub fn declare_stage(cluster: &Declaring<'_>, sight: &Sight<'_, '_>, wanted: &[String], pods: &PodFilter) -> Memory {
    let seen = sight.looked_at(pods);
    Memory::declare(cluster, constraint::constraints(sight.cluster, &seen, wanted))
}

/// Adds the steps of a stage.
pub fn add_stage(stage: &Stage<'_, '_>, memory: &Memory, plugin: &DeschedulerPlugin) {
    let DeschedulerPlugin::TopologySpread { balance_node_fit, .. } = plugin else { return };
    steps::add(stage, memory, *balance_node_fit);
}
