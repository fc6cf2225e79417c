//! Jobs and CronJobs, with their pods.
//!
//! A Job that is over is left out, and so is one that another controller manages. Jobs of a CronJob are part of it. What a Job has
//! counted is in its status; pods that have ended and still have its finalizer are not counted there yet.

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::{CronJob, Job, JobSpec};
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec, ResourceQuota};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::cluster::counting::jobs;
use crate::cluster::object::batch::{self, Batch, Concurrency, Done, Schedule, TRACKING_FINALIZER};
use crate::cluster::object::spec::{ClusterSpec, ExistingPod, ObjectKey, Revision, Workload, WorkloadKind};

use super::diagnostics::Diagnostics;
use super::key_of;
use super::object::Located;
use super::owner::{controller, existing, workload};
use super::templates::{self, Priorities};

/// Labels that the controller gives to pods of a Job.
const NAME_LABELS: [&str; 2] = ["batch.kubernetes.io/job-name", "job-name"];

/// Attaches pods to Jobs.
pub struct Jobs<'a> {
    crons: &'a [Located<CronJob>],
    jobs: Vec<Known<'a>>,
    /// Jobs that are over.
    over: usize,
}

/// A Job that is not over, and its pods.
struct Known<'a> {
    object: &'a Located<Job>,
    key: ObjectKey,
    /// The position of its CronJob.
    cron: Option<usize>,
    batch: Batch,
    pods: Vec<ExistingPod>,
}

impl<'a> Jobs<'a> {
    /// Those that are given, without pods.
    pub fn new(jobs: &'a [Located<Job>], crons: &'a [Located<CronJob>]) -> Self {
        let known = |object: &'a Located<Job>| {
            let key = key_of(&object.value.metadata);
            let owner = owner_of(&object.value.metadata, "CronJob");
            let cron = owner.and_then(|owner| crons.iter().position(|it| key_of(&it.value.metadata) == owner));
            Known { object, key, cron, batch: batch_of(&object.value), pods: Vec::new() }
        };
        let (over, open): (Vec<_>, Vec<_>) = jobs.iter().partition(|job| is_over(&job.value));
        Jobs { crons, jobs: open.into_iter().map(known).collect(), over: over.len() }
    }

    fn owner_of(&mut self, pod: &Pod) -> Option<&mut Known<'a>> {
        let owner = owner_of(&pod.metadata, "Job")?;
        self.jobs.iter_mut().find(|job| job.key == owner)
    }

    /// Gives a pod to its Job, if that is here and not over.
    pub fn attach(&mut self, pod: &Located<Pod>) -> bool {
        let Some(job) = self.owner_of(&pod.value) else { return false };
        let (leaving, read) = (pod.value.metadata.deletion_timestamp.is_some(), existing(&pod.value));
        if leaving {
            let is_tracked = is_tracked(&pod.value, &job.object.value);
            job.batch.done.lost += i64::from(is_tracked && !job.batch.waits_for_end);
            job.batch.done.withdraws |= !is_tracked;
        }
        // Without a node there is nothing to wait for: it is gone already.
        if !leaving || read.node.is_some() {
            job.pods.push(ExistingPod { leaving, ..read });
        }
        true
    }

    /// Counts a pod that has ended, if its Job has not.
    pub fn count(&mut self, pod: &Pod) {
        let Some(job) = self.owner_of(pod).filter(|job| is_tracked(pod, &job.object.value)) else { return };
        match pod.status.as_ref().and_then(|status| status.phase.as_deref()) {
            Some("Succeeded") => job.batch.done.succeeded += 1,
            _ => job.batch.done.failed += 1,
        }
    }

    /// All Jobs that are not over, then all CronJobs, as workloads; names need not be unique.
    pub fn finish(self, priorities: &Priorities, sink: &mut Diagnostics) -> Vec<Workload> {
        if self.over > 0 {
            sink.note(format!("{} Jobs that are over are left out", self.over));
        }
        let crons = self.crons;
        let (own, alone): (Vec<Known<'_>>, Vec<Known<'_>>) = self.jobs.into_iter().partition(|job| job.cron.is_some());
        let mut by_cron: BTreeMap<usize, Vec<Known<'_>>> = BTreeMap::new();
        for job in own {
            by_cron.entry(job.cron.unwrap_or_default()).or_default().push(job);
        }
        let alone = alone.into_iter().map(|job| build_job(job, priorities));
        let crons = crons.iter().enumerate();
        let crons = crons.map(|(at, cron)| build_cron(cron, by_cron.remove(&at).unwrap_or_default(), priorities));
        alone.chain(crons).collect()
    }
}

/// Limits what cannot be looked at of Jobs, and says what is left out by that.
pub fn limit(cluster: &mut ClusterSpec) {
    if jobs::limit(cluster) {
        cluster.absent.insert(format!("more than {} Jobs of a CronJob at a time", jobs::SIDE_BY_SIDE));
    }
    let counts_finished = |quota: &ResourceQuota| {
        let hard = quota.spec.as_ref().and_then(|spec| spec.hard.as_ref());
        hard.is_some_and(|hard| hard.contains_key("count/pods"))
    };
    let quotas = cluster.quotas.iter().filter(|quota| counts_finished(quota));
    let mut namespaces = quotas.map(|quota| quota.metadata.namespace.as_deref().unwrap_or("default"));
    let has_jobs = |name: &str| cluster.workloads.iter().any(|it| it.kind.is_batch() && it.key.namespace == name);
    if namespaces.any(has_jobs) {
        cluster.absent.insert("ResourceQuota of finished pods".to_owned());
    }
}

/// A Job that has no pods yet.
pub fn new_job(object: &Located<Job>, priorities: &Priorities) -> Workload {
    let (key, batch) = (key_of(&object.value.metadata), batch_of(&object.value));
    build_job(Known { object, key, cron: None, batch, pods: Vec::new() }, priorities)
}

/// A CronJob that has no Jobs yet.
pub fn new_cron_job(object: &Located<CronJob>, priorities: &Priorities) -> Workload {
    build_cron(object, Vec::new(), priorities)
}

/// Whether a Job is complete or has failed.
fn is_over(job: &Job) -> bool {
    has_condition(job, &["Complete", "Failed"])
}

/// Whether it has one of some conditions.
fn has_condition(job: &Job, types: &[&str]) -> bool {
    let conditions = job.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.into_iter().flatten().any(|it| types.contains(&it.type_.as_str()) && it.status == "True")
}

/// The object of a kind that controls another one.
fn owner_of(metadata: &ObjectMeta, kind: &str) -> Option<ObjectKey> {
    let owner = controller(metadata).filter(|owner| owner.kind == kind)?;
    Some(ObjectKey { namespace: metadata.namespace.clone().unwrap_or_default(), name: owner.name.clone() })
}

/// Whether a pod has the finalizer of its Job, which has not begun to count it.
fn is_tracked(pod: &Pod, job: &Job) -> bool {
    let uid = pod.metadata.uid.as_deref().unwrap_or_default();
    let status = job.status.as_ref().and_then(|status| status.uncounted_terminated_pods.as_ref());
    let begun = status.into_iter().flat_map(|it| it.succeeded.iter().chain(&it.failed)).flatten();
    pod.metadata.finalizers.iter().flatten().any(|it| it == TRACKING_FINALIZER)
        && !begun.into_iter().any(|it| it == uid)
}

/// What a Job says, and what it has counted.
fn batch_of(job: &Job) -> Batch {
    let spec = job.spec.clone().unwrap_or_default();
    let status = job.status.clone().unwrap_or_default();
    let uncounted = status.uncounted_terminated_pods.unwrap_or_default();
    let begun = |pods: Option<Vec<String>>| pods.map_or(0, |pods| pods.len() as i64);
    let indexed = spec.completion_mode.as_deref() == Some("Indexed");
    let succeeded = match status.completed_indexes.as_deref().filter(|_| indexed) {
        Some(indexes) => batch::count_indexes(indexes),
        None => i64::from(status.succeeded.unwrap_or(0)) + begun(uncounted.succeeded),
    };
    let done = Done {
        succeeded,
        failed: i64::from(status.failed.unwrap_or(0)) + begun(uncounted.failed),
        is_ending: has_condition(job, &["SuccessCriteriaMet", "FailureTarget"]),
        failed_indexes: status.failed_indexes.as_deref().map_or(0, batch::count_indexes),
        ..Done::default()
    };
    Batch { done, ..Batch::of(&spec) }
}

fn parallelism(spec: &JobSpec) -> i64 {
    i64::from(spec.parallelism.unwrap_or(1))
}

fn build_job(job: Known<'_>, priorities: &Priorities) -> Workload {
    let Known { object, key, batch, pods, .. } = job;
    let spec = object.value.spec.clone().unwrap_or_default();
    let replicas = parallelism(&spec);
    let mut template = completed(spec.template, priorities);
    let labels = template.metadata.get_or_insert_default().labels.get_or_insert_default();
    for label in NAME_LABELS {
        labels.entry(label.to_owned()).or_insert_with(|| key.name.clone());
    }
    let revision = Revision { name: key.name.clone(), template, pods, ..Revision::default() };
    let mut workload = workload(WorkloadKind::Job, "Job", key, revision, object.origin());
    workload.labels = object.value.metadata.labels.clone().unwrap_or_default();
    workload.replicas = replicas;
    workload.replicas_given = spec.parallelism.is_some();
    workload.batch = Some(batch);
    workload
}

fn build_cron(object: &Located<CronJob>, jobs: Vec<Known<'_>>, priorities: &Priorities) -> Workload {
    let key = key_of(&object.value.metadata);
    let spec = object.value.spec.clone().unwrap_or_default();
    let job = spec.job_template.spec.unwrap_or_default();
    let concurrency = match spec.concurrency_policy.as_deref() {
        Some("Forbid") => Concurrency::Forbid,
        Some("Replace") => Concurrency::Replace,
        _ => Concurrency::Allow,
    };
    let schedule = Schedule { concurrency, suspended: spec.suspend.unwrap_or(false), overlap: Some(1) };
    let mut batch = Batch { schedule: Some(schedule), ..Batch::of(&job) };
    // A Job that is made suspended wants no pods until somebody resumes it.
    let replicas = if batch.suspended { 0 } else { parallelism(&job) };
    let mut pods = Vec::new();
    for known in jobs {
        batch.done.wanted += wanted(&known);
        batch.done.lost += known.batch.done.lost;
        batch.done.withdraws |= known.batch.done.withdraws;
        pods.extend(known.pods);
    }
    let template = completed(job.template, priorities);
    let revision = Revision { name: key.name.clone(), template, pods, ..Revision::default() };
    let mut workload = workload(WorkloadKind::CronJob, "CronJob", key, revision, object.origin());
    workload.labels = object.value.metadata.labels.clone().unwrap_or_default();
    workload.replicas = replicas;
    workload.batch = Some(batch);
    workload
}

/// How many pods a Job of a CronJob wants.
fn wanted(job: &Known<'_>) -> i64 {
    let active = job.pods.iter().filter(|pod| !pod.leaving).count() as i64;
    let parallelism = job.object.value.spec.as_ref().map_or(1, parallelism);
    let left = match job.batch.completions {
        Some(completions) => parallelism.min(completions - job.batch.done.succeeded),
        None if job.batch.done.succeeded > 0 => 0,
        None => parallelism,
    };
    let left = if job.batch.suspended || job.batch.done.is_ending { 0 } else { left };
    left.max(active + job.batch.done.lost)
}

fn completed(mut template: PodTemplateSpec, priorities: &Priorities) -> PodTemplateSpec {
    templates::complete(&mut template, priorities);
    template
}
