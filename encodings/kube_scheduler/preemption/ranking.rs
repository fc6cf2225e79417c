//! Which of several nodes is preempted on. When pods of modelled owners started is not known: a node whose deciding
//! victims are such pods neither wins nor loses by the last criterion.

use crate::cluster::arithmetic::gcd;
use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::term::{Bool, Int};

use super::victims::{DryRun, Group};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "preemption/ranking",
    component: Preemption,
    upstream: [
        "pkg/scheduler/framework/preemption/preemption.go" => ["pickOneNodeForPreemption"],
    ],
    decides: "Of several nodes that is preempted on which has the fewest violations of budgets, the lowest priority \
        of the first victim, the smallest sum of priorities, the fewest victims, the latest start of the earliest \
        victim of the first one's priority.",
    parts: [
        "the node: fewest violations, lowest top priority, smallest sum, fewest victims, latest start; then any" =>
            "exact; over where start times are not known",
    ],
};

/// Makes all priorities positive: upstream's `MaxInt32 + 1`.
const OFFSET: i64 = 1 << 31;

/// Which of the candidates may be chosen.
pub fn best<'c>(
    cluster: &Cluster<'c>,
    groups: &[Group],
    runs: &[DryRun<'c>],
    candidates: &[Bool<'c>],
) -> Vec<Bool<'c>> {
    let keys = [violations, highest_priority, sum_of_priorities, number];
    let mut left = candidates.to_vec();
    for key in keys {
        let keys: Vec<Int<'c>> = runs.iter().map(|run| key(cluster, groups, run)).collect();
        left = smallest(cluster, &left, &keys);
    }
    latest(cluster, groups, runs, &left)
}

/// Those with the smallest key.
fn smallest<'c>(cluster: &Cluster<'c>, left: &[Bool<'c>], keys: &[Int<'c>]) -> Vec<Bool<'c>> {
    let beyond = keys.iter().map(|key| key.range().hi).max().unwrap_or(0) + 1;
    let key = |(left, &key): (&Bool<'c>, &Int<'c>)| left.ite(key, beyond);
    let least = cluster.ctx().min(left.iter().zip(keys).map(key), beyond);
    left.iter().zip(keys).map(|(&left, key)| left & key.eq(least)).collect()
}

fn violations<'c>(_: &Cluster<'c>, _: &[Group], run: &DryRun<'c>) -> Int<'c> {
    run.violations
}

fn number<'c>(cluster: &Cluster<'c>, _: &[Group], run: &DryRun<'c>) -> Int<'c> {
    cluster.ctx().sum(run.victims.iter().copied())
}

/// The highest priority among the victims, as its position among all priorities of possible victims.
fn highest_priority<'c>(cluster: &Cluster<'c>, groups: &[Group], run: &DryRun<'c>) -> Int<'c> {
    let positions = positions(groups.iter().map(|group| group.priority));
    let present = run.victims.iter().zip(positions).map(|(victims, position)| victims.ge(1).ite(position, 0));
    cluster.ctx().max(present, 0)
}

/// The sum of all victims' priorities, made positive and divided by what all have in common.
fn sum_of_priorities<'c>(cluster: &Cluster<'c>, groups: &[Group], run: &DryRun<'c>) -> Int<'c> {
    let unit = groups.iter().fold(0, |unit, group| gcd(group.priority + OFFSET, unit)).max(1);
    let weighted = groups.iter().zip(&run.victims);
    cluster.ctx().sum(weighted.map(|(group, &victims)| victims * cluster.ctx().int((group.priority + OFFSET) / unit)))
}

/// Those with the latest start, where it is known, and all others.
fn latest<'c>(cluster: &Cluster<'c>, groups: &[Group], runs: &[DryRun<'c>], left: &[Bool<'c>]) -> Vec<Bool<'c>> {
    let starts: Vec<(Bool<'c>, Int<'c>)> = runs.iter().map(|run| earliest_start(cluster, groups, run)).collect();
    let known = left.iter().zip(&starts).map(|(&left, &(known, start))| (left & known).ite(start, -1));
    let latest = cluster.ctx().max(known, -1);
    left.iter().zip(&starts).map(|(&left, &(known, start))| left & (!known | start.eq(latest))).collect()
}

/// The earliest start among the victims of the highest priority, as its position among all starts, and whether it is
/// known.
fn earliest_start<'c>(cluster: &Cluster<'c>, groups: &[Group], run: &DryRun<'c>) -> (Bool<'c>, Int<'c>) {
    let ctx = cluster.ctx();
    let highest = highest_priority(cluster, groups, run);
    let priorities = positions(groups.iter().map(|group| group.priority));
    let starts = positions(groups.iter().map(|group| group.started.clone()));
    let after_all = groups.len() as i64;
    let mut unknown = ctx.bool(false);
    let mut earliest = ctx.int(after_all);
    for (position, group) in groups.iter().enumerate() {
        let decides = run.victims[position].ge(1) & highest.eq(priorities[position]);
        match group.started {
            None => unknown = unknown | decides,
            Some(_) => earliest = earliest.min(decides.ite(starts[position], after_all)),
        }
    }
    (!unknown, earliest)
}

/// The position of each value among the distinct ones, in ascending order.
fn positions<T: Ord + Clone>(values: impl Iterator<Item = T>) -> Vec<i64> {
    let values: Vec<T> = values.collect();
    let distinct: std::collections::BTreeSet<&T> = values.iter().collect();
    let position = |value: &T| distinct.iter().take_while(|&&known| known < value).count() as i64;
    values.iter().map(position).collect()
}
