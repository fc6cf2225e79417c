//! DefaultEvictor.
//!
//! The *filter* says which pods are protected; the *pre-eviction filter* is asked when a pod is about to go: whether it
//! fits another node (`nodeFit`), and whether its namespace is one of those selected. The annotation
//! `descheduler.alpha.kubernetes.io/evict` overrides the filter alone.

pub mod fit;
pub mod protection;

use crate::cluster::TemplateId;
use crate::cluster::object::selector;
use crate::cluster::object::spec::EvictorArguments;
use crate::cluster::view::rule::{Rule, rule};
use crate::term::Bool;

use super::sight::Sight;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "descheduler/DefaultEvictor",
    component: Descheduler,
    upstream: [
        "pkg/framework/plugins/defaultevictor/defaultevictor.go" => ["Filter", "PreEvictionFilter"],
        "pkg/framework/plugins/defaultevictor/constraints.go" => [
            "evictionConstraintsForLabelSelector", "evictionConstraintsForMinReplicas",
            "evictionConstraintsForMinPodAge",
        ],
        "pkg/utils/pod.go" => [],
    ],
    decides: "Which pods may be evicted at all, and which of them when they are about to go.",
    parts: [
        "protections, priority threshold, labels, namespaces, `minReplicas`, the evict annotation" => "exact",
        "`minPodAge`" =>
            "exact for pods that are given, at the time at which the input is read; pods of modelled owners are \
                always old enough",
    ],
    omits: [
        "pods without a modelled owner that fail while the model runs (`evictFailedBarePods`)",
    ],
};

/// Whether the filter lets pods of a template go; those that are being deleted are [`Sight::active`]'s concern.
pub fn filter<'c>(sight: &Sight<'_, 'c>, template: TemplateId) -> Bool<'c> {
    let pod = sight.pod(template);
    let evictor = &sight.enabled.evictor;
    if protection::protects(evictor, &sight.cluster.spec, pod) {
        return sight.ctx().bool(false);
    }
    match protection::asks_for_eviction(pod) {
        true => sight.ctx().bool(true),
        false => has_replicas(sight, evictor, template),
    }
}

/// Whether the pods' owner has `minReplicas` pods, on any node and in any phase; pods without an owner, or with
/// several, are exempt.
fn has_replicas<'c>(sight: &Sight<'_, 'c>, evictor: &EvictorArguments, template: TemplateId) -> Bool<'c> {
    let ctx = sight.ctx();
    let owners = sight.pod(template).metadata.owner_references.as_deref().unwrap_or_default();
    let (true, [owner]) = (evictor.min_replicas > 1, owners) else { return ctx.bool(true) };
    let owned =
        |id: &TemplateId| sight.pod(*id).metadata.owner_references.iter().flatten().any(|other| other.uid == owner.uid);
    let count = |id: TemplateId| {
        let most = sight.cluster.templates[id.0].max_pods;
        let bound = (0..sight.cells.len()).map(|at| sight.cells[at].multiplicity * sight.visible(at, id));
        (ctx.sum(bound) + sight.cluster.waiting(&sight.state, id)).min(most)
    };
    let finished = sight.cluster.spec.finished.get(&owner.uid).copied().unwrap_or(0);
    (ctx.sum(sight.templates().filter(owned).map(count)) + finished).ge(evictor.min_replicas)
}

/// Whether the pre-eviction filter lets a pod of a template on a node of a cell go.
pub fn pre_eviction_filter<'c>(sight: &Sight<'_, 'c>, at: usize, template: TemplateId) -> Bool<'c> {
    let ctx = sight.ctx();
    let evictor = &sight.enabled.evictor;
    if !in_selected_namespace(sight, template) {
        return ctx.bool(false);
    }
    if !evictor.node_fit {
        return ctx.bool(true);
    }
    let considered = |to: usize| match sight.node(to).is_selected(&evictor.node_selector) {
        true => sight.is_ready(to),
        false => ctx.bool(false),
    };
    fit::elsewhere(sight, at, template, &considered)
}

fn in_selected_namespace(sight: &Sight<'_, '_>, template: TemplateId) -> bool {
    let Some(wanted) = &sight.enabled.evictor.namespace_selector else { return true };
    let namespace = sight.pod(template).metadata.namespace.as_deref().unwrap_or_default();
    let labels = sight.cluster.spec.namespaces.get(namespace);
    let selects_all = selector::keys(wanted).next().is_none();
    selects_all || labels.is_some_and(|labels| selector::matches(wanted, labels))
}
