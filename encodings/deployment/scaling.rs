//! Scaling: where `spec.replicas` changed, and while the Deployment is paused, nothing rolls. ReplicaSets are resized
//! so that their proportions stay.

use crate::cluster::view::rule::{Rule, rule};
use crate::term::{Bool, Ctx, Int};

use super::step::{Event, Step};
use super::view::{Deployment, ReplicaSet, old, total};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "deployment/scaling",
    component: Deployment,
    upstream: [
        "pkg/controller/deployment/sync.go" => ["scale", "isScalingEvent"],
        "pkg/controller/deployment/util/deployment_util.go" => [],
    ],
    decides: "Where `spec.replicas` changed, and while the Deployment is paused, nothing rolls: ReplicaSets are \
        resized so that their proportions stay.",
    parts: [
        "a changed `spec.replicas` and a paused Deployment: one active ReplicaSet gets everything, several share in \
            proportion" =>
            "exact; ReplicaSets start with the annotations that fit the `spec.replicas` at the start",
    ],
};

/// Whether an active ReplicaSet was last resized for other replicas.
pub fn is_scaling_event<'c>(ctx: &'c Ctx, deployment: &Deployment<'_, 'c>, sets: &[ReplicaSet<'c>]) -> Bool<'c> {
    let stale = |set: &ReplicaSet<'c>| set.is_active() & set.desired.given & set.desired.value.ne(deployment.replicas);
    ctx.any(sets.iter().map(stale))
}

/// What a reconcile does that scales: one active ReplicaSet gets everything (none: the new or the youngest one); where
/// the new one is saturated the others are emptied; else all share in proportion, unless the strategy is Recreate.
pub fn step<'c>(
    ctx: &'c Ctx,
    deployment: &Deployment<'_, 'c>,
    sets: &[ReplicaSet<'c>],
    new: Option<usize>,
) -> Step<'c> {
    let mut alone = Step::none(ctx, sets);
    if sets.is_empty() {
        return alone;
    }
    let latest = new.unwrap_or(sets.len() - 1);
    let mut taken = Vec::new();
    for position in 0..sets.len() {
        let others = ctx.any(old(sets, Some(position)).into_iter().map(|other| sets[other].is_active()));
        let takes = if position == latest { !others } else { !others & sets[position].is_active() };
        alone.resize(position, takes, deployment.replicas);
        taken.push(takes);
    }
    let shared = if deployment.is_rolling() { share(ctx, deployment, sets) } else { Step::none(ctx, sets) };
    let several = match new {
        Some(new) => empty_others(ctx, sets, new).or(is_saturated(deployment, &sets[new]), shared),
        None => shared,
    };
    alone.or(ctx.any(taken), several)
}

/// Whether the new ReplicaSet has all that it should have.
fn is_saturated<'c>(deployment: &Deployment<'_, 'c>, new: &ReplicaSet<'c>) -> Bool<'c> {
    let replicas = deployment.replicas;
    new.size.eq(replicas) & new.desired.is(replicas) & new.available.eq(replicas)
}

/// Empties all ReplicaSets but the new one, the youngest first.
fn empty_others<'c>(ctx: &'c Ctx, sets: &[ReplicaSet<'c>], new: usize) -> Step<'c> {
    let mut step = Step::none(ctx, sets);
    for position in old(sets, Some(new)).into_iter().rev() {
        step.resize(position, ctx.bool(true), ctx.int(0));
    }
    step
}

/// Shares what is to be added or removed among the active ReplicaSets, the largest first.
fn share<'c>(ctx: &'c Ctx, deployment: &Deployment<'_, 'c>, sets: &[ReplicaSet<'c>]) -> Step<'c> {
    let allowed = deployment.replicas.ge(1).ite(deployment.max_replicas(), 0);
    let to_add = allowed - total(ctx, sets, |set| set.size);
    let turns = turns(ctx, sets, to_add);
    let fractions: Vec<Int<'c>> = sets.iter().map(|set| fraction(deployment, set, allowed)).collect();
    let mut sizes: Vec<Int<'c>> = sets.iter().map(|set| set.size).collect();
    let mut added = ctx.int(0);
    for takes in &turns {
        let fraction = ctx.sum(takes.iter().zip(&fractions).map(|(takes, &fraction)| takes.ite(fraction, 0)));
        let left = to_add - added;
        let part = to_add.ge(1).ite(fraction.min(left), fraction.max(left));
        let part = left.eq(0).ite(0, part);
        for (size, takes) in sizes.iter_mut().zip(takes) {
            *size = *size + takes.ite(part, 0);
        }
        added = added + part;
    }
    let rest = to_add - added;
    for (size, is_first) in sizes.iter_mut().zip(&turns[0]) {
        *size = (*size + is_first.ite(rest, 0)).max(0);
    }
    let mut step = Step::none(ctx, sets);
    step.events = in_turns(sets, &sizes, &turns);
    step.sizes = sizes;
    step.annotated = sets.iter().map(ReplicaSet::is_active).collect();
    step
}

/// For each turn: which active ReplicaSet has it. By size, largest first; of equal ones the younger first where pods are
/// added, the older first where pods are removed.
fn turns<'c>(ctx: &'c Ctx, sets: &[ReplicaSet<'c>], to_add: Int<'c>) -> Vec<Vec<Bool<'c>>> {
    let grows = to_add.ge(1);
    let precedes = |first: usize, second: usize| {
        let (a, b) = (sets[first].size, sets[second].size);
        let tie = if first > second { grows } else { !grows };
        sets[first].is_active() & (a.gt(b) | (a.eq(b) & tie))
    };
    let before = |position: usize| {
        ctx.sum(old(sets, Some(position)).into_iter().map(|other| precedes(other, position).to_int()))
    };
    let places: Vec<Int<'c>> = (0..sets.len()).map(before).collect();
    let takes = |turn: usize| {
        let takes = |(set, place): (&ReplicaSet<'c>, &Int<'c>)| set.is_active() & place.eq(turn as i64);
        sets.iter().zip(&places).map(takes).collect()
    };
    (0..sets.len()).map(takes).collect()
}

fn in_turns<'c>(sets: &[ReplicaSet<'c>], sizes: &[Int<'c>], turns: &[Vec<Bool<'c>>]) -> Vec<Event<'c>> {
    let event = |(position, &takes): (usize, &Bool<'c>)| {
        let (from, to) = (sets[position].size, sizes[position]);
        Event { set: Some(position), from, to, happens: takes & from.ne(to) }
    };
    turns.iter().flat_map(|takes| takes.iter().enumerate().map(event)).collect()
}

/// The change that keeps a ReplicaSet's share of the Deployment.
///
/// Upstream divides doubles and rounds halves away from zero. Of numbers of pods the quotient in integers, rounded the same way,
/// is the same.
fn fraction<'c>(deployment: &Deployment<'_, 'c>, set: &ReplicaSet<'c>, allowed: Int<'c>) -> Int<'c> {
    let annotated = set.max.given & set.max.value.ne(0);
    let before = annotated.ite(set.max.value, deployment.status.replicas);
    let divisor = before.max(1);
    let size = rounded_quotient(set.size * allowed, divisor);
    let kept = before.eq(0).ite(0, size - set.size);
    let none = set.size * -1;
    deployment.replicas.eq(0).ite(none, kept)
}

/// `dividend / divisor`, a half rounded up.
fn rounded_quotient<'c>(dividend: Int<'c>, divisor: Int<'c>) -> Int<'c> {
    (dividend * 2 + divisor).div(divisor * 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::{Evaluator, Valuation};

    #[test]
    fn integers_round_as_upstreams_doubles_do() {
        let ctx = Ctx::new();
        for dividend in 0..400 {
            for divisor in 1..40 {
                let term = rounded_quotient(ctx.int(dividend), ctx.int(divisor));
                let value = ctx.read(|arena| Evaluator::new(arena, &Valuation::new()).value(term.id()));
                assert_eq!(value, (dividend as f64 / divisor as f64).round() as i64, "{dividend} / {divisor}");
            }
        }
    }
}
