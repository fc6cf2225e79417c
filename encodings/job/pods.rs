//! Pods that a Job makes, and those that it takes back.

use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Scene, Sentence};
use crate::cluster::view::{Cluster, Leaving, effect};
use crate::cluster::{Cell, Phase};
use crate::encodings::admission;
use crate::system::{ActionDraft, ActionKind};
use crate::term::{Bool, Int};

use super::{Job, delete_all, event, finish};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "job/pods",
    component: Job,
    upstream: [
        "pkg/controller/job/job_controller.go" => ["manageJob", "activePodsForRemoval"],
        "pkg/controller/job/indexed_job_utils.go" => ["firstPendingIndexes"],
        "pkg/controller/job/backoff_utils.go" => ["getRemainingTime"],
        "pkg/controller/controller_utils.go" => ["ActivePods"],
    ],
    decides: "How many pods a Job makes or deletes: as many as `parallelism` and what is left of `completions` are off its \
        active ones; none while it is suspended.",
    parts: [
        "`podReplacementPolicy`: pods that are being deleted are replaced at once, or once they have ended" => "exact",
        "Indexed: which indexes are made" =>
            "over: pods are counted, and indexes differ in nothing; labels with them are not selected by",
        "back-off after a failure" =>
            "over: the next pod is made after any time, or never; with `backoffLimitPerIndex`, any number of those that are \
                missing",
        "pods that are too many: without a node first, then those that are not ready" =>
            "over: among equals the choice is free",
    ],
    omits: [
        "the limit of 500 pods at a time",
        "back-off after failed creation",
    ],
};

/// Adds the actions.
pub fn add<'c>(cluster: &Cluster<'c>, job: &Job<'_, 'c>) {
    add_creation(cluster, job);
    if job.own.wanted.is_none() {
        add_suspension(cluster, job);
        add_withdrawal(cluster, job);
    }
}

/// Whether its controller makes or deletes pods: everything is counted, and it goes on.
fn manages<'c>(job: &Job<'_, 'c>) -> Bool<'c> {
    job.live & job.lost.eq(0) & !finish::is_due(job)
}

/// How many pods are missing.
fn missing<'c>(job: &Job<'_, 'c>, there: Int<'c>) -> Int<'c> {
    let missing = job.wanted().minus_or_zero(there);
    job.open_indexes().map_or(missing, |open| missing.min(open.minus_or_zero(there)))
}

/// Makes what is missing: at once, or some time after a failure.
fn add_creation<'c>(cluster: &Cluster<'c>, job: &Job<'_, 'c>) {
    let ctx = cluster.ctx();
    // A CronJob goes on when it is suspended, and only makes no more Jobs.
    let goes = if job.own.wanted.is_some() { ctx.bool(true) } else { !job.suspended };
    let there = job.active + job.leaving;
    let all = missing(job, there);
    let manages = manages(job) & goes;
    let later = job.is(job.own.backing_off);
    add_of(cluster, job, ("creates pods", event()), manages & !later, all, false);
    // Pods that are being deleted may be those of another Job.
    let (some, others) = match job.own.wanted {
        Some(_) if job.batch.waits_for_end => (missing(job, job.active), job.leaving.ge(1)),
        _ => (all, ctx.bool(false)),
    };
    let is_free = job.own.wanted.is_some() || job.batch.per_index.is_some();
    add_of(cluster, job, ("creates pods later", ActionKind::Periodic), manages & (later | others), some, is_free);
}

fn add_of<'c>(
    cluster: &Cluster<'c>,
    job: &Job<'_, 'c>,
    (what, kind): (&str, ActionKind),
    when: Bool<'c>,
    missing: Int<'c>,
    is_free: bool,
) {
    let ctx = cluster.ctx();
    let most = cluster.templates[job.template.0].max_pods;
    let room = admission::room(cluster, &job.state, job.template);
    let admitted = room.pods.map_or(missing, |pods| missing.min(pods));
    let guard = when & admitted.ge(1);
    if guard.constant() == Some(false) || most == 0 {
        return;
    }
    let is_late = kind == ActionKind::Periodic;
    let (inputs, choice, created) = match is_free {
        true => {
            let (var, count) = cluster.input("pods", 1, most);
            (vec![var], count.le(admitted), count)
        }
        false => (Vec::new(), ctx.bool(true), admitted),
    };
    let mut next = job.state.clone();
    let pending = cluster.pending[job.template.0];
    next.set(pending, (job.state.get(pending) + created).min(most));
    job.track(&mut next, job.active + created);
    if let Some(flag) = job.own.backing_off.filter(|_| is_late) {
        next.set_bool(flag, job.state.is(flag) & created.lt(missing));
    }
    let draft = ActionDraft::new(job.name(what), kind, guard, next)
        .choosing(inputs, choice)
        .doing([effect::waiting(job.template)]);
    let (actor, created, active, wanted) = (job.actor(), created.id(), job.active.id(), job.wanted().id());
    let tell = move |scene: &Scene<'_>| {
        let text = format!("creates {} pod(s)", scene.get(created));
        let why = format!("{} exist, {} are wanted", scene.get(active), scene.get(wanted));
        Sentence::new(actor.clone(), if is_late { format!("waits a while, and {text}") } else { text }).because(why)
    };
    cluster.act(&RULE, draft, Box::new(tell));
    room.diagnose(cluster, &job.actor(), missing.id(), guard.id());
}

/// Deletes the pods of a suspended Job.
fn add_suspension<'c>(cluster: &Cluster<'c>, job: &Job<'_, 'c>) {
    let guard = manages(job) & job.suspended & job.active.ge(1);
    if guard.constant() == Some(false) {
        return;
    }
    let mut next = job.state.clone();
    delete_all(cluster, job, &mut next);
    job.track(&mut next, cluster.ctx().int(0));
    let (actor, count) = (job.actor(), job.active.id());
    let tell = move |scene: &Scene<'_>| {
        Sentence::new(actor.clone(), format!("deletes {} pod(s)", scene.get(count))).because("it is suspended")
    };
    cluster.act(&RULE, ActionDraft::new(job.name("suspends"), event(), guard, next), Box::new(tell));
}

/// Deletes pods that are too many, those without a node together, others one by one.
fn add_withdrawal<'c>(cluster: &Cluster<'c>, job: &Job<'_, 'c>) {
    let (ctx, template) = (cluster.ctx(), job.template);
    let surplus = job.active.minus_or_zero(job.wanted());
    let when = manages(job) & !job.suspended & surplus.ge(1);
    if when.constant() == Some(false) {
        return;
    }
    let pending = cluster.pending[template.0];
    let waiting = job.state.get(pending);
    let withdrawn = waiting.min(surplus);
    let mut next = job.state.clone();
    next.set(pending, waiting.minus_or_zero(withdrawn));
    job.track(&mut next, job.active.minus_or_zero(withdrawn));
    let draft = ActionDraft::new(job.name("deletes waiting pods"), event(), when & withdrawn.ge(1), next)
        .doing([effect::withdrawn(template)]);
    cluster.act(&RULE, draft, told(job, withdrawn, job.wanted()));
    for (phase, what) in [(Phase::Starting, "deletes a pod that starts"), (Phase::Running, "deletes a pod")] {
        let here = |cell: &Cell<'c>| cell.exists & cluster.pods(cell, template, phase).ge(1);
        let cells: Vec<Bool<'c>> = cluster.cells(&job.state).iter().map(here).collect();
        let starting = cluster.sum(&job.state, |cell| cluster.pods(cell, template, Phase::Starting));
        let in_turn = if phase == Phase::Starting { ctx.bool(true) } else { starting.eq(0) };
        let guard = when & waiting.eq(0) & in_turn & ctx.any(cells.iter().copied());
        if guard.constant() == Some(false) {
            continue;
        }
        let (var, chosen, valid) = cluster.choose_cell("node", &cells);
        let mut next = job.state.clone();
        cluster.rewrite_one(&mut next, &chosen, |cell| {
            cluster.change(cell).delete(template, ctx.int(1), Leaving::Deleted)
        });
        job.track(&mut next, job.active.minus_or_zero(1));
        let draft = ActionDraft::new(job.name(what), event(), guard, next).choosing(vec![var], valid);
        cluster.act(&RULE, draft, told(job, ctx.int(1), job.wanted()));
    }
}

fn told<'c>(job: &Job<'_, 'c>, count: Int<'c>, wanted: Int<'c>) -> crate::cluster::view::story::Narrator {
    let (actor, count, wanted) = (job.actor(), count.id(), wanted.id());
    Box::new(move |scene: &Scene<'_>| {
        let text = format!("deletes {} pod(s)", scene.get(count));
        Sentence::new(actor.clone(), text).because(format!("{} are wanted", scene.get(wanted)))
    })
}
