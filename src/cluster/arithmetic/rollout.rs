//! What a Deployment's strategy allows: `pkg/controller/deployment/util/deployment_util.go`, Kubernetes v1.34.

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
    /// The same before it is cut to the replicas.
    pub fencepost_unavailable: i64,
}

impl Limits {
    /// Resolves a strategy (its type defaults to RollingUpdate, an absent bound to 0) against `replicas`.
    pub fn resolve(strategy: &DeploymentStrategy, replicas: i64) -> Self {
        if strategy.type_.as_deref() == Some("Recreate") {
            return Self { replicas, rolling: false, max_surge: 0, max_unavailable: 0, fencepost_unavailable: 0 };
        }
        let bounds = strategy.rolling_update.as_ref();
        let (max_surge, unavailable) = fenceposts(
            bounds.and_then(|b| b.max_surge.as_ref()),
            bounds.and_then(|b| b.max_unavailable.as_ref()),
            replicas,
        );
        Self {
            replicas,
            rolling: true,
            max_surge,
            max_unavailable: unavailable.min(replicas),
            fencepost_unavailable: unavailable,
        }
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

/// `maxUnavailable` of a StatefulSet of so many replicas, rounded down but at least 1:
/// `pkg/controller/statefulset/stateful_set_utils.go`.
pub fn max_unavailable_of_set(given: &IntOrString, replicas: i64) -> i64 {
    scaled(Some(given), replicas, f64::floor).unwrap_or(1).max(1)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_round_away_from_each_other() {
        let percent = IntOrString::String("25%".to_owned());
        assert_eq!(fenceposts(Some(&percent), Some(&percent), 5), (2, 1));
        assert_eq!(fenceposts(Some(&IntOrString::Int(0)), Some(&percent), 3), (0, 1));
        assert_eq!(fenceposts(Some(&IntOrString::String("x".to_owned())), None, 3), (0, 0));
        let none = Limits::resolve(&DeploymentStrategy::default(), 0);
        assert_eq!((none.max_unavailable, none.min_available()), (0, 0));
        assert_eq!([0, 1, 4, 9].map(|replicas| max_unavailable_of_set(&percent, replicas)), [1, 1, 1, 2]);
    }
}
