//! What the replica calculation reads and answers: targets, tolerances, sums over pods, proposals.

use std::fmt;

use super::quotient;

/// What a metric should be, from the `target` of a metric spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MetricTarget {
    /// `averageUtilization`: usage as a percentage of the requests.
    Utilization {
        /// Percent, 1 or more.
        percent: i64,
    },
    /// `averageValue`: usage per pod.
    AverageValue {
        /// Milli-value, 1 or more.
        milli: i64,
    },
    /// `value`: an Object or External metric as a whole.
    Value {
        /// Milli-value, 1 or more.
        milli: i64,
    },
}

impl MetricTarget {
    /// What one missing pod with this request (milli) is taken to use when the rest ask for fewer replicas (milli):
    /// its request, or the target where that is more; for averages exactly the target.
    pub fn fallback_usage(self, request: i64) -> i64 {
        match self {
            Self::Utilization { percent } => quotient(request.saturating_mul(percent.max(100)), 100),
            Self::AverageValue { milli } | Self::Value { milli } => milli,
        }
    }
}

/// How far usage/target may lie from 1 without an effect: ratios in `[1 − down, 1 + up]`, ends included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// Tolerance above the target, 0 or more (a fraction, 0.1 by default).
    pub up: f64,
    /// Tolerance below the target, 0 to 1 (a fraction, 0.1 by default).
    pub down: f64,
}

impl Default for Tolerance {
    fn default() -> Self {
        Self { up: 0.1, down: 0.1 }
    }
}

impl Tolerance {
    /// Whether `ratio` (usage/target) calls for no change; false for NaN.
    pub fn contains(&self, ratio: f64) -> bool {
        (1.0 - self.down) <= ratio && ratio <= (1.0 + self.up)
    }
}

/// Sums over the pods of a target for one per-pod metric.
///
/// Pods that are being deleted or have failed are in none of the sums. Milli-values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PodTotals {
    /// Pods that count as ready: they have a sample that is used. 0 or more.
    pub ready: i64,
    /// Samples that are used: [`ready`](Self::ready), plus samples of pods that the selector does not know.
    pub samples: i64,
    /// Usage over the samples; for Utilization only over the ready pods.
    pub usage: i64,
    /// Requests of the ready pods.
    pub request: i64,
    /// Pods whose sample is not used yet (pending, or starting up where the metric is CPU).
    pub unready: i64,
    /// Requests of the unready pods.
    pub unready_request: i64,
    /// Pods without a sample.
    pub missing: i64,
    /// Requests of the missing pods.
    pub missing_request: i64,
    /// [`MetricTarget::fallback_usage`] summed over the missing pods.
    pub missing_fallback: i64,
    /// Whether some pod of the selector, ignored ones included, gives no request for the resource.
    pub request_unknown: bool,
}

/// Sizes of the groups of equal pods: the front of [`PodTotals`] for one pod template.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PodGroups {
    /// Pods that count as ready. 0 or more.
    pub ready: i64,
    /// Usage of all ready pods together (milli).
    pub ready_usage: i64,
    /// Pods whose sample is not used yet. 0 or more.
    pub unready: i64,
    /// Pods without a sample. 0 or more.
    pub missing: i64,
    /// Request of each pod (milli); `None` where the template gives none.
    pub request_per_pod: Option<i64>,
}

impl PodGroups {
    /// The sums that the core reads.
    pub fn totals(&self, target: MetricTarget) -> PodTotals {
        let request = self.request_per_pod.unwrap_or(0);
        PodTotals {
            ready: self.ready,
            samples: self.ready,
            usage: self.ready_usage,
            request: self.ready.saturating_mul(request),
            unready: self.unready,
            unready_request: self.unready.saturating_mul(request),
            missing: self.missing,
            missing_request: self.missing.saturating_mul(request),
            missing_fallback: self.missing.saturating_mul(target.fallback_usage(request)),
            request_unknown: self.request_per_pod.is_none(),
        }
    }
}

/// An Object or External metric and the counts that its formulas read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct WholeMetric {
    /// The metric's value; the sum over all series of an External metric (milli).
    pub total: i64,
    /// Pods that are Running and Ready; `None` where the selector matches no pod at all.
    pub ready: Option<i64>,
    /// `status.replicas` of the scale: what `AverageValue` divides by.
    pub status_replicas: i64,
}

/// What one metric asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Proposal {
    /// Replicas, before any limit. 0 or more (the smallest int32 where upstream's conversion overflows).
    pub replicas: i64,
    /// What the status reports: percent for Utilization, otherwise a milli-value (per pod, or whole for `Value`).
    pub utilization_or_average: i64,
}

/// Why a metric asks for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MetricError {
    /// No pod matches the selector.
    NoPods,
    /// No sample is left after those of ignored and unready pods are dropped.
    NoMetrics,
    /// Some pod has no request for the resource of a Utilization target.
    MissingRequest,
    /// The requests of the pods with samples add up to 0.
    ZeroRequest,
    /// The target does not go with this kind of metric (the API server refuses such objects).
    WrongTarget,
}

impl fmt::Display for MetricError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoPods => "no pods returned by selector while calculating replica count",
            Self::NoMetrics => "did not receive metrics for any ready pods",
            Self::MissingRequest => "missing request in a container of a pod",
            Self::ZeroRequest => "no metrics returned matched known pods",
            Self::WrongTarget => "the metric's target type does not go with its source",
        })
    }
}

impl std::error::Error for MetricError {}

/// The metric that decides among several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decision {
    /// Index of the metric among those given.
    pub metric: usize,
    /// Its proposal; the controller raises a negative one to 0 before it applies limits.
    pub replicas: i64,
}

/// The overall proposal of several metrics: the largest one, the first of equal ones.
///
/// `None` when the autoscaler cannot act: all metrics failed, or some did and the rest ask for fewer than
/// `spec.replicas` of the target.
pub fn decide(proposals: &[Result<Proposal, MetricError>], spec_replicas: i64) -> Option<Decision> {
    let mut best: Option<Decision> = None;
    for (metric, proposal) in proposals.iter().enumerate() {
        let Ok(Proposal { replicas, .. }) = *proposal else {
            continue;
        };
        if best.is_none_or(|b| b.replicas == 0 || replicas > b.replicas) {
            best = Some(Decision { metric, replicas });
        }
    }
    let some_failed = proposals.iter().any(Result::is_err);
    best.filter(|b| !some_failed || b.replicas >= spec_replicas)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_proposal_wins_unless_a_failure_forbids() {
        let ok = |replicas| Ok(Proposal { replicas, utilization_or_average: 0 });
        let failed = Err(MetricError::NoMetrics);
        assert_eq!(decide(&[ok(2), ok(5), ok(5)], 3), Some(Decision { metric: 1, replicas: 5 }));
        assert_eq!(decide(&[failed, ok(3)], 3), Some(Decision { metric: 1, replicas: 3 }));
        assert_eq!(decide(&[failed, ok(2)], 3), None);
        assert_eq!(decide(&[failed], 3), None);
    }
}
