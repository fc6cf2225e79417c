//! One reconcile after the metrics were read: `reconcileAutoscaler`.
//!
//! Part of the rule `hpa/reconcile`.

use crate::term::{Bool, Ctx, Int};

use super::rules::Rules;
use super::{Bounds, Past, Reason, Size, rates, stabilisation};

/// A proposal after windows, rates and bounds.
#[derive(Clone, Copy)]
pub struct Normalised<'c> {
    /// After the windows; the reason is that of AbleToScale.
    pub stabilised: Size<'c>,
    /// After rates and bounds; the reason is that of ScalingLimited.
    pub limited: Size<'c>,
}

/// Stabilises and limits a proposal.
pub fn normalise<'c>(
    ctx: &'c Ctx,
    rules: Option<&Rules>,
    bounds: Bounds,
    past: &Past<'c, '_>,
    current: Int<'c>,
    proposal: Int<'c>,
) -> Normalised<'c> {
    let stabilised = stabilisation::stabilise(ctx, rules, current, proposal, &past.recommendations);
    let limited = rates::limit(ctx, rules, past.changes, current, stabilised.replicas, bounds);
    Normalised { stabilised, limited }
}

impl<'c> Normalised<'c> {
    /// Whether rates or bounds change what the windows agree on: the status of ScalingLimited.
    pub fn is_limited(&self) -> Bool<'c> {
        self.limited.replicas.ne(self.stabilised.replicas)
    }
}

/// What a reconcile decides.
pub struct Reconciled<'c> {
    /// Whether the metrics decide: the present size is within the bounds, and autoscaling is not off.
    pub by_metrics: Bool<'c>,
    /// The target is at 0 and `minReplicas` is not: autoscaling is off.
    pub disabled: Bool<'c>,
    /// The size that is set.
    pub desired: Int<'c>,
    /// Whether it is set at all.
    pub rescales: Bool<'c>,
    /// Why, by position in [`RescaleReason`].
    pub rescale_reason: Int<'c>,
    /// What the metrics lead to.
    pub normalised: Normalised<'c>,
}

/// The reason that the event of a rescale gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RescaleReason {
    /// The metrics asked for the present size.
    Nothing,
    /// The metrics asked for more.
    AboveTarget,
    /// The metrics asked for less.
    BelowTarget,
    /// The size was above `maxReplicas`.
    AboveMax,
    /// The size was below `minReplicas`.
    BelowMin,
}

impl RescaleReason {
    /// The text at a position; `metric` is the one that asked for most.
    pub fn text(code: i64, metric: &str) -> String {
        let is = |reason: RescaleReason| code == reason as i64;
        if is(RescaleReason::AboveTarget) {
            return format!("{metric} above target");
        }
        let text = if is(RescaleReason::BelowTarget) {
            "All metrics below target"
        } else if is(RescaleReason::AboveMax) {
            "Current number of replicas above Spec.MaxReplicas"
        } else if is(RescaleReason::BelowMin) {
            "Current number of replicas below Spec.MinReplicas"
        } else {
            ""
        };
        text.to_owned()
    }
}

/// Reconciles: the size from outside its bounds goes to the nearer one; otherwise the proposal is stabilised and limited.
pub fn reconcile<'c>(
    ctx: &'c Ctx,
    rules: Option<&Rules>,
    bounds: Bounds,
    past: &Past<'c, '_>,
    current: Int<'c>,
    proposal: Int<'c>,
) -> Reconciled<'c> {
    let proposal = proposal.max(0);
    let disabled = ctx.bool(bounds.min != 0) & current.eq(0);
    let above = !disabled & current.gt(bounds.max);
    let below = !disabled & !above & current.lt(bounds.min);
    let by_metrics = !(disabled | above | below);
    let normalised = normalise(ctx, rules, bounds, past, current, proposal);
    let size = normalised.limited.replicas;
    let outside = disabled.ite(current, above.ite(bounds.max, bounds.min));
    Reconciled {
        by_metrics,
        disabled,
        desired: by_metrics.ite(size, outside),
        rescales: by_metrics.ite_bool(size.ne(current), !disabled),
        rescale_reason: by_metrics.ite(
            asked(ctx, current, proposal),
            above.ite(RescaleReason::AboveMax as i64, RescaleReason::BelowMin as i64),
        ),
        normalised,
    }
}

/// Why the metrics change the size: what they ask for, whatever limits make of it.
fn asked<'c>(ctx: &'c Ctx, current: Int<'c>, proposal: Int<'c>) -> Int<'c> {
    let code = |reason: RescaleReason| ctx.int(reason as i64);
    let less = proposal.lt(current).ite(code(RescaleReason::BelowTarget), code(RescaleReason::Nothing));
    proposal.gt(current).ite(code(RescaleReason::AboveTarget), less)
}

/// The conditions of an HPA: reasons by position in [`Reason`].
#[derive(Clone, Copy)]
pub struct Conditions<'c> {
    /// Why it is able to scale.
    pub able_to_scale: Int<'c>,
    /// Why its scaling is active, or not.
    pub scaling_active: Int<'c>,
    /// Why the size is limited, or not.
    pub scaling_limited: Int<'c>,
    /// Whether it is limited.
    pub is_limited: Bool<'c>,
}

impl<'c> Reconciled<'c> {
    /// The conditions afterwards. A condition that a reconcile does not touch stays as it was.
    pub fn conditions(&self, ctx: &'c Ctx, before: Conditions<'c>) -> Conditions<'c> {
        let code = |reason: Reason| ctx.int(reason.code());
        let unscaled = self.by_metrics.ite(self.normalised.stabilised.reason, code(Reason::SucceededGetScale));
        let unread = self.disabled.ite(code(Reason::ScalingDisabled), before.scaling_active);
        Conditions {
            able_to_scale: self.rescales.ite(code(Reason::SucceededRescale), unscaled),
            scaling_active: self.by_metrics.ite(code(Reason::ValidMetricFound), unread),
            scaling_limited: self.by_metrics.ite(self.normalised.limited.reason, before.scaling_limited),
            is_limited: self.by_metrics.ite_bool(self.normalised.is_limited(), before.is_limited),
        }
    }
}
