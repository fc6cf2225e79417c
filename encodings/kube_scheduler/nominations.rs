//! Pods that are taken to be on a node although they are not bound to it: a node must pass the filters with the pods of
//! at least the same priority that are nominated to it, and once more without them.

use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::{Cell, TemplateId};
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
            "exact; nominations are those of the input, see preemption",
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

/// The other waiting pods that are nominated to the nodes of a cell and that a pod of `template` yields to.
pub fn nominated<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>, template: TemplateId) -> Change<'c> {
    if cluster.templates.iter().all(|other| other.nominated_to().is_none()) {
        return Change::default();
    }
    let pod = &cluster.templates[template.0];
    let state = cluster.state();
    let number = |id: TemplateId| {
        let waiting = state.get(cluster.pending[id.0]);
        if id == template { waiting.minus_or_zero(1) } else { waiting }
    };
    let here = cluster.templates.iter().enumerate().filter(|(_, other)| {
        let named = other.nominated_to().is_some_and(|node| cluster.node(cell).is_named(node));
        named && other.priority() >= pod.priority()
    });
    let pods = here.map(|(index, _)| (TemplateId(index), number(TemplateId(index))));
    Change { pods: pods.filter(|(_, number)| number.constant() != Some(0)).collect() }
}
