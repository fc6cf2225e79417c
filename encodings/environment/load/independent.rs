//! Loads of which each pod has its own.
//!
//! Autoscalers read sums, so the state is the sum over the pods that are measured: n pods, each anywhere in `lo..=hi`, use
//! any whole sum in `n·lo..=n·hi` together. A change from outside chooses any of them. Otherwise the sum stays, until
//! pods come or go; then it is any that the rest of the old ones and the new ones may have: a pod that goes takes
//! anything that the others can make up for, and one that comes brings anything in the range. That is not a change from
//! outside, and it happens before the block ends.
//!
//! Sums that every autoscaler maps alike, for every number of pods, are one level. Of a level only the smallest sum is
//! remembered; when pods come or go, the sum before was any of its level, which over-approximates. Pods may pass load on
//! to each other at any time, as long as the sum remains.

use std::collections::BTreeSet;

use crate::cluster::scenario::Load;
use crate::cluster::story::{Scene, Sentence};
use crate::cluster::turnover::Tally;
use crate::cluster::view::{Cluster, WorkloadVars};
use crate::encodings::ranks;
use crate::system::{ActionDraft, ActionKind, State};
use crate::term::{Bool, Int};

use super::{Levels, LoadVars, Reader, most_pods, outside, ready_at_start, show};

/// Beyond so many levels a table of them would cost more than it saves.
const MOST_LEVELS: usize = 1 << 12;

/// Declares the state of one load.
pub fn declare(cluster: &mut Cluster<'_>, index: usize, workload: usize, reader: &dyn Reader) -> LoadVars {
    let load: &Load = &cluster.spec.scenario.loads[index];
    let (pods, most) = (ready_at_start(cluster, workload), most_pods(cluster, workload));
    let levels = levels(load, most, reader.thresholds(cluster.nodes_may_be_down()));
    let start = (0..=levels.last()).rev().find(|&level| levels.least(level) <= pods * load.initial);
    let name = super::name(load);
    let level = cluster.builder.int(&name, 0, levels.last(), start);
    let count = |what: &str| cluster.builder.int(format!("{name} {what}"), 0, most, Some(pods));
    let (counted, kept) = (count("counted"), count("kept"));
    let changes_left = super::declare_changes(cluster, load);
    let tally = Tally { workload, ready_only: load.metric == "cpu", counted, kept };
    cluster.turnover.tallies.push(tally);
    LoadVars { load: index, workload, levels, level: Some(level), changes_left, tally: Some(tally), ages: None }
}

/// Levels of sums, also told apart by what so many pods can use.
fn levels(load: &Load, most_pods: i64, thresholds: Option<BTreeSet<i64>>) -> Levels {
    let (least, most) = load.range;
    let top = most_pods.saturating_mul(most);
    let Some(mut found) = thresholds else { return Levels::Whole(top) };
    found.extend((0..=most_pods).flat_map(|pods| [pods * least, pods * most + 1]));
    let values: Vec<i64> = found.range(0..=top).copied().collect();
    if values.len() > MOST_LEVELS { Levels::Whole(top) } else { Levels::Listed(values) }
}

impl Levels {
    /// The largest usage of a level.
    fn most_of<'c>(&self, level: Int<'c>, top: i64) -> Int<'c> {
        match self {
            Levels::Listed(values) => level.map(|level| values.get(level as usize + 1).map_or(top, |next| next - 1)),
            Levels::Whole(_) => level,
        }
    }
}

fn measured<'c>(cluster: &Cluster<'c>, tally: &Tally, state: &State<'c>) -> Int<'c> {
    let pods = |vars: &WorkloadVars| cluster.measured_of(state, vars, tally.ready_only);
    cluster.workloads[tally.workload].as_ref().map_or(cluster.ctx().int(0), pods)
}

/// Whether pods have come or gone since usage was added up.
pub fn is_outdated<'c>(cluster: &Cluster<'c>, tally: &Tally, state: &State<'c>) -> Bool<'c> {
    let counted = state.get(tally.counted);
    measured(cluster, tally, state).ne(counted) | state.get(tally.kept).ne(counted)
}

/// Adds changes from outside, and what pods that come and go bring along and take with them.
pub fn add(cluster: &Cluster<'_>, vars: &LoadVars, tally: &Tally) {
    let load = &cluster.spec.scenario.loads[vars.load];
    if load.changes != Some(0) {
        add_change(cluster, vars, tally, load);
    }
    add_turnover(cluster, vars, tally, load);
}

/// The state in which usage was added up anew.
fn added_up<'c>(vars: &LoadVars, tally: &Tally, state: &State<'c>, pods: Int<'c>, level: Int<'c>) -> State<'c> {
    let mut next = state.clone();
    if let Some(var) = vars.level {
        next.set(var, level);
    }
    next.set(tally.counted, pods);
    next.set(tally.kept, pods);
    next
}

fn add_change(cluster: &Cluster<'_>, vars: &LoadVars, tally: &Tally, load: &Load) {
    let Some(level) = vars.level else { return };
    let state = cluster.state();
    let pods = measured(cluster, tally, &state);
    let (input, new) = cluster.builder.input("level", 0, vars.levels.last());
    let mut next = added_up(vars, tally, &state, pods, new);
    let mut guard = pods.ge(1);
    if let Some(left) = vars.changes_left {
        next.set(left, state.get(left).minus_or_zero(1));
        guard = guard & state.get(left).ge(1);
    }
    let sum = vars.levels.least_of(new);
    let possible = sum.ge(pods * load.range.0) & sum.le(pods * load.range.1);
    let choice = (vec![input], possible & new.ne(state.get(level)));
    let (before, after, pods) = (vars.usage(cluster, &state).id(), sum.id(), pods.id());
    let (metric, target) = (load.metric.clone(), load.target.clone());
    let tell = move |scene: &Scene<'_>| {
        let [before, after] = [before, after].map(|usage| show(&metric, scene.get(usage)));
        let pods = scene.get(pods);
        let text = format!("{metric} usage of the {pods} pod(s) of {target} goes from {before} to {after} together");
        Sentence::new("load", text)
    };
    let name = format!("load of {} ({})", load.target, load.metric);
    outside(cluster, name, guard, choice, next, Vec::new(), Box::new(tell));
}

/// The sums that pods which are there now may have, given the level before: least and most.
fn bounds<'c>(vars: &LoadVars, tally: &Tally, state: &State<'c>, pods: Int<'c>, load: &Load, top: i64) -> [Int<'c>; 2] {
    let (lo, hi) = load.range;
    let level = vars.level.map(|level| state.get(level)).unwrap_or(pods);
    let counted = state.get(tally.counted);
    let kept = state.get(tally.kept).min(pods);
    let (gone, come) = (counted.minus_or_zero(kept), pods.minus_or_zero(kept));
    let (before_least, before_most) = (vars.levels.least_of(level), vars.levels.most_of(level, top));
    let left_least = before_least.minus_or_zero(gone * hi).max(kept * lo);
    let left_most = before_most.minus_or_zero(gone * lo).min(kept * hi);
    [left_least + come * lo, left_most + come * hi]
}

fn add_turnover(cluster: &Cluster<'_>, vars: &LoadVars, tally: &Tally, load: &Load) {
    let state = cluster.state();
    let pods = measured(cluster, tally, &state);
    let top = most_pods(cluster, vars.workload).saturating_mul(load.range.1);
    let (input, new) = cluster.builder.input("level", 0, vars.levels.last());
    let [least, most] = bounds(vars, tally, &state, pods, load, top);
    let (sum, largest) = (vars.levels.least_of(new), vars.levels.most_of(new, top));
    let (metric, target) = (load.metric.clone(), load.target.clone());
    let kept = state.get(tally.kept).min(pods);
    let (gone, come) = (state.get(tally.counted).minus_or_zero(kept).id(), pods.minus_or_zero(kept).id());
    let (after, count) = (sum.max(least).id(), pods.id());
    let tell = move |scene: &Scene<'_>| {
        let usage = show(&metric, scene.get(after));
        let text = format!("the {} pod(s) of {target} now use {usage} {metric} together", scene.get(count));
        let why = format!("{} came and {} went, each with a load of its own", scene.get(come), scene.get(gone));
        Sentence::new("load", text).because(why)
    };
    let draft = ActionDraft {
        name: format!("usage of {} ({})", load.target, load.metric),
        kind: ActionKind::Event { rank: ranks::USAGE },
        guard: is_outdated(cluster, tally, &state),
        inputs: vec![input],
        choice: sum.le(most) & largest.ge(least),
        next: added_up(vars, tally, &state, pods, new),
        marks: Vec::new(),
    };
    cluster.act(draft, Box::new(tell));
}
