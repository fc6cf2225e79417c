//! What workloads outside the model do to the scheduler's work, where the model is a part of a cluster.
//!
//! They may take the room that a pod of the model needs, and leave it again. Which nodes they fill is not kept: where it
//! matters, the scheduler may bind a pod to any node that has room for it as far as the model knows, or to none, because
//! others came first. Then the pod waits until a slow action happens; that the company leaves room is one, too.

use crate::cluster::TemplateId;
use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::Sentence;
use crate::system::{ActionDraft, ActionKind, State};
use crate::term::{Bool, VarId};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "scheduler/company",
    component: Scheduler,
    decides: "Workloads outside a model of few workloads may leave no room for a pod, and leave it again \
        (docs/focus.md).",
    parts: [
        "workloads outside a model of few workloads" =>
            "over: every way in which they refuse a node (room, host ports, their anti-affinity, skew that their \
                pods cause) is among those that the model has",
    ],
};

/// The input by which others come first.
pub struct Others<'c> {
    /// The input.
    pub var: VarId,
    /// Whether they do.
    pub come_first: Bool<'c>,
}

/// Declares the input, if others may come first at all.
pub fn first<'c>(cluster: &Cluster<'c>, scheduled: &[TemplateId]) -> Option<Others<'c>> {
    scheduled.iter().any(|id| cluster.crowded[id.0].is_some()).then(|| {
        let (var, input) = cluster.input("others first", 0, 1);
        Others { var, come_first: input.eq(1) }
    })
}

/// Whether the company leaves pods of a template no room.
pub fn crowds_out<'c>(cluster: &Cluster<'c>, state: &State<'c>, template: TemplateId) -> Bool<'c> {
    cluster.crowded[template.0].map_or_else(|| cluster.ctx().bool(false), |flag| state.is(flag))
}

/// Lets others come first in the turn of a template; whether they do.
pub fn comes_first<'c>(
    cluster: &Cluster<'c>,
    others: Option<&Others<'c>>,
    template: TemplateId,
    turn: Bool<'c>,
    next: &mut State<'c>,
) -> Bool<'c> {
    let (Some(others), Some(flag)) = (others, cluster.crowded[template.0]) else {
        return cluster.ctx().bool(false);
    };
    let late = turn & others.come_first;
    next.set_bool(flag, next.is(flag) | late);
    late
}

/// Adds the company's own action: it leaves room, which every slow action does ([`Cluster::act`]).
pub fn add(cluster: &Cluster<'_>) {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let crowded: Vec<Bool<'_>> = cluster.crowded.iter().flatten().map(|&flag| state.is(flag)).collect();
    if crowded.is_empty() {
        return;
    }
    let draft = ActionDraft::new("other workloads", ActionKind::Periodic, ctx.any(crowded), state);
    cluster.act(&RULE, draft, Box::new(|_| Sentence::new("other workloads", "leave room".to_owned())));
}

/// What is told where others come first.
pub fn sentence(name: &str) -> Sentence {
    Sentence::new("other workloads", format!("leave no room for a pod of {name}")).by(&RULE)
}
