//! Karpenter: nodes come for pods that fit nowhere ([`provisioning`]), within the limits of their NodePools ([`limits`]), and
//! nodes go that no pod needs ([`emptiness`]), whose pods fit elsewhere ([`consolidation`]) or on a cheaper node
//! ([`replacement`]), or that expire ([`expiration`]); which may be disrupted say [`candidates`] and [`budgets`], how they end
//! [`termination`].
//!
//! Part of the rules `karpenter/provisioning` and `karpenter/termination`.
//!
//! NodePools are node groups, whose nodes are all that the model may ever have of the instance types that are known. What
//! Karpenter shares with the cluster autoscaler is in [`super::node_groups`]. All that it does is slow, and its own doing, but
//! that nodes expire: loops of it count.

pub mod budgets;
pub mod candidates;
pub mod consolidation;
pub mod emptiness;
pub mod expiration;
pub mod limits;
pub mod provisioning;
pub mod replacement;
pub mod termination;

use crate::cluster::counting::reads::{Reader, Reads};
use crate::cluster::object::karpenter::NodePool;
use crate::cluster::object::scenario::{Scaler, Scenario};
use crate::cluster::object::spec::ClusterSpec;
use crate::cluster::view::Cluster;
use crate::cluster::view::rule::Rule;
use crate::cluster::{Cell, Presence, Template};

use super::kube_scheduler;
use super::node_groups::arrival;

/// What Karpenter reads of nodes: what the scheduler does, whose filters it asks.
pub const READER: Reader = Reader { name: "Karpenter", reads };

fn reads(spec: &ClusterSpec, templates: &[Template], reads: &mut Reads) {
    if acts(&spec.scenario) {
        (kube_scheduler::READER.reads)(spec, templates, reads);
    }
}

/// The rules of Karpenter.
pub static RULES: &[&Rule] = &[
    &provisioning::RULE,
    &limits::RULE,
    &candidates::RULE,
    &budgets::RULE,
    &emptiness::RULE,
    &consolidation::RULE,
    &replacement::RULE,
    &termination::RULE,
    &expiration::RULE,
];

/// What it is called in stories.
const NAME: &str = "karpenter";

/// Whether there are NodePools for it.
fn acts(scenario: &Scenario) -> bool {
    scenario.node_groups.iter().any(|group| group.scaler.is_karpenter())
}

/// Adds the nodes' coming and going, where there are NodePools.
pub fn add(cluster: &Cluster<'_>) {
    if !acts(cluster.spec.scenario) {
        return;
    }
    let holds = candidates::holds(cluster);
    let requests = provisioning::Requests::new(cluster, &holds);
    requests.add();
    arrival::add(cluster, &provisioning::RULE, Scaler::is_karpenter);
    if cluster.is_stopped() {
        return;
    }
    let candidates = candidates::Candidates::new(cluster, &holds);
    emptiness::add(cluster, &candidates);
    let underutilized = consolidation::Underutilized::new(cluster, &candidates, requests.are_none());
    if cluster.is_stopped() {
        return;
    }
    underutilized.add();
    replacement::add(cluster, &underutilized);
    termination::add(cluster, &holds);
    expiration::add(cluster);
}

/// How a node of a NodePool may be there, or on its way, and not about to go.
const ACTIVE: [Presence; 3] = [Presence::Here, Presence::Coming, Presence::Replacing];
/// How a node of a NodePool may be there, or on its way.
const PRESENT: [Presence; 5] =
    [Presence::Here, Presence::Coming, Presence::Replacing, Presence::Going, Presence::Yielding];

/// The NodePool of a cell's nodes: its position among the groups, and what it says.
fn pool_of<'c>(cluster: &Cluster<'c>, cell: &Cell<'_>) -> Option<(usize, &'c NodePool)> {
    pool_of_class(cluster, cell.class)
}

fn pool_of_class<'c>(cluster: &Cluster<'c>, class: usize) -> Option<(usize, &'c NodePool)> {
    let group = cluster.class(class).group()?;
    Some((group, cluster.spec.scenario.node_groups[group].scaler.node_pool()?))
}
