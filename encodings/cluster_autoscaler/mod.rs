//! The cluster autoscaler: nodes come for pods that fit nowhere ([`scale_up`]), and nodes go whose few pods fit elsewhere
//! ([`scale_down`]): of those that are little used ([`eligibility`]), whose pods may move ([`drainability`]) and, in a
//! simulation, find a place ([`simulation`]). What it shares with Karpenter is in [`super::node_groups`].
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
use crate::cluster::object::scenario::{Scaler, Scenario};
use crate::cluster::object::spec::ClusterSpec;
use crate::cluster::view::Cluster;
use crate::cluster::view::rule::Rule;
use crate::cluster::{Presence, Template};
use crate::term::Int;

use super::kube_scheduler;
use super::node_groups::{self, arrival};

/// What the autoscaler reads of nodes: what the scheduler does, whose filters it asks.
pub const READER: Reader = Reader { name: "cluster autoscaler", reads };

fn reads(spec: &ClusterSpec, templates: &[Template], reads: &mut Reads) {
    if acts(&spec.scenario) {
        (kube_scheduler::READER.reads)(spec, templates, reads);
    }
}

/// The rules of the autoscaler.
pub static RULES: &[&Rule] =
    &[&scale_up::RULE, &scale_down::RULE, &eligibility::RULE, &drainability::RULE, &simulation::RULE];

/// Whether there are groups for it.
fn acts(scenario: &Scenario) -> bool {
    scenario.node_groups.iter().any(|group| group.scaler.is_cluster_autoscaler())
}

/// Adds the nodes' coming and going, where there are node groups.
pub fn add(cluster: &Cluster<'_>) {
    if !acts(cluster.spec.scenario) {
        return;
    }
    let requests = scale_up::Requests::new(cluster);
    let asked = requests.add();
    arrival::add(cluster, &scale_up::RULE, Scaler::is_cluster_autoscaler);
    if cluster.spec.scenario.controllers.autoscaler_options.scale_down {
        scale_down::add(cluster, requests.are_none(), asked);
    }
}

/// How many nodes of a group there are, or are on their way.
fn size<'c>(cluster: &Cluster<'c>, group: usize) -> Int<'c> {
    node_groups::size(cluster, group, &[Presence::Here, Presence::Coming])
}
