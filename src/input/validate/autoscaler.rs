//! Checks of HorizontalPodAutoscalers.

use k8s_openapi::api::autoscaling::v1;
use k8s_openapi::api::autoscaling::v2::{HPAScalingRules, HorizontalPodAutoscaler, MetricSpec, MetricTarget};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use crate::cluster::object::quantity;
use crate::input::path::FieldPath;

use super::Check;

/// Checks an `autoscaling/v1` one.
pub fn v1(object: &v1::HorizontalPodAutoscaler, check: &mut Check<'_>) {
    let Some(spec) = &object.spec else { return missing_spec(check) };
    limits(spec.min_replicas, spec.max_replicas, check);
    target_name(&spec.scale_target_ref.name, check);
    check.at_least(&"spec.targetCPUUtilizationPercentage".into(), spec.target_cpu_utilization_percentage, 1);
}

/// Checks an `autoscaling/v2` one.
pub fn v2(object: &HorizontalPodAutoscaler, check: &mut Check<'_>) {
    let Some(spec) = &object.spec else { return missing_spec(check) };
    limits(spec.min_replicas, spec.max_replicas, check);
    target_name(&spec.scale_target_ref.name, check);
    for (index, spec) in spec.metrics.iter().flatten().enumerate() {
        metric(&FieldPath::from("spec.metrics").index(index), spec, check);
    }
    if let Some(behavior) = &spec.behavior {
        rules(&"spec.behavior.scaleUp".into(), behavior.scale_up.as_ref(), check);
        rules(&"spec.behavior.scaleDown".into(), behavior.scale_down.as_ref(), check);
    }
}

fn missing_spec(check: &mut Check<'_>) {
    check.error(&"spec".into(), "this object has no spec", "add `spec:` with scaleTargetRef and maxReplicas");
}

fn limits(minimum: Option<i32>, maximum: i32, check: &mut Check<'_>) {
    let path = FieldPath::from("spec.maxReplicas");
    check.at_least(&"spec.minReplicas".into(), minimum, 1);
    if maximum < 1 {
        check.error(&path, format!("{maximum} is no maximum"), "maxReplicas is required, and 1 or more");
    } else if minimum.is_some_and(|minimum| minimum > maximum) {
        let problem = format!("maxReplicas {maximum} is less than minReplicas {}", minimum.unwrap_or(1));
        check.error(&path, problem, "raise maxReplicas or lower minReplicas");
    }
}

fn target_name(name: &str, check: &mut Check<'_>) {
    if name.is_empty() {
        check.error(&"spec.scaleTargetRef.name".into(), "the target has no name", "name the Deployment to be scaled");
    }
}

fn metric(path: &FieldPath, metric: &MetricSpec, check: &mut Check<'_>) {
    let known = ["Resource", "Pods", "Object", "External", "ContainerResource"];
    check.one_of(&path.field("type"), Some(&metric.type_), &known);
    let source = match metric.type_.as_str() {
        "Resource" => ("resource", metric.resource.as_ref().map(|source| &source.target)),
        "Pods" => ("pods", metric.pods.as_ref().map(|source| &source.target)),
        "Object" => ("object", metric.object.as_ref().map(|source| &source.target)),
        "External" => ("external", metric.external.as_ref().map(|source| &source.target)),
        "ContainerResource" => ("containerResource", metric.container_resource.as_ref().map(|source| &source.target)),
        _ => return,
    };
    match source {
        (field, Some(given)) => target(&path.field(field).field("target"), given, metric, check),
        (field, None) => check.error(
            path,
            format!("a {} metric needs `{field}:`", metric.type_),
            format!("add `{field}:` with its target"),
        ),
    }
}

fn target(path: &FieldPath, target: &MetricTarget, metric: &MetricSpec, check: &mut Check<'_>) {
    check.one_of(&path.field("type"), Some(&target.type_), &["Utilization", "AverageValue", "Value"]);
    check.at_least(&path.field("averageUtilization"), target.average_utilization, 1);
    for (field, value) in [("averageValue", &target.average_value), ("value", &target.value)] {
        positive(&path.field(field), value.as_ref(), check);
    }
    let missing = match target.type_.as_str() {
        "Utilization" if target.average_utilization.is_none() => Some("averageUtilization"),
        "AverageValue" if target.average_value.is_none() => Some("averageValue"),
        "Value" if target.value.is_none() => Some("value"),
        _ => None,
    };
    if let Some(missing) = missing {
        check.error(path, format!("a target of type {} needs `{missing}`", target.type_), format!("add `{missing}:`"));
    }
    if target.type_ == "Utilization" && metric.type_ == "Pods" {
        check.error(&path.field("type"), "a Pods metric has no utilization", "use AverageValue");
    }
}

fn positive(path: &FieldPath, value: Option<&Quantity>, check: &mut Check<'_>) {
    match value.map(quantity::milli) {
        Some(Err(error)) => check.error(path, error, "write an amount such as `500m`, `2` or `64Mi`"),
        Some(Ok(amount)) if amount <= 0 => check.error(path, "a target must be positive", "give more than 0"),
        _ => {}
    }
}

fn rules(path: &FieldPath, rules: Option<&HPAScalingRules>, check: &mut Check<'_>) {
    let Some(rules) = rules else { return };
    check.one_of(&path.field("selectPolicy"), rules.select_policy.as_deref(), &["Max", "Min", "Disabled"]);
    if rules.stabilization_window_seconds.is_some_and(|seconds| !(0..=3600).contains(&seconds)) {
        check.error(&path.field("stabilizationWindowSeconds"), "this is out of range", "give 0 to 3600 seconds");
    }
    for (index, policy) in rules.policies.iter().flatten().enumerate() {
        let at = path.field("policies").index(index);
        check.one_of(&at.field("type"), Some(&policy.type_), &["Pods", "Percent"]);
        check.at_least(&at.field("value"), Some(policy.value), 1);
        if !(1..=1800).contains(&policy.period_seconds) {
            check.error(&at.field("periodSeconds"), "this is out of range", "give 1 to 1800 seconds");
        }
    }
    if let Some(Err(error)) = rules.tolerance.as_ref().map(quantity::milli) {
        check.error(&path.field("tolerance"), error, "write a fraction such as `0.1`");
    }
}
