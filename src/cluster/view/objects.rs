//! The objects of a cluster as encodings see them: all but its nodes, which only [`NodeView`](super::NodeView) shows.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Pod, ResourceQuota};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use crate::cluster::Template;
use crate::cluster::counting::{jobs, phases, placement, templates};
use crate::cluster::object::activation::Activation;
use crate::cluster::object::batch::Batch;
use crate::cluster::object::owners;
use crate::cluster::object::scenario::Scenario;
use crate::cluster::object::spec::{
    Autoscaler, ClusterSpec, Company, DeschedulerPolicy, ObjectKey, SchedulerProfile, Workload,
};

/// What was read, but for the nodes; see [`ClusterSpec`].
#[derive(Clone, Copy)]
pub struct Objects<'c> {
    /// Owners of interchangeable pods.
    pub workloads: &'c [Workload],
    /// HorizontalPodAutoscalers.
    pub autoscalers: &'c [Autoscaler],
    /// ScaledObjects of KEDA.
    pub activations: &'c [Activation],
    /// PodDisruptionBudgets.
    pub disruption_budgets: &'c [PodDisruptionBudget],
    /// ResourceQuotas.
    pub quotas: &'c [ResourceQuota],
    /// Labels of each known namespace.
    pub namespaces: &'c BTreeMap<String, BTreeMap<String, String>>,
    /// The scheduler's profiles.
    pub scheduler: &'c [SchedulerProfile],
    /// The descheduler's policy.
    pub descheduler: Option<&'c DeschedulerPolicy>,
    /// PersistentVolumeClaims and their storage classes.
    pub claims: &'c BTreeMap<ObjectKey, Option<String>>,
    /// Pods that have finished, by the uid of their owner.
    pub finished: &'c BTreeMap<String, i64>,
    /// What Kubernetes objects cannot say.
    pub scenario: &'c Scenario,
    /// What workloads may do that this is no part of.
    pub company: &'c Company,
    pub(super) whole: &'c ClusterSpec,
}

impl<'c> Objects<'c> {
    pub(super) fn of(spec: &'c ClusterSpec) -> Self {
        Objects {
            workloads: &spec.workloads,
            autoscalers: &spec.autoscalers,
            activations: &spec.activations,
            disruption_budgets: &spec.disruption_budgets,
            quotas: &spec.quotas,
            namespaces: &spec.namespaces,
            scheduler: &spec.scheduler,
            descheduler: spec.descheduler.as_ref(),
            claims: &spec.claims,
            finished: &spec.finished,
            scenario: &spec.scenario,
            company: &spec.company,
            whole: spec,
        }
    }

    /// [`ClusterSpec::scales`].
    pub fn scales(&self, workload: &ObjectKey) -> bool {
        self.whole.scales(workload)
    }

    /// [`ClusterSpec::deschedules_stepwise`].
    pub fn deschedules_stepwise(&self) -> bool {
        self.whole.deschedules_stepwise()
    }

    /// Pods of a workload that there may be at a time, at most.
    pub fn pods_of(&self, workload: usize) -> i64 {
        templates::max_pods(self.whole, &self.workloads[workload])
    }

    /// Pods that a Job, or the Jobs of a CronJob, want at a time, at most, or so many or more ([`jobs::is_saturated`]).
    pub fn most_wanted(&self, workload: usize, batch: &Batch) -> i64 {
        jobs::most_wanted(self.whole, &self.workloads[workload], batch)
    }

    /// [`jobs::is_saturated`].
    pub fn is_saturated(&self, workload: usize, batch: &Batch) -> bool {
        jobs::is_saturated(self.whole, &self.workloads[workload], batch)
    }

    /// Pods that one Job wants at a time, at most.
    pub fn most_of_one(&self, workload: usize, batch: &Batch) -> i64 {
        jobs::most_of_one(self.whole, &self.workloads[workload], batch)
    }

    /// Whether somebody else than their owner may delete pods.
    pub fn pods_may_be_taken(&self) -> bool {
        phases::pods_may_be_taken(self.whole)
    }

    /// [`owners::default_selectors`].
    pub fn default_selectors(&self, namespace: &str, pod: &Pod) -> Vec<LabelSelector> {
        owners::default_selectors(self.whole, namespace, pod)
    }

    /// Pods of a workload that are ready at the start.
    pub fn ready_at_start(&self, workload: usize) -> i64 {
        (0..self.workloads[workload].revisions.len()).map(|revision| self.ready_of_revision(workload, revision)).sum()
    }

    /// Pods of one of its revisions that are ready at the start.
    pub fn ready_of_revision(&self, workload: usize, revision: usize) -> i64 {
        placement::ready(self.whole, workload, &self.workloads[workload].revisions[revision])
    }

    /// Pods of a template of a workload that are available at the start, at least.
    pub fn available_at_start(&self, workload: usize, pod: &Template) -> i64 {
        let revision = &self.workloads[workload].revisions[pod.revision];
        (placement::ready_of(self.whole, workload, pod) - revision.young).max(0)
    }
}
