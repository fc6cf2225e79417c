//! Rates of change and the bounds.

use crate::cluster::arithmetic::hpa_rates::{percent_down, percent_up};
use crate::cluster::view::rule::{Rule, rule};
use crate::term::{Ctx, Int};

use super::rules::{Direction, Policy, Rules, SelectPolicy};
use super::{Bounds, Reason, Size};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "hpa/rates",
    component: Autoscaler,
    upstream: [
        "pkg/controller/podautoscaler/horizontal.go" => [
            "convertDesiredReplicasWithRules", "convertDesiredReplicasWithBehaviorRate", "getReplicasChangePerPeriod",
            "storeScaleEvent",
        ],
    ],
    decides: "How far one reconcile may change the size: the policies of the behavior, or the default rate, then \
        minReplicas and maxReplicas.",
    parts: [
        "minReplicas, maxReplicas, limits with and without a behavior" => "exact",
        "behavior policies (Pods, Percent, selectPolicy)" =>
            "exact for given earlier changes, and for a size that goes one way; over where it goes up and down within a period, of \
                sizes beyond 16 levels, and where others change it: a period then began with anything between the smallest and the \
                largest size so far. Periods that are no longer than the sync period see no earlier change",
    ],
};

/// Replicas added, and removed, within a period of so many seconds.
pub type Changes<'c, 'p> = dyn Fn(i64) -> (Int<'c>, Int<'c>) + 'p;

/// Limits a recommendation.
pub fn limit<'c>(
    ctx: &'c Ctx,
    rules: Option<&Rules>,
    changes: &Changes<'c, '_>,
    current: Int<'c>,
    wanted: Int<'c>,
    bounds: Bounds,
) -> Size<'c> {
    match rules {
        None => without_behavior(ctx, current, wanted, bounds),
        Some(rules) => with_behavior(ctx, rules, changes, current, wanted, bounds),
    }
}

fn reason(ctx: &Ctx, reason: Reason) -> Int<'_> {
    ctx.int(reason.code())
}

/// Without a behavior: `minReplicas` to `maxReplicas`, and at most `max(2 × current, 4)` in one step.
fn without_behavior<'c>(ctx: &'c Ctx, current: Int<'c>, wanted: Int<'c>, bounds: Bounds) -> Size<'c> {
    let most = Ceiling::new(ctx, (current * 2).max(4), bounds);
    let too_few = wanted.lt(bounds.min);
    let within = reason(ctx, Reason::DesiredWithinRange);
    let above = wanted.gt(most.highest).ite(most.reason, within);
    Size {
        replicas: too_few.ite(bounds.min, wanted.min(most.highest)),
        reason: too_few.ite(reason(ctx, Reason::TooFewReplicas), above),
    }
}

/// With a behavior: the rate of the direction, or the bound where that is tighter.
fn with_behavior<'c>(
    ctx: &'c Ctx,
    rules: &Rules,
    changes: &Changes<'c, '_>,
    current: Int<'c>,
    wanted: Int<'c>,
    bounds: Bounds,
) -> Size<'c> {
    let most = Ceiling::new(ctx, scale_up_limit(ctx, &rules.up, changes, current).max(current), bounds);
    let rate = scale_down_limit(ctx, &rules.down, changes, current).min(current);
    let lowest = rate.max(bounds.min);
    let floor = rate.gt(bounds.min).ite(reason(ctx, Reason::ScaleDownLimit), reason(ctx, Reason::TooFewReplicas));
    let (up, down) = (wanted.gt(current), wanted.lt(current));
    let (above, below) = (up & wanted.gt(most.highest), down & wanted.lt(lowest));
    let within = reason(ctx, Reason::DesiredWithinRange);
    Size {
        replicas: up.ite(wanted.min(most.highest), down.ite(wanted.max(lowest), wanted)),
        reason: above.ite(most.reason, below.ite(floor, within)),
    }
}

/// The tighter of a rate and `maxReplicas`.
struct Ceiling<'c> {
    highest: Int<'c>,
    reason: Int<'c>,
}

impl<'c> Ceiling<'c> {
    fn new(ctx: &'c Ctx, rate: Int<'c>, bounds: Bounds) -> Self {
        let by_rate = rate.lt(bounds.max);
        let reason = by_rate.ite(reason(ctx, Reason::ScaleUpLimit), reason(ctx, Reason::TooManyReplicas));
        Ceiling { highest: rate.min(bounds.max), reason }
    }
}

/// Replicas when a policy's period began.
fn start_of_period<'c>(policy: &Policy, changes: &Changes<'c, '_>, current: Int<'c>) -> Int<'c> {
    let (added, removed) = changes(policy.period);
    current - added + removed
}

/// The size up to which the policies allow scaling up; may lie below the present one when a period is used up.
fn scale_up_limit<'c>(ctx: &'c Ctx, rules: &Direction, changes: &Changes<'c, '_>, current: Int<'c>) -> Int<'c> {
    let limits = rules.policies.iter().map(|policy| {
        let start = start_of_period(policy, changes, current);
        if policy.percent { start.map(|start| percent_up(start, policy.value)) } else { start + policy.value }
    });
    match rules.select {
        SelectPolicy::Disabled => current,
        SelectPolicy::Min => ctx.min(limits, i32::MAX.into()),
        SelectPolicy::Max => ctx.max(limits, i32::MIN.into()),
    }
}

/// The size down to which the policies allow scaling down; may lie above the present one when a period is used up.
fn scale_down_limit<'c>(ctx: &'c Ctx, rules: &Direction, changes: &Changes<'c, '_>, current: Int<'c>) -> Int<'c> {
    let limits = rules.policies.iter().map(|policy| {
        let start = start_of_period(policy, changes, current);
        if policy.percent { start.map(|start| percent_down(start, policy.value)) } else { start - policy.value }
    });
    match rules.select {
        SelectPolicy::Disabled => current,
        SelectPolicy::Min => ctx.max(limits, i32::MIN.into()),
        SelectPolicy::Max => ctx.min(limits, i32::MAX.into()),
    }
}
