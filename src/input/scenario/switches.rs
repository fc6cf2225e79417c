//! Which controllers of a scenario act, as users write it; part of [`super::document`].

use schemars::JsonSchema;
use serde::Deserialize;

use super::document::{Duration, Percent};

/// Which controllers act.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Controllers {
    /// kube-scheduler.
    pub scheduler: Option<bool>,
    /// The Deployment and ReplicaSet controllers.
    pub deployment: Option<bool>,
    /// The StatefulSet controller: whether it acts, or its feature gates.
    pub stateful_set: Option<StatefulSet>,
    /// The DaemonSet controller.
    pub daemon_set: Option<bool>,
    /// The Job and CronJob controllers.
    pub job: Option<bool>,
    /// The HorizontalPodAutoscaler controller: whether it acts, or its flags.
    pub hpa: Option<Hpa>,
    /// Taint eviction.
    pub taint_eviction: Option<bool>,
    /// The descheduler, if a policy is given.
    pub descheduler: Option<bool>,
    /// The cluster autoscaler, if node pools have `autoscale`: whether it acts, or its flags.
    pub cluster_autoscaler: Option<ClusterAutoscaler>,
    /// Karpenter, if `karpenter` is given.
    pub karpenter: Option<bool>,
}

/// The StatefulSet controller.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "`true`, `false`, or a mapping with `maxUnavailable`")]
pub enum StatefulSet {
    /// Whether it acts.
    Acts(bool),
    /// It acts, with these feature gates.
    With(StatefulSetGates),
}

/// Feature gates of the StatefulSet controller.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StatefulSetGates {
    /// `MaxUnavailableStatefulSet`, which is off by default: without it `rollingUpdate.maxUnavailable` is ignored.
    pub max_unavailable: bool,
}

/// The HorizontalPodAutoscaler controller.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "`true`, `false`, or a mapping with `syncPeriod` and `downscaleStabilization`")]
pub enum Hpa {
    /// Whether it acts.
    Acts(bool),
    /// It acts, with these flags.
    With(HpaFlags),
}

/// Flags of the HorizontalPodAutoscaler controller.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct HpaFlags {
    /// `--horizontal-pod-autoscaler-sync-period`, 15 s unless given.
    pub sync_period: Option<Duration>,
    /// `--horizontal-pod-autoscaler-downscale-stabilization`, 5 min unless given.
    pub downscale_stabilization: Option<Duration>,
    /// `--horizontal-pod-autoscaler-cpu-initialization-period`. Unless given, pods count from the moment they are ready.
    pub cpu_initialization_period: Option<Duration>,
}

/// The cluster autoscaler.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "`true`, `false`, or a mapping with `scaleDown` and `utilizationThreshold`")]
pub enum ClusterAutoscaler {
    /// Whether it acts.
    Acts(bool),
    /// It acts, with these flags.
    With(ClusterAutoscalerFlags),
}

/// Flags of the cluster autoscaler.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct ClusterAutoscalerFlags {
    /// `--scale-down-enabled`; yes unless given.
    pub scale_down: Option<bool>,
    /// `--scale-down-utilization-threshold`; 50% unless given.
    pub utilization_threshold: Option<Percent>,
    /// `--ignore-daemonsets-utilization`; no unless given.
    pub ignore_daemon_sets: Option<bool>,
    /// `--skip-nodes-with-local-storage`; yes unless given.
    pub skip_nodes_with_local_storage: Option<bool>,
    /// Whether its simulations count the node that goes as a topology domain, as releases since the spring of 2026 do; yes
    /// unless given.
    pub counts_going_node: Option<bool>,
    /// `--scale-down-delay-after-add`; 10 min unless given.
    pub scale_down_delay_after_add: Option<Duration>,
    /// `--scale-down-delay-after-failure`; 3 min unless given.
    pub scale_down_delay_after_failure: Option<Duration>,
}
