//! Checks of Nodes, LimitRanges, ResourceQuotas and PodDisruptionBudgets.

use k8s_openapi::api::core::v1::{LimitRange, Node, ResourceQuota, Taint};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;

use crate::input::path::FieldPath;

use super::Check;

/// Checks a Node.
pub fn node(node: &Node, check: &mut Check<'_>) {
    let status = node.status.as_ref();
    let allocatable = status.and_then(|status| status.allocatable.as_ref());
    let capacity = status.and_then(|status| status.capacity.as_ref());
    check.amounts(&"status.allocatable".into(), allocatable);
    check.amounts(&"status.capacity".into(), capacity);
    if allocatable.or(capacity).is_none() {
        let help = "add `status: {allocatable: {cpu: \"4\", memory: 8Gi, pods: \"110\"}}`";
        check.warning(
            &"status.allocatable".into(),
            "the node offers nothing, so no pod that requests anything fits",
            help,
        );
    }
    let given = node.spec.as_ref().and_then(|spec| spec.taints.as_deref());
    taints(&"spec.taints".into(), given.unwrap_or_default(), check);
}

/// Checks a list of taints.
pub fn taints(path: &FieldPath, taints: &[Taint], check: &mut Check<'_>) {
    for (index, taint) in taints.iter().enumerate() {
        let at = path.index(index);
        check.one_of(&at.field("effect"), Some(&taint.effect), &["NoSchedule", "PreferNoSchedule", "NoExecute"]);
        if taint.key.is_empty() {
            check.error(&at.field("key"), "a taint needs a key", "add `key:`");
        }
    }
}

/// Checks a LimitRange.
pub fn limit_range(range: &LimitRange, check: &mut Check<'_>) {
    for (index, item) in range.spec.iter().flat_map(|spec| &spec.limits).enumerate() {
        let path = FieldPath::from("spec.limits").index(index);
        check.one_of(&path.field("type"), Some(&item.type_), &["Container", "Pod", "PersistentVolumeClaim"]);
        let lists = [("default", &item.default), ("defaultRequest", &item.default_request)];
        for (field, list) in lists.into_iter().chain([("min", &item.min), ("max", &item.max)]) {
            check.amounts(&path.field(field), list.as_ref());
        }
    }
}

/// Checks a ResourceQuota.
pub fn quota(quota: &ResourceQuota, check: &mut Check<'_>) {
    let hard = quota.spec.as_ref().and_then(|spec| spec.hard.as_ref());
    check.amounts(&"spec.hard".into(), hard);
}

/// Checks a PodDisruptionBudget.
pub fn disruption_budget(budget: &PodDisruptionBudget, check: &mut Check<'_>) {
    let Some(spec) = &budget.spec else { return };
    check.int_or_percent(&"spec.minAvailable".into(), spec.min_available.as_ref());
    check.int_or_percent(&"spec.maxUnavailable".into(), spec.max_unavailable.as_ref());
    check.label_selector(&"spec.selector".into(), spec.selector.as_ref());
    if spec.min_available.is_some() && spec.max_unavailable.is_some() {
        check.error(
            &"spec.maxUnavailable".into(),
            "a budget has either minAvailable or maxUnavailable",
            "keep one of them",
        );
    }
}
