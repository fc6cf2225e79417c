//! Revisions and their history.

use crate::cluster::view::rule::{Rule, rule};
use crate::term::{Bool, Ctx, Int};

use super::view::{Deployment, ReplicaSet, old};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "deployment/history",
    component: Deployment,
    upstream: [
        "pkg/controller/deployment/sync.go" => ["getNewReplicaSet", "cleanupDeployment"],
    ],
    decides: "Which revision a ReplicaSet is, and which old ReplicaSets `revisionHistoryLimit` deletes.",
    parts: [
        "revision history" => "exact; only conformance asks",
    ],
};

/// The revision after all old ones.
pub fn next_revision<'c>(ctx: &'c Ctx, sets: &[ReplicaSet<'c>], new: Option<usize>) -> Int<'c> {
    ctx.max(old(sets, new).into_iter().map(|position| sets[position].revision), 0).max(0) + 1
}

/// Which ReplicaSets a clean-up deletes: empty ones among the oldest revisions beyond the limit.
pub fn deleted<'c>(
    ctx: &'c Ctx,
    deployment: &Deployment<'_, 'c>,
    sets: &[ReplicaSet<'c>],
    new: Option<usize>,
    runs: Bool<'c>,
) -> Vec<Bool<'c>> {
    let old = old(sets, new);
    let surplus = deployment.revision_history_limit.map_or(0, |limit| old.len() as i64 - limit);
    let is_deleted = |position: usize| {
        if surplus <= 0 || Some(position) == new {
            return ctx.bool(false);
        }
        let set = &sets[position];
        let older =
            old.iter().filter(|&&other| other != position).map(|&other| precedes(sets, other, position).to_int());
        runs & ctx.sum(older).lt(surplus) & set.size.eq(0) & set.replicas.eq(0)
    };
    (0..sets.len()).map(is_deleted).collect()
}

/// Whether the first ReplicaSet is of an older revision; of equal ones the older object.
fn precedes<'c>(sets: &[ReplicaSet<'c>], first: usize, second: usize) -> Bool<'c> {
    let (a, b) = (sets[first].revision, sets[second].revision);
    if first < second { a.le(b) } else { a.lt(b) }
}
