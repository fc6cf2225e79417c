//! The encoding of one reconcile over variables with given values.

use serde_json::{Map, Value, json};

use crate::conformance::probe::Probe;
use crate::encodings::deployment::progress::{Progress, Reason};
use crate::encodings::deployment::reconcile::{Reconcile, Written};
use crate::encodings::deployment::status::Status;
use crate::encodings::deployment::step::Step;
use crate::encodings::deployment::view::{Annotation, Deployment, ReplicaSet};
use crate::term::{Bool, Ctx, Int};

use super::objects::{Objects, Set};

/// Sizes are variables up to this number, or the given one if that is larger.
const MOST_PODS: i64 = 40;

/// A ReplicaSet after a reconcile.
pub struct SetOutcome {
    /// `spec.replicas`.
    pub size: i64,
    /// Annotations `desired-replicas` and `max-replicas`.
    pub annotations: [Option<i64>; 2],
    /// Whether the history limit removed it.
    pub deleted: bool,
}

/// What the encoding computes for one reconcile.
pub struct Outcome {
    /// Whether it takes the reconcile for a scaling event.
    pub scales: bool,
    /// By position.
    pub sets: Vec<SetOutcome>,
    /// Size and annotations of a ReplicaSet that is created.
    pub created: Option<(i64, [i64; 2])>,
    /// Position (`None`: created), size before and afterwards.
    pub resizes: Vec<(Option<usize>, i64, i64)>,
    /// The revision of the ReplicaSet of the present template.
    pub revision: i64,
    /// Replicas, updated, ready, available and unavailable ones.
    pub numbers: [i64; 5],
    /// Whether the condition Available is True.
    pub available: bool,
    /// Reason of the condition Progressing.
    pub reason: Reason,
    /// Seconds since it was updated.
    pub since: i64,
    /// What Z3 sees differently.
    pub trouble: Option<String>,
}

impl Outcome {
    /// Events in the words of the controller.
    pub fn events(&self, created: &str, names: &[String]) -> Vec<String> {
        let tell = |&(set, from, to): &(Option<usize>, i64, i64)| {
            let name = set.map_or(created, |position| names[position].as_str());
            let direction = if from < to { "up" } else { "down" };
            format!("Scaled {direction} replica set {name} from {from} to {to}")
        };
        self.resizes.iter().map(tell).collect()
    }
}

fn count<'c>(probe: &Probe<'c>, name: &str, value: i64) -> Int<'c> {
    probe.given(name, value, 0, MOST_PODS)
}

fn deployment<'a, 'c>(probe: &Probe<'c>, objects: &'a Objects) -> Deployment<'a, 'c> {
    let [replicas, updated, ready, available, unavailable] = objects.numbers.map(|it| count(probe, "status", it));
    Deployment {
        strategy: &objects.strategy,
        replicas: count(probe, "spec.replicas", objects.replicas),
        paused: objects.paused,
        progress_deadline: objects.progress_deadline,
        revision_history_limit: objects.revision_history_limit,
        status: Status { replicas, updated, ready, available, unavailable },
    }
}

fn set<'c>(probe: &Probe<'c>, set: &Set) -> ReplicaSet<'c> {
    let annotation = |value: Option<i64>| Annotation {
        given: probe.flag("annotated", value.is_some()),
        value: count(probe, "annotation", value.unwrap_or(0)),
    };
    let [desired, max] = set.annotations.map(annotation);
    ReplicaSet {
        size: count(probe, "size", set.size),
        replicas: count(probe, "replicas", set.replicas),
        ready: count(probe, "ready", set.ready),
        available: count(probe, "available", set.available),
        has_pods: probe.flag("has pods", set.has_pods),
        desired,
        max,
        revision: count(probe, "revision", set.revision),
    }
}

/// What the strategy allows, by the names that records use, and what Z3 sees differently.
pub fn limits(objects: &Objects, asks_z3: bool) -> (Map<String, Value>, Option<String>) {
    let ctx = Ctx::new();
    let probe = Probe::new(&ctx);
    let deployment = deployment(&probe, objects);
    let terms = [
        ("fencepostSurge", deployment.max_surge()),
        ("fencepostUnavailable", deployment.unclamped_max_unavailable()),
        ("maxSurge", deployment.max_surge()),
        ("maxUnavailable", deployment.max_unavailable()),
        ("minAvailable", deployment.min_available()),
    ];
    let all: Vec<Int<'_>> = terms.iter().map(|(_, term)| *term).collect();
    let trouble = asks_z3.then(|| probe.confirm(&all, &[])).flatten();
    (terms.into_iter().map(|(name, term)| (name.to_owned(), json!(probe.value(term)))).collect(), trouble)
}

/// One reconcile at a time in seconds.
pub fn reconcile(objects: &Objects, now: i64, asks_z3: bool) -> Outcome {
    let ctx = Ctx::new();
    let probe = Probe::new(&ctx);
    let deployment = deployment(&probe, objects);
    let sets: Vec<ReplicaSet<'_>> = objects.sets.iter().map(|it| set(&probe, it)).collect();
    let (reason, updated) = objects.progress;
    let progress = Progress {
        reason: probe.given("reason", reason.code(), 0, Reason::ALL.len() as i64 - 1),
        since: probe.given("since", now - updated, 0, 2000),
    };
    let reconcile = Reconcile { ctx: &ctx, deployment: &deployment, sets: &sets, new: objects.new_set() };
    let scales = reconcile.is_scaling_event();
    let step = reconcile.step();
    let written = reconcile.written(&step, progress);
    let trouble = asks_z3.then(|| confirm(&probe, &step, &written)).flatten();
    read(&probe, &deployment, scales, &step, &written, trouble)
}

fn confirm<'c>(probe: &Probe<'c>, step: &Step<'c>, written: &Written<'c>) -> Option<String> {
    let sizes = step.sizes.iter().copied();
    let terms: Vec<Int<'c>> = sizes.chain([written.progress.reason, written.status.unavailable]).collect();
    let truths: Vec<Bool<'c>> = written.deleted.iter().copied().chain([step.creates, written.available]).collect();
    probe.confirm(&terms, &truths)
}

fn read<'c>(
    probe: &Probe<'c>,
    deployment: &Deployment<'_, 'c>,
    scales: Bool<'c>,
    step: &Step<'c>,
    written: &Written<'c>,
    trouble: Option<String>,
) -> Outcome {
    let annotation = |it: Annotation<'c>| probe.holds(it.given).then(|| probe.value(it.value));
    let set = |position: usize| SetOutcome {
        size: probe.value(step.sizes[position]),
        annotations: written.annotations[position].map(annotation),
        deleted: probe.holds(written.deleted[position]),
    };
    let annotations = [deployment.replicas, deployment.max_replicas()];
    let status = &written.status;
    let numbers = [status.replicas, status.updated, status.ready, status.available, status.unavailable];
    let happened = step.events.iter().filter(|event| probe.holds(event.happens));
    Outcome {
        scales: probe.holds(scales),
        sets: (0..step.sizes.len()).map(set).collect(),
        created: probe
            .holds(step.creates)
            .then(|| (probe.value(step.first_size), annotations.map(|term| probe.value(term)))),
        resizes: happened.map(|event| (event.set, probe.value(event.from), probe.value(event.to))).collect(),
        revision: probe.value(written.revision),
        numbers: numbers.map(|term| probe.value(term)),
        available: probe.holds(written.available),
        reason: Reason::ALL[probe.value(written.progress.reason) as usize],
        since: probe.value(written.progress.since),
        trouble,
    }
}
