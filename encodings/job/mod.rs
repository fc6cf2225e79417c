//! Job and CronJob controllers.
//!
//! Part of the rules `job/pods`, `job/outcome`, `job/finish` and `cronjob/schedule`.
//!
//! Pods of a Job are counted, whichever index they have, and so are those that have ended; a Job that is over keeps no counts.
//! What the controllers do is written in the files below:
//!
//! * [`pods`]: missing pods are made, those that are too many or of a suspended Job are deleted;
//! * [`outcome`]: pods end by themselves, or are lost, and what that counts for;
//! * [`finish`]: a Job is complete, or fails, and its pods go;
//! * [`schedule`]: a CronJob makes Jobs, whose pods are counted together: all that is kept of its Jobs is how many pods they want.

pub mod finish;
pub mod outcome;
pub mod pods;
pub mod schedule;

use crate::cluster::TemplateId;
use crate::cluster::object::batch::Batch;
use crate::cluster::object::command::CommandAction;
use crate::cluster::object::spec::Workload;
use crate::cluster::view::rule::Rule;
use crate::cluster::view::{Cluster, Declaring, Leaving, WorkloadVars};
use crate::cluster::{Cell, Phase};
use crate::system::{ActionKind, BoolVar, IntVar, State};
use crate::term::{Bool, Int};

use super::ranks;

/// The rules of the controllers.
pub static RULES: &[&Rule] = &[&pods::RULE, &outcome::RULE, &finish::RULE, &schedule::RULE];

/// State variables of one Job or CronJob.
#[derive(Clone, Debug, Default)]
pub struct JobVars {
    /// Of a CronJob: how many pods its Jobs want.
    wanted: Option<IntVar>,
    /// Of a Job: whether it is complete or has failed.
    over: Option<BoolVar>,
    /// Of a Job: how many pods, or indexes, have succeeded.
    succeeded: Option<IntVar>,
    /// How many pods that others deleted have failed, where that is limited.
    failed: Option<IntVar>,
    /// How many indexes have failed, where each has a limit.
    failed_indexes: Option<IntVar>,
    /// How many pods the controller takes for active: those that others have deleted meanwhile are lost.
    tracked: Option<IntVar>,
    /// Whether a pod has failed and is to be replaced after a while.
    backing_off: Option<BoolVar>,
    /// `spec.suspend`, where a command changes it.
    pub(super) suspended: Option<BoolVar>,
}

/// By position of the workload; `None` of other kinds.
pub struct BatchVars(Vec<Option<JobVars>>);

impl BatchVars {
    /// The variables of a workload.
    pub fn of(&self, workload: usize) -> Option<&JobVars> {
        self.0.get(workload)?.as_ref()
    }
}

/// Declares what the controllers count.
pub fn declare(cluster: &mut Declaring<'_>) -> BatchVars {
    let workloads = cluster.spec.workloads.iter().enumerate();
    let declare = |(index, object): (usize, &Workload)| {
        let vars = cluster.workloads[index].as_ref()?;
        Some(vars_of(cluster, (index, object), object.batch.as_ref()?, vars))
    };
    BatchVars(workloads.map(declare).collect())
}

fn vars_of(
    cluster: &Declaring<'_>,
    (index, object): (usize, &Workload),
    batch: &Batch,
    vars: &WorkloadVars,
) -> JobVars {
    let (name, done, spec) = (&object.key, &batch.done, cluster.spec);
    let int = |what: &str, most: i64, start: i64| cluster.int(format!("{name} {what}"), 0, most, Some(start.min(most)));
    let is_scheduled = batch.schedule.is_some();
    let pods = || object.revisions.iter().flat_map(|it| &it.pods);
    let may_lose = spec.pods_may_be_taken() || done.lost > 0 || pods().any(|pod| pod.leaving);
    let may_fail = batch.fails || may_lose;
    let tracks = !batch.waits_for_end && may_lose;
    let active = pods().filter(|pod| !pod.leaving).count() as i64;
    let commanded = spec.scenario.commands.iter().any(|it| is_suspension(&it.action, object));
    let is_suspended = batch.schedule.map_or(batch.suspended, |schedule| schedule.suspended);
    let most_failures = batch.most_failures().filter(|_| (may_lose || done.failed > 0) && !is_scheduled);
    let most = vars.templates.first().map_or(0, |id| cluster.templates[id.0].max_pods);
    JobVars {
        wanted: is_scheduled.then(|| int("wanted", spec.most_wanted(index, batch), done.wanted)),
        over: (!is_scheduled).then(|| cluster.bool(format!("{name} over"), Some(done.is_ending))),
        succeeded: (!is_scheduled).then(|| int("succeeded", batch.completions.unwrap_or(1), done.succeeded)),
        failed: most_failures.map(|most| int("failed", most, done.failed)),
        failed_indexes: batch
            .per_index
            .filter(|_| may_fail && !is_scheduled)
            .map(|_| int("failed indexes", batch.completions.unwrap_or(0), done.failed_indexes)),
        tracked: tracks.then(|| int("tracked", most + done.lost, active + done.lost)),
        backing_off: may_fail.then(|| cluster.bool(format!("{name} backing off"), Some(false))),
        suspended: commanded.then(|| cluster.bool(format!("{name} suspended"), Some(is_suspended))),
    }
}

fn is_suspension(action: &CommandAction, object: &Workload) -> bool {
    matches!(action, CommandAction::Adjust { target, suspended: Some(_), .. } if *target == object.key)
}

/// Whether the end of pods that are being deleted is the Job controller's business, and not only the kubelet's.
pub fn awaits_the_end(cluster: &Cluster<'_>, template: TemplateId) -> bool {
    let object = &cluster.spec.workloads[cluster.templates[template.0].workload];
    object.batch.as_ref().is_some_and(|batch| batch.waits_for_end) && cluster.spec.scenario.controllers.job
}

/// A Job, or a CronJob with its Jobs, in a state, as its controller sees it.
pub struct Job<'s, 'c> {
    /// Position of the workload.
    index: usize,
    object: &'c Workload,
    batch: &'c Batch,
    vars: &'s WorkloadVars,
    own: &'s JobVars,
    template: TemplateId,
    state: State<'c>,
    /// Whether it exists and is not over.
    live: Bool<'c>,
    suspended: Bool<'c>,
    /// Pods that are not being deleted, with and without a node.
    active: Int<'c>,
    /// Pods that are being deleted, where they are waited for.
    leaving: Int<'c>,
    /// Pods that others have deleted and that are not counted yet.
    lost: Int<'c>,
    /// Whether there may be more pods of a CronJob than are counted.
    saturates: bool,
    /// Pods that one Job wants at a time, at most.
    one: i64,
}

/// Adds the actions of every Job and CronJob.
pub fn add(cluster: &Cluster<'_>, vars: &BatchVars) {
    for (index, object, workload) in cluster.owners() {
        if cluster.is_stopped() {
            return;
        }
        let (Some(batch), Some(own)) = (&object.batch, vars.of(index)) else { continue };
        let Some(job) = Job::of(cluster, (index, object, batch), workload, own) else { continue };
        finish::add(cluster, &job);
        outcome::add(cluster, &job);
        pods::add(cluster, &job);
        schedule::add(cluster, &job);
    }
}

impl<'s, 'c> Job<'s, 'c> {
    fn of(
        cluster: &Cluster<'c>,
        (index, object, batch): (usize, &'c Workload, &'c Batch),
        vars: &'s WorkloadVars,
        own: &'s JobVars,
    ) -> Option<Self> {
        let (ctx, state, template) = (cluster.ctx(), cluster.state(), *vars.templates.first()?);
        let over = own.over.map_or(ctx.bool(false), |var| state.is(var));
        let active = cluster.active(&state, template);
        let leaving = match batch.waits_for_end {
            true => cluster.sum(&state, |cell| cluster.pods(cell, template, Phase::Terminating)),
            false => ctx.int(0),
        };
        let given = batch.schedule.map_or(batch.suspended, |schedule| schedule.suspended);
        Some(Job {
            live: cluster.exists(&state, vars) & !over,
            suspended: own.suspended.map_or(ctx.bool(given), |var| state.is(var)),
            lost: own.tracked.map_or(ctx.int(0), |var| state.get(var).minus_or_zero(active)),
            saturates: cluster.spec.is_saturated(index, batch),
            one: cluster.spec.most_of_one(index, batch),
            index,
            object,
            batch,
            vars,
            own,
            template,
            active,
            leaving,
            state,
        })
    }

    fn actor(&self) -> String {
        format!("{} {}", self.object.owner_kind, self.object.key)
    }

    /// The name of an action of it.
    fn name(&self, what: &str) -> String {
        format!("{} {} {what}", self.object.owner_kind.to_lowercase(), self.object.key)
    }

    fn get(&self, var: Option<IntVar>) -> Int<'c> {
        var.map_or(self.active.ctx().int(0), |var| self.state.get(var))
    }

    fn is(&self, var: Option<BoolVar>) -> Bool<'c> {
        var.map_or(self.active.ctx().bool(false), |var| self.state.is(var))
    }

    /// How many pods are wanted at a time.
    fn wanted(&self) -> Int<'c> {
        if let Some(wanted) = self.own.wanted {
            return self.state.get(wanted);
        }
        let (parallelism, succeeded) = (self.state.get(self.vars.replicas), self.get(self.own.succeeded));
        match self.batch.completions {
            Some(completions) => {
                let left = succeeded.ctx().int(completions).minus_or_zero(succeeded);
                parallelism.min(left)
            }
            // After the first success those that run go on, and none is made.
            None => succeeded.ge(1).ite(self.active, parallelism),
        }
    }

    /// Indexes of which no pod has succeeded, and that have not failed; all pods that may be needed where there are none.
    fn open_indexes(&self) -> Option<Int<'c>> {
        let completions = self.batch.per_index.and(self.batch.completions)?;
        let done = self.get(self.own.succeeded) + self.get(self.own.failed_indexes);
        Some(done.ctx().int(completions).minus_or_zero(done))
    }

    /// Writes down how many pods the controller takes for active.
    fn track(&self, next: &mut State<'c>, active: Int<'c>) {
        if let Some(tracked) = self.own.tracked {
            next.set(tracked, active.min(tracked_most(self, tracked)));
        }
    }

    /// The Job is over: it keeps no counts.
    fn end(&self, next: &mut State<'c>) {
        let ctx = self.active.ctx();
        if let Some(over) = self.own.over {
            next.set_bool(over, ctx.bool(true));
        }
        self.forget(next);
    }

    /// Forgets all counts.
    fn forget(&self, next: &mut State<'c>) {
        let ctx = self.active.ctx();
        let JobVars { wanted, succeeded, failed, failed_indexes, tracked, backing_off, .. } = self.own;
        let counts = [wanted, succeeded, failed, failed_indexes, tracked].into_iter().flatten();
        counts.for_each(|&count| next.set(count, ctx.int(0)));
        backing_off.iter().for_each(|&flag| next.set_bool(flag, ctx.bool(false)));
    }
}

/// The largest number that is tracked.
fn tracked_most<'c>(job: &Job<'_, 'c>, tracked: IntVar) -> i64 {
    job.state.get(tracked).range().hi
}

fn event() -> ActionKind {
    ActionKind::Event { rank: ranks::JOB }
}

/// Deletes all its pods: those that wait for a node are gone, the others terminate.
fn delete_all<'c>(cluster: &Cluster<'c>, job: &Job<'_, 'c>, next: &mut State<'c>) {
    next.set(cluster.pending[job.template.0], cluster.ctx().int(0));
    cluster.rewrite_all(next, |cell: &Cell<'c>| {
        cluster.change(cell).delete(job.template, cluster.active_on(cell, job.template), Leaving::Deleted)
    });
}
