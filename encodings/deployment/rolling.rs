//! Rolling update: if the new ReplicaSet has to be resized, that is all that a reconcile does; otherwise old ones shrink,
//! unavailable pods first, oldest ReplicaSet first. Creating the new ReplicaSet is no resize.

use crate::cluster::view::rule::{Rule, rule};
use crate::term::{Bool, Ctx, Int};

use super::step::Step;
use super::view::{Deployment, ReplicaSet, old, total};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "deployment/rolling",
    component: Deployment,
    upstream: [
        "pkg/controller/deployment/rolling.go" => [
            "rolloutRolling", "reconcileNewReplicaSet", "reconcileOldReplicaSets", "cleanupUnhealthyReplicas",
            "scaleDownOldReplicaSetsForRollingUpdate",
        ],
        "pkg/controller/deployment/util/deployment_util.go" => ["NewRSNewReplicas", "ResolveFenceposts"],
    ],
    decides: "The new ReplicaSet grows as far as maxSurge allows; otherwise old ones shrink as far as maxUnavailable \
        allows, unavailable pods first, oldest ReplicaSet first.",
    parts: [
        "RollingUpdate (maxSurge, maxUnavailable)" => "exact",
        "removing unavailable pods of old ReplicaSets and shrinking these in one reconcile" =>
            "one step, where upstream writes twice: nobody acts in between, but in `async`",
    ],
};

/// What a reconcile of a rolling update does; `new` is the position of the ReplicaSet of the present template.
pub fn step<'c>(
    ctx: &'c Ctx,
    deployment: &Deployment<'_, 'c>,
    sets: &[ReplicaSet<'c>],
    new: Option<usize>,
) -> Step<'c> {
    let mut step = Step::none(ctx, sets);
    let old = old(sets, new);
    let all = total(ctx, sets, |set| set.size);
    let own = new.map_or(ctx.int(0), |new| sets[new].size);
    let size = new_size(deployment, all, own, old.is_empty());
    let resized = match new {
        Some(new) => {
            step.resize(new, ctx.bool(true), size);
            size.ne(own)
        }
        None => {
            step.create(ctx, ctx.bool(true), size);
            ctx.bool(false)
        }
    };
    if old.is_empty() {
        step.idle = !resized;
        return step;
    }
    let available = new.map_or(ctx.int(0), |new| sets[new].available);
    let shrunk = shrink(ctx, deployment, sets, &old, (size, available), !resized, &mut step);
    step.idle = !resized & !shrunk;
    step
}

/// The size that the new ReplicaSet gets: it grows as far as the surge allows, counting the sizes of `all`, and is cut
/// to the replicas at once. Where there are no others, the surge cannot matter.
fn new_size<'c>(deployment: &Deployment<'_, 'c>, all: Int<'c>, own: Int<'c>, alone: bool) -> Int<'c> {
    let replicas = deployment.replicas;
    if alone {
        return replicas;
    }
    let room = deployment.max_replicas().minus_or_zero(all);
    own.ge(replicas).ite(replicas, own + room.min(replicas.minus_or_zero(own)))
}

/// Shrinks old ReplicaSets as far as availability allows; whether any pod was removed.
fn shrink<'c>(
    ctx: &'c Ctx,
    deployment: &Deployment<'_, 'c>,
    sets: &[ReplicaSet<'c>],
    old: &[usize],
    (new_size, new_available): (Int<'c>, Int<'c>),
    when: Bool<'c>,
    step: &mut Step<'c>,
) -> Bool<'c> {
    let old_size = ctx.sum(old.iter().map(|&position| sets[position].size));
    let min_available = deployment.min_available();
    let budget = old_size + new_size - min_available - (new_size - new_available);
    let runs = when & old_size.ge(1) & budget.ge(1);
    let cleaned = clean_up_unhealthy(sets, old, budget, runs, step);
    let counted = old.iter().map(|&position| sets[position].is_active().ite(sets[position].available, 0));
    let mut spare = (ctx.sum(counted) + new_available).minus_or_zero(min_available);
    for &position in old {
        let size = step.sizes[position];
        let removed = cleaned.ite(spare.min(size), 0);
        step.resize(position, cleaned, size.minus_or_zero(removed));
        spare = spare.minus_or_zero(removed);
    }
    cleaned & ctx.any(old.iter().map(|&position| step.sizes[position].ne(sets[position].size)))
}

/// Removes unavailable pods of old ReplicaSets, oldest first, up to `budget` of them. Returns whether the reconcile goes
/// on: upstream gives up at a ReplicaSet that reports more available pods than its size.
fn clean_up_unhealthy<'c>(
    sets: &[ReplicaSet<'c>],
    old: &[usize],
    budget: Int<'c>,
    mut runs: Bool<'c>,
    step: &mut Step<'c>,
) -> Bool<'c> {
    let mut left = budget.max(0);
    for &position in old {
        let set = &sets[position];
        runs = runs & !(left.ge(1) & set.is_active() & set.available.gt(set.size));
        let removed = runs.ite(left.min(set.size.minus_or_zero(set.available)), 0);
        step.resize(position, runs, set.size.minus_or_zero(removed));
        left = left.minus_or_zero(removed);
    }
    runs
}
