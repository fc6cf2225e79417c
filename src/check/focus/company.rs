//! What the company is driven to where a counterexample needs room to be short, or to come free: autoscaled workloads go
//! as far as their loads make them.

use std::collections::BTreeSet;

use crate::cluster::counting::jobs;
use crate::cluster::object::spec::{Autoscaler, ClusterSpec, ObjectKey, WorkloadKind};

use super::guide::{Deed, Guide, Press, Value, command_name};
use super::survey::Survey;

/// Rounds of autoscaling that are tried for a workload; policies may allow but a part of the way at a time.
const ROUNDS: usize = 12;

/// Jobs of one CronJob that are made, at most.
const MOST_JOBS: i64 = 64;

/// Where the company is driven to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drive {
    /// As large as loads make it: room gets short.
    Grow,
    /// The same, once CronJobs have made Jobs whose pods go on.
    Crowd,
    /// As small as loads let it: room comes free.
    Shrink,
    /// First the one, then the other: who stays where it is not wanted may come to be elsewhere.
    GrowAndShrink,
}

impl Drive {
    /// Whether all that others do is to take room.
    pub fn takes_room(self) -> bool {
        matches!(self, Drive::Grow | Drive::Crowd)
    }
}

/// Puts loads of all workloads but one at their ends, lets their autoscalers follow, and only then does what `guide`
/// says, and what makes the one grow. Meanwhile the others take what they can of the nodes that the one can use, but for those
/// that they have to leave to it.
pub fn driven(survey: &Survey<'_>, but: usize, guide: &Guide, drive: Drive) -> Guide {
    let spec = survey.spec;
    let one = &spec.workloads[but].key;
    let mut driven = guide.clone();
    let others = spec.autoscalers.iter().filter(|autoscaler| autoscaler.target != *one);
    let mut deeds: Vec<Deed> = Vec::new();
    if drive == Drive::Crowd {
        deeds.extend(schedules(spec, one));
    }
    if drive != Drive::Shrink {
        deeds.extend(others.clone().flat_map(|it| scaling(spec, &it.target, &it.key, i64::MAX)));
    }
    if !drive.takes_room() {
        deeds.extend(others.flat_map(|it| scaling(spec, &it.target, &it.key, 0)));
    }
    driven.loop_start = guide.loop_start.map(|start| start + deeds.len());
    deeds.extend(guide.deeds.iter().cloned());
    let own = spec.autoscalers.iter().filter(|autoscaler| autoscaler.target == *one);
    if guide.loop_start.is_none() {
        deeds.extend(own.flat_map(|it| scaling(spec, &it.target, &it.key, i64::MAX)));
        deeds.extend(commands(spec));
    }
    driven.deeds = deeds;
    let ground = survey.nodes_for(survey.templates_of(but)).into_iter().map(str::to_owned).collect();
    let left = if drive.takes_room() { BTreeSet::new() } else { needed(survey, but, guide, &ground) };
    driven.press = Some(Press { but, ground, left });
    driven
}

/// Nodes that others have to leave to a workload: those where its pods go in the guide, if that says so.
fn needed(survey: &Survey<'_>, workload: usize, guide: &Guide, ground: &BTreeSet<String>) -> BTreeSet<String> {
    let names = survey.templates_of(workload).map(|template| &survey.templates[template].name);
    let binds = names.filter_map(|name| guide.binds.get(name)).flatten().flatten();
    let nodes: BTreeSet<String> = binds.filter(|node| ground.contains(*node)).cloned().collect();
    if nodes.is_empty() { ground.clone() } else { nodes }
}

/// Every autoscaled workload grows as far as its loads make it, those of `last` after all others.
pub fn all_grow(spec: &ClusterSpec, last: &[&ObjectKey]) -> Guide {
    let is_last = |autoscaler: &&Autoscaler| last.contains(&&autoscaler.target);
    let (late, early): (Vec<&Autoscaler>, Vec<&Autoscaler>) = spec.autoscalers.iter().partition(is_last);
    let deeds = early.into_iter().chain(late).flat_map(|it| scaling(spec, &it.target, &it.key, i64::MAX));
    Guide { deeds: deeds.chain(commands(spec)).collect(), ..Guide::default() }
}

/// CronJobs make Jobs whose pods go on, until no room is left, or as often as is tried.
fn schedules<'a>(spec: &'a ClusterSpec, but: &'a ObjectKey) -> impl Iterator<Item = Deed> + 'a {
    let crons = spec.workloads.iter().filter(move |it| it.kind == WorkloadKind::CronJob && *but != it.key);
    crons.flat_map(|workload| {
        let often = workload.batch.as_ref().map_or(0, |batch| {
            let (all, one) = (jobs::most_wanted(spec, workload, batch), jobs::most_of_one(spec, workload, batch));
            (all / one.max(1)).min(MOST_JOBS) as usize
        });
        let deed = Deed { action: format!("cronjob {} is due", workload.key), inputs: Vec::new() };
        std::iter::repeat_n(deed, often)
    })
}

/// All that users do, in order: some of it may make workloads larger.
fn commands(spec: &ClusterSpec) -> impl Iterator<Item = Deed> + '_ {
    let commands = spec.scenario.commands.iter().enumerate();
    commands.map(|(position, command)| Deed { action: command_name(position, command), inputs: Vec::new() })
}

/// The steps by which a workload goes as far as it can where its loads come as near to `end` as they can.
fn scaling(spec: &ClusterSpec, target: &ObjectKey, autoscaler: &ObjectKey, end: i64) -> Vec<Deed> {
    let deed = |action: String| Deed { action, inputs: vec![(Deed::ANY.to_owned(), Value::Number(end))] };
    let loads = spec.scenario.loads.iter().filter(|load| load.target == *target);
    let mut deeds: Vec<Deed> = loads.map(|load| deed(format!("load of {} ({})", load.target, load.metric))).collect();
    deeds.extend(std::iter::repeat_n(deed(format!("hpa {autoscaler}")), ROUNDS));
    deeds
}
