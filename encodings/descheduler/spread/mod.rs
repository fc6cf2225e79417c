//! RemovePodsViolatingTopologySpreadConstraint:
//! `pkg/framework/plugins/removepodsviolatingtopologyspreadconstraint/topologyspreadconstraint.go`.
//!
//! Where the largest and the smallest domain of a constraint differ by more than maxSkew, pods move, on paper, from
//! domains above the average to domains below it; the ones that moved are evicted. There are two forms of it:
//!
//! * `steps`, where every node is a cell of its own: all constraints on one placement, priorities, selectors, node fit
//!   and limits, with what is free at upstream as the only freedom (equal domains, the order of nodes and of pods).
//!   Exact, but that upstream's sort does not keep to ranks and listing order where a domain has more than 12 pods;
//! * `counted`, where nodes that are alike are counted: exact as far as its head says.
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

use super::cycle::Stage;
use super::sight::Sight;
pub use counted::{Group, add, declare};
pub use memory::Memory;

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
