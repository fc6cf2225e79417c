//! InterPodAffinity. A term is asked about templates: their pods match it together or not at all. Pods that are being
//! deleted count.

mod preferred;
mod required;

use k8s_openapi::api::core::v1::PodAffinityTerm;

use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::{TemplateId, object::affinity, object::selector};

use super::labels;

pub use preferred::preferred;
pub use required::Required;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "scheduler/InterPodAffinity",
    component: Scheduler,
    upstream: [
        "pkg/scheduler/framework/plugins/interpodaffinity/filtering.go" => [
            "PreFilter", "Filter", "satisfyPodAffinity", "satisfyPodAntiAffinity", "satisfyExistingPodsAntiAffinity",
        ],
        "pkg/scheduler/framework/plugins/interpodaffinity/scoring.go" => ["PreScore", "Score", "NormalizeScore"],
    ],
    decides: "Nodes are refused where required affinity and anti-affinity, of the pod and of those that are bound, \
        would not hold. Domains whose pods the preferred terms of either ask for are better.",
    parts: [
        "the filter, with its codes and messages" => "exact",
        "the score" => "exact: tabulated by running upstream's arithmetic",
    ],
    omits: [
        "arguments of the plugin" => "`hardPodAffinityWeight` is 1, `ignorePreferredTermsOfExistingPods` is false",
    ],
};

/// Whether a term of `owner` matches the pods of `other`.
fn matches(cluster: &Cluster<'_>, term: &PodAffinityTerm, owner: TemplateId, other: TemplateId) -> bool {
    let (own, pod) = (&cluster.templates[owner.0], &cluster.templates[other.0]);
    let Some(selected) = &term.label_selector else { return false };
    let unlike = |key: &String| {
        let value = labels::value(cluster, owner, key);
        value.is_none() || value != labels::value(cluster, other, key)
    };
    affinity::reaches(term, &own.namespace, &pod.namespace, cluster.spec.namespaces)
        && selector::matches(selected, &pod.labels)
        && labels::agree(cluster, owner, other, term.match_label_keys.as_deref().unwrap_or_default())
        && term.mismatch_label_keys.iter().flatten().all(unlike)
}

/// Whether a term of the pod that is being placed matches the pods of `other`.
fn own_matches(cluster: &Cluster<'_>, term: &PodAffinityTerm, own: TemplateId, other: TemplateId) -> bool {
    let everywhere = PodAffinityTerm { namespace_selector: Some(Default::default()), ..term.clone() };
    matches(cluster, if affinity::reaches_everywhere(term) { &everywhere } else { term }, own, other)
}

/// All templates.
fn all(cluster: &Cluster<'_>) -> impl Iterator<Item = TemplateId> + use<> {
    (0..cluster.templates.len()).map(TemplateId)
}
