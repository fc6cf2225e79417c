//! What the plugin remembers while it is at work.
//!
//! Part of the rule `descheduler/RemovePodsViolatingTopologySpreadConstraint`.

use std::collections::BTreeMap;

use crate::cluster::view::{Cluster, Declaring};
use crate::cluster::{Cell, TemplateId};
use crate::system::{BoolVar, IntVar, State};
use crate::term::{Bool, Int};

use super::constraint::Constraint;
use super::paper::values;

/// The state variables of the plugin, and the constraints that it balances.
pub struct Memory {
    /// How far it has come: one of the constants below.
    pub phase: IntVar,
    /// Constraints and what domains lose.
    pub balances: Vec<Balance>,
    /// Pods that some constraint counts, by node and template.
    pub places: Vec<Place>,
    /// Nodes between which the order of listing may matter, by position of the place: those of one group share domains.
    pub groups: Vec<usize>,
    /// The place that was listed last, + 1.
    pub last: IntVar,
}

/// Nothing is known yet.
pub const BEGINNING: i64 = 0;
/// It is being decided which of equal domains lose pods.
pub const BALANCING: i64 = 1;
/// It is being decided in which order nodes and pods are listed; then pods go.
pub const LISTING: i64 = 2;

/// One constraint.
pub struct Balance {
    /// The constraint.
    pub constraint: Constraint,
    /// What each domain loses.
    pub lost: Vec<IntVar>,
    /// Domains that may still be chosen to lose pods.
    pub open: Vec<BoolVar>,
    /// Moves that open domains still have to make.
    pub left: IntVar,
    /// By domain: pods to be listed until they begin to stay, or to go.
    pub quota: Vec<IntVar>,
}

/// Pods of one template on one node.
pub struct Place {
    /// Position of the cell.
    pub at: usize,
    /// Their template.
    pub template: TemplateId,
    /// Pods whose fate depends on their place in the list, and that are not listed yet.
    pub unlisted: IntVar,
    /// Pods that are to go.
    pub victims: IntVar,
}

impl Memory {
    /// Declares the variables for these constraints; every cell is a node.
    pub fn declare(cluster: &Declaring<'_>, constraints: Vec<Constraint>) -> Memory {
        let cells = cluster.cells(&cluster.state());
        let places: Vec<Place> = places(cluster, &cells, &constraints);
        Memory {
            phase: cluster.int("spreading", BEGINNING, LISTING, Some(BEGINNING)),
            groups: groups(cluster, &cells, &constraints, &places),
            last: cluster.int("spreading: listed last", 0, places.len() as i64, Some(0)),
            balances: constraints.into_iter().map(|constraint| declare_balance(cluster, constraint)).collect(),
            places,
        }
    }

    /// Forgets everything.
    pub fn forget<'c>(&self, cluster: &Cluster<'c>, next: &mut State<'c>) {
        let none = cluster.ctx().int(0);
        for balance in &self.balances {
            balance.lost.iter().chain(&balance.quota).chain([&balance.left]).for_each(|&var| next.set(var, none));
            balance.open.iter().for_each(|&var| next.set_bool(var, cluster.ctx().bool(false)));
        }
        for place in &self.places {
            next.set(place.unlisted, none);
            next.set(place.victims, none);
        }
        next.set(self.phase, none);
        next.set(self.last, none);
    }

    /// Whether some pod is still to be listed.
    pub fn lists<'c>(&self, cluster: &Cluster<'c>, state: &State<'c>) -> Bool<'c> {
        cluster.ctx().any(self.places.iter().map(|place| state.get(place.unlisted).ge(1)))
    }

    /// What the domains of a constraint lose.
    pub fn lost<'c>(&self, balance: usize, state: &State<'c>) -> Vec<Int<'c>> {
        self.balances[balance].lost.iter().map(|&var| state.get(var)).collect()
    }
}

fn declare_balance(cluster: &Declaring<'_>, constraint: Constraint) -> Balance {
    let most: i64 = constraint.counted.iter().map(|id| cluster.templates[id.0].max_pods).sum();
    let about = |what: &str| format!("{} {what}", constraint.describe(cluster));
    let values = values(cluster, &constraint);
    let int = |value: &String, what: &str| cluster.int(format!("{} {value}", about(what)), 0, most, Some(0));
    Balance {
        lost: values.iter().map(|value| int(value, "lost by")).collect(),
        open: values.iter().map(|value| cluster.bool(format!("{} {value}", about("open")), Some(false))).collect(),
        left: cluster.int(about("left"), 0, most, Some(0)),
        quota: values.iter().map(|value| int(value, "quota of")).collect(),
        constraint,
    }
}

fn places(cluster: &Declaring<'_>, cells: &[Cell<'_>], constraints: &[Constraint]) -> Vec<Place> {
    let mut places = Vec::new();
    for (at, cell) in cells.iter().enumerate() {
        for template in cluster.movable() {
            let counts = |constraint: &&Constraint| {
                constraint.counted.contains(&template) && constraint.value(cluster, cell.class).is_some()
            };
            let most = cluster.holding_on(cell, template).range().hi;
            if most > 0 && constraints.iter().any(|it| counts(&it)) {
                let node = cluster.node(cell).title(cell.slot);
                let name = format!("{node}: {}", cluster.templates[template.0].name);
                let int = |what: &str| cluster.int(format!("{name} {what}"), 0, most, Some(0));
                places.push(Place { at, template, unlisted: int("unlisted"), victims: int("to be evicted") });
            }
        }
    }
    places
}

/// Joins nodes that share a domain of a constraint; the number of each place's group.
fn groups(cluster: &Declaring<'_>, cells: &[Cell<'_>], constraints: &[Constraint], places: &[Place]) -> Vec<usize> {
    let mut group: Vec<usize> = (0..cells.len()).collect();
    for constraint in constraints {
        let mut first: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, cell) in cells.iter().enumerate() {
            if let Some(value) = constraint.value(cluster, cell.class) {
                let (from, to) = (group[at], group[*first.entry(value).or_insert(at)]);
                group.iter_mut().filter(|it| **it == from).for_each(|it| *it = to);
            }
        }
    }
    places.iter().map(|place| group[place.at]).collect()
}
