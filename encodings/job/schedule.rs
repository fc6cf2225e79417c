//! When a CronJob makes a Job.

use crate::cluster::object::batch::Concurrency;
use crate::cluster::view::Cluster;
use crate::cluster::view::deed::Deed;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Scene, Sentence};
use crate::cluster::{Phase, TemplateId};
use crate::system::{ActionDraft, ActionKind, State};
use crate::term::{Bool, Int};

use super::{Job, delete_all};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "cronjob/schedule",
    component: Job,
    upstream: [
        "pkg/controller/cronjob/cronjob_controllerv2.go" => ["syncCronJob"],
    ],
    decides: "When a CronJob makes a Job, and what its `concurrencyPolicy` does about those that go on. Of its Jobs only the \
        number of pods that they want is kept.",
    parts: [
        "`schedule`, `startingDeadlineSeconds`, time zones" => "over: it is time for a Job at any time, or never",
        "`concurrencyPolicy`" =>
            "Forbid: no Job while pods of another one are there, exact; Replace: the pods of all others are deleted; Allow: \
                any number of Jobs, counted up to as many pods as have room and one Job more, which is exact but for how many \
                of them wait; where there is room for more than 64 pods, two Jobs: verdicts say so",
        "`suspend`" => "exact: no more Jobs, and those that are there go on",
        "Jobs of several pods" =>
            "over: which pod is of which Job is not kept, so pods of a Job that fails go one after the other, and how many \
                succeed is free where `completions` is more than `parallelism`",
        "`backoffLimit` and `podFailurePolicy` of its Jobs" =>
            "over: a pod that fails is made again, or its Job fails; without retries exact",
    ],
    omits: [
        "limits of histories" => "Jobs that are over do nothing any more",
        "missed times that are made up for",
        "templates that change" => "verdicts say so",
        "owners of pods, as the descheduler asks for them" => "all pods of a CronJob are of one Job",
    ],
};

/// Adds the action.
pub fn add<'c>(cluster: &Cluster<'c>, job: &Job<'_, 'c>) {
    let (Some(schedule), Some(wanted)) = (&job.batch.schedule, job.own.wanted) else { return };
    let ctx = cluster.ctx();
    let (now, most) = (job.state.get(wanted), cluster.spec.most_wanted(job.index, job.batch));
    let one = cluster.spec.most_of_one(job.index, job.batch);
    let mut next = job.state.clone();
    let may: Bool<'c> = match schedule.concurrency {
        Concurrency::Forbid => now.eq(0) & existing(cluster, &job.state, job.template).eq(0),
        Concurrency::Replace => ctx.bool(true),
        Concurrency::Allow if cluster.spec.is_saturated(job.index, job.batch) => ctx.bool(true),
        Concurrency::Allow => now.le(most - one),
    };
    match schedule.concurrency {
        Concurrency::Allow => next.set(wanted, (now + one).min(most)),
        Concurrency::Forbid => next.set(wanted, ctx.int(one)),
        Concurrency::Replace => {
            job.forget(&mut next);
            delete_all(cluster, job, &mut next);
            next.set(wanted, ctx.int(one));
        }
    }
    let guard = job.live & !job.suspended & may & ctx.bool(one >= 1);
    if guard.constant() == Some(false) {
        return;
    }
    let workload = job.index;
    let (actor, now, replaces) = (job.actor(), now.id(), schedule.concurrency == Concurrency::Replace);
    let tell = move |scene: &Scene<'_>| {
        let text = match scene.get(now) {
            0 => "creates a Job".to_owned(),
            _ if replaces => "replaces its Job by another one".to_owned(),
            pods => format!("creates a Job while {pods} pod(s) of others are not done"),
        };
        Sentence::new(actor.clone(), text).because("it is time").done(Deed::ScheduleComes { workload })
    };
    let draft = ActionDraft::new(job.name("is due"), ActionKind::Periodic, guard, next);
    cluster.act(&RULE, draft, Box::new(tell));
}

/// Pods that exist, those that are being deleted included: the Job is not over before they are gone.
fn existing<'c>(cluster: &Cluster<'c>, state: &State<'c>, template: TemplateId) -> Int<'c> {
    let leaving = cluster.sum(state, |cell| cluster.pods(cell, template, Phase::Terminating));
    cluster.active(state, template) + leaving
}
