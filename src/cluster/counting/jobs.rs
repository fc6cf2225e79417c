//! How many pods Jobs have at a time.
//!
//! A Job has `spec.parallelism` of them. A CronJob that allows Jobs side by side has no such number, so its pods are counted up
//! to one above which nothing can tell how many there are: as many as all nodes together have room for, or quotas admit, and
//! those of one Job more. From there on some wait, whatever becomes of the others, and *so many or more* is all that is known.
//! Where nodes have room for very many, no more than a few Jobs are looked at, and verdicts say so.

use crate::cluster::object::batch::{Batch, Concurrency, Schedule};
use crate::cluster::object::command::CommandAction;
use crate::cluster::object::quota;
use crate::cluster::object::resources;
use crate::cluster::object::spec::{ClusterSpec, Workload};

/// Pods for which there may be room, where Jobs of a CronJob are to pile up until there is none.
const MOST_ROOM: i64 = 64;

/// Jobs of a CronJob that are looked at side by side, where there is room for more.
pub const SIDE_BY_SIDE: i64 = 2;

/// Pods of one Job that are wanted at a time, at most.
pub fn most_of_one(spec: &ClusterSpec, workload: &Workload, batch: &Batch) -> i64 {
    let commanded = spec.scenario.commands.iter().filter_map(|command| match &command.action {
        CommandAction::Adjust { target, parallelism, .. } if *target == workload.key => *parallelism,
        _ => None,
    });
    let parallelism = commanded.fold(workload.replicas, i64::max);
    batch.completions.map_or(parallelism, |completions| parallelism.min(completions))
}

/// Pods of a Job, or of all Jobs of a CronJob, that there are at a time, at most, or so many or more.
pub fn max_pods(spec: &ClusterSpec, workload: &Workload, batch: &Batch) -> i64 {
    let existing: usize = workload.revisions.iter().map(|revision| revision.pods.len()).sum();
    most_wanted(spec, workload, batch).max(existing as i64)
}

/// Pods that are wanted at a time, at most, or so many or more.
pub fn most_wanted(spec: &ClusterSpec, workload: &Workload, batch: &Batch) -> i64 {
    let one = most_of_one(spec, workload, batch);
    let Some(schedule) = &batch.schedule else { return one };
    if is_suspended_for_good(spec, workload, batch) {
        return batch.done.wanted;
    }
    let side_by_side = match (schedule.concurrency, schedule.overlap) {
        (Concurrency::Allow, Some(jobs)) => one.saturating_mul(jobs),
        (Concurrency::Allow, None) => room(spec, workload).saturating_add(one),
        _ => one,
    };
    side_by_side.max(batch.done.wanted)
}

/// Whether the pods of a CronJob are counted up to so many that there may be more, and stay so when some have ended.
pub fn is_saturated(spec: &ClusterSpec, workload: &Workload, batch: &Batch) -> bool {
    let unlimited = |it: &Schedule| it.concurrency == Concurrency::Allow && it.overlap.is_none();
    batch.schedule.as_ref().is_some_and(unlimited) && !is_suspended_for_good(spec, workload, batch)
}

/// Limits Jobs side by side where all nodes have room for too many of them; whether that leaves something out.
pub fn limit(spec: &mut ClusterSpec) -> bool {
    let too_many = |workload: &Workload| {
        let is_open = |batch: &Batch| is_saturated(spec, workload, batch) && room(spec, workload) > MOST_ROOM;
        workload.batch.as_ref().is_some_and(is_open)
    };
    let found: Vec<usize> = (0..spec.workloads.len()).filter(|&at| too_many(&spec.workloads[at])).collect();
    for &at in &found {
        let schedule = spec.workloads[at].batch.as_mut().and_then(|batch| batch.schedule.as_mut());
        schedule.into_iter().for_each(|schedule| schedule.overlap = Some(SIDE_BY_SIDE));
    }
    !found.is_empty()
}

/// Whether a CronJob is suspended and nobody resumes it.
fn is_suspended_for_good(spec: &ClusterSpec, workload: &Workload, batch: &Batch) -> bool {
    let named = spec.scenario.commands.iter().any(|it| it.action.target() == Some(&workload.key));
    batch.schedule.is_some_and(|it| it.suspended) && !named
}

/// For how many pods of a workload all nodes, empty, have room, or its quotas, whichever is more.
fn room(spec: &ClusterSpec, workload: &Workload) -> i64 {
    let pod = workload.revisions[workload.current].template.spec.clone().unwrap_or_default();
    let Ok(requests) = resources::pod_requests(&pod) else { return 0 };
    let plain = ["pods", "cpu", "memory", "ephemeral-storage"].into_iter();
    let extended = requests.extended.keys().map(String::as_str);
    let asked: Vec<(&str, i64)> =
        plain.chain(extended).map(|name| (name, requests.get(name))).filter(|&(_, amount)| amount > 0).collect();
    let on_nodes = spec.nodes.iter().filter_map(|node| resources::allocatable(&node.node).ok()).map(|offered| {
        let fits = asked.iter().map(|&(name, amount)| offered.get(name).max(0) / amount);
        fits.min().unwrap_or(0)
    });
    let quotas = spec.quotas.iter().filter(|it| quota::selects(it, &workload.key.namespace, &pod));
    let charges = quotas.flat_map(|quota| quota::charges(quota, &pod).unwrap_or_default());
    let admitted = charges.filter(|charge| charge.each > 0).map(|charge| charge.hard.max(0) / charge.each);
    on_nodes.fold(0, i64::saturating_add).max(admitted.max().unwrap_or(0))
}
