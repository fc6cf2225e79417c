//! What Kubernetes objects cannot say: how load moves, what fails, what users do, and what must hold.
//!
//! These types are resolved: names are checked, quantities are numbers, defaults are filled in. The `kind: Scenario`
//! document that a user writes belongs to the input layer.

use std::collections::BTreeMap;

use super::spec::{ObjectKey, Origin, Workload};
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
    /// Nodes that may fail and recover.
    pub failures: Option<Failures>,
    /// Nodes that panic when they are full.
    pub overload: Option<Overload>,
    /// Rolling maintenance: drain, then uncordon, a few nodes at a time.
    pub maintenance: Option<Maintenance>,
    /// What users do, each at most once, in any block after those before it in the same `sequence`.
    pub commands: Vec<Command>,
    /// Which controllers act.
    pub controllers: Controllers,
    /// Properties to check; empty means all that apply.
    pub properties: Vec<PropertySpec>,
    /// Bound k: blocks in `settled` and `racing`, actions in `async`.
    pub bound: u32,
    /// How event-driven actions interleave.
    pub interleaving: Interleaving,
}

impl Default for Scenario {
    fn default() -> Self {
        Scenario {
            placed_anywhere: Vec::new(),
            loads: Vec::new(),
            slow_start: Vec::new(),
            never_ready: Vec::new(),
            failures: None,
            overload: None,
            maintenance: None,
            commands: Vec::new(),
            controllers: Controllers::default(),
            properties: Vec::new(),
            bound: DEFAULT_BOUND,
            interleaving: Interleaving::default(),
        }
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

/// Something that a user does.
#[derive(Clone, Debug)]
pub struct Command {
    /// What is done.
    pub action: CommandAction,
    /// Where it was written.
    pub origin: Origin,
    /// What `kubectl` would be told, for the story.
    pub text: String,
}

/// The modelled user commands.
#[derive(Clone, Debug)]
pub enum CommandAction {
    /// `kubectl apply`/`create` of an object that is there at the start only as `created_later`.
    Create {
        /// The workload (in `ClusterSpec::workloads`, with `created_later`).
        target: ObjectKey,
    },
    /// `kubectl apply` of a changed Deployment: its new template is the workload's revision `revision`.
    Apply {
        /// The workload.
        target: ObjectKey,
        /// Index into [`Workload::revisions`] of the template after the command.
        revision: usize,
        /// What kubectl's three-way merge does to `spec.replicas`: a value, or `None` to leave it as it is.
        replicas: Option<i64>,
    },
    /// `kubectl delete`.
    Delete {
        /// The workload.
        target: ObjectKey,
    },
    /// `kubectl scale`.
    Scale {
        /// The workload.
        target: ObjectKey,
        /// The new `spec.replicas`.
        replicas: i64,
    },
    /// `kubectl apply` or `patch` of a Job or CronJob that is there.
    Adjust {
        /// The workload.
        target: ObjectKey,
        /// The new `spec.parallelism`, if it is another one.
        parallelism: Option<i64>,
        /// The new `spec.suspend`, if it is another one.
        suspended: Option<bool>,
    },
    /// `kubectl cordon`.
    Cordon {
        /// The node.
        node: String,
    },
    /// `kubectl uncordon`.
    Uncordon {
        /// The node.
        node: String,
    },
    /// `kubectl drain` (cordon, then evict).
    Drain {
        /// The node.
        node: String,
    },
}

/// Which controllers act.
#[derive(Clone, Debug, PartialEq, Eq)]
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

impl CommandAction {
    /// The workload that it is about; none if it is about a node.
    pub fn target(&self) -> Option<&ObjectKey> {
        match self {
            CommandAction::Create { target }
            | CommandAction::Delete { target }
            | CommandAction::Apply { target, .. }
            | CommandAction::Adjust { target, .. }
            | CommandAction::Scale { target, .. } => Some(target),
            CommandAction::Cordon { .. } | CommandAction::Uncordon { .. } | CommandAction::Drain { .. } => None,
        }
    }

    /// The same, to be changed.
    pub fn target_mut(&mut self) -> Option<&mut ObjectKey> {
        match self {
            CommandAction::Create { target }
            | CommandAction::Delete { target }
            | CommandAction::Apply { target, .. }
            | CommandAction::Adjust { target, .. }
            | CommandAction::Scale { target, .. } => Some(target),
            CommandAction::Cordon { .. } | CommandAction::Uncordon { .. } | CommandAction::Drain { .. } => None,
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
