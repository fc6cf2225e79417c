//! Topology spread over nodes that are counted rather than told apart.
//!
//! Part of the rule `descheduler/RemovePodsViolatingTopologySpreadConstraint`.
//!
//! The domains that lose pods, largest first, are those of the paper (see `balance`), and so are the numbers that they
//! lose wherever a constraint has few domains. Of many domains the number of moves is what sources have to give or sinks
//! can take, whichever is less; upstream stops earlier where a pair of domains has come within maxSkew of each other, so
//! that it is free within bounds.
//!
//! Within a domain of several nodes pods go node by node, in any order of nodes. Pods of several templates go in the
//! order of their ranks, and if some fits a node of a domain below the average, all do.

mod placement;
mod steps;

use crate::cluster::TemplateId;
use crate::cluster::object::spec::PodFilter;
use crate::cluster::view::{Cluster, Declaring};
use crate::encodings::descheduler::sight::Sight;
use crate::system::IntVar;

use super::constraint::{Constraint, constraints, rank};
use super::paper::values;

/// One constraint and what a cycle remembers of it.
pub struct Group {
    constraint: Constraint,
    /// Values of the key.
    values: Vec<String>,
    /// Whether every node is a domain of its own.
    singleton: bool,
    /// `topologyBalanceNodeFit`.
    node_fit: bool,
    /// Moves that are still to be made; 0 when no cycle is under way.
    moves: IntVar,
    /// Pods in an average domain when the cycle began, rounded down.
    average: IntVar,
    /// The domain that is losing pods (position in `values`), and how many it still has to lose.
    domain: IntVar,
    left: IntVar,
}

/// Declares the memory of every constraint that the plugin balances.
pub fn declare(
    cluster: &Declaring<'_>,
    sight: &Sight<'_, '_>,
    wanted: &[String],
    pods: &PodFilter,
    node_fit: bool,
) -> Vec<Group> {
    let seen = sight.looked_at(pods);
    let found = constraints(sight.cluster, &seen, wanted);
    found.into_iter().map(|constraint| declare_group(cluster, constraint, node_fit)).collect()
}

fn declare_group(cluster: &Declaring<'_>, mut constraint: Constraint, node_fit: bool) -> Group {
    constraint.counted.sort_by_key(|id| std::cmp::Reverse(rank(&cluster.templates[id.0])));
    let most: i64 = constraint.counted.iter().map(|id| cluster.templates[id.0].max_pods).sum();
    let values = values(cluster, &constraint);
    let singleton = cluster.has_singleton_domains(&constraint.key);
    let name = |what: &str| format!("descheduler {} {what}", constraint.describe(cluster));
    let int = |what: &str, most: i64| cluster.int(name(what), 0, most, Some(0));
    Group {
        moves: int("moves", most),
        average: int("average", most),
        domain: int("domain", if singleton { 0 } else { values.len().saturating_sub(1) as i64 }),
        left: int("left", if singleton { 0 } else { most }),
        constraint,
        values,
        singleton,
        node_fit,
    }
}

/// Adds the plugin for every constraint.
pub fn add<'c>(cluster: &Cluster<'c>, sight: &Sight<'_, 'c>, groups: &[Group]) {
    groups.iter().for_each(|group| steps::add(cluster, sight, group));
}

impl Group {
    /// What it balances, in words.
    fn name(&self, sight: &Sight<'_, '_>) -> String {
        self.constraint.describe(sight.cluster)
    }

    /// The first template that states it, for stories.
    fn owner(&self) -> TemplateId {
        self.constraint.carriers[0]
    }
}
