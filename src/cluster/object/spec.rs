//! What is in the cluster: the objects that were read, resolved against each other.
//!
//! The input layer builds a [`ClusterSpec`]; the encodings read it. Objects keep their Kubernetes types, so that
//! an encoding can read any field upstream reads. Pods appear under the workload that owns them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::apps::v1::{DaemonSetUpdateStrategy, DeploymentStrategy};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{LimitRange, Node, Pod, PodSpec, PodTemplateSpec, ResourceQuota, Service};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::activation::Activation;
use super::batch::Batch;
use super::karpenter::Offer;
use super::scenario::Scenario;
use super::stateful::Stateful;
use super::vertical::{Variant, Vertical};
use crate::system::Interleaving;

pub use super::key::{ObjectKey, Origin};
pub use super::policy::*;

/// Everything that the model of one cluster is built from.
#[derive(Clone, Debug, Default)]
pub struct ClusterSpec {
    /// All nodes, pools already expanded, in input order; names are unique.
    pub nodes: Vec<NodeSpec>,
    /// Owners of interchangeable pods, in input order.
    pub workloads: Vec<Workload>,
    /// HorizontalPodAutoscalers (v1 ones converted to v2), API server defaults applied.
    pub autoscalers: Vec<Autoscaler>,
    /// ScaledObjects of KEDA, as far as its operator scales by itself.
    pub activations: Vec<Activation>,
    /// Services: their selectors take part in default topology spreading.
    pub services: Vec<Service>,
    /// Selectors of the controllers that take part in default topology spreading.
    pub owner_selectors: Vec<OwnerSelector>,
    /// PodDisruptionBudgets: they limit drains and evictions. Those that commands bring are among them.
    pub disruption_budgets: Vec<PodDisruptionBudget>,
    /// ResourceQuotas.
    pub quotas: Vec<ResourceQuota>,
    /// LimitRanges; templates have what they give.
    pub limit_ranges: Vec<LimitRange>,
    /// Labels of each known namespace.
    pub namespaces: BTreeMap<String, BTreeMap<String, String>>,
    /// The scheduler's profiles (never empty; the first is `default-scheduler` unless configured otherwise).
    pub scheduler: Vec<SchedulerProfile>,
    /// The descheduler's policy, if one was given.
    pub descheduler: Option<DeschedulerPolicy>,
    /// PersistentVolumeClaims and their storage classes.
    pub claims: BTreeMap<ObjectKey, Option<String>>,
    /// Pods that have finished, by the uid of their owner: they only count as replicas.
    pub finished: BTreeMap<String, i64>,
    /// Kinds of objects that are there, may change pods, nodes or sizes, and are not modelled.
    pub absent: BTreeSet<String>,
    /// What Kubernetes objects cannot say: loads, failures, commands, properties, bound.
    pub scenario: Scenario,
    /// Whether pods are in caches of several schedulers.
    pub caches: Caches,
    /// What workloads may do that this is no part of, where it is a part of a cluster.
    pub company: Company,
}

impl ClusterSpec {
    /// The schedulers that take pods.
    pub fn schedulers(&self) -> BTreeSet<usize> {
        let takes = |pod: &PodSpec| {
            let is_pinned = pod.node_name.as_deref().is_some_and(|name| !name.is_empty());
            let profile =
                SchedulerProfile::named(&self.scheduler, pod.scheduler_name.as_deref()).filter(|_| !is_pinned);
            profile.map(|profile| profile.scheduler)
        };
        let (fixed, owners): (Vec<&Workload>, Vec<&Workload>) =
            self.workloads.iter().partition(|workload| workload.kind == WorkloadKind::Fixed);
        let templates =
            owners.into_iter().flat_map(|owner| &owner.revisions).filter_map(|it| it.template.spec.as_ref());
        let waiting = fixed.into_iter().flat_map(|owner| &owner.revisions).flat_map(|it| &it.pods);
        let waiting = waiting.filter(|pod| pod.node.is_none()).filter_map(|pod| pod.object.as_ref()?.spec.as_ref());
        templates.chain(waiting).filter_map(takes).collect()
    }

    /// Whether schedulers decide without knowing what others have just decided, and that is modelled: not in `settled` runs, in
    /// which each binds what it decides before anybody else acts.
    pub fn schedulers_race(&self) -> bool {
        self.caches == Caches::Apart && self.scenario.interleaving != Interleaving::Settled
    }

    /// Whether an autoscaler, or KEDA, scales a workload.
    pub fn scales(&self, workload: &ObjectKey) -> bool {
        self.autoscalers.iter().any(|it| it.target == *workload)
            || self.activations.iter().any(|it| it.target == *workload)
    }
}

impl SchedulerProfile {
    /// Of all profiles the one that takes pods of a `schedulerName`; `None` if none does.
    pub fn named<'p>(profiles: &'p [SchedulerProfile], scheduler_name: Option<&str>) -> Option<&'p SchedulerProfile> {
        let name = scheduler_name.filter(|name| !name.is_empty()).unwrap_or(DEFAULT_SCHEDULER);
        profiles.iter().find(|profile| profile.name == name)
    }
}

/// The scheduler of pods that name none.
pub const DEFAULT_SCHEDULER: &str = "default-scheduler";

/// What schedulers know of each other's decisions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Caches {
    /// Everything: one scheduler takes all pods, or several are taken to.
    #[default]
    Shared,
    /// What is bound: each has a cache of its own.
    Apart,
    /// The same, but there are so many workloads that they are taken to know everything; verdicts say so.
    Overlooked,
}

/// The doings of workloads that were left out of a [`ClusterSpec`], as far as those in it can notice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Company {
    /// Workloads for whose pods others may leave no room, at any time and for as long as they like.
    pub crowds_out: BTreeSet<ObjectKey>,
    /// Workloads whose autoscalers may choose any size within their limits, where nothing more is known of them.
    pub scales_freely: BTreeSet<ObjectKey>,
    /// Whether pods of others may keep the maintenance of a node from ending.
    pub holds_nodes: bool,
}

/// A controller of pods, as far as default topology spreading asks for it.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnerSelector {
    /// `ReplicaSet`, `StatefulSet` or `ReplicationController`.
    pub kind: String,
    /// Namespace and name.
    pub key: ObjectKey,
    /// `spec.selector`.
    pub selector: LabelSelector,
}

/// A node and where it came from.
#[derive(Clone, Debug, Default)]
pub struct NodeSpec {
    /// `metadata.name`.
    pub name: String,
    /// The object; where an API server did not print it, `kubernetes.io/hostname` is added to its labels.
    pub node: Node,
    /// The node pool of the scenario that it was made from.
    pub pool: Option<String>,
    /// The group that it is of, as a position in the scenario's.
    pub group: Option<usize>,
    /// Whether it is a node that its group does not have yet.
    pub absent: bool,
    /// Of Karpenter's nodes: what it costs, and counts for.
    pub offer: Offer,
    /// Where it was written.
    pub origin: Origin,
}

impl NodeSpec {
    /// `spec.unschedulable`.
    pub fn is_cordoned(&self) -> bool {
        self.node.spec.as_ref().and_then(|spec| spec.unschedulable).unwrap_or(false)
    }

    /// Whether it has a Ready condition that is not True.
    pub fn is_not_ready(&self) -> bool {
        let conditions = self.node.status.as_ref().and_then(|status| status.conditions.as_ref());
        conditions.into_iter().flatten().any(|condition| condition.type_ == "Ready" && condition.status != "True")
    }
}

/// What kind of owner a [`Workload`] stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WorkloadKind {
    /// A Deployment with its ReplicaSets.
    Deployment,
    /// A ReplicaSet without a Deployment.
    ReplicaSet,
    /// A StatefulSet.
    StatefulSet,
    /// A DaemonSet: a pod for each node that is meant, and no scale.
    DaemonSet,
    /// A Job: pods that end by themselves.
    Job,
    /// A CronJob with its Jobs.
    CronJob,
    /// Pods without a modelled owner (bare, static, …): they are not made again when they go. Those of a
    /// DaemonSet that was not given are among them, and those of one that has nothing left to do.
    Fixed,
}

impl WorkloadKind {
    /// Whether its size is a number of its own: `spec.replicas`.
    pub fn has_scale(self) -> bool {
        self.has_replica_sets() || self == WorkloadKind::StatefulSet
    }

    /// Whether its pods end by themselves.
    pub fn is_batch(self) -> bool {
        matches!(self, WorkloadKind::Job | WorkloadKind::CronJob)
    }

    /// Whether ReplicaSets make its pods.
    pub fn has_replica_sets(self) -> bool {
        matches!(self, WorkloadKind::Deployment | WorkloadKind::ReplicaSet)
    }
}

/// An owner of interchangeable pods.
#[derive(Clone, Debug)]
pub struct Workload {
    /// What owns the pods.
    pub kind: WorkloadKind,
    /// For [`WorkloadKind::Fixed`]: the kind of the real owner (`DaemonSet`, `Node` for static pods, `Pod` for bare ones, …).
    pub owner_kind: String,
    /// Namespace and name.
    pub key: ObjectKey,
    /// `metadata.labels` of the owner.
    pub labels: BTreeMap<String, String>,
    /// `spec.selector`; of fixed ones empty.
    pub selector: LabelSelector,
    /// `spec.replicas` as it stands in the cluster (default 1); of a Job `spec.parallelism`; number of pods for fixed ones. 0 or more.
    pub replicas: i64,
    /// Whether the manifest (or `last-applied-configuration` of a dump) gave `spec.replicas`: what kubectl's three-way merge asks.
    pub replicas_given: bool,
    /// RollingUpdate or Recreate; API server defaults applied (25 %, 25 %).
    pub strategy: DeploymentStrategy,
    /// Of a DaemonSet: RollingUpdate or OnDelete; API server defaults applied (1 unavailable, no surge).
    pub update: DaemonSetUpdateStrategy,
    /// `spec.paused`.
    pub paused: bool,
    /// `spec.minReadySeconds`.
    pub min_ready_seconds: i64,
    /// `spec.progressDeadlineSeconds` of a Deployment (default 600); `None` if its progress is not watched.
    pub progress_deadline: Option<i64>,
    /// What else a StatefulSet says; `None` of all other kinds.
    pub stateful: Option<Stateful>,
    /// What else a Job says, or a CronJob; `None` of all other kinds.
    pub batch: Option<Batch>,
    /// The VerticalPodAutoscaler that may change what its pods request.
    pub vertical: Option<Vertical>,
    /// Templates, oldest first; those after `current` come with commands of the scenario. Never empty.
    pub revisions: Vec<Revision>,
    /// Index into `revisions` of the owner's present template.
    pub current: usize,
    /// Templates of a Deployment's ReplicaSets of size 0 that are none of the revisions: its history.
    pub emptied: Vec<PodTemplateSpec>,
    /// `spec.revisionHistoryLimit` of a Deployment (default 10): ReplicaSets of size 0 beyond so many are deleted.
    pub history_limit: i64,
    /// True when the owner is created during the run by a command of the scenario and is not there at the start.
    pub created_later: bool,
    /// Where it was written.
    pub origin: Origin,
}

/// One pod template of a workload and the pods that already run from it.
#[derive(Clone, Debug, Default)]
pub struct Revision {
    /// Name of the ReplicaSet (generated as `<deployment>-<n>` where there is none yet).
    pub name: String,
    /// The pod template.
    pub template: PodTemplateSpec,
    /// `spec.replicas` of the ReplicaSet at the start; 0 where there is none yet. Of a StatefulSet: how many of its pods
    /// are of this revision.
    pub size: i64,
    /// Pods that exist at the start.
    pub pods: Vec<ExistingPod>,
    /// Ready pods that are not available yet, as the status of the ReplicaSet says.
    pub young: i64,
    /// Whether it is one of a Deployment that has no ReplicaSet yet, not even one of size 0.
    pub unmade: bool,
    /// What its pods request; empty if all request what the template says.
    pub variants: Vec<Variant>,
}

impl Revision {
    /// The spec of its pods that are of a variant, by position.
    pub fn pod(&self, variant: usize) -> PodSpec {
        let written = self.template.spec.clone().unwrap_or_default();
        self.variants.get(variant).map(|variant| variant.applied(&written)).unwrap_or(written)
    }
}

/// A pod that is already there when the run starts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExistingPod {
    /// `metadata.name`.
    pub name: String,
    /// `spec.nodeName` if it is bound and runs where the objects say.
    pub node: Option<String>,
    /// Of a DaemonSet's pod that is not bound: the only node that it may be bound to.
    pub awaits: Option<String>,
    /// Whether its Ready condition is True (pods of manifests that are bound count as ready).
    pub ready: bool,
    /// Which one of its StatefulSet it is; `None` of other kinds.
    pub ordinal: Option<i64>,
    /// Whether it is being deleted although it has an owner: a StatefulSet makes no other one until it is gone.
    pub leaving: bool,
    /// The variant of its revision that it is of, by position.
    pub variant: usize,
    /// The pod itself, kept for pods without a modelled owner and for those of DaemonSets; completed as admission does.
    pub object: Option<Arc<Pod>>,
}

impl ExistingPod {
    /// Whether it has no node yet. One that is ready has some, although it may be open which.
    pub fn waits(&self) -> bool {
        self.node.is_none() && !self.ready
    }
}

/// A HorizontalPodAutoscaler and where it came from.
#[derive(Clone, Debug, Default)]
pub struct Autoscaler {
    /// Namespace and name.
    pub key: ObjectKey,
    /// The v2 object with defaults applied: `minReplicas` 1, a CPU 80 % metric when it has none, defaulted behavior when one is given.
    pub object: HorizontalPodAutoscaler,
    /// The scale target, in the HPA's namespace.
    pub target: ObjectKey,
    /// Where it was written.
    pub origin: Origin,
}

/// One scheduler profile of a KubeSchedulerConfiguration.
#[derive(Clone, Debug, PartialEq)]
pub struct SchedulerProfile {
    /// `schedulerName`.
    pub name: String,
    /// Which scheduler it is of: profiles of one scheduler share its cache. 0 is that of the profile `default-scheduler`.
    pub scheduler: usize,
    /// Names of enabled filter plugins.
    pub filters: Vec<String>,
    /// Names of enabled score plugins with their weights (1 or more).
    pub scores: Vec<(String, i64)>,
    /// Whether pods that fit nowhere may preempt others (DefaultPreemption).
    pub preemption: bool,
    /// PodTopologySpread `defaultConstraints`, used when `defaultingType: List`.
    pub default_constraints: Vec<k8s_openapi::api::core::v1::TopologySpreadConstraint>,
    /// PodTopologySpread `defaultingType: System` (true, the default) or `List`.
    pub system_default_spreading: bool,
    /// NodeResourcesFit `scoringStrategy.type`.
    pub fit_strategy: FitStrategy,
    /// Resources and weights that NodeResourcesFit scores, default cpu 1 and memory 1.
    pub fit_resources: Vec<(String, i64)>,
}

/// NodeResourcesFit scoring strategies.
#[derive(Clone, Debug, PartialEq)]
pub enum FitStrategy {
    /// Prefer nodes with the most free resources (the default).
    LeastAllocated,
    /// Prefer nodes with the least free resources.
    MostAllocated,
    /// Piecewise linear in utilization: points of (utilization 0..=100, score 0..=10).
    RequestedToCapacityRatio(Vec<(i64, i64)>),
}
