//! Nodes that no pod needs go.

use crate::cluster::object::karpenter::{Consolidation, Reason};
use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Scene, Sentence};
use crate::encodings::node_groups::removal;
use crate::term::Bool;

use super::candidates::{self, Candidates};
use super::{NAME, budgets, pool_of};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "karpenter/emptiness",
    component: Karpenter,
    upstream: [
        "pkg/controllers/disruption/emptiness.go" => ["ShouldDisrupt", "ComputeCommands"],
    ],
    decides: "A node goes on which no pod is that would have to move, unless `consolidateAfter` is `Never`.",
    parts: [
        "pods of DaemonSets, mirror pods and pods that are being deleted do not count" => "exact",
        "several nodes at once" => "one after the other, as their budgets allow",
        "which node, and when" => "over: any, after any time",
    ],
    omits: [
        "pods whose deletion cost or priority makes their eviction cost nothing" => "they are pods like others",
        "pods of StatefulSets that are being deleted, which upstream counts",
        "buffer pods",
    ],
};

/// Adds it.
pub fn add<'c>(cluster: &Cluster<'c>, candidates: &Candidates<'_, 'c>) {
    let allowed = |(at, cell)| match pool_of(cluster, cell) {
        Some((_, pool)) if pool.consolidation != Consolidation::Never => candidates.may_go(at, Reason::Empty),
        _ => cluster.ctx().bool(false),
    };
    let allowed: Vec<Bool<'c>> = candidates.cells().iter().enumerate().map(allowed).collect();
    removal::begin(cluster, &RULE, "karpenter deletes an empty node", &allowed, |_| {
        Box::new(|scene: &Scene<'_>| {
            Sentence::new(NAME, format!("deletes {}: taints it", scene.moved_names()))
                .because("no pod on it would have to move")
                .by(&candidates::RULE)
                .by(&budgets::RULE)
        })
    });
}
