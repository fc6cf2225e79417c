//! Which pods one reconcile deletes.

use crate::cluster::view::rule::{Rule, rule};
use crate::term::{Bool, Ctx, Int};

use super::ranking::Pod;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "replicaset/deletion",
    component: ReplicaSet,
    upstream: [
        "pkg/controller/replicaset/replica_set.go" => [
            "manageReplicas", "getPodsToDelete", "getPodsRankedByRelatedPodsOnSameNode",
        ],
    ],
    decides: "The pods that are deleted are the first ones by their ranks.",
    parts: [
        "pods to delete, in order: without a node, not ready, on nodes with most active pods of the same Deployment" =>
            "exact; ranks are those of the moment when deletion begins, and ranks of ready pods are taken once those \
                that were not ready are gone",
    ],
    omits: [
        "more than 12 single pods that upstream's comparison does not order totally" =>
            "the result is an accident of Go's pattern-defeating quicksort",
    ],
};

/// Most pods that one reconcile creates or deletes.
pub const BURST_REPLICAS: i64 = 500;

/// Go sorts so many by insertion.
pub const MOST_INSERTED: usize = 12;

/// Pods to delete of so many active ones.
pub fn surplus<'c>(active: Int<'c>, desired: Int<'c>) -> Int<'c> {
    active.minus_or_zero(desired).min(BURST_REPLICAS)
}

/// Whether each pod is deleted, by its position in the order. If all go, none is before another.
pub fn deleted<'c>(positions: &[Int<'c>], surplus: Int<'c>) -> Vec<Bool<'c>> {
    positions.iter().map(|position| position.lt(surplus)).collect()
}

/// The position of each pod in the order of deletion.
pub fn positions<'c>(ctx: &'c Ctx, pods: &[Pod<'c>]) -> Vec<Int<'c>> {
    match pods.len() <= MOST_INSERTED {
        true => inserted(ctx, pods),
        false => counted(ctx, pods),
    }
}

/// Where pods are ordered totally: how many precede each.
fn counted<'c>(ctx: &'c Ctx, pods: &[Pod<'c>]) -> Vec<Int<'c>> {
    let position = |index: usize| {
        let others = pods.iter().enumerate().filter(move |(other, _)| *other != index);
        ctx.sum(others.map(|(_, other)| other.precedes(&pods[index]).to_int()))
    };
    (0..pods.len()).map(position).collect()
}

/// Insertion sort: each pod moves before those at the end of the order, as long as it precedes them.
fn inserted<'c>(ctx: &'c Ctx, pods: &[Pod<'c>]) -> Vec<Int<'c>> {
    let mut positions: Vec<Int<'c>> = Vec::new();
    for (index, pod) in pods.iter().enumerate() {
        let precedes: Vec<Bool<'c>> = pods[..index].iter().map(|other| pod.precedes(other)).collect();
        let passes = |other: usize| {
            let behind = (0..index).map(|third| positions[third].lt(positions[other]) | precedes[third]);
            ctx.all(behind)
        };
        let passed: Vec<Bool<'c>> = (0..index).map(passes).collect();
        for (position, passed) in positions.iter_mut().zip(&passed) {
            *position = (*position + passed.to_int()).min(index as i64);
        }
        positions.push(ctx.int(index as i64) - ctx.sum(passed.iter().map(|passed| passed.to_int())));
    }
    positions
}
