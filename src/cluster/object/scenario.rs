//! What Kubernetes objects cannot say: how load moves, what fails, what users do, and what must hold.
//!
//! These types are resolved: names are checked, quantities are numbers, defaults are filled in. The `kind: Scenario`
//! document that a user writes belongs to the input layer.

use std::collections::BTreeMap;

use super::command::{Command, CommandAction};
use super::gitops::{Declared, Sync};
use super::karpenter::NodePool;
use super::spec::{ObjectKey, Origin, Workload};
use super::timing::Timing;
use crate::system::Interleaving;

/// A resolved scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Deployments and ReplicaSets whose pods run anywhere at the start: the placement is chosen freely, their existing
    /// pods are not kept in [`Workload::revisions`].
    pub placed_anywhere: Vec<ObjectKey>,
    /// How load moves.
    pub loads: Vec<Load>,
    /// Workloads whose pods may take arbitrarily long to become ready.
    pub slow_start: Vec<ObjectKey>,
    /// Images whose containers never become ready.
    pub never_ready: Vec<String>,
    /// Images whose containers crash and are restarted, again and again.
    pub crash_looping: Vec<String>,
    /// Workloads whose pods may cease to be ready.
    pub unready: Vec<Unready>,
    /// Nodes that may fail and recover.
    pub failures: Option<Failures>,
    /// Nodes that panic when they are full.
    pub overload: Option<Overload>,
    /// Rolling maintenance: drain, then uncordon, a few nodes at a time.
    pub maintenance: Option<Maintenance>,
    /// Groups of nodes that come and go; none where neither a cluster autoscaler nor Karpenter acts.
    pub node_groups: Vec<NodeGroup>,
    /// What users do, each at most once, in any block after those before it in the same `sequence`.
    pub commands: Vec<Command>,
    /// What GitOps controllers put back.
    pub syncs: Vec<Sync>,
    /// Which controllers act.
    pub controllers: Controllers,
    /// Properties to check; empty means all that apply.
    pub properties: Vec<PropertySpec>,
    /// Bound k: blocks in `settled` and `racing`, actions in `async`.
    pub bound: u32,
    /// How event-driven actions interleave.
    pub interleaving: Interleaving,
    /// Whether nobody said how: then what holds where slow actions wait is asked again where they do not.
    pub interleaves_by_default: bool,
    /// How long things take; `None`: any time, whatever it is.
    pub timing: Option<Timing>,
}

impl Default for Scenario {
    fn default() -> Self {
        Scenario {
            placed_anywhere: Vec::new(),
            loads: Vec::new(),
            slow_start: Vec::new(),
            never_ready: Vec::new(),
            crash_looping: Vec::new(),
            unready: Vec::new(),
            failures: None,
            overload: None,
            maintenance: None,
            node_groups: Vec::new(),
            commands: Vec::new(),
            syncs: Vec::new(),
            controllers: Controllers::default(),
            properties: Vec::new(),
            bound: DEFAULT_BOUND,
            interleaving: Interleaving::default(),
            interleaves_by_default: true,
            timing: Some(Timing::default()),
        }
    }
}

impl Scenario {
    /// Has event-driven actions interleave as somebody says.
    pub fn interleave(&mut self, interleaving: Interleaving) {
        self.interleaving = interleaving;
        self.interleaves_by_default = false;
    }

    /// Whether what holds where slow actions wait is asked again where they do not: by default, and where delays keep apart what
    /// does not come together.
    pub fn asks_overlaps(&self) -> bool {
        self.interleaves_by_default && self.interleaving == Interleaving::Racing && self.timing.is_some()
    }

    /// Whether users or GitOps controllers change `spec.replicas` of a workload.
    pub fn resizes(&self, workload: &Workload) -> bool {
        self.commanded_sizes(&workload.key).next().is_some()
            || self.declared(&workload.key).any(|declared| declared.changes_replicas(workload.replicas))
    }

    /// The sizes that users and GitOps controllers may give to a workload.
    pub fn sizes<'a>(&'a self, key: &'a ObjectKey) -> impl Iterator<Item = i64> + 'a {
        self.commanded_sizes(key).chain(self.declared(key).filter_map(|declared| Some(declared.replicas?.value)))
    }

    fn commanded_sizes<'a>(&'a self, key: &'a ObjectKey) -> impl Iterator<Item = i64> + 'a {
        self.commands.iter().filter_map(move |command| match &command.action {
            CommandAction::Scale { target, replicas } if target == key => Some(*replicas),
            CommandAction::Apply { target, replicas, .. } if target == key => *replicas,
            CommandAction::Adjust { target, parallelism, .. } if target == key => *parallelism,
            _ => None,
        })
    }

    /// Whether Git has something else of a workload than the cluster has at the start.
    pub fn drifts_at_start(&self, workload: &Workload) -> bool {
        let mut declared = self.declared(&workload.key);
        declared.any(|it| it.template.value != workload.current || it.changes_replicas(workload.replicas))
    }

    /// What GitOps controllers declare of a workload.
    pub fn declared<'a>(&'a self, key: &'a ObjectKey) -> impl Iterator<Item = &'a Declared> {
        self.syncs.iter().flat_map(|sync| &sync.declared).filter(move |declared| declared.target == *key)
    }

    /// Leaves GitOps controllers the workloads that are to be kept.
    pub fn keep_declared(&mut self, is_kept: impl Fn(&ObjectKey) -> bool) {
        self.syncs.iter_mut().for_each(|sync| sync.declared.retain(|declared| is_kept(&declared.target)));
        self.syncs.retain(|sync| !sync.declared.is_empty());
    }

    /// Whether a command or a GitOps controller may bring a revision of a workload.
    pub fn brings(&self, key: &ObjectKey, revision: usize) -> bool {
        let applies = |action: &CommandAction| {
            matches!(action, CommandAction::Apply { target, revision: brought, .. }
                if target == key && *brought == revision)
        };
        self.commands.iter().any(|command| applies(&command.action))
            || self.declared(key).any(|declared| declared.template.value == revision)
    }
}

impl Scenario {
    /// Whether nodes are drained.
    pub fn drains(&self) -> bool {
        let is_drain = |command: &Command| matches!(command.action, CommandAction::Drain { .. });
        self.maintenance.is_some() || self.commands.iter().any(is_drain)
    }
}

/// The bound used when nobody gives one, in blocks.
pub const DEFAULT_BOUND: u32 = 10;

/// Load of one resource or metric on one workload.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// The Deployment or ReplicaSet.
    pub target: ObjectKey,
    /// `cpu` or `memory` or the name of a Pods metric.
    pub metric: String,
    /// Whose usage the range is.
    pub per: LoadPer,
    /// Smallest and largest usage, in milli-units (milli-cores; 1/1000 byte or unit for others).
    pub range: (i64, i64),
    /// Usage at the start, in milli-units, within the range; with [`LoadPer::EachPod`] that of each pod.
    pub initial: i64,
    /// How often it may change: `None` any number of times, `Some(0)` never.
    pub changes: Option<u32>,
    /// Usage by a pod's age, youngest stage first; empty: no profile. The last stage has no end. With a profile, `range` is that of the last stage.
    pub startup: Vec<StartupStage>,
    /// With [`LoadPer::Workload`]: what one pod uses of it at most, in milli-units.
    pub at_most: Option<i64>,
    /// Which pods the metrics API shows.
    pub samples: Samples,
}

/// Which pods the metrics API shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Samples {
    /// Those that have started, ready or not.
    #[default]
    Started,
    /// Those that are ready. They share the load of a workload, also while they are being deleted.
    Ready,
}

/// Whose usage a load range speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadPer {
    /// Each pod's; all use the same.
    Pod,
    /// Each pod's, independently of the others. There is no start-up profile.
    EachPod,
    /// The workload's as a whole, spread evenly over its ready pods.
    Workload,
}

/// What a pod uses while it is young.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartupStage {
    /// Age in seconds at which this stage ends, more than that of the stage before.
    pub until_seconds: i64,
    /// Usage of one pod in milli-units.
    pub usage: i64,
}

/// Pods that cease to be ready while they run.
#[derive(Clone, Debug, PartialEq)]
pub struct Unready {
    /// The workload.
    pub target: ObjectKey,
    /// At most so many of its pods are not ready any more at the same time (1 or more).
    pub at_most: u32,
    /// Whether they become ready again.
    pub recover: bool,
}

/// Node failure.
#[derive(Clone, Debug, PartialEq)]
pub struct Failures {
    /// Names of nodes that may fail.
    pub nodes: Vec<String>,
    /// At most so many are down at the same time (1 or more).
    pub at_most: u32,
    /// Whether they come back.
    pub recover: bool,
}

/// Node overload panic.
#[derive(Clone, Debug, PartialEq)]
pub struct Overload {
    /// Names of nodes that may panic.
    pub nodes: Vec<String>,
    /// Requested cpu in percent of allocatable at which a node panics (1..=100).
    pub threshold_percent: i64,
    /// Whether a node comes back once it is empty.
    pub recover: bool,
}

/// Rolling maintenance.
#[derive(Clone, Debug, PartialEq)]
pub struct Maintenance {
    /// Names of nodes to be drained.
    pub nodes: Vec<String>,
    /// How many may be under maintenance at the same time (1 or more).
    pub parallel: u32,
    /// Whether each node is maintained once (true) or again and again.
    pub once: bool,
}

/// Which controllers act.
#[derive(Clone, Debug, PartialEq)]
pub struct Controllers {
    /// kube-scheduler.
    pub scheduler: bool,
    /// Deployment and ReplicaSet controllers.
    pub deployment: bool,
    /// StatefulSet controller.
    pub stateful_set: bool,
    /// Its feature gate `MaxUnavailableStatefulSet`.
    pub max_unavailable_stateful_set: bool,
    /// DaemonSet controller.
    pub daemon_set: bool,
    /// Job and CronJob controllers.
    pub job: bool,
    /// HorizontalPodAutoscaler controller.
    pub hpa: bool,
    /// Its flags.
    pub hpa_flags: AutoscalerFlags,
    /// Taint eviction.
    pub taint_eviction: bool,
    /// Descheduler (acts only if there is a policy).
    pub descheduler: bool,
    /// Cluster autoscaler (acts only if there are node groups).
    pub cluster_autoscaler: bool,
    /// Its flags.
    pub autoscaler_options: AutoscalerOptions,
}

impl Default for Controllers {
    fn default() -> Self {
        Controllers {
            scheduler: true,
            deployment: true,
            stateful_set: true,
            max_unavailable_stateful_set: false,
            daemon_set: true,
            job: true,
            hpa: true,
            hpa_flags: AutoscalerFlags::default(),
            taint_eviction: true,
            descheduler: true,
            cluster_autoscaler: true,
            autoscaler_options: AutoscalerOptions::default(),
        }
    }
}

/// Flags of the HorizontalPodAutoscaler controller, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AutoscalerFlags {
    /// `--horizontal-pod-autoscaler-sync-period`.
    pub sync_period: i64,
    /// `--horizontal-pod-autoscaler-downscale-stabilization`.
    pub downscale_stabilization: i64,
    /// `--horizontal-pod-autoscaler-cpu-initialization-period`; `None`: pods count from the moment they are ready.
    pub cpu_initialization: Option<i64>,
}

impl Default for AutoscalerFlags {
    fn default() -> Self {
        AutoscalerFlags { sync_period: 15, downscale_stabilization: 300, cpu_initialization: None }
    }
}

/// Nodes that are alike, of which there may be more or fewer. The cluster has all that there may be; those that are not
/// there yet say so ([`NodeSpec::absent`](super::spec::NodeSpec::absent)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeGroup {
    /// Its name: that of the node pool, or of Karpenter's NodePool.
    pub name: String,
    /// The autoscaler removes no node that would leave fewer; 0 of Karpenter's.
    pub min: i64,
    /// It adds none that would make more.
    pub max: i64,
    /// Who scales it.
    pub scaler: Scaler,
}

/// Who adds nodes to a group, and removes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scaler {
    /// The cluster autoscaler.
    ClusterAutoscaler,
    /// Karpenter, for a NodePool.
    Karpenter(NodePool),
}

impl Scaler {
    /// Karpenter's NodePool, if it is one.
    pub fn node_pool(&self) -> Option<&NodePool> {
        match self {
            Scaler::ClusterAutoscaler => None,
            Scaler::Karpenter(pool) => Some(pool),
        }
    }

    /// Whether it is the cluster autoscaler.
    pub fn is_cluster_autoscaler(&self) -> bool {
        *self == Scaler::ClusterAutoscaler
    }

    /// Whether it is Karpenter.
    pub fn is_karpenter(&self) -> bool {
        self.node_pool().is_some()
    }
}

/// Flags of the cluster autoscaler.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AutoscalerOptions {
    /// `--scale-down-enabled`.
    pub scale_down: bool,
    /// `--scale-down-utilization-threshold`, in percent.
    pub threshold_percent: i64,
    /// `--ignore-daemonsets-utilization`.
    pub ignores_daemon_sets: bool,
    /// `--skip-nodes-with-local-storage`.
    pub keeps_local_storage: bool,
    /// Whether simulations of a scale-down keep the node that goes, with its taint, for a domain.
    pub counts_going_node: bool,
    /// `--scale-down-delay-after-add`, in seconds.
    pub delay_after_add: i64,
    /// `--scale-down-delay-after-failure`, in seconds.
    pub delay_after_failure: i64,
}

impl Default for AutoscalerOptions {
    fn default() -> Self {
        AutoscalerOptions {
            scale_down: true,
            threshold_percent: 50,
            ignores_daemon_sets: false,
            keeps_local_storage: true,
            counts_going_node: true,
            delay_after_add: 600,
            delay_after_failure: 180,
        }
    }
}

/// A property that the user asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct PropertySpec {
    /// Its name, such as `min-replicas`.
    pub name: String,
    /// Only for this workload (`None`: all that it applies to).
    pub target: Option<ObjectKey>,
    /// Arguments, by name: `value` for expected-replicas (expression), `threshold` for no-replica-oscillation, `maxSkew` and `topologyKey` for spread-balanced.
    pub arguments: BTreeMap<String, String>,
    /// Where it was written.
    pub origin: Origin,
    /// Whether the user asked for it by name, and not for all that there are.
    pub is_named: bool,
}

impl PropertySpec {
    /// A property that was asked for by name, of all workloads to which it applies.
    pub fn named(name: &str) -> Self {
        PropertySpec {
            name: name.to_owned(),
            target: None,
            arguments: BTreeMap::new(),
            origin: Origin::default(),
            is_named: true,
        }
    }
}

/// Finds a workload by its key.
pub fn find_workload<'a>(workloads: &'a [Workload], key: &ObjectKey) -> Option<(usize, &'a Workload)> {
    workloads.iter().enumerate().find(|(_, workload)| workload.key == *key)
}
