//! Several metrics.

use crate::cluster::view::rule::{Rule, rule};
use crate::term::{Bool, Ctx, Int};

use super::Proposal;
use super::source::Metric;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "hpa/several-metrics",
    component: Autoscaler,
    upstream: [
        "pkg/controller/podautoscaler/horizontal.go" => ["computeReplicasForMetrics"],
    ],
    decides: "Of several metrics the largest proposal counts; where some fail, the size does not go down.",
    parts: [
        "several metrics, some of which fail" => "exact",
    ],
};

/// What several metrics ask for together.
pub struct Combined<'c> {
    /// The largest proposal.
    pub replicas: Int<'c>,
    /// Which metric made it, by position (the first of equal ones); -1 if none did.
    pub winner: Int<'c>,
    /// The first metric that cannot be read, by position; -1 if all can.
    pub failed: Int<'c>,
    /// Whether the autoscaler acts: not if all metrics failed, nor if some did and the rest ask for fewer replicas.
    pub acts: Bool<'c>,
}

/// Decides among proposals; `current` is `spec.replicas` of the target.
pub fn combine<'c>(ctx: &'c Ctx, proposals: &[(Int<'c>, Bool<'c>)], current: Int<'c>) -> Combined<'c> {
    let (mut best, mut winner, mut failed) = (ctx.int(0), ctx.int(-1), ctx.int(-1));
    for (position, &(replicas, valid)) in proposals.iter().enumerate() {
        let position = position as i64;
        let better = valid & (best.eq(0) | replicas.gt(best));
        best = better.ite(replicas, best);
        winner = better.ite(position, winner);
        failed = (failed.lt(0) & !valid).ite(position, failed);
    }
    let acts = winner.ge(0) & (failed.lt(0) | best.ge(current));
    Combined { replicas: best, winner, failed, acts }
}

impl<'c> Proposal<'c> {
    /// What [`combine`] reads.
    pub fn vote(&self) -> (Int<'c>, Bool<'c>) {
        (self.replicas, self.valid)
    }
}

/// Status and reason of the ScalingActive condition: whether the autoscaler acts, else why the first failed metric did.
pub fn scaling_active(acts: bool, failed: Option<&Metric>) -> (&'static str, &'static str) {
    match failed.filter(|_| !acts) {
        Some(metric) => ("False", metric.failure()),
        None => ("True", "ValidMetricFound"),
    }
}
