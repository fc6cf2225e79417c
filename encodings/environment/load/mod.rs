//! Load: what pods use, as the metrics API would report it.
//!
//! The load of a workload is a level: two loads that every autoscaler maps alike, for every number of pods, are one
//! level, represented by the smallest. Levels are found by running the autoscaler's arithmetic over the declared range.
//!
//! With a start-up profile, pods are counted by age stage. Pods of a revision pass a stage in the order of their age, and
//! only the number that has passed matters to a sum, so any number may pass at a time. Revisions are counted apart: a
//! rollout deletes the pods that have passed and makes others.
//!
//! Where pods use different amounts, the state is their sum: see `independent`.

pub mod independent;
pub mod initialisation;
pub mod shared;

use std::collections::BTreeSet;

use crate::cluster::object::quantity;
use crate::cluster::object::scenario::{Load, LoadPer};
use crate::cluster::view::deed::Deed;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Scene, Sentence};
use crate::cluster::view::turnover::{Generation, Tally};
use crate::cluster::view::{Cluster, Declaring, View};
use crate::system::{ActionDraft, ActionKind, IntVar, State};
use crate::term::{Bool, Int};

use crate::encodings::paces;

use super::outside;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "environment/load",
    component: Load,
    decides: "What the pods of a workload use: anything in the range that the scenario declares, at any time.",
    parts: [
        "load anywhere in its range, at any time" =>
            "exact up to levels: loads that every autoscaler maps alike, for every number of pods, are one level, \
                shown as the smallest. Except for `per: eachPod`, levels are found in steps of a thousandth of a \
                unit, or of 1/50,000 of the range where that is more",
        "`per: pod`: all pods past their start-up use the same" =>
            "as declared; pods with different loads need `per: eachPod`",
        "`per: pod` while pods are not ready or without metrics" =>
            "differs: of a level, the smallest load stands for all where the autoscaler fills in other pods, too",
        "per deployment: spread evenly over ready pods" => "exact",
        "`samples: ready`: pods that are being deleted share while they are ready, and pods that run and are not \
            ready have no sample" =>
            "over: any number of the pods that are being deleted share, and any number of those that start run",
        "start-up profiles" => "over: any number of the oldest pods of a revision may leave a stage at a time",
    ],
    omits: [
        "which node a young pod runs on",
        "load of workloads that no autoscaler watches" => "nothing reads it",
    ],
};

/// Most steps into which a range is cut.
const MOST_STEPS: i64 = 50_000;

/// The load of one metric of one workload, as state.
#[derive(Clone, Debug)]
pub struct LoadVars {
    /// Position in the scenario's loads.
    pub load: usize,
    /// Position of the workload.
    pub workload: usize,
    /// Usages that are told apart.
    pub levels: Levels,
    /// The present level; `None` if there is only one.
    pub level: Option<IntVar>,
    /// Changes that may still happen; `None` if their number is not limited.
    pub changes_left: Option<IntVar>,
    /// Where each pod uses something else: the pods whose usage the level adds up.
    pub tally: Option<Tally>,
    /// Whether this is the load whose profile [`Turnover::ages`](crate::cluster::view::turnover::Turnover::ages) counts.
    pub ages: Option<usize>,
    /// The same of pods past their cpu initialisation.
    pub initialised: Option<usize>,
}

/// Usages in milli-units that autoscalers tell apart, ascending.
#[derive(Clone, Debug)]
pub enum Levels {
    /// The smallest of each level.
    Listed(Vec<i64>),
    /// Every number from 0 to this one is a level.
    Whole(i64),
}

impl Levels {
    /// The last level.
    pub fn last(&self) -> i64 {
        match self {
            Levels::Listed(values) => values.len() as i64 - 1,
            Levels::Whole(most) => *most,
        }
    }

    /// The smallest usage of a level.
    pub fn least(&self, level: i64) -> i64 {
        match self {
            Levels::Listed(values) => values[level as usize],
            Levels::Whole(_) => level,
        }
    }

    /// The same of a level that is a term.
    fn least_of<'c>(&self, level: Int<'c>) -> Int<'c> {
        match self {
            Levels::Listed(_) => level.map(|level| self.least(level)),
            Levels::Whole(_) => level,
        }
    }
}

/// What reads a load.
pub trait Reader {
    /// Everything that is made of a usage: of each pod, or of the workload.
    fn signature(&self, usage: i64) -> Vec<i64>;

    /// The sums of pods' usages from which on something else is made of them, for any number of pods; `None` if there are
    /// too many. `missing` says whether pods may be out of sight.
    fn thresholds(&self, missing: bool) -> Option<BTreeSet<i64>>;
}

/// Declares the state of one load.
pub fn declare(cluster: &mut Declaring<'_>, index: usize, reader: &dyn Reader) -> Option<LoadVars> {
    let load: &Load = &cluster.spec.scenario.loads[index];
    let (workload, _, _) = cluster.owners().find(|(_, object, _)| object.key == load.target)?;
    if load.per == LoadPer::EachPod && load.range.0 < load.range.1 {
        return Some(independent::declare(cluster, index, workload, reader));
    }
    let (values, start) = levels(load, reader);
    let name = name(load);
    let level = (values.len() > 1).then(|| cluster.int(&name, 0, values.len() as i64 - 1, Some(start)));
    let changes_left = level.and_then(|_| declare_changes(cluster, load));
    let ages = (!load.startup.is_empty()).then(|| declare_ages(cluster, load, workload));
    let (levels, initialised) = (Levels::Listed(values), initialisation::declare(cluster, load, workload));
    Some(LoadVars { load: index, workload, levels, level, changes_left, tally: None, ages, initialised })
}

fn name(load: &Load) -> String {
    format!("{} {} load", load.target, load.metric)
}

fn declare_changes(cluster: &Declaring<'_>, load: &Load) -> Option<IntVar> {
    let changes = i64::from(load.changes?);
    Some(cluster.int(format!("{} changes left", name(load)), 0, changes, Some(changes)))
}

/// The largest number of pods of a workload.
fn most_pods(cluster: &View<'_>, workload: usize) -> i64 {
    let vars = cluster.workloads[workload].as_ref();
    vars.map_or(0, |vars| vars.templates.iter().map(|id| cluster.templates[id.0].max_pods).sum())
}

fn declare_ages(cluster: &mut Declaring<'_>, load: &Load, workload: usize) -> usize {
    let stages = (1..=load.startup.len()).map(|stage| format!("{} past start-up stage {stage}", load.target));
    cluster.count_ages(workload, &stages.collect::<Vec<String>>())
}

/// Representatives of the levels, and the level of the initial usage.
fn levels(load: &Load, reader: &dyn Reader) -> (Vec<i64>, i64) {
    if load.changes == Some(0) || load.range.0 == load.range.1 {
        return (vec![load.initial], 0);
    }
    let step = ((load.range.1 - load.range.0) / MOST_STEPS).max(1) as usize;
    let mut values: Vec<i64> = Vec::new();
    let mut last: Option<Vec<i64>> = None;
    let mut start = 0;
    let candidates = (load.range.0..=load.range.1).step_by(step).chain([load.range.1]);
    for value in candidates {
        let seen = reader.signature(value);
        if last.as_ref() != Some(&seen) {
            values.push(value);
            last = Some(seen);
        }
        if value <= load.initial {
            start = values.len() as i64 - 1;
        }
    }
    (values, start)
}

impl LoadVars {
    /// Usage in milli-units at the present level: of one pod past its start-up, or of all that the load is about.
    pub fn usage<'c>(&self, cluster: &Cluster<'c>, state: &State<'c>) -> Int<'c> {
        match self.level {
            Some(level) => self.levels.least_of(state.get(level)),
            None => cluster.ctx().int(self.levels.least(0)),
        }
    }

    /// Whether the usage is that of the pods which are there now.
    pub fn is_measured<'c>(&self, cluster: &Cluster<'c>, state: &State<'c>) -> Bool<'c> {
        match &self.tally {
            Some(tally) if !cluster.spec.scenario.interleaving.waits() => {
                !independent::is_outdated(cluster, tally, state)
            }
            _ => cluster.ctx().bool(true),
        }
    }

    /// Usage of all ready pods together, in milli-units, or of all pods that share it.
    fn total<'c>(&self, cluster: &Cluster<'c>, state: &State<'c>, ready: Int<'c>) -> Int<'c> {
        let load = &cluster.spec.scenario.loads[self.load];
        let usage = self.usage(cluster, state);
        if load.per == LoadPer::Workload || self.tally.is_some() {
            return usage;
        }
        let Some(ages) = self.ages else { return ready * usage };
        let mut total = cluster.ctx().int(0);
        for (position, generation) in cluster.turnover.ages[ages].iter().enumerate() {
            let mut present = match generation.revision {
                Some(_) => self.used(cluster, state, generation, position),
                None => ready,
            };
            for (stage, &passed) in load.startup.iter().zip(&generation.stages) {
                let older = state.get(passed).min(present);
                total = total + present.minus_or_zero(older) * stage.usage;
                present = older;
            }
            total = total + present * usage;
        }
        total
    }

    /// Pods of a revision whose usage is used.
    fn used<'c>(&self, cluster: &Cluster<'c>, state: &State<'c>, generation: &Generation, position: usize) -> Int<'c> {
        let is_cpu = cluster.spec.scenario.loads[self.load].metric == "cpu";
        let measured = cluster.measured_among(state, &generation.templates, is_cpu);
        match self.initialised {
            Some(initialised) => state.get(cluster.turnover.ages[initialised][position].stages[0]).min(measured),
            None => measured,
        }
    }
}

/// Adds changes of load and the passing of start-up stages.
pub fn add(cluster: &Cluster<'_>, loads: &[LoadVars]) {
    for load in loads {
        match &load.tally {
            Some(tally) => independent::add(cluster, load, tally),
            None => add_change(cluster, load),
        }
        add_stages(cluster, load);
        initialisation::add(cluster, load);
    }
}

fn show(metric: &str, milli: i64) -> String {
    match metric {
        "cpu" => quantity::format_cpu(milli),
        "memory" => quantity::format_memory(milli / 1000),
        _ => format!("{milli}m"),
    }
}

fn add_change(cluster: &Cluster<'_>, vars: &LoadVars) {
    let Some(level) = vars.level else { return };
    let load = &cluster.spec.scenario.loads[vars.load];
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let name = format!("load of {} ({})", load.target, load.metric);
    let (input, new) = cluster.input("level", 0, vars.levels.last());
    let mut next = state.clone();
    next.set(level, new);
    let guard = match vars.changes_left {
        Some(left) => {
            next.set(left, state.get(left).minus_or_zero(1));
            state.get(left).ge(1)
        }
        None => ctx.bool(true),
    };
    if let Some(var) = cluster.workloads[vars.workload].as_ref().and_then(|vars| vars.exists) {
        next.set(level, state.is(var).ite(new, state.get(level)));
    }
    let (levels, metric, target) = (vars.levels.clone(), load.metric.clone(), load.target.clone());
    let whose = if load.per == LoadPer::Workload { "the workload" } else { "each pod" };
    let (before, after) = (state.get(level).id(), new.id());
    let position = vars.load;
    let tell = move |scene: &Scene<'_>| {
        let [old, usage] = [before, after].map(|id| levels.least(scene.get(id)));
        let (before, after) = (show(&metric, old), show(&metric, usage));
        Sentence::new("load", format!("{metric} usage of {target} goes from {before} to {after} for {whose}"))
            .done(Deed::LoadChanges { load: position, usage })
    };
    let choice = (vec![input], new.ne(state.get(level)));
    let pace = paces::load(cluster, &name);
    outside(cluster, (&RULE, name, pace), guard, choice, next, Vec::new(), Box::new(tell));
}

/// Some pods of a revision, the oldest ones, leave a start-up stage. That is time passing, not a change from outside.
fn add_stages(cluster: &Cluster<'_>, vars: &LoadVars) {
    let Some(ages) = vars.ages else { return };
    for generation in &cluster.turnover.ages[ages] {
        let mut present = cluster.measured_among(&cluster.state(), &generation.templates, true);
        for stage in 0..generation.stages.len() {
            present = add_stage(cluster, vars, generation, (stage, present));
        }
    }
}

/// Adds the end of a stage that so many pods have reached; how many have left it.
fn add_stage<'c>(
    cluster: &Cluster<'c>,
    vars: &LoadVars,
    generation: &Generation,
    (position, present): (usize, Int<'c>),
) -> Int<'c> {
    let load = &cluster.spec.scenario.loads[vars.load];
    let (state, passed) = (cluster.state(), generation.stages[position]);
    let older = state.get(passed).min(present);
    let younger = present.minus_or_zero(older);
    let most = state.get(passed).range().hi.max(1);
    let (input, count) = cluster.input("pods", 1, most);
    let mut next = state.clone();
    next.set(passed, (older + count).min(most));
    let usage = load.startup.get(position + 1).map(|next| next.usage);
    let calm = vars.usage(cluster, &state).id();
    let (metric, seconds, count_id) = (load.metric.clone(), load.startup[position].until_seconds, count.id());
    let target = whose(cluster, vars, generation);
    let name = format!("start-up stage {} of {target} ends ({metric})", position + 1);
    let tell = move |scene: &Scene<'_>| {
        let usage = usage.unwrap_or_else(|| scene.get(calm));
        let text = format!("{} pod(s) of {target} are older than {seconds} s", scene.get(count_id));
        Sentence::new("time", text).because(format!("each now uses {} {metric}", show(&metric, usage)))
    };
    let begins = position.checked_sub(1).map_or(0, |before| load.startup[before].until_seconds);
    let draft = ActionDraft::new(name, ActionKind::Periodic, younger.ge(1), next)
        .choosing(vec![input], count.le(younger))
        .paced(paces::least(cluster, "start-up stage of pods", seconds - begins));
    cluster.act(&RULE, draft, Box::new(tell));
    older
}

/// The workload, or which of its revisions.
fn whose(cluster: &Cluster<'_>, vars: &LoadVars, generation: &Generation) -> String {
    match generation.revision {
        Some(revision) => cluster.spec.workloads[vars.workload].revisions[revision].name.clone(),
        None => cluster.spec.scenario.loads[vars.load].target.to_string(),
    }
}
