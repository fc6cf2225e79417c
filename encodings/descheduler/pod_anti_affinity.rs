//! RemovePodsViolatingInterPodAntiAffinity. Nodes have their turn in any order.

use crate::cluster::TemplateId;
use crate::cluster::object::affinity;
use crate::cluster::object::spec::PodFilter;
use crate::cluster::view::Domain;
use crate::cluster::view::rule::{Rule, rule};
use crate::term::{Bool, Int};

use super::evictor::{self, fit};
use super::order::{Rank, rank};
use super::sight::Sight;
use super::walk::{self, Walk};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "descheduler/RemovePodsViolatingInterPodAntiAffinity",
    component: Descheduler,
    upstream: [
        "pkg/framework/plugins/removepodsviolatinginterpodantiaffinity/pod_antiaffinity.go" => ["Deschedule"],
        "pkg/utils/predicates.go" => ["CheckPodsWithAntiAffinityExist"],
    ],
    decides: "A pod goes if one of its own required anti-affinity terms is against a pod in the same domain. \
        Counterparts are all pods on nodes in play that the plugin looks at, protected ones included; a pod that is \
        evicted stops being one at once, so that of a conflicting set one remains.",
    parts: [
        "all of it" => "exact",
    ],
};

/// The plugin with its arguments.
pub struct InterPodAntiAffinity<'p>(pub &'p PodFilter);

impl InterPodAntiAffinity<'_> {
    /// Whether a pod of a template on a node conflicts with another pod that is still there.
    fn conflicts<'c>(&self, sight: &Sight<'_, 'c>, at: usize, template: TemplateId) -> Bool<'c> {
        let candidate = sight.pod(template);
        let terms = candidate.spec.iter().flat_map(affinity::required_anti);
        let against = |term| {
            let enemies = sight.templates().filter(|&id| {
                let other = &sight.cluster.templates[id.0];
                self.0.admits(&other.namespace, &other.labels) && fit::is_against(term, candidate, sight.pod(id))
            });
            let enemies: Vec<TemplateId> = enemies.collect();
            let near = (0..sight.cells.len()).filter(|&to| is_same_domain(sight, at, to, &term.topology_key));
            let meets = |to: usize| {
                let left = |id: TemplateId| {
                    let left = sight.at_first(to, id).minus_or_zero(sight.taken(to, id));
                    left.minus_or_zero(i64::from(to == at && id == template)).ge(1)
                };
                sight.in_play(to) & sight.ctx().any(enemies.iter().map(|&id| left(id)))
            };
            sight.ctx().any(near.map(meets))
        };
        sight.ctx().any(terms.map(against))
    }
}

/// Whether two nodes are in the same domain of a key; a node is in its own, whether it has the key or not.
fn is_same_domain(sight: &Sight<'_, '_>, at: usize, to: usize, key: &str) -> bool {
    let (own, other) = (sight.node(at).domain(key), sight.node(to).domain(key));
    at == to || (matches!(own, Domain::Named(_)) && own == other)
}

impl<'c> Walk<'c> for InterPodAntiAffinity<'_> {
    fn templates(&self, sight: &Sight<'_, 'c>) -> Vec<TemplateId> {
        let mut templates = sight.looked_at(self.0);
        let has_terms =
            |id: &TemplateId| sight.pod(*id).spec.as_ref().is_some_and(|pod| !affinity::required_anti(pod).is_empty());
        templates.retain(has_terms);
        templates
    }

    fn next_nodes(&self, sight: &Sight<'_, 'c>, waiting: &[Bool<'c>]) -> Vec<Bool<'c>> {
        walk::with_pods(self, sight, waiting)
    }

    fn listed(&self, sight: &Sight<'_, 'c>, at: usize, template: TemplateId) -> Int<'c> {
        let goes = sight.in_play(at) & evictor::pre_eviction_filter(sight, at, template);
        goes.ite(sight.active(at, template), 0)
    }

    fn is_to_go(&self, sight: &Sight<'_, 'c>, at: usize, template: TemplateId) -> Bool<'c> {
        self.conflicts(sight, at, template) & evictor::filter(sight, template)
    }

    fn rank(&self, sight: &Sight<'_, 'c>, template: TemplateId) -> Rank {
        rank(sight.pod(template))
    }
}
