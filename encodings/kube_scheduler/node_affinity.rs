//! NodeAffinity: `nodeSelector` and node affinity, required and preferred.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{NodeSelectorTerm, PodSpec};

use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::{Cell, TemplateId};

use super::refusal::{Reason, Refusal, Stage};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "scheduler/NodeAffinity",
    component: Scheduler,
    upstream: [
        "pkg/scheduler/framework/plugins/nodeaffinity/node_affinity.go" => [
            "PreFilter", "Filter", "Score", "NormalizeScore",
        ],
    ],
    decides: "Nodes that neither `nodeSelector` nor required affinity allows are refused; affinity that pins nodes \
        by name in every term narrows the nodes down before any filter runs. A larger sum of preferred weights is \
        better.",
    parts: [
        "the filter, with its codes and messages" => "exact",
        "the score" => "exact: tabulated by running upstream's arithmetic",
    ],
    omits: [
        "the profile's `addedAffinity`",
    ],
};

/// PreFilter: the only nodes that the pod may go to, if its affinity names them.
pub fn pinned(pod: &PodSpec) -> Option<BTreeSet<&str>> {
    let affinity = pod.affinity.as_ref()?.node_affinity.as_ref()?;
    let terms = &affinity.required_during_scheduling_ignored_during_execution.as_ref()?.node_selector_terms;
    let names: Option<Vec<BTreeSet<&str>>> = terms.iter().map(names_in).collect();
    names.filter(|names| !names.is_empty()).map(|names| names.into_iter().flatten().collect())
}

/// The names that all `metadata.name In` fields of a term share; `None` without any such field.
fn names_in(term: &NodeSelectorTerm) -> Option<BTreeSet<&str>> {
    let fields = term.match_fields.iter().flatten();
    let fields = fields.filter(|field| field.key == "metadata.name" && field.operator == "In");
    let sets = fields.map(|field| field.values.iter().flatten().map(String::as_str).collect::<BTreeSet<&str>>());
    sets.reduce(|left, right| left.intersection(&right).copied().collect())
}

/// PreFilter's refusal of nodes that are not among the pinned ones; of all if the names contradict each other.
pub fn refusal_of_others<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>, template: TemplateId) -> Option<Refusal<'c>> {
    let names = pinned(&cluster.templates[template.0].spec)?;
    let ctx = cluster.ctx();
    let message = match names.is_empty() {
        true => "pod affinity terms conflict".to_owned(),
        false => format!("node(s) didn't satisfy plugin(s) [{}]", RULE.name()),
    };
    let other = !names.iter().any(|name| cluster.node(cell).is_named(name));
    Some(Refusal::new(&RULE, Stage::PreFilter, Reason::new(ctx.bool(other), message), ctx.bool(false)))
}

/// Filter: nodes that neither `nodeSelector` nor required affinity allows.
pub fn refusal<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>, template: TemplateId) -> Refusal<'c> {
    let ctx = cluster.ctx();
    let unmatched = !cluster.node(cell).matches(&cluster.templates[template.0].spec);
    let reason = Reason::new(ctx.bool(unmatched), "node(s) didn't match Pod's node affinity/selector");
    Refusal::new(&RULE, Stage::Filter, reason, ctx.bool(false))
}

/// Whether the pod prefers any nodes; the score is skipped otherwise.
pub fn has_preferences(pod: &PodSpec) -> bool {
    let affinity = pod.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    affinity.is_some_and(|affinity| affinity.preferred_during_scheduling_ignored_during_execution.is_some())
}
