//! The `kind: Scenario` document as users write it.
//!
//! These types are what [`super::schema`](crate::input::schema) describes; their comments are its descriptions.

use std::collections::BTreeMap;

use crate::system::Interleaving;
use k8s_openapi::api::core::v1::Taint;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

pub use super::gitops::GitOps;
pub use super::karpenter::Karpenter;
pub use super::kubectl::{Command, Drain, FlaggedDrain, Manifest, Scale};
pub use super::recommendations::Document as Recommendation;
pub use super::switches::{ClusterAutoscaler, ClusterAutoscalerFlags, Controllers, Hpa, HpaFlags, StatefulSet};
pub use super::timing_document::{Span, Spans, Timing};

/// What Kubernetes objects cannot say: how load moves, what fails, what users do, and what must hold.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Scenario")]
pub struct Document {
    /// `kubound.dev/v1alpha1`.
    #[allow(dead_code, reason = "read before, needed in the schema")]
    pub api_version: String,
    /// `Scenario`.
    #[allow(dead_code, reason = "read before, needed in the schema")]
    pub kind: String,
    /// A name and whatever else you like; not read.
    #[serde(default)]
    #[allow(dead_code, reason = "accepted, not read")]
    pub metadata: Option<Value>,
    /// The scenario.
    #[serde(default)]
    pub spec: Spec,
}

/// The content of a scenario. Everything is optional.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Spec {
    /// A free number that counts and sizes may be computed from.
    pub scale: Option<Count>,
    /// Nodes in addition to those that are given as objects.
    pub node_pools: Vec<NodePool>,
    /// Groups of nodes that are given as objects, which the cluster autoscaler adds to and removes from.
    pub node_groups: Vec<NodeGroup>,
    /// What Karpenter may add to the NodePools of the input; without this it does not act.
    pub karpenter: Option<Karpenter>,
    /// Replicas that differ from the manifests': other numbers, ranges, or in proportion to the nodes.
    pub sizes: Vec<Sizing>,
    /// Where the pods of Deployments, ReplicaSets and StatefulSets run at the start: `given` (the default), `any`, or one of these for
    /// each workload.
    pub initial_placement: Option<InitialPlacement>,
    /// How load moves. Without this field, autoscaled workloads get a default load; `[]` means no load at all.
    pub loads: Option<Vec<Load>>,
    /// What VerticalPodAutoscalers may recommend.
    pub recommendations: Vec<Recommendation>,
    /// Workloads whose pods may take arbitrarily long to become ready.
    pub slow_start: Vec<Target>,
    /// Images whose containers never become ready: of a broken build, or images that nobody can pull.
    pub never_ready: Vec<String>,
    /// Images whose containers start, become ready, crash and are restarted, again and again.
    pub crash_looping: Vec<String>,
    /// Workloads whose pods may cease to be ready while they run, as when a readiness probe fails.
    pub unready: Vec<Unready>,
    /// How many Jobs of CronJobs exist at the same time; 1 unless given: they end before it is time for the next one.
    pub cron_jobs: Vec<CronJobs>,
    /// Nodes that may fail.
    pub failures: Option<Failures>,
    /// Nodes that panic when they are full.
    pub overload: Option<Overload>,
    /// Rolling maintenance: drain, then uncordon, a few nodes at a time.
    pub maintenance: Option<Maintenance>,
    /// What users do, each at most once, in this order, at any time.
    pub commands: Vec<Command>,
    /// What Argo CD and Flux put back, again and again.
    pub gitops: Vec<GitOps>,
    /// Which controllers act; all do unless switched off.
    pub controllers: Controllers,
    /// Names of schedulers that run beside kube-scheduler and have no configuration in the input; they decide like its
    /// default profile.
    pub schedulers: Vec<String>,
    /// Kinds of objects that are not modelled and leave pods, nodes and sizes as they are: verdicts are not without them.
    pub steady: Vec<String>,
    /// Properties to check; without any, all that apply.
    pub properties: Vec<Property>,
    /// The bound k: how many blocks (one periodic or environment action and all it causes) a run may have.
    pub bound: Option<u32>,
    /// How event-driven actions interleave; without, what holds with `racing` is asked again with `overlapping`.
    pub interleaving: Option<Interleaving>,
    /// How long things take; what is not given is what upstream does by default. `none` means no clock at all.
    pub timing: Option<Timing>,
}

/// What is known of the Jobs of a CronJob.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CronJobs {
    /// The CronJob.
    pub target: Target,
    /// So many of its Jobs exist at the same time, at most; 1 unless given.
    pub at_most: AtMost,
}

/// Nodes that are alike.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct NodePool {
    /// The nodes are called `<name>-1`, `<name>-2`, ….
    pub name: String,
    /// How many; with `autoscale`, at the start.
    pub count: Count,
    /// Makes the pool a node group of the cluster autoscaler.
    pub autoscale: Option<Autoscale>,
    /// What they are like.
    #[serde(default)]
    pub template: NodeTemplate,
}

/// Nodes that are given as objects, and alike.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct NodeGroup {
    /// What it is called; nodes that come are called `<name>-new-1`, `<name>-new-2`, ….
    pub name: String,
    /// The labels that its nodes have.
    pub match_labels: BTreeMap<String, String>,
    /// The cluster autoscaler leaves at least so many nodes; 0 unless given.
    #[serde(default)]
    pub min: u32,
    /// And at most so many.
    pub max: u32,
}

/// How many nodes the cluster autoscaler leaves a pool.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Autoscale {
    /// At least so many; 0 unless given.
    #[serde(default)]
    pub min: u32,
    /// At most so many.
    pub max: u32,
}

/// A number of nodes or replicas.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a number, a range `{min: 1, max: 9}`, or an expression such as `2 * scale`")]
pub enum Count {
    /// Exactly so many.
    Exactly(u32),
    /// Any number between two: every one of them is checked.
    Between {
        /// The smallest number.
        min: u32,
        /// The largest number.
        max: u32,
    },
    /// Computed from `scale`, `nodes` or `nodes(pool)`, with `+ - * /`, `min(a, b)`, `max(a, b)` and parentheses.
    Computed(String),
}

/// Replicas of a workload, and the limits of its autoscaler.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Sizing {
    /// The workload.
    pub target: Target,
    /// `spec.replicas`.
    pub replicas: Option<Count>,
    /// `minReplicas` of its HorizontalPodAutoscaler: a number or an expression.
    pub min_replicas: Option<Count>,
    /// `maxReplicas` of its HorizontalPodAutoscaler: a number or an expression.
    pub max_replicas: Option<Count>,
}

/// A node of a pool.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct NodeTemplate {
    /// Labels; `kubernetes.io/hostname` is added.
    pub labels: BTreeMap<String, String>,
    /// Taints: `key`, `value`, `effect`.
    #[schemars(with = "Vec<BTreeMap<String, String>>")]
    pub taints: Vec<Taint>,
    /// What pods can use, such as `{cpu: "4", memory: 8Gi}`; 110 pods unless given.
    pub allocatable: BTreeMap<String, Amount>,
    /// Stands in for `allocatable`.
    pub capacity: BTreeMap<String, Amount>,
}

/// A quantity as Kubernetes writes them: `500m`, `2`, `64Mi`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a quantity such as `500m`, `2` or `64Mi`")]
pub enum Amount {
    /// A whole number.
    Whole(i64),
    /// A decimal number.
    Decimal(f64),
    /// A text.
    Text(String),
}

/// A workload: `name`, `deployment/name`, `namespace/name`, `namespace/deployment/name`, or the same as a mapping.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a workload such as `deployment/web`, or a mapping with `name`")]
pub enum Target {
    /// In short.
    Short(String),
    /// In full.
    Full(FullTarget),
}

/// A workload, in full.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct FullTarget {
    /// `Deployment` (the default), `ReplicaSet` or `StatefulSet`.
    pub kind: Option<String>,
    /// Its name.
    pub name: String,
    /// Its namespace, `default` unless given.
    pub namespace: Option<String>,
}

/// Where pods run at the start, for all workloads or for each.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "`any`, `given`, or a mapping from workloads to one of these")]
pub enum InitialPlacement {
    /// For all Deployments, ReplicaSets and StatefulSets.
    All(Placement),
    /// By workload, such as `{deployment/web: any}`; others run where they are given.
    Each(BTreeMap<String, Placement>),
}

/// Where pods run at the start.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub enum Placement {
    /// Where their objects say; pods that are not given are yet to be created.
    Given,
    /// Wherever there is room: every placement of as many ready pods as the ReplicaSets have replicas is a start.
    Any,
}

/// How the load of one workload moves.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Load {
    /// The workload.
    pub target: Target,
    /// `cpu` (the default) or `memory`.
    pub resource: Option<String>,
    /// The name of a Pods metric, instead of a resource.
    pub metric: Option<String>,
    /// Whose usage the range is: each pod's, all of which use the same (`pod`), each pod's, independently of the others
    /// (`eachPod`), or the whole workload's (`deployment`).
    #[serde(default)]
    pub per: Per,
    /// Smallest and largest usage: `0m..2000m`.
    pub range: Option<Range>,
    /// Usage at the start. Without it: what the autoscaler aims at, or the least.
    pub initial: Option<Amount>,
    /// How often load may change: `any` (the default), `never`, or a number of times.
    #[serde(default)]
    pub changes: Changes,
    /// Usage of a young pod, by its age; afterwards `range` applies.
    #[serde(default)]
    pub startup: Vec<Startup>,
    /// What one pod uses at most of the whole workload's usage.
    pub at_most: Option<Amount>,
    /// Which pods the metrics API shows: all that have started (the default), or those that are ready.
    #[serde(default)]
    pub samples: Samples,
}

/// Which pods the metrics API shows.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Samples {
    /// Those that have started, ready or not.
    #[default]
    Started,
    /// Those that are ready; they share the workload's usage, also while they are being deleted.
    Ready,
}

/// Whose usage a range speaks of.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Per {
    /// One pod's; all use the same.
    #[default]
    Pod,
    /// One pod's, independently of the others'.
    EachPod,
    /// The whole workload's, spread evenly over its ready pods.
    #[serde(alias = "workload")]
    Deployment,
}

/// A range of usage.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a range such as `0m..2000m`, or a mapping with `min` and `max`")]
pub enum Range {
    /// `least..most`.
    Text(String),
    /// As a mapping.
    Between {
        /// The least.
        min: Amount,
        /// The most.
        max: Amount,
    },
}

/// How often something may change.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "`any`, `never`, or a number of times")]
pub enum Changes {
    /// `any` or `never`.
    Word(ChangesWord),
    /// So many times.
    Times(u32),
}

impl Default for Changes {
    fn default() -> Self {
        Changes::Word(ChangesWord::Any)
    }
}

/// How often something may change, in words.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ChangesWord {
    /// Any number of times.
    Any,
    /// Never.
    Never,
}

/// What a pod uses up to some age.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Startup {
    /// The age at which this ends, such as `60s` or `5m`.
    pub until: Duration,
    /// Usage until then.
    pub usage: Amount,
}

/// A duration.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a duration such as `90s` or `5m`")]
pub enum Duration {
    /// In seconds.
    Seconds(u32),
    /// A number with `s`, `m` or `h`, or several, the largest unit first.
    Text(String),
}

/// Which nodes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "`all`, or a list of node names")]
pub enum Nodes {
    /// `all`.
    Word(String),
    /// By name.
    Names(Vec<String>),
}

/// Pods that cease to be ready.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Unready {
    /// The workload.
    pub target: Target,
    /// At most so many of its pods are not ready any more at the same time, or `any`; 1 unless given.
    pub at_most: Option<AtMost>,
    /// Whether they become ready again; yes unless given.
    pub recover: Option<bool>,
}

/// Node failure.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Failures {
    /// Which nodes; all but control-plane nodes unless given.
    pub nodes: Option<Nodes>,
    /// All nodes of this pool.
    pub pool: Option<String>,
    /// At most so many are down at the same time, or `any`; 1 unless given.
    pub at_most: Option<AtMost>,
    /// Whether they come back; yes unless given.
    pub recover: Option<bool>,
}

/// How many at the same time.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a number, or `any`")]
pub enum AtMost {
    /// So many.
    Number(u32),
    /// Any number: `any`.
    Word(AnyNumber),
}

/// No limit.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AnyNumber {
    /// All of them, or some.
    Any,
}

/// Nodes that panic when they are full.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Overload {
    /// Which nodes; all but control-plane nodes unless given.
    pub nodes: Option<Nodes>,
    /// All nodes of this pool.
    pub pool: Option<String>,
    /// Requested cpu, in percent of allocatable, at which a node panics; `98%` unless given.
    pub threshold: Option<Percent>,
    /// Whether a node comes back once it is empty; yes unless given.
    pub recover: Option<bool>,
}

/// A percentage.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a percentage such as `98%`")]
pub enum Percent {
    /// A number.
    Number(i64),
    /// A number with `%`.
    Text(String),
}

/// Rolling maintenance.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Maintenance {
    /// Which nodes; all but control-plane nodes unless given.
    pub nodes: Option<Nodes>,
    /// All nodes of this pool.
    pub pool: Option<String>,
    /// How many at the same time; 1 unless given.
    pub parallel: Option<u32>,
    /// Whether each node is maintained once (the default) or again and again.
    pub once: Option<bool>,
}

/// A property: its name, or a mapping with `name`, `target` and arguments.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "the name of a property, or a mapping with `name`")]
pub enum Property {
    /// Its name.
    Name(String),
    /// With a target or arguments.
    Full(FullProperty),
}

/// A property with its arguments.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FullProperty {
    /// Its name.
    pub name: String,
    /// Only for this workload.
    pub target: Option<Target>,
    /// Arguments: `value` (expected-replicas), `threshold` (no-replica-oscillation), `maxSkew` and `topologyKey` (spread-balanced).
    #[serde(flatten)]
    pub arguments: BTreeMap<String, Value>,
}
