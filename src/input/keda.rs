//! KEDA: ScaledObjects become the HorizontalPodAutoscalers that the operator makes of them, and what it scales by itself.
//!
//! Reference: `apis/keda/v1alpha1/scaledobject_types.go`, `controllers/keda/hpa.go` (KEDA v2.20).

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::autoscaling::v2::{
    ContainerResourceMetricSource, CrossVersionObjectReference, ExternalMetricSource, HPAScalingRules,
    HorizontalPodAutoscaler, HorizontalPodAutoscalerBehavior, HorizontalPodAutoscalerSpec, MetricIdentifier,
    MetricSpec, MetricTarget, ResourceMetricSource,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;

use crate::cluster::object::activation::{Activation, Paused};
use crate::cluster::object::spec::{ObjectKey, Workload};

use super::census::Census;
use super::diagnostics::Diagnostics;
use super::object::{Located, RawObject};
use super::path::FieldPath;
use super::{autoscalers, fields, validate};

/// `maxReplicaCount` where none is given.
const MOST: i32 = 100;

/// What a ScaledObject says.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    scale_target_ref: Target,
    idle_replica_count: Option<i32>,
    min_replica_count: Option<i32>,
    max_replica_count: Option<i32>,
    advanced: Advanced,
    triggers: Vec<Trigger>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Target {
    name: String,
    kind: Option<String>,
    api_version: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Advanced {
    horizontal_pod_autoscaler_config: Config,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    name: Option<String>,
    behavior: Option<HorizontalPodAutoscalerBehavior>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Trigger {
    #[serde(rename = "type")]
    type_: String,
    metric_type: Option<String>,
    #[serde(default)]
    metadata: BTreeMap<String, serde_json::Value>,
}

/// Fields of ScaledObjects, by where they are.
const FIELDS: [(&str, &[&str]); 6] = [
    (
        "spec",
        &[
            "scaleTargetRef",
            "pollingInterval",
            "initialCooldownPeriod",
            "cooldownPeriod",
            "idleReplicaCount",
            "minReplicaCount",
            "maxReplicaCount",
            "advanced",
            "triggers",
            "fallback",
        ],
    ),
    ("spec.scaleTargetRef", &["name", "apiVersion", "kind", "envSourceContainerName"]),
    ("spec.advanced", &["horizontalPodAutoscalerConfig", "restoreToOriginalReplicaCount", "scalingModifiers"]),
    ("spec.advanced.horizontalPodAutoscalerConfig", &["behavior", "name"]),
    ("spec.advanced.horizontalPodAutoscalerConfig.behavior", &["scaleUp", "scaleDown"]),
    ("spec.triggers", &["type", "name", "useCachedMetrics", "metadata", "authenticationRef", "metricType"]),
];

/// A ScaledObject: what the operator scales by itself, of a target of a kind and name.
#[derive(Clone, Debug)]
pub struct ScaledObject {
    /// As it is, but for the target's key.
    pub activation: Activation,
    /// The kind of the target.
    pub kind: String,
}

/// Whether an object is one.
pub fn is_scaled_object(raw: &RawObject) -> bool {
    raw.kind == "ScaledObject" && raw.api_version.starts_with("keda.sh/")
}

/// Makes autoscalers of the ScaledObjects of the input, unless the input has them already, which a dump does.
pub fn resolve(
    objects: Vec<Arc<RawObject>>,
    (autoscalers, broken): (&mut Vec<Located<HorizontalPodAutoscaler>>, &mut Vec<String>),
    census: &mut Census,
    sink: &mut Diagnostics,
) -> Vec<ScaledObject> {
    let mut all = Vec::new();
    for raw in objects {
        FIELDS.iter().for_each(|(path, known)| fields::report(&raw, path, known, census, sink));
        let Some(spec) = raw.decode_at::<Spec>(&"spec".into(), sink) else {
            broken.push(raw.key().name);
            continue;
        };
        let scaled = spec.scaled(&raw, sink);
        let is_paused = matches!(scaled.activation.paused, Paused::At(_));
        let is_frozen = says(&raw, "paused");
        let object = spec.autoscaler(&raw, scaled.activation.paused, sink);
        let is_made = autoscalers.iter().any(|it| makes(&scaled.activation.key, &object, &it.value.metadata));
        if !is_paused && !is_frozen && !is_made {
            let mut check = validate::Check::new(&raw, sink);
            validate::autoscaler::v2(&object, &mut check);
            autoscalers.push(Located { value: Arc::new(object), raw: Arc::clone(&raw) });
        }
        if !is_frozen || is_paused {
            all.push(scaled);
        }
    }
    all
}

/// Whether an autoscaler of the input is the one that is made of a ScaledObject.
fn makes(key: &ObjectKey, made: &HorizontalPodAutoscaler, given: &ObjectMeta) -> bool {
    let owners = given.owner_references.iter().flatten();
    let is_owned = owners.filter(|owner| owner.kind == "ScaledObject").any(|owner| owner.name == key.name);
    let is_near = given.namespace == made.metadata.namespace;
    is_near && (given.name == made.metadata.name || is_owned)
}

/// What the operator scales by itself, of targets that are modelled.
pub fn activations(scaled: Vec<ScaledObject>, workloads: &[Workload]) -> Vec<Activation> {
    let of_target = |it: ScaledObject| {
        let target = autoscalers::target_of(workloads, &it.kind, &it.activation.target)?;
        Some(Activation { target: target.key.clone(), ..it.activation })
    };
    scaled.into_iter().filter_map(of_target).collect()
}

impl Spec {
    fn scaled(&self, raw: &RawObject, sink: &mut Diagnostics) -> ScaledObject {
        let key = raw.full_key();
        let least = self.min_replica_count.unwrap_or(0);
        if let Some(idle) = self.idle_replica_count.filter(|&idle| idle >= least) {
            let message = format!("idleReplicaCount {idle} is not less than minReplicaCount {least}");
            sink.push(raw.error(&"spec.idleReplicaCount".into(), message, "lower it, or leave it out"));
        }
        if self.triggers.is_empty() {
            sink.push(raw.error(&"spec.triggers".into(), "there are no triggers", "add one, such as `type: cpu`"));
        }
        let kind = self.scale_target_ref.kind.clone().filter(|kind| !kind.is_empty());
        ScaledObject {
            activation: Activation {
                target: key.sibling(&self.scale_target_ref.name),
                least: i64::from(least),
                idle: self.idle_replica_count.map(i64::from),
                always_active: self.triggers.iter().all(Trigger::is_of_resource) || says(raw, "force-activation"),
                paused: paused(raw, sink),
                origin: raw.origin(&FieldPath::root()),
                key,
            },
            kind: kind.unwrap_or_else(|| "Deployment".to_owned()),
        }
    }

    fn autoscaler(&self, raw: &RawObject, paused: Paused, sink: &mut Diagnostics) -> HorizontalPodAutoscaler {
        let key = raw.full_key();
        let config = &self.advanced.horizontal_pod_autoscaler_config;
        let target = &self.scale_target_ref;
        let given = |text: &Option<String>, default: &str| {
            text.clone().filter(|text| !text.is_empty()).unwrap_or_else(|| default.to_owned())
        };
        let metrics = self.triggers.iter().enumerate();
        HorizontalPodAutoscaler {
            metadata: ObjectMeta {
                name: Some(given(&config.name, &format!("keda-hpa-{}", key.name))),
                namespace: Some(key.namespace),
                ..ObjectMeta::default()
            },
            spec: Some(HorizontalPodAutoscalerSpec {
                min_replicas: Some(self.min_replica_count.filter(|&least| least > 0).unwrap_or(1)),
                max_replicas: self.max_replica_count.unwrap_or(MOST),
                metrics: Some(metrics.filter_map(|(index, it)| it.metric(index, raw, sink)).collect()),
                behavior: behavior(config.behavior.clone(), paused),
                scale_target_ref: CrossVersionObjectReference {
                    api_version: Some(given(&target.api_version, "apps/v1")),
                    kind: given(&target.kind, "Deployment"),
                    name: target.name.clone(),
                },
            }),
            status: None,
        }
    }
}

/// A direction that is paused is disabled in the behavior.
fn behavior(given: Option<HorizontalPodAutoscalerBehavior>, paused: Paused) -> Option<HorizontalPodAutoscalerBehavior> {
    let off = |rules: Option<HPAScalingRules>| {
        Some(HPAScalingRules { select_policy: Some("Disabled".to_owned()), ..rules.unwrap_or_default() })
    };
    let rules = given.clone().unwrap_or_default();
    match paused {
        Paused::In => Some(HorizontalPodAutoscalerBehavior { scale_down: off(rules.scale_down), ..rules }),
        Paused::Out => Some(HorizontalPodAutoscalerBehavior { scale_up: off(rules.scale_up), ..rules }),
        Paused::No | Paused::At(_) => given,
    }
}

impl Trigger {
    fn is_of_resource(&self) -> bool {
        matches!(self.type_.as_str(), "cpu" | "memory")
    }

    fn text(&self, field: &str) -> Option<String> {
        Some(match self.metadata.get(field)? {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    }

    /// The metric of a trigger; an external one shows what nobody knows, so its target does not matter.
    fn metric(&self, index: usize, raw: &RawObject, sink: &mut Diagnostics) -> Option<MetricSpec> {
        if !self.is_of_resource() {
            let metric = MetricIdentifier { name: format!("s{index}-{}", self.type_), selector: None };
            let one = Some(Quantity("1".to_owned()));
            let target =
                MetricTarget { type_: "AverageValue".to_owned(), average_value: one, ..MetricTarget::default() };
            let external = Some(ExternalMetricSource { metric, target });
            return Some(MetricSpec { type_: "External".to_owned(), external, ..MetricSpec::default() });
        }
        let target = self.target(index, raw, sink)?;
        Some(match self.text("containerName") {
            Some(container) => MetricSpec {
                type_: "ContainerResource".to_owned(),
                container_resource: Some(ContainerResourceMetricSource { container, name: self.type_.clone(), target }),
                ..MetricSpec::default()
            },
            None => MetricSpec {
                type_: "Resource".to_owned(),
                resource: Some(ResourceMetricSource { name: self.type_.clone(), target }),
                ..MetricSpec::default()
            },
        })
    }

    /// What a cpu or memory trigger aims at; `None`, which is an error, if it does not say.
    fn target(&self, index: usize, raw: &RawObject, sink: &mut Diagnostics) -> Option<MetricTarget> {
        let type_ = self.metric_type.clone().or_else(|| self.text("type")).unwrap_or_default();
        let value = self.text("value").unwrap_or_default();
        let percent = value.trim().parse::<i32>().ok();
        let target = match type_.as_str() {
            "Utilization" => {
                percent.map(|percent| MetricTarget { average_utilization: Some(percent), ..MetricTarget::default() })
            }
            "AverageValue" if !value.is_empty() => {
                Some(MetricTarget { average_value: Some(Quantity(value)), ..MetricTarget::default() })
            }
            _ => None,
        };
        if target.is_none() {
            let message = format!("a {} trigger needs a metricType and a value", self.type_);
            let help =
                "write `metricType: Utilization` and `metadata: {value: \"60\"}`, or AverageValue with an amount";
            sink.push(raw.error(&FieldPath::from("spec.triggers").index(index), message, help));
        }
        target.map(|target| MetricTarget { type_, ..target })
    }
}

fn annotation(raw: &RawObject, name: &str) -> Option<String> {
    let path = FieldPath::from("metadata.annotations").key(&format!("autoscaling.keda.sh/{name}"));
    let tree = raw.tree();
    let value = tree.at(&path)?;
    Some(value.as_str().map_or_else(|| value.to_json().to_string(), str::to_owned))
}

/// Whether an annotation is there and does not say no.
fn says(raw: &RawObject, name: &str) -> bool {
    annotation(raw, name).is_some_and(|value| !matches!(value.as_str(), "false" | "False" | "FALSE" | "f" | "F" | "0"))
}

fn paused(raw: &RawObject, sink: &mut Diagnostics) -> Paused {
    let Some(replicas) = annotation(raw, "paused-replicas") else {
        return match (says(raw, "paused-scale-in"), says(raw, "paused-scale-out")) {
            (true, _) => Paused::In,
            (false, true) => Paused::Out,
            (false, false) => Paused::No,
        };
    };
    let number = replicas.parse::<i64>().ok().filter(|number| (0..=i64::from(i32::MAX)).contains(number));
    if number.is_none() {
        let path = FieldPath::from("metadata.annotations").key("autoscaling.keda.sh/paused-replicas");
        sink.push(raw.error(&path, format!("`{replicas}` is no number of replicas"), "give 0 or more"));
    }
    Paused::At(number.unwrap_or(0))
}
