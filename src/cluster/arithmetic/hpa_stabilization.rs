//! Which recommendation counts: the stabilization windows of `horizontal.go`, Kubernetes v1.34.

/// Reason of the `AbleToScale` condition after a proposal was stabilized.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StabilizationReason {
    /// The proposal stands.
    ReadyForNewScale,
    /// Lower recommendations of the window hold it down.
    ScaleUpStabilized,
    /// Higher recommendations of the window hold it up.
    ScaleDownStabilized,
}

impl StabilizationReason {
    /// The reason as Kubernetes writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadyForNewScale => "ReadyForNewScale",
            Self::ScaleUpStabilized => "ScaleUpStabilized",
            Self::ScaleDownStabilized => "ScaleDownStabilized",
        }
    }
}

/// A recommendation after stabilization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stabilized {
    /// Replicas, 0 or more.
    pub replicas: i64,
    /// Why.
    pub reason: StabilizationReason,
}

/// Stabilization without a behavior: the largest of the proposal and the recommendations of the window (`None`: none).
pub fn stabilize_without_behavior(proposal: i64, window_max: Option<i64>) -> Stabilized {
    let replicas = window_max.map_or(proposal, |highest| highest.max(proposal));
    let reason = if replicas == proposal {
        StabilizationReason::ReadyForNewScale
    } else {
        StabilizationReason::ScaleDownStabilized
    };
    Stabilized { replicas, reason }
}

/// Stabilization with a behavior: the current size moves no further than the windows agree on.
///
/// `up_window_min` is the smallest recommendation of the scale-up window, `down_window_max` the largest of the
/// scale-down window, `None` where the window holds none.
pub fn stabilize_with_behavior(
    current: i64,
    proposal: i64,
    up_window_min: Option<i64>,
    down_window_max: Option<i64>,
) -> Stabilized {
    let at_least = up_window_min.map_or(proposal, |lowest| lowest.min(proposal));
    let at_most = down_window_max.map_or(proposal, |highest| highest.max(proposal));
    let replicas = current.max(at_least).min(at_most);
    let reason = if replicas == proposal {
        StabilizationReason::ReadyForNewScale
    } else if proposal >= current {
        StabilizationReason::ScaleUpStabilized
    } else {
        StabilizationReason::ScaleDownStabilized
    };
    Stabilized { replicas, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_hold_the_size() {
        let up = stabilize_with_behavior(5, 9, Some(3), None);
        assert_eq!(up, Stabilized { replicas: 5, reason: StabilizationReason::ScaleUpStabilized });
        let down = stabilize_with_behavior(5, 2, None, Some(4));
        assert_eq!(down, Stabilized { replicas: 4, reason: StabilizationReason::ScaleDownStabilized });
        let free = stabilize_without_behavior(7, Some(6));
        assert_eq!(free, Stabilized { replicas: 7, reason: StabilizationReason::ReadyForNewScale });
    }
}
