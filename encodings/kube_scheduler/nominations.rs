//! Pods that are taken to be on a node although they are not bound to it: a node must pass the filters with the pods of
//! at least the same priority that are nominated to it, and once more without them.

use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::{Cell, Template, TemplateId};
use crate::term::{Ctx, Int};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "scheduler/nominated-pods",
    component: Scheduler,
    upstream: [
        "pkg/scheduler/framework/runtime/framework.go" => ["RunFilterPluginsWithNominatedPods"],
        "pkg/scheduler/schedule_one.go" => ["evaluateNominatedNode"],
    ],
    decides: "A node must pass the filters with the pods of at least the same priority that are nominated to it, and \
        without; the node that a pod itself is nominated to is taken first.",
    parts: [
        "nominated pods: a pod's own nominated node first; filters with the pods of at least its priority that are \
            nominated to a node, and without" =>
            "exact; of pods of modelled owners, nominations are those that preemptions of the run make. A scheduler does not \
                know of nominations of pods that others take",
    ],
};

/// Pods that one node is taken to hold beside those bound to it; negative numbers are pods taken away.
#[derive(Clone, Debug, Default)]
pub struct Change<'c> {
    /// By template; each at most once.
    pub pods: Vec<(TemplateId, Int<'c>)>,
}

impl<'c> Change<'c> {
    /// Whether nothing changes.
    pub fn is_none(&self) -> bool {
        self.pods.iter().all(|(_, number)| number.constant() == Some(0))
    }

    /// This change and one of other templates.
    pub fn and(&self, other: &Change<'c>) -> Change<'c> {
        Change { pods: self.pods.iter().chain(&other.pods).copied().collect() }
    }

    /// The pods of some templates together.
    pub fn of(&self, ctx: &'c Ctx, templates: &[TemplateId]) -> Int<'c> {
        let counted = self.pods.iter().filter(|(template, _)| templates.contains(template));
        ctx.sum(counted.map(|&(_, number)| number))
    }

    /// The sum of `amount` over the pods.
    pub fn sum(&self, ctx: &'c Ctx, amount: impl Fn(TemplateId) -> i64) -> Int<'c> {
        ctx.sum(self.pods.iter().map(|&(template, number)| number * ctx.int(amount(template))))
    }
}

/// Whether some pod may be nominated to some node.
pub fn are_possible(cluster: &Cluster<'_>) -> bool {
    let nominated =
        |(index, pod): (usize, &Template)| pod.nominated_to().is_some() || cluster.may_be_nominated(TemplateId(index));
    cluster.templates.iter().enumerate().any(nominated)
}

/// The other waiting pods that are nominated to the nodes of a cell and that a pod of `template` yields to, which is one of
/// those that a preemption of the run nominated to them if `is_here`.
pub fn nominated<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>, template: TemplateId, is_here: bool) -> Change<'c> {
    if !are_possible(cluster) {
        return Change::default();
    }
    let priority = cluster.templates[template.0].priority();
    let yields_to = (0..cluster.templates.len()).map(TemplateId);
    let yields_to = yields_to
        .filter(|&other| cluster.templates[other.0].priority() >= priority && cluster.share_a_cache(template, other));
    let number = |other: TemplateId| {
        let own = other == template;
        let read = read_on(cluster, cell, other).minus_or_zero(i64::from(own));
        let made = cluster.nominated_on(cell, other).minus_or_zero(i64::from(own && is_here));
        (other, read + made)
    };
    Change { pods: yields_to.map(number).filter(|(_, number)| number.constant() != Some(0)).collect() }
}

/// Waiting pods of a template that are read as nominated to the nodes of a cell.
fn read_on<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>, template: TemplateId) -> Int<'c> {
    let named = cluster.templates[template.0].nominated_to();
    match named.is_some_and(|node| cluster.node(cell).is_named(node)) {
        true => cluster.state().get(cluster.pending[template.0]),
        false => cluster.ctx().int(0),
    }
}
