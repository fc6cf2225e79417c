//! The cluster autoscaler: nodes come for pods that fit nowhere ([`scale_up`]), and nodes go whose few pods fit elsewhere
//! ([`scale_down`]): of those that are little used ([`eligibility`]), whose pods may move ([`drainability`]) and, in a
//! simulation, find a place ([`simulation`]).
//!
//! Part of the rules `cluster-autoscaler/scale-up` and `cluster-autoscaler/scale-down`.
//!
//! A cluster has all nodes that its groups may ever have; those that are not there say so, and exist for nobody but this
//! autoscaler. All that it does is slow, and its own doing: loops of it count.

pub mod drainability;
pub mod eligibility;
pub mod scale_down;
pub mod scale_up;
pub mod simulation;

use crate::cluster::counting::reads::{Reader, Reads};
use crate::cluster::object::spec::ClusterSpec;
use crate::cluster::view::Cluster;
use crate::cluster::view::rule::Rule;
use crate::cluster::{Presence, Template};
use crate::term::Int;

use super::kube_scheduler;

/// What the autoscaler reads of nodes: what the scheduler does, whose filters it asks.
pub const READER: Reader = Reader { name: "cluster autoscaler", reads };

fn reads(spec: &ClusterSpec, templates: &[Template], reads: &mut Reads) {
    if !spec.scenario.node_groups.is_empty() {
        (kube_scheduler::READER.reads)(spec, templates, reads);
    }
}

/// The rules of the autoscaler.
pub static RULES: &[&Rule] =
    &[&scale_up::RULE, &scale_down::RULE, &eligibility::RULE, &drainability::RULE, &simulation::RULE];

/// Adds the nodes' coming and going, where there are node groups.
pub fn add(cluster: &Cluster<'_>) {
    if cluster.spec.scenario.node_groups.is_empty() {
        return;
    }
    let requests = scale_up::Requests::new(cluster);
    requests.add();
    scale_up::add_arrival(cluster);
    if cluster.spec.scenario.controllers.autoscaler_options.scale_down {
        scale_down::add(cluster, requests.are_none());
    }
}

/// How many nodes of a group there are, or are on their way.
fn size<'c>(cluster: &Cluster<'c>, group: usize) -> Int<'c> {
    let state = cluster.state();
    let of_group = [Presence::Here, Presence::Coming].map(|presence| cluster.cells_in(&state, presence));
    let of_group = of_group.into_iter().flatten().filter(|cell| cluster.node(cell).group() == Some(group));
    cluster.ctx().sum(of_group.map(|cell| cell.multiplicity))
}
