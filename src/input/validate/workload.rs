//! Checks of Deployments, ReplicaSets, StatefulSets, DaemonSets and Pods.

use k8s_openapi::api::apps::v1::{
    DaemonSet, DaemonSetUpdateStrategy, Deployment, DeploymentStrategy, ReplicaSet, StatefulSet,
    StatefulSetUpdateStrategy,
};
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::cluster::object::selector;
use crate::input::path::FieldPath;

use super::{Check, pod as pod_checks};

/// Checks a Deployment.
pub fn deployment(object: &Deployment, check: &mut Check<'_>) {
    let Some(spec) = &object.spec else { return missing_spec(check) };
    replicas(spec.replicas, check);
    check.at_least(&"spec.minReadySeconds".into(), spec.min_ready_seconds, 0);
    template(&spec.selector, &spec.template, check);
    if let Some(given) = &spec.strategy {
        strategy(given, check);
    }
}

/// Checks a ReplicaSet.
pub fn replica_set(object: &ReplicaSet, check: &mut Check<'_>) {
    let Some(spec) = &object.spec else { return missing_spec(check) };
    replicas(spec.replicas, check);
    check.at_least(&"spec.minReadySeconds".into(), spec.min_ready_seconds, 0);
    template(&spec.selector, &spec.template.clone().unwrap_or_default(), check);
}

/// Checks a StatefulSet.
pub fn stateful_set(object: &StatefulSet, check: &mut Check<'_>) {
    let Some(spec) = &object.spec else { return missing_spec(check) };
    replicas(spec.replicas, check);
    check.at_least(&"spec.minReadySeconds".into(), spec.min_ready_seconds, 0);
    let start = spec.ordinals.as_ref().and_then(|ordinals| ordinals.start);
    check.at_least(&"spec.ordinals.start".into(), start, 0);
    let policies = ["OrderedReady", "Parallel"];
    check.one_of(&"spec.podManagementPolicy".into(), spec.pod_management_policy.as_deref(), &policies);
    template(&spec.selector, &spec.template, check);
    if let Some(given) = &spec.update_strategy {
        set_strategy(given, check);
    }
}

/// Checks a DaemonSet.
pub fn daemon_set(object: &DaemonSet, check: &mut Check<'_>) {
    let Some(spec) = &object.spec else { return missing_spec(check) };
    check.at_least(&"spec.minReadySeconds".into(), spec.min_ready_seconds, 0);
    template(&spec.selector, &spec.template, check);
    if let Some(given) = &spec.update_strategy {
        daemon_strategy(given, check);
    }
}

fn set_strategy(strategy: &StatefulSetUpdateStrategy, check: &mut Check<'_>) {
    let path = FieldPath::from("spec.updateStrategy");
    check.one_of(&path.field("type"), strategy.type_.as_deref(), &["RollingUpdate", "OnDelete"]);
    let Some(rolling) = &strategy.rolling_update else { return };
    let inner = path.field("rollingUpdate");
    if strategy.type_.as_deref() == Some("OnDelete") {
        return check.error(&inner, "strategy OnDelete takes no rollingUpdate", "leave it out");
    }
    check.at_least(&inner.field("partition"), rolling.partition, 0);
    check.int_or_percent(&inner.field("maxUnavailable"), rolling.max_unavailable.as_ref());
    if is_zero(rolling.max_unavailable.as_ref()) {
        check.error(&inner.field("maxUnavailable"), "maxUnavailable cannot be 0", "give 1 or more");
    }
}

/// Checks a Pod.
pub fn pod(object: &Pod, check: &mut Check<'_>) {
    match &object.spec {
        Some(spec) => pod_checks::spec(&"spec".into(), spec, check),
        None => missing_spec(check),
    }
}

fn missing_spec(check: &mut Check<'_>) {
    check.error(&"spec".into(), "this object has no spec", "add `spec:`");
}

fn replicas(replicas: Option<i32>, check: &mut Check<'_>) {
    check.at_least(&"spec.replicas".into(), replicas, 0);
}

fn template(selector: &LabelSelector, template: &PodTemplateSpec, check: &mut Check<'_>) {
    let path = FieldPath::from("spec.selector");
    let labels = template.metadata.as_ref().and_then(|metadata| metadata.labels.clone()).unwrap_or_default();
    let empty = |selector: &LabelSelector| {
        selector.match_labels.as_ref().is_none_or(|labels| labels.is_empty())
            && selector.match_expressions.as_ref().is_none_or(Vec::is_empty)
    };
    check.label_selector(&path, Some(selector));
    if empty(selector) {
        check.error(
            &path,
            "a selector is required",
            "add `selector: {matchLabels: {…}}` with labels of the pod template",
        );
    } else if !selector::matches(selector, &labels) {
        let shown: Vec<String> = labels.iter().map(|(key, value)| format!("{key}: {value}")).collect();
        let help = format!("the template's labels are {{{}}}", shown.join(", "));
        check.error(&path, "the selector does not match the labels of the pod template", help);
    }
    match &template.spec {
        Some(spec) => pod_checks::spec(&"spec.template.spec".into(), spec, check),
        None => check.error(
            &"spec.template".into(),
            "the pod template has no spec",
            "add `template: {spec: {containers: […]}}`",
        ),
    }
}

fn strategy(strategy: &DeploymentStrategy, check: &mut Check<'_>) {
    let path = FieldPath::from("spec.strategy");
    check.one_of(&path.field("type"), strategy.type_.as_deref(), &["RollingUpdate", "Recreate"]);
    let Some(rolling) = &strategy.rolling_update else { return };
    let inner = path.field("rollingUpdate");
    if strategy.type_.as_deref() == Some("Recreate") {
        return check.error(&inner, "strategy Recreate takes no rollingUpdate", "leave it out");
    }
    check.int_or_percent(&inner.field("maxSurge"), rolling.max_surge.as_ref());
    check.int_or_percent(&inner.field("maxUnavailable"), rolling.max_unavailable.as_ref());
    if is_zero(rolling.max_surge.as_ref()) && is_zero(rolling.max_unavailable.as_ref()) {
        check.error(
            &inner.field("maxUnavailable"),
            "maxSurge and maxUnavailable cannot both be 0",
            "raise one of them, or no update could ever proceed",
        );
    }
}

fn daemon_strategy(strategy: &DaemonSetUpdateStrategy, check: &mut Check<'_>) {
    let path = FieldPath::from("spec.updateStrategy");
    check.one_of(&path.field("type"), strategy.type_.as_deref(), &["RollingUpdate", "OnDelete"]);
    let Some(rolling) = &strategy.rolling_update else { return };
    let inner = path.field("rollingUpdate");
    check.int_or_percent(&inner.field("maxSurge"), rolling.max_surge.as_ref());
    check.int_or_percent(&inner.field("maxUnavailable"), rolling.max_unavailable.as_ref());
    let surges = rolling.max_surge.is_some() && !is_zero(rolling.max_surge.as_ref());
    match (surges, rolling.max_unavailable.is_some() && is_zero(rolling.max_unavailable.as_ref())) {
        (true, false) => check.error(
            &inner.field("maxUnavailable"),
            "maxSurge and maxUnavailable cannot both be more than 0, and maxUnavailable is 1 unless given",
            "write `maxUnavailable: 0`, or leave maxSurge out",
        ),
        (false, true) => check.error(
            &inner.field("maxUnavailable"),
            "maxSurge and maxUnavailable cannot both be 0",
            "raise one of them, or no update could ever proceed",
        ),
        _ => {}
    }
}

fn is_zero(value: Option<&IntOrString>) -> bool {
    match value {
        Some(IntOrString::Int(number)) => *number == 0,
        Some(IntOrString::String(text)) => text == "0%",
        None => false,
    }
}
