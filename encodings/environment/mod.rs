//! What comes from outside the control plane: load, node failures, overload, maintenance, users.
//!
//! Every such action is slow: it begins a block. Those that change something from outside carry the mark `environment`,
//! which excuses loops, and disturb observers of replica counts.

pub mod commands;
pub mod failures;
pub mod load;
pub mod maintenance;
pub mod overload;

use crate::cluster::story::Narrator;
use crate::cluster::view::Cluster;
use crate::system::{ActionDraft, ActionKind, MarkId, State};
use crate::term::{Bool, VarId};

/// Adds an action from outside.
pub(crate) fn outside<'c>(
    cluster: &Cluster<'c>,
    name: String,
    guard: Bool<'c>,
    (inputs, choice): (Vec<VarId>, Bool<'c>),
    mut next: State<'c>,
    mut marks: Vec<(MarkId, Bool<'c>)>,
    narrator: Narrator,
) {
    marks.push((cluster.environment_mark(), cluster.ctx().bool(true)));
    cluster.disturb(&mut next);
    let kind = ActionKind::Environment;
    cluster.act(ActionDraft { name, kind, guard, inputs, choice, next, marks }, narrator);
}
