//! RemovePodsViolatingNodeAffinity. Each type is a pass over all nodes.

use crate::cluster::TemplateId;
use crate::cluster::object::spec::{AffinityType, PodFilter};
use crate::cluster::view::rule::{Rule, rule};
use crate::term::{Bool, Int};

use super::evictor::{self, fit};
use super::sight::Sight;
use super::walk::{self, Walk};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "descheduler/RemovePodsViolatingNodeAffinity",
    component: Descheduler,
    upstream: [
        "pkg/framework/plugins/removepodsviolatingnodeaffinity/node_affinity.go" => ["Deschedule", "processNodes"],
    ],
    decides: "*Required*: pods with a required node affinity whose node fails their selector or affinity go. \
        *Preferred*: pods for which some node in play, feasible or not, weighs more than their own. Either way the \
        pod has to fit some node in play, which may be its own.",
    parts: [
        "all of it" => "exact",
    ],
};

/// One pass of the plugin.
pub struct NodeAffinity<'p> {
    /// What it looks at.
    pub kind: AffinityType,
    /// `namespaces` and `labelSelector`.
    pub pods: &'p PodFilter,
}

impl NodeAffinity<'_> {
    /// Whether pods of a template on the nodes of a cell ask for another node.
    fn is_violated<'c>(&self, sight: &Sight<'_, 'c>, at: usize, template: TemplateId) -> Bool<'c> {
        let ctx = sight.ctx();
        let Some(pod) = &sight.pod(template).spec else { return ctx.bool(false) };
        let affinity = pod.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
        match self.kind {
            AffinityType::Required => {
                let required = affinity.and_then(|it| it.required_during_scheduling_ignored_during_execution.as_ref());
                ctx.bool(required.is_some() && !sight.node(at).matches(pod))
            }
            AffinityType::Preferred => {
                let own = sight.node(at).preference(pod).max(0);
                let better = |to: &usize| sight.node(*to).preference(pod) > own;
                ctx.any((0..sight.cells.len()).filter(better).map(|to| sight.in_play(to)))
            }
        }
    }
}

impl<'c> Walk<'c> for NodeAffinity<'_> {
    fn templates(&self, sight: &Sight<'_, 'c>) -> Vec<TemplateId> {
        sight.looked_at(self.pods)
    }

    fn next_nodes(&self, sight: &Sight<'_, 'c>, waiting: &[Bool<'c>]) -> Vec<Bool<'c>> {
        walk::with_pods(self, sight, waiting)
    }

    fn listed(&self, sight: &Sight<'_, 'c>, at: usize, template: TemplateId) -> Int<'c> {
        let violated = self.is_violated(sight, at, template);
        if violated.constant() == Some(false) {
            return sight.ctx().int(0);
        }
        let goes = evictor::filter(sight, template) & evictor::pre_eviction_filter(sight, at, template);
        let goes = sight.in_play(at) & violated & goes & fit::somewhere(sight, at, template);
        goes.ite(sight.active(at, template), 0)
    }
}
