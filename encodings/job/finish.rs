//! When a Job is over, and what becomes of its pods then.

use crate::cluster::object::batch::Success;
use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Scene, Sentence};
use crate::system::{ActionDraft, ActionKind};
use crate::term::{Bool, TermId};

use super::{Job, delete_all, event};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "job/finish",
    component: Job,
    upstream: [
        "pkg/controller/job/job_controller.go" => [
            "syncJob", "pastBackoffLimitOnFailure", "pastActiveDeadline", "deleteActivePods",
        ],
        "pkg/controller/job/success_policy.go" => ["matchSuccessPolicy"],
    ],
    decides: "When a Job is complete or has failed. Its pods are deleted then, and it makes no more.",
    parts: [
        "completions; one success and no active pod where there are none; `maxFailedIndexes`, failed indexes" =>
            "exact; complete and failed are one",
        "`backoffLimit`" => "as far as failures are counted (`job/outcome`)",
        "`successPolicy` by numbers" => "exact; by indexes over: any of them may be those that have succeeded",
        "`activeDeadlineSeconds`" => "over: at any time, or never",
        "containers of `restartPolicy: OnFailure` that restart too often" => "over: at any time while a pod runs, or never",
    ],
    omits: [
        "`ttlSecondsAfterFinished`" => "a Job that is over does nothing any more",
        "finished pods" => "they hold no room; where a quota of `count/pods`, which counts them, is there, verdicts say so",
        "Jobs that are created again before the pods of their predecessor are gone, in `async` runs",
        "Jobs of other controllers (`managedBy`)" => "their pods stay; verdicts say so",
    ],
};

/// Adds the actions.
pub fn add<'c>(cluster: &Cluster<'c>, job: &Job<'_, 'c>) {
    if job.own.over.is_some() {
        add_end(cluster, job);
        add_deadlines(cluster, job);
    }
    add_collection(cluster, job);
}

/// Whether it has what it is for.
fn is_complete<'c>(job: &Job<'_, 'c>) -> Bool<'c> {
    let succeeded = job.get(job.own.succeeded);
    let by_policy = job.batch.success.iter().map(|rule| succeeded.ge(surely(job, rule)));
    let by_policy = succeeded.ctx().any(by_policy);
    let all = match job.batch.completions {
        Some(completions) => succeeded.ge(completions),
        None => succeeded.ge(1) & job.active.eq(0),
    };
    all | by_policy
}

/// So many successes surely meet a rule of the success policy, whichever indexes they are.
fn surely(job: &Job<'_, '_>, rule: &Success) -> i64 {
    let all = job.batch.completions.unwrap_or(1);
    rule.count + rule.among.map_or(0, |among| (all - among).max(0))
}

/// Whether too much of it has failed.
pub fn has_failed<'c>(job: &Job<'_, 'c>) -> Bool<'c> {
    let ctx = job.active.ctx();
    let beyond = |limit: Option<i64>, count| limit.map_or(ctx.bool(false), |limit| job.get(count).gt(limit));
    let (failed, indexes) = (job.get(job.own.failed_indexes), job.batch.per_index);
    let all = job.get(job.own.succeeded) + failed;
    let by_index = indexes.and(job.batch.completions).map(|completions| failed.ge(1) & all.ge(completions));
    beyond(job.batch.backoff_limit, job.own.failed)
        | beyond(indexes.and_then(|it| it.most_failed), job.own.failed_indexes)
        | by_index.unwrap_or(ctx.bool(false))
}

/// Whether it is over as soon as its controller looks.
pub fn is_due<'c>(job: &Job<'_, 'c>) -> Bool<'c> {
    match job.own.over {
        Some(_) => is_complete(job) | has_failed(job),
        None => job.active.ctx().bool(false),
    }
}

fn add_end<'c>(cluster: &Cluster<'c>, job: &Job<'_, 'c>) {
    let failed = has_failed(job);
    let guard = job.live & (is_complete(job) | failed);
    let mut next = job.state.clone();
    job.end(&mut next);
    let (actor, failed) = (job.actor(), failed.id());
    let tell = move |scene: &Scene<'_>| {
        let what = if scene.holds(failed) { "has failed: too many of its pods have" } else { "is complete" };
        Sentence::new(actor.clone(), what)
    };
    cluster.act(&RULE, ActionDraft::new(job.name("ends"), event(), guard, next), Box::new(tell));
}

fn add_deadlines<'c>(cluster: &Cluster<'c>, job: &Job<'_, 'c>) {
    if job.batch.has_deadline {
        let guard = job.live & !job.suspended;
        add_failure(cluster, job, "exceeds its deadline", guard, "it was active for activeDeadlineSeconds");
    }
    if job.batch.restarts && job.batch.backoff_limit.is_some() {
        let runs = job.live & cluster.bound(&job.state, job.template).ge(1);
        add_failure(cluster, job, "restarts too often", runs, "containers of its pods restarted backoffLimit times");
    }
}

fn add_failure<'c>(cluster: &Cluster<'c>, job: &Job<'_, 'c>, what: &str, guard: Bool<'c>, why: &'static str) {
    let mut next = job.state.clone();
    job.end(&mut next);
    let actor = job.actor();
    let tell = move |_: &Scene<'_>| Sentence::new(actor.clone(), "has failed").because(why);
    let draft = ActionDraft::new(job.name(what), ActionKind::Periodic, guard, next);
    cluster.act(&RULE, draft, Box::new(tell));
}

/// Pods of a Job that is over, or is not there any more, go.
fn add_collection<'c>(cluster: &Cluster<'c>, job: &Job<'_, 'c>) {
    let counts = [job.own.wanted, job.own.succeeded, job.own.failed, job.own.failed_indexes, job.own.tracked];
    let counted = cluster.ctx().any(counts.map(|count| job.get(count).ge(1))) | job.is(job.own.over);
    let gone = !cluster.exists(&job.state, job.vars);
    let guard = !job.live & (job.active.ge(1) | (gone & counted));
    if guard.constant() == Some(false) {
        return;
    }
    let mut next = job.state.clone();
    delete_all(cluster, job, &mut next);
    job.forget(&mut next);
    if let Some(over) = job.own.over {
        next.set_bool(over, !gone & job.state.is(over));
    }
    let (actor, count, gone): (String, TermId, TermId) = (job.actor(), job.active.id(), gone.id());
    let tell = move |scene: &Scene<'_>| {
        let why = if scene.holds(gone) { "it was deleted" } else { "it is over" };
        Sentence::new(actor.clone(), format!("leaves {} pod(s) to be deleted", scene.get(count))).because(why)
    };
    cluster.act(&RULE, ActionDraft::new(job.name("lets pods go"), event(), guard, next), Box::new(tell));
}
