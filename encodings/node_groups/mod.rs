//! What the scalers of node groups share, [`super::cluster_autoscaler`] and [`super::karpenter`]: pods that wish for nodes
//! ([`wishes`]), nodes that come ([`arrival`]), pods that keep their nodes ([`holds`]), places elsewhere for those that do not
//! ([`places`]), and nodes that go ([`removal`]).
//!
//! Part of the rules `cluster-autoscaler/scale-up`, `cluster-autoscaler/scale-down`, `karpenter/provisioning` and
//! `karpenter/termination`.
//!
//! A cluster has all nodes that its groups may ever have; those that are not there say so, and exist for nobody but their
//! scaler.

pub mod arrival;
pub mod holds;
pub mod places;
pub mod removal;
pub mod wishes;

use crate::cluster::object::affinity;
use crate::cluster::object::scenario::Scaler;
use crate::cluster::view::Cluster;
use crate::cluster::view::rule::Rule;
use crate::cluster::view::story::Narrator;
use crate::cluster::{Cell, Presence};
use crate::system::{ActionDraft, ActionId, ActionKind, MarkId, State};
use crate::term::{Bool, Int, VarId};

use super::kube_scheduler::spread;

/// Which scalers' groups are meant.
pub type Whose = fn(&Scaler) -> bool;

/// Whether a cell's nodes are of a group of one of these scalers.
pub fn is_of(cluster: &Cluster<'_>, cell: &Cell<'_>, whose: Whose) -> bool {
    cluster.node(cell).scaler().is_some_and(whose)
}

/// All cells with those nodes only whose presence is this, and whose group is of one of these scalers.
pub fn cells_in<'c>(cluster: &Cluster<'c>, presence: Presence, whose: Whose) -> Vec<Cell<'c>> {
    let ctx = cluster.ctx();
    let only = |cell: Cell<'c>| match is_of(cluster, &cell, whose) {
        true => cell,
        false => Cell { exists: ctx.bool(false), multiplicity: ctx.int(0), ..cell },
    };
    cluster.cells_in(&cluster.state(), presence).into_iter().map(only).collect()
}

/// How many nodes of a group are present in one of these ways.
pub fn size<'c>(cluster: &Cluster<'c>, group: usize, presences: &[Presence]) -> Int<'c> {
    let state = cluster.state();
    let of_group = presences.iter().flat_map(|&presence| cluster.cells_in(&state, presence));
    let of_group = of_group.filter(|cell| cluster.node(cell).group() == Some(group));
    cluster.ctx().sum(of_group.map(|cell| cell.multiplicity))
}

/// Whether some pod that is to be scheduled asks where others are.
pub fn is_topological(cluster: &Cluster<'_>) -> bool {
    cluster.movable().any(|id| {
        let pod = &cluster.templates[id.0].spec;
        spread::is_constrained(cluster, id)
            || !affinity::required(pod).is_empty()
            || !affinity::required_anti(pod).is_empty()
    })
}

/// When an action may fire, what it chooses, and which choices it takes.
pub type Choice<'c> = (Bool<'c>, Vec<VarId>, Bool<'c>);

/// Adds something that a scaler does in its own time, unless it never may.
pub fn act<'c>(
    cluster: &Cluster<'c>,
    rule: &'static Rule,
    name: &str,
    (guard, inputs, choice): Choice<'c>,
    next: State<'c>,
    marks: Vec<(MarkId, Bool<'c>)>,
    tell: Narrator,
) -> Option<ActionId> {
    if guard.constant() == Some(false) {
        return None;
    }
    let draft = ActionDraft::new(name.to_owned(), ActionKind::Periodic, guard, next);
    Some(cluster.act(rule, draft.choosing(inputs, choice).marked(marks), tell))
}
