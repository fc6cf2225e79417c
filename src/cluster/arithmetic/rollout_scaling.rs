//! How a Deployment shares a change of its replicas among several ReplicaSets: `pkg/controller/deployment/sync.go` and
//! `util/deployment_util.go`, Kubernetes v1.34.

use super::go_int32;
use super::rollout::Limits;

/// Whether one active ReplicaSet shows that the replicas changed: its `desired-replicas` annotation differs from them.
pub fn shows_scaling(replicas: i64, desired_annotation: Option<i64>) -> bool {
    desired_annotation.is_some_and(|desired| desired != replicas)
}

/// Whether the new ReplicaSet has everything it should have, so that a scaling event empties the old ones.
pub fn is_saturated(replicas: i64, size: i64, available: i64, desired_annotation: Option<i64>) -> bool {
    size == replicas && available == replicas && desired_annotation == Some(replicas)
}

/// One active ReplicaSet of a scaling event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ScaledSet {
    /// `spec.replicas`, 1 or more.
    pub size: i64,
    /// The `max-replicas` annotation if it is there.
    pub max_annotation: Option<i64>,
}

/// Sizes after a scaling event that several active ReplicaSets share in proportion, in the order given.
///
/// `active` is oldest first (ties by name); `status_replicas` is the Deployment's, for sets without annotation.
pub fn proportional(limits: &Limits, active: &[ScaledSet], status_replicas: i64) -> Vec<i64> {
    let mut sizes: Vec<i64> = active.iter().map(|set| set.size).collect();
    let allowed = if limits.replicas > 0 { limits.max_replicas() } else { 0 };
    let to_add = allowed - sizes.iter().sum::<i64>();
    if to_add == 0 {
        return sizes;
    }
    let order = largest_first(&sizes, to_add > 0);
    let mut added = 0;
    for &i in &order {
        let share = proportion(limits, &active[i], status_replicas, to_add, added);
        sizes[i] += share;
        added += share;
    }
    if let Some(&first) = order.first() {
        sizes[first] = (sizes[first] + to_add - added).max(0);
    }
    sizes
}

/// Indices by size, largest first; of equal ones the later (newer) first if `newer`.
fn largest_first(sizes: &[i64], newer: bool) -> Vec<usize> {
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    if newer {
        order.reverse();
    }
    order.sort_by_key(|&i| std::cmp::Reverse(sizes[i]));
    order
}

/// What one ReplicaSet gains (or loses) of `to_add`, when `added` are already given out.
pub fn proportion(limits: &Limits, set: &ScaledSet, status_replicas: i64, to_add: i64, added: i64) -> i64 {
    if set.size == 0 || to_add == added {
        return 0;
    }
    let fraction = fraction(limits, set, status_replicas);
    if to_add > 0 { fraction.min(to_add - added) } else { fraction.max(to_add - added) }
}

/// The change that keeps a ReplicaSet's share of the Deployment, rounded half away from zero.
fn fraction(limits: &Limits, set: &ScaledSet, status_replicas: i64) -> i64 {
    if limits.replicas == 0 {
        return -set.size;
    }
    let before = set.max_annotation.filter(|&annotation| annotation != 0).unwrap_or(status_replicas);
    if before == 0 {
        return 0;
    }
    let size = set.size.saturating_mul(limits.max_replicas()) as f64 / before as f64;
    go_int32(size.round()) - set.size
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(replicas: i64, max_surge: i64, max_unavailable: i64) -> Limits {
        Limits { replicas, rolling: true, max_surge, max_unavailable }
    }

    #[test]
    fn shares_are_rounded_and_the_largest_takes_the_rest() {
        let set = |size| ScaledSet { size, max_annotation: Some(10) };
        assert_eq!(proportional(&limits(20, 0, 1), &[set(5), set(5)], 10), [10, 10]);
        assert_eq!(proportional(&limits(9, 0, 1), &[set(5), set(5)], 10), [4, 5], "older first when shrinking");
        assert_eq!(proportional(&limits(11, 0, 1), &[set(5), set(5)], 10), [5, 6], "newer first when growing");
        assert_eq!(proportional(&limits(0, 0, 0), &[set(5), set(5)], 10), [0, 0]);
        let bare = ScaledSet { size: 2, max_annotation: None };
        assert_eq!(proportional(&limits(5, 0, 1), &[bare, bare], 0), [2, 3], "no base: all to the first");
    }
}
