//! Object and External metrics, and their per-pod variants.

use crate::cluster::arithmetic::hpa_replicas::{MetricTarget, Tolerance};
use crate::cluster::view::rule::{Rule, rule};
use crate::term::{Bool, Ctx, Int};

use super::Proposal;
use super::comparison::Comparison;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "hpa/whole-metrics",
    component: Autoscaler,
    upstream: [
        "pkg/controller/podautoscaler/replica_calculator.go" => [
            "GetObjectMetricReplicas", "GetObjectPerPodMetricReplicas", "GetExternalMetricReplicas",
            "GetExternalPerPodMetricReplicas",
        ],
    ],
    decides: "How many replicas an Object or External metric asks for: its value, or its value per pod, against the \
        target.",
    parts: [
        "Object and External metrics" => "exact; only conformance asks",
    ],
    omits: [
        "the saturation at the largest int32 that came with later versions",
    ],
};

/// What the formulas read besides the metric.
pub struct Scale<'c> {
    /// `spec.replicas` of the target.
    pub spec: Int<'c>,
    /// `status.replicas` of the target.
    pub status: Int<'c>,
    /// Its pods that are Running and Ready.
    pub serving: Int<'c>,
    /// Whether its selector matches any pod.
    pub has_pods: bool,
}

/// What a metric of this value asks for. `total` is `None` where the API has no such metric.
pub fn propose<'c>(
    ctx: &'c Ctx,
    target: MetricTarget,
    tolerance: &Tolerance,
    total: Option<Int<'c>>,
    scale: &Scale<'c>,
) -> Proposal<'c> {
    let found = ctx.bool(total.is_some());
    let comparison = Comparison::new(ctx, target, tolerance, None);
    let total = total.unwrap_or(ctx.int(0));
    match target {
        MetricTarget::AverageValue { .. } => {
            let replicas = average_replicas(&comparison, tolerance, total, scale);
            let status = scale.status.max(1);
            let average = (total + (status - 1)).div(status);
            Proposal { replicas, valid: found, utilization: None, amount: average }
        }
        _ => {
            let (replicas, readable) = value_replicas(&comparison, total, scale);
            Proposal { replicas, valid: found & readable, utilization: None, amount: total }
        }
    }
}

/// `Value`: in proportion to the pods that serve; from 0 replicas in proportion to one, with no tolerance. Without any
/// pods there is no proportion.
fn value_replicas<'c>(comparison: &Comparison<'c>, total: Int<'c>, scale: &Scale<'c>) -> (Int<'c>, Bool<'c>) {
    let ctx = comparison.ctx();
    let from_zero = comparison.replicas(total, ctx.int(1));
    let (none, tolerated) = (scale.spec.eq(0), comparison.is_tolerated(total));
    let proportional = comparison.replicas(total, scale.serving);
    let replicas = none.ite(from_zero, tolerated.ite(scale.spec, proportional));
    (replicas, none | tolerated | ctx.bool(scale.has_pods))
}

/// `AverageValue`: the total over the target, unless `status.replicas` already are about that many.
fn average_replicas<'c>(
    comparison: &Comparison<'c>,
    tolerance: &Tolerance,
    total: Int<'c>,
    scale: &Scale<'c>,
) -> Int<'c> {
    let (ctx, aim) = (comparison.ctx(), comparison.aim());
    let least = scale.status.map(|status| tolerance.usages(aim, status).0);
    let most = scale.status.map(|status| tolerance.usages(aim, status).1);
    let tolerated = total.ge(least) & total.le(most);
    tolerated.ite(scale.status, comparison.replicas(total, ctx.int(1)))
}
