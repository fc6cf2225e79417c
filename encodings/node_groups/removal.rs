//! Nodes that go: tainted and drained first, gone once they are drained.
//!
//! Part of the rules `cluster-autoscaler/scale-down` and `karpenter/termination`.

use crate::cluster::view::Cluster;
use crate::cluster::view::rule::Rule;
use crate::cluster::view::story::{Narrator, Scene, Sentence};
use crate::cluster::{Cell, Presence};
use crate::encodings::disruption;
use crate::system::{ActionId, MarkId};
use crate::term::Bool;

use super::holds::Holds;
use super::{Whose, act, cells_in};

/// The marks of the evictions with which the removal of a chosen node begins.
pub fn marks<'c>(cluster: &Cluster<'c>, chosen: &[Bool<'c>]) -> Vec<(MarkId, Bool<'c>)> {
    let (ctx, cells) = (cluster.ctx(), cluster.cells(&cluster.state()));
    cluster.eviction_marks(|template| {
        if disruption::is_gradual(cluster, template) || cluster.is_stopped() {
            return ctx.bool(false);
        }
        let goes = |cell: &Cell<'c>| disruption::removed_at_once(cluster, cell, template).ge(1);
        let some = chosen.iter().zip(&cells).filter(|(chosen, _)| chosen.constant() != Some(false));
        ctx.any(some.map(|(&chosen, cell)| chosen & goes(cell)))
    })
}

/// Adds that one of the allowed nodes, which are given by cell, is tainted, and that the pods go that can go at once.
pub fn begin<'c>(
    cluster: &Cluster<'c>,
    rule: &'static Rule,
    name: &str,
    allowed: &[Bool<'c>],
    tell: impl FnOnce(&[Bool<'c>]) -> Narrator,
) -> Option<ActionId> {
    let (var, chosen, valid) = cluster.choose_cell("node", allowed);
    let mut next = cluster.state();
    cluster.rewrite_one(&mut next, &chosen, |cell| disruption::taint_and_drain(cluster, cell));
    let (marks, tell) = (marks(cluster, &chosen), tell(&chosen));
    act(cluster, rule, name, (cluster.ctx().any(allowed.iter().copied()), vec![var], valid), next, marks, tell)
}

/// Adds that a node which is drained is gone.
pub fn end<'c>(cluster: &Cluster<'c>, (rule, who): (&'static Rule, &'static str), whose: Whose, holds: &Holds<'_, 'c>) {
    let drained = |cell: Cell<'c>| cell.exists & holds.is_empty(&cell);
    let drained: Vec<Bool<'c>> = cells_in(cluster, Presence::Going, whose).into_iter().map(drained).collect();
    let (var, chosen, valid) = cluster.choose_cell("node", &drained);
    let mut next = cluster.state();
    cluster.rewrite_one(&mut next, &chosen, |cell| cluster.change(cell).remove());
    let tell = move |scene: &Scene<'_>| {
        Sentence::new(who, format!("removes {}", scene.moved_names())).because("it is drained")
    };
    let choice = (cluster.ctx().any(drained), vec![var], valid);
    act(cluster, rule, &format!("{who} removes a node"), choice, next, Vec::new(), Box::new(tell));
}
