//! How pods of Jobs end, and what that counts for.
//!
//! Whether a pod succeeds or fails, and with which exit code, is nobody's decision here: each may be. So is when it ends, if it
//! ever does.

use std::collections::BTreeSet;

use crate::cluster::object::batch::{Outcome, Success};
use crate::cluster::view::Cluster;
use crate::cluster::view::deed::Deed;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Narrator, PodKind, Scene, Sentence};
use crate::cluster::{Cell, Phase};
use crate::encodings::ranks;
use crate::system::{ActionDraft, ActionKind, State};
use crate::term::{Bool, VarId};

use super::{Job, event};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "job/outcome",
    component: Job,
    upstream: [
        "pkg/controller/job/job_controller.go" => ["getNewFinishedPods", "isPodFailed", "trackJobStatusAndRemoveFinalizers"],
        "pkg/controller/job/pod_failure_policy.go" => ["matchPodFailurePolicy"],
        "pkg/controller/job/indexed_job_utils.go" => ["calculateSucceededIndexes", "calculateFailedIndexes"],
    ],
    decides: "When pods of Jobs end by themselves, and what a success, a failure, and a pod that others delete count for.",
    parts: [
        "pods on nodes that are up succeed or, with `restartPolicy: Never` or a deadline of their own, fail, after any time, or go \
            on for ever" => "over",
        "pods that others delete: failures as soon as their deletion begins, or, where `podReplacementPolicy` is Failed, once \
            they have ended, which may be with success" =>
            "exact",
        "`podFailurePolicy`: Count, Ignore, FailJob, FailIndex" =>
            "over: of exit codes, containers that rules name, and conditions that a deletion leaves, any may be",
        "`backoffLimit`, `backoffLimitPerIndex`" =>
            "exact where nothing is tried again; else failures of pods that others delete are counted, and those of others may \
                be as many as they like: over",
    ],
    omits: [
        "the time until a success or failure is counted, but for deletions" => "it is counted as the pod ends",
        "pods that are gone without a trace, with their node" => "as if they had failed, once their deletion begins",
    ],
};

/// What the end of a pod comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// It succeeds.
    Success,
    /// It succeeds, and so does the Job by its success policy.
    Policy,
    /// It fails, and that counts.
    Count,
    /// It fails, and how often is not kept.
    Retry,
    /// It fails, and that does not count.
    Ignore,
    /// It fails, and that is once too often.
    Last,
    /// It fails, and with it its index.
    Index,
    /// It fails, and with it the Job.
    Fatal,
    /// Of a CronJob: its Job wants as many pods as before.
    Stay,
    /// It counts for nothing.
    Nothing,
}

/// Adds the actions.
pub fn add<'c>(cluster: &Cluster<'c>, job: &Job<'_, 'c>) {
    let phases = &cluster.templates[job.template.0].phases;
    for phase in [Phase::Running, Phase::Starting] {
        if phases.contains(&phase) {
            add_ends(cluster, job, phase);
        }
    }
    if job.own.tracked.is_some() {
        add_lost(cluster, job);
    }
    if job.batch.waits_for_end && phases.contains(&Phase::Terminating) {
        add_terminations(cluster, job);
    }
    if job.batch.has_deadline && job.own.wanted.is_some() {
        add_withdrawn(cluster, job);
    }
}

/// Pods that end by themselves.
fn add_ends<'c>(cluster: &Cluster<'c>, job: &Job<'_, 'c>, phase: Phase) {
    let here = |cell: &Cell<'c>| cell.exists & !cluster.is_down(cell) & cluster.pods(cell, job.template, phase).ge(1);
    let cells: Vec<Bool<'c>> = cluster.cells(&job.state).iter().map(here).collect();
    let guard = job.live & cluster.ctx().any(cells.iter().copied());
    if guard.constant() == Some(false) {
        return;
    }
    let (node, chosen, valid) = cluster.choose_cell("node", &cells);
    let mut next = job.state.clone();
    cluster.rewrite_one(&mut next, &chosen, |cell| cluster.change(cell).finish(job.template, phase));
    job.track(&mut next, job.get(job.own.tracked).minus_or_zero(1));
    let fails = if job.batch.fails { job.failures(&job.batch.failures.own, false) } else { Vec::new() };
    let ends = job.successes().into_iter().chain(fails).collect();
    let what = if phase == Phase::Starting { "pod that starts ends" } else { "pod ends" };
    let (outcome, (may, told)) = choose(cluster, job, &mut next, ends);
    let inputs = [node].into_iter().chain(outcome).collect();
    let draft = ActionDraft::new(job.name(what), ActionKind::Periodic, guard, next).choosing(inputs, valid & may);
    let kind = PodKind::from(&cluster.templates[job.template.0]);
    let name = job.object.key.to_string();
    let tell = move |scene: &Scene<'_>| {
        let text = format!("of {name} on {} {}", scene.moved_names(), told.text(scene));
        Sentence::new("a pod", text).done(Deed::PodEnds { pod: scene.pod_of(&kind), succeeds: told.succeeds(scene) })
    };
    cluster.act(&RULE, draft, Box::new(tell));
}

/// Pods that others have deleted are counted, one by one.
fn add_lost<'c>(cluster: &Cluster<'c>, job: &Job<'_, 'c>) {
    let mut next = job.state.clone();
    job.track(&mut next, job.get(job.own.tracked).minus_or_zero(1));
    let counted = [Outcome::Count].into_iter().collect();
    let ends = job.failures(&counted, true);
    let (outcome, (may, told)) = choose(cluster, job, &mut next, ends);
    let guard = job.live & job.lost.ge(1);
    let draft = ActionDraft::new(job.name("counts"), event(), guard, next).choosing(Vec::from_iter(outcome), may);
    cluster.act(&RULE, draft, about(job, "finds that a pod was deleted, which", told));
}

/// Pods that are being deleted end, and count for what they end with.
fn add_terminations<'c>(cluster: &Cluster<'c>, job: &Job<'_, 'c>) {
    let ctx = cluster.ctx();
    let here = |cell: &Cell<'c>| {
        cell.exists & !cluster.is_down(cell) & cluster.pods(cell, job.template, Phase::Terminating).ge(1)
    };
    let cells: Vec<Bool<'c>> = cluster.cells(&job.state).iter().map(here).collect();
    let guard = ctx.any(cells.iter().copied());
    if guard.constant() == Some(false) {
        return;
    }
    let (node, chosen, valid) = cluster.choose_cell("node", &cells);
    let mut next = job.state.clone();
    cluster.rewrite_one(&mut next, &chosen, |cell| cluster.change(cell).end(job.template));
    let counts = job.successes().into_iter().chain(job.failures(&job.batch.failures.disrupted, true));
    let counts = counts.map(|(end, may)| (end, job.live & may));
    // What the controller deletes itself is none of its failures.
    let ends = counts.chain([(End::Nothing, !job.live | ctx.bool(job.withdraws(cluster)))]).collect();
    let (outcome, (may, told)) = choose(cluster, job, &mut next, ends);
    let inputs = [node].into_iter().chain(outcome).collect();
    let kind = ActionKind::Event { rank: ranks::TERMINATION };
    let draft = ActionDraft::new(job.name("pod terminates"), kind, guard, next).choosing(inputs, valid & may);
    let name = job.object.key.to_string();
    let tell = move |scene: &Scene<'_>| {
        let text = format!("finishes terminating a pod of {name} on {}, which", scene.moved_names());
        Sentence::new("kubelet", format!("{text} {}", told.text(scene)))
    };
    cluster.act(&RULE, draft, Box::new(tell));
}

/// The Job of a pod that waits for a node exceeds its deadline.
fn add_withdrawn<'c>(cluster: &Cluster<'c>, job: &Job<'_, 'c>) {
    let (ctx, pending) = (cluster.ctx(), cluster.pending[job.template.0]);
    let waiting = job.state.get(pending);
    let mut next = job.state.clone();
    next.set(pending, waiting.minus_or_zero(1));
    job.track(&mut next, job.get(job.own.tracked).minus_or_zero(1));
    let ends = vec![(End::Fatal, ctx.bool(true)), (End::Stay, job.may_stay())];
    let (outcome, (may, told)) = choose(cluster, job, &mut next, ends);
    let guard = job.live & waiting.ge(1);
    let draft = ActionDraft::new(job.name("exceeds a deadline"), ActionKind::Periodic, guard, next)
        .choosing(Vec::from_iter(outcome), may);
    cluster.act(&RULE, draft, about(job, "deletes a pod that waited until the deadline of its Job, which", told));
}

fn about<'c>(job: &Job<'_, 'c>, what: &'static str, told: Told) -> Narrator {
    let actor = job.actor();
    Box::new(move |scene: &Scene<'_>| Sentence::new(actor.clone(), format!("{what} {}", told.text(scene))))
}

/// Which end it is, in words.
struct Told(Vec<(crate::term::TermId, End)>);

impl Told {
    fn end(&self, scene: &Scene<'_>) -> Option<End> {
        let chosen = self.0.iter().find(|(chosen, _)| scene.holds(*chosen));
        chosen.map(|(_, end)| *end)
    }

    /// Whether the pod ends with success. Where another pod takes its place, nothing says how it ended.
    fn succeeds(&self, scene: &Scene<'_>) -> bool {
        matches!(self.end(scene), Some(End::Success | End::Policy))
    }

    fn text(&self, scene: &Scene<'_>) -> &'static str {
        match self.end(scene) {
            Some(End::Success) => "succeeds",
            Some(End::Policy) => "succeeds, and the success policy is met",
            Some(End::Count | End::Retry) => "fails",
            Some(End::Last) => "fails, once too often",
            Some(End::Ignore) => "fails, which its podFailurePolicy ignores",
            Some(End::Index) => "fails, and with it its index",
            Some(End::Fatal) => "fails, and with it its Job",
            Some(End::Stay) => "ends, and another one takes its place",
            Some(End::Nothing) | None => "counts for nothing",
        }
    }
}

/// Lets one of some ends come about in a state, each where it may.
fn choose<'c>(
    cluster: &Cluster<'c>,
    job: &Job<'_, 'c>,
    next: &mut State<'c>,
    ends: Vec<(End, Bool<'c>)>,
) -> (Option<VarId>, (Bool<'c>, Told)) {
    let ctx = cluster.ctx();
    let ends: Vec<(End, Bool<'c>)> = ends.into_iter().filter(|(_, may)| may.constant() != Some(false)).collect();
    let before = next.clone();
    let after = |end: End| {
        let mut after = before.clone();
        job.apply(&mut after, end);
        after
    };
    if let [(end, may)] = ends[..] {
        *next = after(end);
        return (None, (may, Told(vec![(ctx.bool(true).id(), end)])));
    }
    let (var, choice) = cluster.input("outcome", 0, (ends.len() as i64 - 1).max(0));
    let (mut valid, mut told) = (Vec::new(), Vec::new());
    for (position, &(end, may)) in ends.iter().enumerate() {
        let chosen = choice.eq(position as i64);
        next.replace_if(chosen, &after(end));
        valid.push(chosen & may);
        told.push((chosen.id(), end));
    }
    (Some(var), (ctx.any(valid), Told(told)))
}

impl<'c> Job<'_, 'c> {
    /// What a success may come to.
    fn successes(&self) -> Vec<(End, Bool<'c>)> {
        let ctx = self.active.ctx();
        if self.own.wanted.is_some() {
            return vec![(End::Success, ctx.bool(true)), (End::Stay, self.may_stay())];
        }
        let after = self.get(self.own.succeeded) + 1;
        let may_meet = |rule: &Success| if rule.among.is_some() { after.ge(rule.count) } else { ctx.bool(false) };
        let policy = ctx.any(self.batch.success.iter().map(may_meet));
        vec![(End::Success, ctx.bool(true)), (End::Policy, policy)]
    }

    /// What a failure of some outcomes may come to: of a pod that others deleted, or of one by itself.
    fn failures(&self, outcomes: &BTreeSet<Outcome>, is_lost: bool) -> Vec<(End, Bool<'c>)> {
        let ctx = self.active.ctx();
        if self.own.wanted.is_some() {
            let retries = self.batch.backoff_limit != Some(0) || outcomes.contains(&Outcome::Ignore);
            return vec![(End::Retry, ctx.bool(retries)), (End::Fatal, ctx.bool(true)), (End::Stay, self.may_stay())];
        }
        let of = |outcome: &Outcome| match (outcome, self.batch.per_index) {
            (Outcome::Ignore, _) => vec![(End::Ignore, ctx.bool(true))],
            (Outcome::FailJob, _) => vec![(End::Fatal, ctx.bool(true))],
            (Outcome::FailIndex, Some(_)) => vec![(End::Index, self.has_open_index())],
            (Outcome::Count, Some(each)) => self.of_index(each.limit, is_lost),
            (Outcome::Count | Outcome::FailIndex, None) => self.of_job(is_lost),
        };
        outcomes.iter().flat_map(of).collect()
    }

    /// A failure that counts against the limit of the Job. Only those of pods that others delete are counted, so any may be the
    /// last one, where others may have failed by themselves.
    fn of_job(&self, is_lost: bool) -> Vec<(End, Bool<'c>)> {
        let ctx = self.active.ctx();
        let (limit, failed) = (self.batch.backoff_limit, self.get(self.own.failed));
        let goes_on = limit.map_or(ctx.bool(true), |limit| (failed + 1).le(limit));
        let uncounted = limit.is_some_and(|limit| limit >= 1) && self.batch.fails;
        match is_lost {
            true => vec![(End::Count, ctx.bool(true)), (End::Last, ctx.bool(uncounted))],
            false => vec![(End::Retry, goes_on), (End::Last, ctx.bool(limit.is_some()))],
        }
    }

    /// A failure of an index, which fails with it or not. Of all indexes, no more pods can be lost than their limits allow.
    fn of_index(&self, limit: i64, is_lost: bool) -> Vec<(End, Bool<'c>)> {
        let ctx = self.active.ctx();
        let (lost, failed) = (self.get(self.own.failed) + 1, self.get(self.own.failed_indexes));
        let most = self.batch.completions.unwrap_or(0).saturating_mul(limit);
        let (end, stays) = match is_lost {
            true => (End::Count, lost.le(failed + most) & ctx.bool(limit >= 1)),
            false => (End::Retry, ctx.bool(limit >= 1)),
        };
        let last = ctx.bool(self.batch.backoff_limit.is_some());
        vec![(End::Index, self.has_open_index()), (end, stays), (End::Last, last)]
    }

    fn has_open_index(&self) -> Bool<'c> {
        self.open_indexes().map_or(self.active.ctx().bool(false), |open| open.ge(1))
    }

    /// Whether Jobs of a CronJob may want as many pods as before when one has ended: more than are counted, or more to come.
    fn may_stay(&self) -> Bool<'c> {
        let ctx = self.active.ctx();
        let Some(wanted) = self.own.wanted else { return ctx.bool(false) };
        let now = self.state.get(wanted);
        let more_to_come = self.batch.completions.is_some_and(|completions| completions > self.one);
        ctx.bool(more_to_come) | (ctx.bool(self.saturates) & now.ge(now.range().hi))
    }

    /// Whether pods that are being deleted may be those that the controller deletes itself.
    fn withdraws(&self, cluster: &Cluster<'c>) -> bool {
        let key = &self.object.key;
        self.batch.done.withdraws
            || self.batch.suspended
            || self.own.wanted.is_some()
            || cluster.spec.scenario.commands.iter().any(|it| it.action.target() == Some(key))
    }

    /// What an end of a pod changes in what is counted.
    fn apply(&self, next: &mut State<'c>, end: End) {
        let ctx = self.active.ctx();
        let mut count = |var: Option<crate::system::IntVar>, by: i64| {
            if let Some(var) = var {
                let now = self.state.get(var);
                next.set(var, (now + by).clamp(0, now.range().hi));
            }
        };
        match end {
            End::Success => {
                count(self.own.succeeded, 1);
                count(self.own.wanted, -1);
            }
            End::Count => count(self.own.failed, 1),
            End::Index => count(self.own.failed_indexes, 1),
            End::Fatal => count(self.own.wanted, -1),
            End::Policy | End::Retry | End::Ignore | End::Last | End::Stay | End::Nothing => {}
        }
        let backs_off = match end {
            End::Count | End::Retry | End::Ignore => Some(true),
            End::Success => Some(false),
            _ => None,
        };
        if let (Some(flag), Some(backs_off)) = (self.own.backing_off, backs_off) {
            next.set_bool(flag, ctx.bool(backs_off));
        }
        if self.own.over.is_some() && matches!(end, End::Policy | End::Last | End::Fatal) {
            self.end(next);
        }
    }
}
