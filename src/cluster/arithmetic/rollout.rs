//! How a Deployment sizes its ReplicaSets: `pkg/controller/deployment` (rolling.go, sync.go, recreate.go and
//! util/deployment_util.go), Kubernetes v1.34.
//!
//! Only sizes: which ReplicaSet is the new one, what is active and what happens in which reconcile is the caller's.
//! "Size" is always a ReplicaSet's `spec.replicas`; "available" its `status.availableReplicas`, as observed.

use k8s_openapi::api::apps::v1::DeploymentStrategy;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::go_int32;

/// A Deployment's replicas with its strategy resolved against them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// `spec.replicas`, 0 or more.
    pub replicas: i64,
    /// RollingUpdate (true) or Recreate.
    pub rolling: bool,
    /// Pods that may exist above the replicas; 0 for Recreate.
    pub max_surge: i64,
    /// Pods that may be unavailable, 0 to `replicas`; 0 for Recreate.
    pub max_unavailable: i64,
}

impl Limits {
    /// Resolves a strategy (its type defaults to RollingUpdate, an absent bound to 0) against `replicas`.
    pub fn resolve(strategy: &DeploymentStrategy, replicas: i64) -> Self {
        if strategy.type_.as_deref() == Some("Recreate") {
            return Self { replicas, rolling: false, max_surge: 0, max_unavailable: 0 };
        }
        let bounds = strategy.rolling_update.as_ref();
        let (max_surge, unavailable) = fenceposts(
            bounds.and_then(|b| b.max_surge.as_ref()),
            bounds.and_then(|b| b.max_unavailable.as_ref()),
            replicas,
        );
        Self { replicas, rolling: true, max_surge, max_unavailable: unavailable.min(replicas) }
    }

    /// Pods that must stay available while a rolling update removes old ones; 0 for Recreate.
    pub fn min_available(&self) -> i64 {
        if self.rolling { self.replicas - self.max_unavailable } else { 0 }
    }

    /// Pods that may exist at once: what the `max-replicas` annotation records.
    pub fn max_replicas(&self) -> i64 {
        self.replicas + self.max_surge
    }
}

/// `maxSurge` (rounded up) and `maxUnavailable` (rounded down) of `replicas`, before any clamping.
///
/// Both may not be 0: then `maxUnavailable` is 1. A string that is no percentage makes both 0, as upstream does with
/// what the API server should have refused.
pub fn fenceposts(surge: Option<&IntOrString>, unavailable: Option<&IntOrString>, replicas: i64) -> (i64, i64) {
    let resolved = (scaled(surge, replicas, f64::ceil), scaled(unavailable, replicas, f64::floor));
    match resolved {
        (Some(0), Some(0)) => (0, 1),
        (Some(surge), Some(unavailable)) => (surge, unavailable),
        _ => (0, 0),
    }
}

/// An absolute number, or a percentage of `total` rounded by `round`; `None` for other strings.
fn scaled(value: Option<&IntOrString>, total: i64, round: fn(f64) -> f64) -> Option<i64> {
    match value {
        None => Some(0),
        Some(IntOrString::Int(number)) => Some(i64::from(*number)),
        Some(IntOrString::String(text)) => {
            let percent: i32 = text.strip_suffix('%')?.parse().ok()?;
            Some(go_int32(round(f64::from(percent) * total as f64 / 100.0)))
        }
    }
}

/// Size of the new ReplicaSet after this reconcile's chance to resize it: it grows as far as the surge allows, counting
/// `all` (the sizes of all ReplicaSets together), and is cut to the replicas at once. Also its first size, from `own` 0.
pub fn new_size(limits: &Limits, all: i64, own: i64) -> i64 {
    if own >= limits.replicas || !limits.rolling {
        return limits.replicas;
    }
    let room = (limits.max_replicas() - all).max(0);
    own + room.min(limits.replicas - own)
}

/// How many old pods a rolling update may remove now; nothing happens unless it is positive.
///
/// `all` are the sizes of all ReplicaSets together, `new` and `new_available` describe the new one.
pub fn removal_budget(limits: &Limits, all: i64, new: i64, new_available: i64) -> i64 {
    all - limits.min_available() - (new - new_available)
}

/// How many available old pods a rolling update may remove, `available` counted over all ReplicaSets. 0 or more.
pub fn available_budget(limits: &Limits, available: i64) -> i64 {
    (available - limits.min_available()).max(0)
}

/// How many pods of one old ReplicaSet are removed because they are not available, with `budget` left. 0 or more
/// (less than 0 where the status shows more available pods than the size, as upstream computes it).
pub fn unhealthy_removed(size: i64, available: i64, budget: i64) -> i64 {
    if budget <= 0 || size == 0 { 0 } else { budget.min(size - available) }
}

/// How many pods of one old ReplicaSet are removed, available or not, with `budget` left. 0 to `size`.
pub fn available_removed(size: i64, budget: i64) -> i64 {
    budget.clamp(0, size.max(0))
}

/// One old ReplicaSet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OldSet {
    /// `spec.replicas`, 0 or more.
    pub size: i64,
    /// `status.availableReplicas`, 0 or more.
    pub available: i64,
}

/// Sizes of the old ReplicaSets (oldest first) after unavailable pods are removed, up to `budget` of them.
pub fn clean_up_unhealthy(old: &[OldSet], budget: i64) -> Vec<i64> {
    let mut left = budget;
    old.iter()
        .map(|set| {
            let removed = unhealthy_removed(set.size, set.available, left);
            left -= removed;
            set.size - removed
        })
        .collect()
}

/// Sizes of the old ReplicaSets (oldest first) after up to `budget` pods are removed, whatever their state.
pub fn scale_down(sizes: &[i64], budget: i64) -> Vec<i64> {
    let mut left = budget;
    sizes
        .iter()
        .map(|&size| {
            let removed = available_removed(size, left);
            left -= removed;
            size - removed
        })
        .collect()
}

/// Sizes of the old ReplicaSets (oldest first) after one reconcile of a rolling update that did not resize the new one.
pub fn roll_old(limits: &Limits, old: &[OldSet], new: OldSet) -> Vec<i64> {
    let unchanged: Vec<i64> = old.iter().map(|set| set.size).collect();
    let total: i64 = unchanged.iter().sum();
    let budget = removal_budget(limits, total + new.size, new.size, new.available);
    if total == 0 || budget <= 0 {
        return unchanged;
    }
    let cleaned = clean_up_unhealthy(old, budget);
    let available = old.iter().map(|set| set.available).sum::<i64>() + new.available;
    scale_down(&cleaned, available_budget(limits, available))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(replicas: i64, max_surge: i64, max_unavailable: i64) -> Limits {
        Limits { replicas, rolling: true, max_surge, max_unavailable }
    }

    #[test]
    fn percentages_round_away_from_each_other() {
        let percent = IntOrString::String("25%".to_owned());
        assert_eq!(fenceposts(Some(&percent), Some(&percent), 5), (2, 1));
        assert_eq!(fenceposts(Some(&IntOrString::Int(0)), Some(&percent), 3), (0, 1));
        assert_eq!(fenceposts(Some(&IntOrString::String("x".to_owned())), None, 3), (0, 0));
        let none = Limits::resolve(&DeploymentStrategy::default(), 0);
        assert_eq!((none.max_unavailable, none.min_available()), (0, 0));
    }

    #[test]
    fn the_new_set_grows_into_the_surge() {
        assert_eq!(new_size(&limits(10, 3, 2), 10, 0), 3);
        assert_eq!(new_size(&limits(10, 3, 2), 8, 3), 8);
        assert_eq!(new_size(&limits(10, 3, 2), 20, 3), 3);
        assert_eq!(new_size(&limits(10, 3, 2), 20, 12), 10);
    }

    #[test]
    fn unhealthy_old_pods_go_first() {
        let old = [OldSet { size: 4, available: 4 }, OldSet { size: 6, available: 3 }];
        let new = OldSet { size: 3, available: 0 };
        assert_eq!(roll_old(&limits(10, 3, 2), &old, new), [4, 4], "budget 13 - 8 - 3, nothing available to spare");
        let ready = OldSet { size: 3, available: 3 };
        assert_eq!(roll_old(&limits(10, 3, 2), &old, ready), [2, 3], "all three, then 10 - 8 of the oldest");
    }
}
