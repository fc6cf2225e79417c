//! What comes from outside the control plane: load, pods that fail their probes, node failures, overload, maintenance, users.
//!
//! Part of the rules `environment/load`, `environment/unready`, `environment/failures`, `environment/overload`,
//! `environment/maintenance` and `environment/commands`.
//!
//! Every such action is slow: it begins a block. Those that change something from outside carry the mark `environment`,
//! which excuses loops, and disturb observers of replica counts.

pub mod commands;
pub mod failures;
pub mod kubectl_drain;
pub mod load;
pub mod maintenance;
pub mod overload;
pub mod unready;

use crate::cluster::view::Cluster;
use crate::cluster::view::rule::Rule;
use crate::cluster::view::story::Narrator;
use crate::system::{ActionDraft, ActionId, ActionKind, MarkId, PaceId, State};
use crate::term::{Bool, VarId};

/// The rules of the environment.
pub static RULES: &[&Rule] = &[
    &unready::RULE,
    &load::RULE,
    &load::independent::RULE,
    &failures::RULE,
    &overload::RULE,
    &maintenance::RULE,
    &kubectl_drain::RULE,
    &commands::RULE,
];

/// A choice of one node that goes down or comes back: guard, input and its allowed values, the state after it.
pub(crate) struct Switch<'c> {
    pub guard: Bool<'c>,
    pub input: VarId,
    pub choice: Bool<'c>,
    pub next: State<'c>,
}

/// One node of the `allowed` cells goes down or comes back; `None` if that can never be.
pub(crate) fn switch<'c>(cluster: &Cluster<'c>, allowed: &[Bool<'c>], is_down: bool) -> Option<Switch<'c>> {
    let ctx = cluster.ctx();
    let guard = ctx.any(allowed.iter().copied());
    if guard.constant() == Some(false) {
        return None;
    }
    let (input, chosen, choice) = cluster.choose_cell("node", allowed);
    let mut next = cluster.state();
    cluster.rewrite_one(&mut next, &chosen, |cell| cluster.change(cell).down(is_down));
    Some(Switch { guard, input, choice, next })
}

/// Adds an action from outside that follows a rule, at a pace.
pub(crate) fn outside<'c>(
    cluster: &Cluster<'c>,
    (rule, name, pace): (&'static Rule, String, Option<PaceId>),
    guard: Bool<'c>,
    (inputs, choice): (Vec<VarId>, Bool<'c>),
    mut next: State<'c>,
    mut marks: Vec<(MarkId, Bool<'c>)>,
    narrator: Narrator,
) -> ActionId {
    marks.push((cluster.environment_mark(), cluster.ctx().bool(true)));
    cluster.disturb(&mut next);
    let kind = ActionKind::Environment;
    let draft = ActionDraft::new(name, kind, guard, next).choosing(inputs, choice).marked(marks).paced(pace);
    cluster.act(rule, draft, narrator)
}
