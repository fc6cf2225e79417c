//! From a proposal to the size that is set: `pkg/controller/podautoscaler/horizontal.go`, Kubernetes v1.34.
//!
//! History enters as numbers: the smallest and largest recommendation of a window, and the replicas that were added and
//! removed within a policy's period. Which records count is the caller's: without a behavior a recommendation exactly
//! as old as the window counts; with one, neither it nor a change exactly as old as the period does.

use super::go_int32;
pub use super::hpa_rates::{PolicyKind, PolicyUse, Rates, SelectPolicy, scale_down_limit, scale_up_limit};
pub use super::hpa_stabilization::{
    StabilizationReason, Stabilized, stabilize_with_behavior, stabilize_without_behavior,
};

/// Reason of the `ScalingLimited` condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LimitReason {
    /// The recommendation is allowed.
    DesiredWithinRange,
    /// `maxReplicas` limits it.
    TooManyReplicas,
    /// `minReplicas` limits it.
    TooFewReplicas,
    /// The rate of scaling up limits it.
    ScaleUpLimit,
    /// The rate of scaling down limits it.
    ScaleDownLimit,
}

impl LimitReason {
    /// The reason as Kubernetes writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DesiredWithinRange => "DesiredWithinRange",
            Self::TooManyReplicas => "TooManyReplicas",
            Self::TooFewReplicas => "TooFewReplicas",
            Self::ScaleUpLimit => "ScaleUpLimit",
            Self::ScaleDownLimit => "ScaleDownLimit",
        }
    }
}

/// What is decided before any metric is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shortcut {
    /// The target is scaled to 0 and `minReplicas` is not: autoscaling is off.
    Disabled,
    /// The target is above `maxReplicas` and set to it.
    AboveMax,
    /// The target is below `minReplicas` and set to it.
    BelowMin,
}

/// A size after limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limited {
    /// Replicas to set.
    pub replicas: i64,
    /// Why.
    pub reason: LimitReason,
}

impl Limited {
    /// Status of the `ScalingLimited` condition, given the recommendation that was limited.
    pub fn differs_from(&self, recommendation: i64) -> bool {
        self.replicas != recommendation
    }
}

/// Whether the metrics are not consulted at all. Neither stabilization nor rates apply then.
pub fn shortcut(current: i64, min: i64, max: i64) -> Option<Shortcut> {
    if current == 0 && min != 0 {
        Some(Shortcut::Disabled)
    } else if current > max {
        Some(Shortcut::AboveMax)
    } else if current < min {
        Some(Shortcut::BelowMin)
    } else {
        None
    }
}

impl Shortcut {
    /// The size that results from `minReplicas` and `maxReplicas`.
    pub fn replicas(self, min: i64, max: i64) -> i64 {
        match self {
            Self::Disabled => 0,
            Self::AboveMax => max,
            Self::BelowMin => min,
        }
    }
}

/// Limits without a behavior: `[min, max]`, and at most `max(2 × current, 4)` in one step.
pub fn without_behavior(current: i64, desired: i64, min: i64, max: i64) -> Limited {
    let rate = go_int32((2.0 * current as f64).max(4.0));
    let (highest, above) =
        if max > rate { (rate, LimitReason::ScaleUpLimit) } else { (max, LimitReason::TooManyReplicas) };
    if desired < min {
        Limited { replicas: min, reason: LimitReason::TooFewReplicas }
    } else if desired > highest {
        Limited { replicas: highest, reason: above }
    } else {
        Limited { replicas: desired, reason: LimitReason::DesiredWithinRange }
    }
}

/// Limits with a behavior: the rate of the direction, then `min` or `max`.
pub fn with_behavior(current: i64, desired: i64, min: i64, max: i64, rates: &Rates<'_>) -> Limited {
    if desired > current {
        let rate = scale_up_limit(current, rates.up, rates.up_policies).max(current);
        let (highest, reason) =
            if max > rate { (rate, LimitReason::ScaleUpLimit) } else { (max, LimitReason::TooManyReplicas) };
        if desired > highest {
            return Limited { replicas: highest, reason };
        }
    } else if desired < current {
        let rate = scale_down_limit(current, rates.down, rates.down_policies).min(current);
        let (lowest, reason) =
            if min < rate { (rate, LimitReason::ScaleDownLimit) } else { (min, LimitReason::TooFewReplicas) };
        if desired < lowest {
            return Limited { replicas: lowest, reason };
        }
    }
    Limited { replicas: desired, reason: LimitReason::DesiredWithinRange }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(kind: PolicyKind, value: i64, added: i64, removed: i64) -> PolicyUse {
        PolicyUse { kind, value, added, removed }
    }

    #[test]
    fn without_a_behavior_a_step_doubles_at_most() {
        let limit = |current, desired| without_behavior(current, desired, 2, 20);
        assert_eq!(limit(1, 9), Limited { replicas: 4, reason: LimitReason::ScaleUpLimit });
        assert_eq!(limit(6, 13), Limited { replicas: 12, reason: LimitReason::ScaleUpLimit });
        assert_eq!(limit(10, 21), Limited { replicas: 20, reason: LimitReason::TooManyReplicas });
        assert_eq!(limit(10, 1), Limited { replicas: 2, reason: LimitReason::TooFewReplicas });
    }

    #[test]
    fn a_used_up_period_keeps_the_size() {
        let used = [policy(PolicyKind::Pods, 4, 5, 0)];
        let rates =
            Rates { up: SelectPolicy::Max, up_policies: &used, down: SelectPolicy::Disabled, down_policies: &used };
        let limit = |desired| with_behavior(10, desired, 1, 20, &rates);
        assert_eq!(limit(15), Limited { replicas: 10, reason: LimitReason::ScaleUpLimit });
        assert_eq!(limit(5), Limited { replicas: 10, reason: LimitReason::ScaleDownLimit });
        assert_eq!(limit(10), Limited { replicas: 10, reason: LimitReason::DesiredWithinRange });
    }

    #[test]
    fn shortcuts_come_in_order() {
        assert_eq!(shortcut(0, 1, 5), Some(Shortcut::Disabled));
        assert_eq!(shortcut(0, 0, 5), None);
        assert_eq!(shortcut(6, 1, 5).map(|s| s.replicas(1, 5)), Some(5));
        assert_eq!(shortcut(1, 2, 5).map(|s| s.replicas(2, 5)), Some(2));
    }
}
