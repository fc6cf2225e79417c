//! Node fit. As upstream: pod affinity, spread constraints and other pods' anti-affinity are not asked.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Pod, PodAffinityTerm};

use crate::cluster::counting::layout::requested;
use crate::cluster::object::affinity;
use crate::cluster::object::selector::{self, HARD_EFFECTS, Labels};
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::{TemplateId, object::resources};
use crate::encodings::descheduler::sight::Sight;
use crate::term::{Bool, Int};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "descheduler/nodeFit",
    component: Descheduler,
    upstream: [
        "pkg/descheduler/node/node.go" => [
            "NodeFit", "PodFitsAnyOtherNode", "PodFitsAnyNode", "PodFitsCurrentNode", "fitsRequest",
            "podMatchesInterPodAntiAffinity",
        ],
    ],
    decides: "A pod fits a node that is not cordoned, matches its selector and required affinity, has no NoSchedule \
        or NoExecute taint that it does not tolerate, holds no pod that one of its own required anti-affinity terms \
        is against, and has room for its requests and for one more pod. On the node where it is, room is not asked.",
    parts: [
        "`nodeFit`" => "exact",
    ],
};

/// Whether a pod of a template on a node of a cell fits some other node that is considered.
pub fn elsewhere<'c>(
    sight: &Sight<'_, 'c>,
    at: usize,
    template: TemplateId,
    considered: &dyn Fn(usize) -> Bool<'c>,
) -> Bool<'c> {
    if sight.cluster.is_daemon(template) {
        return sight.ctx().bool(false);
    }
    let fits = |to: usize| considered(to) & fits(sight, to, template, false);
    let others = (0..sight.cells.len()).filter(|&to| to != at).map(fits);
    let twin = match sight.cells[at].multiplicity.constant() {
        Some(1) => sight.ctx().bool(false),
        _ => sight.cells[at].multiplicity.ge(2) & fits(at),
    };
    sight.ctx().any(others.chain([twin]))
}

/// Whether a pod of a template on a node of a cell fits some node in play, its own included.
pub fn somewhere<'c>(sight: &Sight<'_, 'c>, at: usize, template: TemplateId) -> Bool<'c> {
    let in_play = |to: usize| sight.in_play(to);
    elsewhere(sight, at, template, &in_play) | (sight.in_play(at) & fits(sight, at, template, true))
}

/// Whether a pod of a template fits the nodes of a cell; `own` if it is on the node itself.
pub fn fits<'c>(sight: &Sight<'_, 'c>, to: usize, template: TemplateId, own: bool) -> Bool<'c> {
    if !suits(sight, to, template) {
        return sight.ctx().bool(false);
    }
    let open = !sight.cluster.is_cordoned(&sight.cells[to]) & !meets_enemy(sight, to, template, own);
    if own { open } else { open & has_room(sight, to, template) }
}

/// Whether selector, required affinity and taints admit pods of a template to the nodes of a cell.
pub fn suits(sight: &Sight<'_, '_>, to: usize, template: TemplateId) -> bool {
    let node = sight.node(to);
    let Some(pod) = &sight.pod(template).spec else { return false };
    let tolerations = pod.tolerations.as_deref().unwrap_or_default();
    let hard = node.taints().iter().filter(|taint| HARD_EFFECTS.contains(&taint.effect.as_str()));
    node.matches(pod) && hard.into_iter().all(|taint| selector::tolerates_comparing(tolerations, taint))
}

fn has_room<'c>(sight: &Sight<'_, 'c>, to: usize, template: TemplateId) -> Bool<'c> {
    let requests = &sight.cluster.templates[template.0].requests;
    let mut named = resources::named_requests(sight.pod(template));
    let asked = requested(&sight.cluster.templates[template.0]).filter(|&(_, amount)| amount > 0);
    named.extend(asked.map(|(name, _)| name.to_owned()));
    let fits = named.iter().map(|name| {
        let needed = requests.get(name);
        free(sight, to, name).ge(needed)
    });
    sight.ctx().all(fits) & free(sight, to, "pods").ge(1)
}

/// What is left of a resource on the nodes of a cell: allocatable without the requests of the pods there.
fn free<'c>(sight: &Sight<'_, 'c>, to: usize, resource: &str) -> Int<'c> {
    let allocatable = sight.node(to).status().and_then(|status| status.allocatable.as_ref());
    let offered = allocatable.and_then(|list| resources::amount(resource, list.get(resource)?).ok()).unwrap_or(0);
    sight.ctx().int(offered) - used(sight, to, resource, &|at, id| sight.visible(at, id))
}

/// Requests for a resource on the nodes of a cell, over the pods that `count` counts there and those that stay.
pub fn used<'c>(
    sight: &Sight<'_, 'c>,
    at: usize,
    resource: &str,
    count: &dyn Fn(usize, TemplateId) -> Int<'c>,
) -> Int<'c> {
    let ctx = sight.ctx();
    let each = |id: TemplateId| sight.cluster.templates[id.0].requests.get(resource);
    let movable = sight.cluster.movable().filter(|&id| each(id) != 0);
    ctx.sum(movable.map(|id| count(at, id) * ctx.int(each(id)))) + sight.node(at).used().get(resource)
}

/// Whether a required anti-affinity term of the pod is against a pod on the nodes of a cell.
fn meets_enemy<'c>(sight: &Sight<'_, 'c>, to: usize, template: TemplateId, own: bool) -> Bool<'c> {
    let ctx = sight.ctx();
    let candidate = sight.pod(template);
    let terms = candidate.spec.iter().flat_map(affinity::required_anti);
    let terms = terms.filter(|term| sight.node(to).has_label(&term.topology_key));
    let meets = |term: &PodAffinityTerm| {
        let enemies = sight.templates().filter(|id| is_against(term, candidate, sight.pod(*id)));
        let count = |id: TemplateId| {
            let itself = i64::from(own && id == template);
            sight.visible(to, id).minus_or_zero(itself)
        };
        ctx.any(enemies.map(|id| count(id).ge(1)))
    };
    ctx.any(terms.map(meets))
}

/// Whether a candidate's anti-affinity term is against another pod, wherever that is. Pods of the candidate's name are
/// passed over, whatever their namespace.
pub fn is_against(term: &PodAffinityTerm, candidate: &Pod, other: &Pod) -> bool {
    let own: BTreeSet<&str> = candidate.metadata.namespace.iter().map(String::as_str).collect();
    let named: BTreeSet<&str> = term.namespaces.iter().flatten().map(String::as_str).collect();
    let namespaces = if named.is_empty() { own } else { named };
    let none = Labels::new();
    let labels = other.metadata.labels.as_ref().unwrap_or(&none);
    let namesake = other.metadata.name.is_some()
        && other.metadata.name == candidate.metadata.name
        && other.metadata.namespace != candidate.metadata.namespace;
    !namesake
        && namespaces.contains(other.metadata.namespace.as_deref().unwrap_or_default())
        && term.label_selector.as_ref().is_some_and(|wanted| selector::matches(wanted, labels))
}
