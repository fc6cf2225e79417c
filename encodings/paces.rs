//! How long what takes: the paces of actions, from what a scenario grants, what objects say, and upstream's defaults.
//!
//! Part of every rule: an encoding says which pace its action has, or none, where nothing bounds it.
//!
//! | what | least | most | apart |
//! | --- | --- | --- | --- |
//! | event-driven controllers | | `reaction`, and `controllerBackoff` where quotas refuse pods, or there are Jobs | |
//! | kube-scheduler, kubelets that admit pods | | `reaction` and `schedulingBackoff` | |
//! | pods start | `podStart` | `podStart`, and `nodeMonitorGrace` where nodes fail; for ever with `slowStart` | |
//! | terminations complete | `termination` | `termination`, else the longest grace period and `reaction`; for ever where nodes fail | |
//! | evictions that a budget held up | | 5 s (kubectl's retry) and `reaction` | |
//! | evictions after a tolerated time | `tolerationSeconds` | and `reaction` | |
//! | `minReadySeconds` | as it says, less the fraction of a second that times in objects lack | and `reaction` | |
//! | HorizontalPodAutoscaler | | | its sync period |
//! | descheduler | | | its interval |
//! | start-up stages of loads | as they say | | |
//! | cpu initialisation | its period, less `podStart`, and that fraction | | |
//! | commands, changes of load | | | `commands`, `load` |
//! | a drain of maintenance, since one began or ended | `pause` | | |
//!
//! Whatever may find nothing to do, as an autoscaler whose window holds, has no *most*: a step of the model is one that changes
//! something, and there need not be one.

use crate::cluster::object::interval::planned;
use crate::cluster::object::policy::{Rhythm, Runner};
use crate::cluster::object::spec::ClusterSpec;
use crate::cluster::object::timing::{DESCHEDULING, GRACE, Span, Timing};
use crate::cluster::view::Cluster;
use crate::system::{ActionKind, Pace, PaceId, System};

use super::ranks;

/// Seconds after which `kubectl drain` asks again for an eviction that a budget refused.
const DRAIN_RETRY: u32 = 5;
/// Seconds that a time in an object may be before what it is about: it has no fractions of seconds.
const CUT_OFF: u32 = 1;

/// From pods that start late until they are ready.
pub fn slow_start(cluster: &Cluster<'_>) -> Option<PaceId> {
    granted(cluster, |timing| after("slow start of pods", Span::at_least(timing.pod_start.least)))
}

/// The end of a time that a controller waits for, and then reacts to.
pub fn timer(cluster: &Cluster<'_>, what: &str, seconds: i64) -> Option<PaceId> {
    ending(cluster, what, seconds, 0)
}

/// The end of a time that a controller counts from when an object says that something was so: such times are cut off to whole seconds,
/// so it ends up to a second early.
pub fn since_noted(cluster: &Cluster<'_>, what: &str, seconds: i64) -> Option<PaceId> {
    ending(cluster, what, seconds, CUT_OFF)
}

/// The end of a time, no more than so much early, and no later than a reaction.
fn ending(cluster: &Cluster<'_>, what: &str, seconds: i64, early: u32) -> Option<PaceId> {
    let seconds = u32::try_from(seconds).ok()?;
    granted(cluster, |timing| {
        let most = timing.reaction.most.map(|most| seconds.saturating_add(most));
        after(what, Span { least: seconds.saturating_sub(early), most })
    })
}

/// A HorizontalPodAutoscaler's looks.
pub fn autoscaler(cluster: &Cluster<'_>, name: &str) -> Option<PaceId> {
    let period = cluster.spec.scenario.controllers.hpa_flags.sync_period;
    granted(cluster, |_| apart(name, u32::try_from(period).unwrap_or(u32::MAX)))
}

/// A descheduler's plugin, which acts once a cycle.
pub fn descheduler(cluster: &Cluster<'_>, name: &str) -> Option<PaceId> {
    granted(cluster, |timing| apart(name, timing.descheduling.unwrap_or_else(|| interval(cluster, timing))))
}

/// The shortest time between two cycles that what is known of deschedulers allows; of several, any.
fn interval(cluster: &Cluster<'_>, timing: &Timing) -> u32 {
    let mut runners = cluster.spec.descheduler.iter().flat_map(|policy| &policy.runners);
    match (runners.next(), runners.next()) {
        (None, _) => DESCHEDULING,
        (Some(only), None) => planned(&only.rhythm).map_or(0, |interval| interval.saturating_sub(late(only, timing))),
        (Some(_), Some(_)) => 0,
    }
}

/// How late a cycle may be: a Job has to be made first, and its pod to start.
fn late(runner: &Runner, timing: &Timing) -> u32 {
    match runner.rhythm {
        Rhythm::Scheduled(_) => {
            let most = timing.reaction.most.zip(timing.pod_start.most);
            most.map_or(u32::MAX, |(reaction, start)| reaction.saturating_add(start))
        }
        Rhythm::Every(_) | Rhythm::Once => 0,
    }
}

/// How long a window holds what it holds, if it holds anything and there is time.
pub fn window(cluster: &Cluster<'_>, seconds: i64) -> Option<u32> {
    cluster.spec.scenario.timing.as_ref()?;
    u32::try_from(seconds).ok().filter(|&seconds| seconds > 0)
}

/// The rest of the cpu initialisation period of a pod that is ready: it began when the pod started.
pub fn initialisation(cluster: &Cluster<'_>) -> Option<PaceId> {
    let seconds = u32::try_from(cluster.spec.scenario.controllers.hpa_flags.cpu_initialization?).ok()?;
    granted(cluster, |timing| {
        let gone = timing.pod_start.most.unwrap_or(seconds);
        after("cpu initialisation of pods", Span::at_least(seconds.saturating_sub(gone).saturating_sub(CUT_OFF)))
    })
}

/// A time that something takes at least.
pub fn least(cluster: &Cluster<'_>, what: &str, seconds: i64) -> Option<PaceId> {
    let seconds = u32::try_from(seconds).ok()?;
    granted(cluster, |_| after(what, Span::at_least(seconds)))
}

/// What passes before a drain since one began, or ended with its node uncordoned.
pub fn pause(cluster: &Cluster<'_>) -> Option<u32> {
    cluster.spec.scenario.timing.as_ref().map(|timing| timing.pause.least)
}

/// What users do.
pub fn commands(cluster: &Cluster<'_>) -> Option<PaceId> {
    granted(cluster, |timing| apart("commands", timing.commands.least))
}

/// Changes of a load.
pub fn load(cluster: &Cluster<'_>, name: &str) -> Option<PaceId> {
    granted(cluster, |timing| apart(&format!("changes of the {name}"), timing.load.least))
}

/// Gives event-driven actions the paces that their ranks say.
pub fn grant(system: &mut System, spec: &ClusterSpec) {
    let Some(timing) = &spec.scenario.timing else { return };
    for index in 0..system.actions.len() {
        let action = &system.actions[index];
        let ActionKind::Event { rank } = action.kind else { continue };
        if action.pace.is_some() || action.passive {
            continue;
        }
        let Some(pace) = of_rank(rank, spec, timing) else { continue };
        system.actions[index].pace = Some(system.pace(pace));
    }
}

fn of_rank(rank: u32, spec: &ClusterSpec, timing: &Timing) -> Option<Pace> {
    let backs_off = !spec.quotas.is_empty() || spec.workloads.iter().any(|workload| workload.kind.is_batch());
    let backoff = if backs_off { timing.controller_backoff.most } else { Some(0) };
    let reacts = Span { least: 0, most: timing.reaction.most };
    let open = |span: Span, is_open: bool| Span { most: span.most.filter(|_| !is_open), ..span };
    Some(match rank {
        ranks::TERMINATION => after("termination of pods", open(termination(spec, timing), loses_nodes(spec))),
        ranks::TAINT_EVICTION => after("reaction of taint eviction", reacts),
        ranks::DEPLOYMENT => after("reaction of the Deployment controller", reacts),
        ranks::REPLICASET => after("reaction of controllers that make pods", plus(reacts, backoff)),
        ranks::SCHEDULER => after("scheduling of pods", plus(reacts, timing.scheduling_backoff.most)),
        ranks::START => after("start of pods", start(spec, timing)),
        ranks::BUDGETED_EVICTION => after("retry of evictions", plus(reacts, Some(DRAIN_RETRY))),
        _ => return None,
    })
}

/// Whether nodes may be lost, with the kubelets that would say that pods have ended.
fn loses_nodes(spec: &ClusterSpec) -> bool {
    let scenario = &spec.scenario;
    scenario.failures.is_some() || scenario.overload.is_some() || !scenario.node_groups.is_empty()
}

/// A kubelet that nobody misses yet starts no pods.
fn start(spec: &ClusterSpec, timing: &Timing) -> Span {
    if loses_nodes(spec) { plus(timing.pod_start, Some(timing.node_monitor_grace)) } else { timing.pod_start }
}

fn termination(spec: &ClusterSpec, timing: &Timing) -> Span {
    let revisions = spec.workloads.iter().flat_map(|workload| &workload.revisions);
    let grace = revisions.filter_map(|revision| revision.template.spec.as_ref()?.termination_grace_period_seconds);
    let longest = grace.fold(i64::from(GRACE), i64::max);
    let default = || plus(Span::within(0, u32::try_from(longest).unwrap_or(u32::MAX)), timing.reaction.most);
    timing.termination.unwrap_or_else(default)
}

/// A span that ends so much later.
fn plus(span: Span, more: Option<u32>) -> Span {
    let most = span.most.zip(more).map(|(most, more)| most.saturating_add(more));
    Span { most, ..span }
}

fn after(name: &str, Span { least, most }: Span) -> Pace {
    Pace { name: name.to_owned(), least, most, apart: 0 }
}

fn apart(name: &str, apart: u32) -> Pace {
    Pace { name: name.to_owned(), least: 0, most: None, apart }
}

fn granted(cluster: &Cluster<'_>, pace: impl FnOnce(&Timing) -> Pace) -> Option<PaceId> {
    cluster.spec.scenario.timing.as_ref().map(|timing| cluster.pace(pace(timing)))
}
