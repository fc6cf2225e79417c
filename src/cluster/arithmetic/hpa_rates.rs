//! How fast an autoscaler with a `behavior` may scale: the policies of `horizontal.go`, Kubernetes v1.34.

use super::{go_int32, wrap_int32};

/// What a policy's `value` counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PolicyKind {
    /// Pods.
    Pods,
    /// Percent of the replicas at the start of the period.
    Percent,
}

/// A policy of a direction and what its period has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PolicyUse {
    /// What [`value`](Self::value) counts.
    pub kind: PolicyKind,
    /// Pods or percent, 1 or more.
    pub value: i64,
    /// Replicas added by scaling up within the policy's period. 0 or more.
    pub added: i64,
    /// Replicas removed by scaling down within the policy's period. 0 or more.
    pub removed: i64,
}

/// `selectPolicy` of a direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SelectPolicy {
    /// The policy that allows the largest change.
    #[default]
    Max,
    /// The policy that allows the smallest change.
    Min,
    /// No change in this direction.
    Disabled,
}

/// The rules of both directions, present when the autoscaler has a `behavior`, with what their periods have seen.
#[derive(Clone, Copy, Debug)]
pub struct Rates<'a> {
    /// `scaleUp.selectPolicy`.
    pub up: SelectPolicy,
    /// `scaleUp.policies`, not empty.
    pub up_policies: &'a [PolicyUse],
    /// `scaleDown.selectPolicy`.
    pub down: SelectPolicy,
    /// `scaleDown.policies`, not empty.
    pub down_policies: &'a [PolicyUse],
}

/// The size up to which the policies allow scaling up; may lie below `current` when a period is used up.
pub fn scale_up_limit(current: i64, select: SelectPolicy, policies: &[PolicyUse]) -> i64 {
    let limits = policies.iter().map(|policy| {
        let start = start_of_period(current, policy);
        match policy.kind {
            PolicyKind::Pods => wrap_int32(start + policy.value),
            PolicyKind::Percent => go_int32((start as f64 * (1.0 + policy.value as f64 / 100.0)).ceil()),
        }
    });
    match select {
        SelectPolicy::Disabled => current,
        SelectPolicy::Min => limits.min().unwrap_or(i64::from(i32::MAX)),
        SelectPolicy::Max => limits.max().unwrap_or(i64::from(i32::MIN)),
    }
}

/// The size down to which the policies allow scaling down; may lie above `current` when a period is used up.
pub fn scale_down_limit(current: i64, select: SelectPolicy, policies: &[PolicyUse]) -> i64 {
    let limits = policies.iter().map(|policy| {
        let start = start_of_period(current, policy);
        match policy.kind {
            PolicyKind::Pods => wrap_int32(start - policy.value),
            PolicyKind::Percent => go_int32(start as f64 * (1.0 - policy.value as f64 / 100.0)),
        }
    });
    match select {
        SelectPolicy::Disabled => current,
        SelectPolicy::Min => limits.max().unwrap_or(i64::from(i32::MIN)),
        SelectPolicy::Max => limits.min().unwrap_or(i64::from(i32::MAX)),
    }
}

/// Replicas when the policy's period began.
fn start_of_period(current: i64, policy: &PolicyUse) -> i64 {
    wrap_int32(current - policy.added + policy.removed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(kind: PolicyKind, value: i64, added: i64, removed: i64) -> PolicyUse {
        PolicyUse { kind, value, added, removed }
    }

    #[test]
    fn both_kinds_of_change_share_a_period() {
        let used = [policy(PolicyKind::Pods, 4, 3, 1), policy(PolicyKind::Percent, 100, 3, 1)];
        assert_eq!(scale_up_limit(10, SelectPolicy::Max, &used), 16);
        assert_eq!(scale_up_limit(10, SelectPolicy::Min, &used), 12);
        assert_eq!(scale_down_limit(10, SelectPolicy::Max, &used), 0);
        assert_eq!(scale_down_limit(10, SelectPolicy::Min, &used), 4);
        assert_eq!(scale_down_limit(10, SelectPolicy::Disabled, &used), 10);
    }
}
