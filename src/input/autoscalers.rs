//! HorizontalPodAutoscalers: conversion from v1, the API server's defaults, and their targets.
//!
//! Reference: `pkg/apis/autoscaling/v2/defaults.go` (v1.34).

use std::sync::Arc;

use k8s_openapi::api::autoscaling::v1::HorizontalPodAutoscaler as AutoscalerV1;
use k8s_openapi::api::autoscaling::v2::{
    CrossVersionObjectReference, HPAScalingPolicy, HPAScalingRules, HorizontalPodAutoscaler,
    HorizontalPodAutoscalerSpec, MetricSpec, MetricTarget, ResourceMetricSource,
};

use crate::cluster::object::scenario::find_workload;
use crate::cluster::object::selector;
use crate::cluster::object::spec::{Autoscaler, ObjectKey, Workload, WorkloadKind};

use super::census::Census;
use super::diagnostics::Diagnostics;
use super::object::Located;
use super::path::FieldPath;

/// The cpu utilization that an autoscaler without metrics aims at.
const DEFAULT_UTILIZATION: i32 = 80;

/// The v2 form of a v1 autoscaler.
pub fn from_v1(old: Located<AutoscalerV1>) -> Located<HorizontalPodAutoscaler> {
    let AutoscalerV1 { metadata, spec, .. } = Arc::unwrap_or_clone(old.value);
    let spec = spec.map(|spec| HorizontalPodAutoscalerSpec {
        min_replicas: spec.min_replicas,
        max_replicas: spec.max_replicas,
        metrics: spec.target_cpu_utilization_percentage.map(|percent| vec![cpu_metric(percent)]),
        scale_target_ref: CrossVersionObjectReference {
            api_version: spec.scale_target_ref.api_version,
            kind: spec.scale_target_ref.kind,
            name: spec.scale_target_ref.name,
        },
        behavior: None,
    });
    Located { value: Arc::new(HorizontalPodAutoscaler { metadata, spec, status: None }), raw: old.raw }
}

/// Resolves the targets of autoscalers; one without a target is an error, or left out of a dump. Targets that are
/// `broken` have been reported already.
pub fn resolve(
    objects: Vec<Located<HorizontalPodAutoscaler>>,
    workloads: &[Workload],
    broken: &[String],
    census: &mut Census,
    sink: &mut Diagnostics,
) -> Vec<Autoscaler> {
    let mut resolved: Vec<Autoscaler> = Vec::new();
    let reported = |object: &Located<HorizontalPodAutoscaler>| {
        let target = object.value.spec.as_ref().map(|spec| &spec.scale_target_ref.name);
        target.is_some_and(|target| broken.contains(target))
    };
    for object in objects.into_iter().filter(|object| !reported(object)) {
        let Some(autoscaler) = resolve_one(object, workloads, census, sink) else { continue };
        if let Some(conflict) = resolved.iter().find_map(|other| conflict(other, &autoscaler, workloads)) {
            sink.note(conflict);
        }
        resolved.push(autoscaler);
    }
    resolved
}

/// What two autoscalers have in common that keeps both from reading their metrics.
fn conflict(one: &Autoscaler, other: &Autoscaler, workloads: &[Workload]) -> Option<String> {
    let both = format!("HorizontalPodAutoscalers {} and {} both", one.key, other.key);
    if one.target == other.target {
        return Some(format!("{both} scale {}; Kubernetes lets neither act", one.target));
    }
    let [first, second] = [one, other].map(|it| find_workload(workloads, &it.target).map(|(_, workload)| workload));
    let (first, second) = (first?, second?);
    let selects = |by: &Workload, of: &Workload| {
        let revisions = of.revisions.iter();
        let mut labels = revisions.filter_map(|revision| revision.template.metadata.as_ref()?.labels.as_ref());
        by.key.namespace == of.key.namespace && labels.any(|labels| selector::matches(&by.selector, labels))
    };
    let shared = [(first, second), (second, first)].into_iter().find(|(by, of)| selects(by, of))?.1;
    Some(format!("{both} select pods of {}; Kubernetes lets neither act", shared.key))
}

fn resolve_one(
    object: Located<HorizontalPodAutoscaler>,
    workloads: &[Workload],
    census: &mut Census,
    sink: &mut Diagnostics,
) -> Option<Autoscaler> {
    let origin = object.origin();
    let Located { value, raw } = object;
    let mut autoscaler = Arc::unwrap_or_clone(value);
    let key = super::key_of(&autoscaler.metadata);
    let spec = autoscaler.spec.as_mut()?;
    let reference = &spec.scale_target_ref;
    if !matches!(reference.kind.as_str(), "Deployment" | "ReplicaSet" | "StatefulSet") {
        census.count(format!("HorizontalPodAutoscaler of a {}", reference.kind));
        return None;
    }
    let target = ObjectKey { namespace: key.namespace.clone(), name: reference.name.clone() };
    let Some(workload) = target_of(workloads, &reference.kind, &target) else {
        let path = FieldPath::from("spec.scaleTargetRef.name");
        let message = format!("there is no {} `{target}` to scale", reference.kind);
        let help = "give the target's manifest too, or correct the name and the namespace";
        sink.push(if raw.is_live() { raw.warning(&path, message, help) } else { raw.error(&path, message, help) });
        return None;
    };
    let target = workload.key.clone();
    apply_defaults(spec);
    for (index, metric) in spec.metrics.iter().flatten().enumerate() {
        let path = FieldPath::from("spec.metrics").index(index);
        if let Some(resource) = unscalable(metric, workload) {
            let message =
                format!("not every container of {target} requests {resource}, so its utilization cannot be computed");
            sink.push(raw.warning(
                &path,
                message,
                format!("add `resources: {{requests: {{{resource}: …}}}}` to every container"),
            ));
        }
        if matches!(metric.type_.as_str(), "Object" | "External" | "ContainerResource") {
            census.count(format!("{} metric of a HorizontalPodAutoscaler", metric.type_));
        }
    }
    Some(Autoscaler { key, object: autoscaler, target, origin })
}

/// The workload of a kind and name. A StatefulSet that shares its name with another workload has a key of its own.
pub fn target_of<'w>(workloads: &'w [Workload], kind: &str, key: &ObjectKey) -> Option<&'w Workload> {
    if kind != "StatefulSet" {
        let is_scaled = |it: &&Workload| it.kind != WorkloadKind::DaemonSet && !it.kind.is_batch();
        return find_workload(workloads, key).map(|(_, it)| it).filter(is_scaled);
    }
    let is_named = |workload: &&Workload| {
        let set = workload.stateful.as_ref().filter(|_| workload.key.namespace == key.namespace);
        set.is_some_and(|set| set.name == key.name)
    };
    workloads.iter().find(is_named)
}

fn apply_defaults(spec: &mut HorizontalPodAutoscalerSpec) {
    spec.min_replicas.get_or_insert(1);
    if spec.metrics.as_ref().is_none_or(Vec::is_empty) {
        spec.metrics = Some(vec![cpu_metric(DEFAULT_UTILIZATION)]);
    }
    if let Some(behavior) = &mut spec.behavior {
        default_rules(behavior.scale_up.get_or_insert_default(), Some(0), &[("Pods", 4), ("Percent", 100)]);
        default_rules(behavior.scale_down.get_or_insert_default(), None, &[("Percent", 100)]);
    }
}

fn default_rules(rules: &mut HPAScalingRules, window: Option<i32>, policies: &[(&str, i32)]) {
    rules.select_policy.get_or_insert_with(|| "Max".to_owned());
    rules.stabilization_window_seconds = rules.stabilization_window_seconds.or(window);
    let policy = |(type_, value): &(&str, i32)| HPAScalingPolicy {
        type_: (*type_).to_owned(),
        value: *value,
        period_seconds: 15,
    };
    rules.policies.get_or_insert_with(|| policies.iter().map(policy).collect());
}

fn cpu_metric(percent: i32) -> MetricSpec {
    let target =
        MetricTarget { type_: "Utilization".to_owned(), average_utilization: Some(percent), ..MetricTarget::default() };
    let resource = ResourceMetricSource { name: "cpu".to_owned(), target };
    MetricSpec { type_: "Resource".to_owned(), resource: Some(resource), ..MetricSpec::default() }
}

/// The resource whose utilization a metric wants and some container does not request.
fn unscalable<'a>(metric: &'a MetricSpec, workload: &Workload) -> Option<&'a str> {
    let resource = metric.resource.as_ref().filter(|resource| resource.target.type_ == "Utilization")?;
    let spec = workload.revisions[workload.current].template.spec.as_ref()?;
    let requests = |container: &k8s_openapi::api::core::v1::Container| {
        let resources = container.resources.as_ref();
        let listed = |list: Option<&std::collections::BTreeMap<_, _>>| {
            list.is_some_and(|list| list.contains_key(&resource.name))
        };
        resources.is_some_and(|r| listed(r.requests.as_ref()) || listed(r.limits.as_ref()))
    };
    (!spec.containers.iter().all(requests)).then_some(&resource.name)
}
