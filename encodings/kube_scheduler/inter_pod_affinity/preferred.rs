//! Preferred terms: `scoring.go`.
//!
//! Part of the rule `scheduler/InterPodAffinity`.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::PodAffinityTerm;

use crate::cluster::arithmetic::node_score;
use crate::cluster::view::Cluster;
use crate::cluster::{Cell, TemplateId, object::affinity};
use crate::encodings::kube_scheduler::topology::Topology;
use crate::term::{Bool, Int};

use super::{all, matches, own_matches};

/// `hardPodAffinityWeight`: what a required affinity term of an existing pod weighs.
const HARD_WEIGHT: i64 = 1;

/// Scores by cell.
pub struct Preferred<'c> {
    /// Whether no pod matters anywhere, so that the plugin skips itself.
    pub skipped: Bool<'c>,
    /// Sum of weights; may be negative.
    pub raw: Vec<Int<'c>>,
    /// After NormalizeScore: 0 to 100.
    pub normalized: Vec<Int<'c>>,
}

/// Scores of every cell, or `None` if no term matters to the template.
pub fn preferred<'c>(
    cluster: &Cluster<'c>,
    cells: &[Cell<'c>],
    template: TemplateId,
    feasible: &[Bool<'c>],
) -> Option<Preferred<'c>> {
    let ctx = cluster.ctx();
    let keys = weights(cluster, template);
    if keys.is_empty() {
        return None;
    }
    let mut touched: Vec<Bool<'c>> = Vec::new();
    let mut parts: Vec<Vec<Int<'c>>> = Vec::new();
    for (key, weights) in keys {
        let topology = Topology::new(cluster, key);
        let amount = |cell: &Cell<'c>| {
            ctx.sum(weights.iter().map(|(&other, &weight)| cluster.holding_on(cell, other) * ctx.int(weight)))
        };
        let amounts: Vec<Int<'c>> = cells.iter().map(amount).collect();
        parts.push(topology.sum(ctx, cells, &amounts));
        let there = |cell: &Cell<'c>| ctx.any(weights.keys().map(|&other| cluster.holding_on(cell, other).ge(1)));
        let keyed = cells.iter().filter(|cell| topology.covers(cell.class));
        touched.extend(keyed.map(|cell| cell.exists & there(cell)));
    }
    let raw: Vec<Int<'c>> = (0..cells.len()).map(|cell| ctx.sum(parts.iter().map(|part| part[cell]))).collect();
    Some(Preferred { skipped: !ctx.any(touched), normalized: normalized(cluster, feasible, &raw), raw })
}

/// What each pod of a template weighs, by topology key: by the terms of the pod that is placed, and by its own.
fn weights<'a>(cluster: &'a Cluster<'_>, template: TemplateId) -> BTreeMap<&'a str, BTreeMap<TemplateId, i64>> {
    let mut keys: BTreeMap<&str, BTreeMap<TemplateId, i64>> = BTreeMap::new();
    let mut add = |term: &'a PodAffinityTerm, other: TemplateId, weight: i64, applies: bool| {
        if applies {
            *keys.entry(&term.topology_key).or_default().entry(other).or_default() += weight;
        }
    };
    let own = &cluster.templates[template.0].spec;
    for other in all(cluster) {
        let mine = signed(affinity::preferred(own), 1).chain(signed(affinity::preferred_anti(own), -1));
        for (term, weight) in mine {
            add(term, other, weight, own_matches(cluster, term, template, other));
        }
        let spec = &cluster.templates[other.0].spec;
        let required = affinity::required(spec).iter().map(|term| (term, HARD_WEIGHT));
        let preferred = signed(affinity::preferred(spec), 1).chain(signed(affinity::preferred_anti(spec), -1));
        for (term, weight) in required.chain(preferred) {
            add(term, other, weight, matches(cluster, term, other, template));
        }
    }
    keys
}

fn signed(
    terms: &[k8s_openapi::api::core::v1::WeightedPodAffinityTerm],
    sign: i64,
) -> impl Iterator<Item = (&PodAffinityTerm, i64)> {
    terms.iter().map(move |weighted| (&weighted.pod_affinity_term, sign * i64::from(weighted.weight)))
}

/// `100 × ((raw − min) / (max − min))` in doubles, truncated. A quotient in doubles is less than the exact one by so
/// little that truncation tells only where 100 × the exact one is whole; there it depends on that whole number alone.
fn normalized<'c>(cluster: &Cluster<'c>, feasible: &[Bool<'c>], raw: &[Int<'c>]) -> Vec<Int<'c>> {
    let ctx = cluster.ctx();
    let bottom = raw.iter().map(|raw| raw.range().lo).min().unwrap_or(0);
    let top = raw.iter().map(|raw| raw.range().hi).max().unwrap_or(0);
    let scored = || feasible.iter().zip(raw);
    let highest = ctx.max(scored().map(|(feasible, &raw)| feasible.ite(raw, bottom)), 0);
    let lowest = ctx.min(scored().map(|(feasible, &raw)| feasible.ite(raw, top)), 0);
    let span = (highest - lowest).max(0);
    let score = |&raw: &Int<'c>| {
        let above = (raw - lowest).clamp(0, span);
        let whole = (above * ctx.int(100)).div(span.max(1)).min(100);
        let exact = (whole * span).eq(above * ctx.int(100));
        let in_doubles = whole.map(|whole| node_score::pod_affinity_score(whole, 0, 100));
        span.eq(0).ite(0, exact.ite(in_doubles, whole))
    };
    raw.iter().map(score).collect()
}
