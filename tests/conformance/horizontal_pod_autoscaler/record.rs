//! The recordings as they are written.

use std::collections::BTreeMap;

use k8s_openapi::api::autoscaling::v2::{HorizontalPodAutoscalerBehavior, MetricSpec};
use k8s_openapi::api::core::v1::{ObjectReference, Pod};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use serde::Deserialize;
use serde_json::Value;

/// A line of `hpa_replicas.jsonl`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Replicas {
    pub controller: Flags,
    pub hpa: Hpa,
    #[serde(rename = "metricsAPI", default)]
    pub api: MetricsApi,
    pub now: Time,
    #[serde(default)]
    pub pods: Vec<Pod>,
    pub scale: Scale,
    pub expect: Proposed,
}

/// The controller's flags.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Flags {
    pub tolerance: f64,
    pub cpu_initialization_period_seconds: i64,
    pub initial_readiness_delay_seconds: i64,
    #[serde(default)]
    pub feature_gates: BTreeMap<String, bool>,
}

#[derive(Deserialize)]
pub struct Hpa {
    pub metrics: Vec<MetricSpec>,
    pub behavior: Option<HorizontalPodAutoscalerBehavior>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Scale {
    pub spec_replicas: i64,
    pub status_replicas: i64,
}

/// What the three metrics APIs return.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct MetricsApi {
    pub pods: Vec<PodMetrics>,
    pub custom: Vec<MetricValue>,
    pub external: Vec<ExternalMetricValue>,
}

#[derive(Deserialize)]
pub struct PodMetrics {
    pub metadata: ObjectMeta,
    pub timestamp: Option<Time>,
    #[serde(default)]
    pub window: String,
    #[serde(default)]
    pub containers: Vec<ContainerMetrics>,
}

#[derive(Deserialize)]
pub struct ContainerMetrics {
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub usage: BTreeMap<String, Quantity>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetricValue {
    pub described_object: ObjectReference,
    pub metric: Identifier,
    pub timestamp: Option<Time>,
    pub value: Quantity,
}

#[derive(Deserialize)]
pub struct Identifier {
    pub name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExternalMetricValue {
    pub metric_name: String,
    pub value: Quantity,
}

/// What was recorded for a line of `hpa_replicas.jsonl`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Proposed {
    pub per_metric: Vec<PerMetric>,
    pub replicas: i64,
    pub metric: Option<String>,
    pub scaling_active: Condition,
    pub error: Option<String>,
}

#[derive(Deserialize)]
pub struct PerMetric {
    pub proposal: Option<i64>,
    pub status: Option<Value>,
    pub reason: Option<String>,
}

#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Condition {
    pub status: String,
    pub reason: String,
}

/// What both kinds of lines of `hpa_normalize.jsonl` share.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    pub current_replicas: i64,
    pub min_replicas: i64,
    pub max_replicas: i64,
    pub behavior: Option<HorizontalPodAutoscalerBehavior>,
    pub behavior_defaulted: Option<HorizontalPodAutoscalerBehavior>,
    pub downscale_stabilization_seconds: i64,
}

/// A `single` line.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Single {
    #[serde(flatten)]
    pub limits: Limits,
    pub proposal: i64,
    #[serde(default)]
    pub recommendations: Vec<Event>,
    #[serde(default)]
    pub scale_up_events: Vec<Event>,
    #[serde(default)]
    pub scale_down_events: Vec<Event>,
    pub expect: Normalised,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    pub seconds_ago: i64,
    pub value: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Normalised {
    pub desired_replicas: i64,
    pub able_to_scale: Condition,
    pub scaling_limited: Condition,
}

/// A `sequence` line.
#[derive(Deserialize)]
pub struct Sequence {
    #[serde(flatten)]
    pub limits: Limits,
    pub steps: Vec<Step>,
    pub expect: Reconciles,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    pub t: i64,
    pub proposal: i64,
    pub set_replicas: Option<i64>,
    pub set_min_replicas: Option<i64>,
    pub set_max_replicas: Option<i64>,
}

#[derive(Deserialize)]
pub struct Reconciles {
    pub steps: Vec<Reconciled>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reconciled {
    pub current_replicas: i64,
    pub desired_replicas: i64,
    pub status_desired_replicas: i64,
    pub rescale: Option<String>,
    pub able_to_scale: Option<Condition>,
    pub scaling_active: Option<Condition>,
    pub scaling_limited: Option<Condition>,
}
