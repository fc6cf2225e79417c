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

use crate::cluster::object::scenario::Load;
use crate::cluster::view::deed::Deed;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Scene, Sentence};
use crate::cluster::view::turnover::Tally;
use crate::cluster::view::{Cluster, Declaring, WorkloadVars};
use crate::encodings::{paces, ranks};
use crate::system::{ActionDraft, ActionKind, IntVar, State};
use crate::term::{Bool, Int};

use super::{Levels, LoadVars, Reader, most_pods, outside, show};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "environment/load-of-each-pod",
    component: Load,
    decides: "What pods use together of which each has a load of its own: any sum that the ranges of those that are \
        measured allow.",
    parts: [
        "`per: eachPod`: each pod anywhere in the range" =>
            "exact for what an autoscaler reads, which is the sum over the pods that are measured: n pods have any \
                whole sum (in thousandths) from n times the least to n times the most. Sums that every autoscaler \
                maps alike, for every number of pods, ready, unready or without metrics, are one level; beyond 256 \
                levels every sum is one",
        "`per: eachPod`, pods that come and go" =>
            "over: who comes brings anything in the range, who goes takes anything that the others can make up for; \
                the sum before was any of its level. No change from outside: at the end of a block, before anything \
                reads it. Pods may pass load on to each other unnoticed, as long as the sum remains. A pod whose \
                node comes back counts as a new one",
    ],
};

/// Beyond so many levels every sum is one: a few are cheap to try one by one, many are better left to symbols, for which a
/// plain number is easier than a table.
const MOST_LEVELS: usize = 1 << 8;

/// Declares the state of one load.
pub fn declare(cluster: &mut Declaring<'_>, index: usize, workload: usize, reader: &dyn Reader) -> LoadVars {
    let load: &Load = &cluster.spec.scenario.loads[index];
    let (pods, most) = (cluster.spec.ready_at_start(workload), most_pods(cluster, workload));
    let levels = levels(load, most, reader.thresholds(cluster.nodes_may_be_down()));
    let start = (0..=levels.last()).rev().find(|&level| levels.least(level) <= pods * load.initial);
    let name = super::name(load);
    let level = cluster.int(&name, 0, levels.last(), start);
    let count = |what: &str| cluster.int(format!("{name} {what}"), 0, most, Some(pods));
    let (counted, kept) = (count("counted"), count("kept"));
    let changes_left = super::declare_changes(cluster, load);
    let tally = Tally { workload, ready_only: load.metric == "cpu", counted, kept };
    cluster.follow(tally);
    let (level, tally) = (Some(level), Some(tally));
    LoadVars { load: index, workload, levels, level, changes_left, tally, ages: None, initialised: None }
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
    let Some(level) = vars.level else { return };
    let load = &cluster.spec.scenario.loads[vars.load];
    let state = cluster.state();
    let pods = measured(cluster, tally, &state);
    let top = most_pods(cluster, vars.workload).saturating_mul(load.range.1);
    let position = vars.load;
    let sum = Sum { cluster, load, position, levels: &vars.levels, level, tally, state, pods, top };
    if load.changes != Some(0) {
        sum.add_change(vars.changes_left);
    }
    sum.add_turnover();
}

/// The sum of one load, in the state before an action.
struct Sum<'s, 'c> {
    cluster: &'s Cluster<'c>,
    load: &'s Load,
    /// Its position in the scenario's.
    position: usize,
    levels: &'s Levels,
    level: IntVar,
    tally: &'s Tally,
    state: State<'c>,
    /// Pods that are measured now.
    pods: Int<'c>,
    /// The largest sum that there can be.
    top: i64,
}

impl<'c> Sum<'_, 'c> {
    /// The state in which usage was added up anew.
    fn added_up(&self, level: Int<'c>) -> State<'c> {
        let mut next = self.state.clone();
        next.set(self.level, level);
        next.set(self.tally.counted, self.pods);
        next.set(self.tally.kept, self.pods);
        next
    }

    /// Pods of the sum that are still there, and how many have gone and come.
    fn turnover(&self) -> [Int<'c>; 3] {
        let kept = self.state.get(self.tally.kept).min(self.pods);
        [kept, self.state.get(self.tally.counted).minus_or_zero(kept), self.pods.minus_or_zero(kept)]
    }

    /// The smallest and the largest sum that the pods which are there now may have.
    fn bounds(&self) -> (Int<'c>, Int<'c>) {
        let (least, most) = self.load.range;
        let [kept, gone, come] = self.turnover();
        let before = self.state.get(self.level);
        let (smallest, largest) = (self.levels.least_of(before), self.levels.most_of(before, self.top));
        let rest_least = smallest.minus_or_zero(gone * most).max(kept * least);
        let rest_most = largest.minus_or_zero(gone * least).min(kept * most);
        (rest_least + come * least, rest_most + come * most)
    }

    fn add_change(&self, changes_left: Option<IntVar>) {
        let Sum { cluster, load, state, pods, .. } = self;
        let (input, new) = cluster.input("level", 0, self.levels.last());
        let mut next = self.added_up(new);
        let mut guard = pods.ge(1);
        if let Some(left) = changes_left {
            next.set(left, state.get(left).minus_or_zero(1));
            guard = guard & state.get(left).ge(1);
        }
        let sum = self.levels.least_of(new);
        let possible = sum.ge(*pods * load.range.0) & sum.le(*pods * load.range.1);
        let choice = (vec![input], possible & new.ne(state.get(self.level)));
        let ids = [self.levels.least_of(state.get(self.level)).id(), sum.id(), pods.id()];
        let (metric, target, position) = (load.metric.clone(), load.target.clone(), self.position);
        let tell = move |scene: &Scene<'_>| {
            let [before, usage, pods] = ids.map(|id| scene.get(id));
            let (before, after) = (show(&metric, before), show(&metric, usage));
            let text = format!("{metric} usage of {target} goes from {before} to {after}");
            Sentence::new("load", text)
                .because(format!("so much use its {pods} pod(s) together, each in its range"))
                .done(Deed::LoadChanges { load: position, usage })
        };
        let name = format!("load of {} ({})", load.target, load.metric);
        let pace = paces::load(cluster, &name);
        outside(cluster, (&RULE, name, pace), guard, choice, next, Vec::new(), Box::new(tell));
    }

    fn add_turnover(&self) {
        let Sum { cluster, load, .. } = self;
        let (input, new) = cluster.input("level", 0, self.levels.last());
        let (least, most) = self.bounds();
        let sum = self.levels.least_of(new);
        let [_, gone, come] = self.turnover();
        let ids = [self.pods, sum.max(least), come, gone].map(|number| number.id());
        let (metric, target) = (load.metric.clone(), load.target.clone());
        let tell = move |scene: &Scene<'_>| {
            let [pods, after, come, gone] = ids.map(|id| scene.get(id));
            let text = format!("{pods} pod(s) of {target} now use {} {metric} together", show(&metric, after));
            Sentence::new("load", text).because(format!("{come} came and {gone} went, each with a load of its own"))
        };
        let name = format!("usage of {} ({})", load.target, load.metric);
        let guard = is_outdated(cluster, self.tally, &self.state);
        let choice = sum.le(most) & self.levels.most_of(new, self.top).ge(least);
        let next = self.added_up(new);
        let draft =
            ActionDraft::new(name, ActionKind::Event { rank: ranks::USAGE }, guard, next).choosing(vec![input], choice);
        cluster.act(&RULE, draft, Box::new(tell));
    }
}
