//! How many replicas a metric asks for: `pkg/controller/podautoscaler/replica_calculator.go`, Kubernetes v1.34.
//!
//! The core works on totals over the pods of a target ([`PodTotals`]), which lose nothing that upstream reads, so pods
//! with unequal requests and usages can be summed in front of it. [`PodGroups`] is the thin front for equal pods.
//! Sorting pods into ready, unready and missing (readiness, start-up, phase) is the caller's.

pub use super::hpa_metrics::{
    Decision, MetricError, MetricTarget, PodGroups, PodTotals, Proposal, Tolerance, WholeMetric, decide,
};
use super::{go_int32, quotient, wrap_int32};

/// What a per-pod metric (Resource, ContainerResource, Pods) of equal pods asks for, from `spec.replicas` of the target.
pub fn propose(
    target: MetricTarget,
    groups: &PodGroups,
    current_replicas: i64,
    tolerance: &Tolerance,
) -> Result<Proposal, MetricError> {
    propose_for_totals(target, &groups.totals(target), current_replicas, tolerance)
}

/// What a per-pod metric asks for, from the totals over any pods and `spec.replicas` of the target.
pub fn propose_for_totals(
    target: MetricTarget,
    totals: &PodTotals,
    current_replicas: i64,
    tolerance: &Tolerance,
) -> Result<Proposal, MetricError> {
    if totals.samples <= 0 {
        return Err(MetricError::NoMetrics);
    }
    let (first, reported) = match target {
        MetricTarget::Utilization { .. } if totals.request_unknown => {
            return Err(MetricError::MissingRequest);
        }
        MetricTarget::Utilization { .. } if totals.request == 0 => {
            return Err(MetricError::ZeroRequest);
        }
        _ => usage_ratio(target, totals.usage, totals.request, totals.samples)?,
    };
    let count_unready = totals.unready > 0 && first > 1.0;
    let replicas = if totals.missing > 0 || count_unready {
        rebalanced(target, totals, current_replicas, tolerance, first)?
    } else if tolerance.contains(first) {
        current_replicas
    } else {
        go_int32((first * totals.ready as f64).ceil())
    };
    Ok(Proposal { replicas, utilization_or_average: reported })
}

/// Usage over target, and the integer usage (percent, or milli per sample) that it was computed from.
fn usage_ratio(target: MetricTarget, usage: i64, request: i64, samples: i64) -> Result<(f64, i64), MetricError> {
    match target {
        MetricTarget::Utilization { percent } => {
            let used = wrap_int32(quotient(usage.saturating_mul(100), request));
            Ok((used as f64 / percent as f64, used))
        }
        MetricTarget::AverageValue { milli } => {
            let used = quotient(usage, samples);
            Ok((used as f64 / milli as f64, used))
        }
        MetricTarget::Value { .. } => Err(MetricError::WrongTarget),
    }
}

/// The second pass, which stands in for pods without a usable sample in the direction that changes less.
fn rebalanced(
    target: MetricTarget,
    totals: &PodTotals,
    current_replicas: i64,
    tolerance: &Tolerance,
    first: f64,
) -> Result<i64, MetricError> {
    let (mut usage, mut request, mut samples) = (totals.usage, totals.request, totals.samples);
    if first != 1.0 {
        usage = usage.saturating_add(if first < 1.0 { totals.missing_fallback } else { 0 });
        request = request.saturating_add(totals.missing_request);
        samples += totals.missing;
    }
    if first > 1.0 {
        request = request.saturating_add(totals.unready_request);
        samples += totals.unready;
    }
    let (second, _) = usage_ratio(target, usage, request, samples)?;
    let crossed = (first < 1.0 && second > 1.0) || (first > 1.0 && second < 1.0);
    if tolerance.contains(second) || crossed {
        return Ok(current_replicas);
    }
    let proposed = go_int32((second * samples as f64).ceil());
    let backwards = (second < 1.0 && proposed > current_replicas) || (second > 1.0 && proposed < current_replicas);
    Ok(if backwards { current_replicas } else { proposed })
}

/// What an Object or External metric asks for, from `spec.replicas` of the target.
pub fn propose_for_whole(
    target: MetricTarget,
    metric: &WholeMetric,
    current_replicas: i64,
    tolerance: &Tolerance,
) -> Result<Proposal, MetricError> {
    match target {
        MetricTarget::Utilization { .. } => Err(MetricError::WrongTarget),
        MetricTarget::AverageValue { milli } => Ok(average_of_whole(metric, milli, tolerance)),
        MetricTarget::Value { milli } => {
            let replicas = value_of_whole(metric, milli, current_replicas, tolerance)?;
            Ok(Proposal { replicas, utilization_or_average: metric.total })
        }
    }
}

/// `Value`: in proportion to the pods that are ready; from 0 replicas in proportion to one, with no tolerance.
fn value_of_whole(
    metric: &WholeMetric,
    target: i64,
    current_replicas: i64,
    tolerance: &Tolerance,
) -> Result<i64, MetricError> {
    let ratio = metric.total as f64 / target as f64;
    if current_replicas == 0 {
        return Ok(go_int32(ratio.ceil()));
    }
    if tolerance.contains(ratio) {
        return Ok(current_replicas);
    }
    let ready = metric.ready.ok_or(MetricError::NoPods)?;
    Ok(go_int32((ratio * ready as f64).ceil()))
}

/// `AverageValue` of a whole metric: the total over the target, unless `status.replicas` already are about that many.
fn average_of_whole(metric: &WholeMetric, target: i64, tolerance: &Tolerance) -> Proposal {
    let (total, target, replicas) = (metric.total as f64, target as f64, metric.status_replicas as f64);
    let ratio = total / (target * replicas);
    let proposed = if tolerance.contains(ratio) { metric.status_replicas } else { go_int32((total / target).ceil()) };
    Proposal { replicas: proposed, utilization_or_average: (total / replicas).ceil() as i64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: MetricTarget = MetricTarget::Utilization { percent: 50 };

    fn replicas(target: MetricTarget, groups: PodGroups, current: i64) -> Result<i64, MetricError> {
        propose(target, &groups, current, &Tolerance::default()).map(|proposal| proposal.replicas)
    }

    fn groups(ready: i64, ready_usage: i64, unready: i64, missing: i64) -> PodGroups {
        PodGroups { ready, ready_usage, unready, missing, request_per_pod: Some(1000) }
    }

    #[test]
    fn percentages_are_truncated_and_products_are_doubles() {
        assert_eq!(replicas(HALF, groups(10, 5599, 0, 0), 10), Ok(10), "55.99 % is 55 %, within tolerance");
        assert_eq!(replicas(HALF, groups(10, 5600, 0, 0), 10), Ok(12));
        let odd = MetricTarget::Utilization { percent: 44 };
        assert_eq!(replicas(odd, groups(11, 11_000, 0, 0), 11), Ok(26), "(100 / 44) × 11 is a little more than 25");
    }

    #[test]
    fn absent_pods_hold_the_change_back() {
        assert_eq!(replicas(HALF, groups(2, 2000, 2, 0), 4), Ok(4), "unready pods count as 0 on the way up");
        assert_eq!(replicas(HALF, groups(2, 400, 2, 0), 4), Ok(1), "and not at all on the way down");
        assert_eq!(replicas(HALF, groups(2, 400, 0, 2), 4), Ok(4), "missing pods count as 100 % on the way down");
        assert_eq!(replicas(HALF, groups(3, 3000, 0, 1), 4), Ok(6));
    }

    #[test]
    fn a_metric_exactly_on_target_changes_nothing() {
        assert_eq!(replicas(HALF, groups(2, 1000, 0, 5), 7), Ok(7));
        let average = MetricTarget::AverageValue { milli: 500 };
        assert_eq!(replicas(average, groups(2, 1000, 0, 5), 7), Ok(7));
        assert_eq!(replicas(average, groups(2, 1000, 3, 0), 7), Ok(7));
    }

    #[test]
    fn errors_come_in_order() {
        assert_eq!(replicas(HALF, groups(0, 0, 3, 0), 3), Err(MetricError::NoMetrics));
        let unknown = PodGroups { request_per_pod: None, ..groups(1, 1, 0, 0) };
        assert_eq!(replicas(HALF, unknown, 1), Err(MetricError::MissingRequest));
        assert_eq!(replicas(MetricTarget::AverageValue { milli: 1 }, unknown, 1), Ok(1));
        let zero = PodGroups { request_per_pod: Some(0), ..unknown };
        assert_eq!(replicas(HALF, zero, 1), Err(MetricError::ZeroRequest));
    }

    #[test]
    fn whole_metrics_scale_from_zero() {
        let metric = WholeMetric { total: 2500, ready: None, status_replicas: 0 };
        let of = |target| propose_for_whole(target, &metric, 0, &Tolerance::default()).map(|p| p.replicas);
        assert_eq!(of(MetricTarget::Value { milli: 1000 }), Ok(3));
        assert_eq!(of(MetricTarget::AverageValue { milli: 1000 }), Ok(3));
        assert_eq!(of(HALF), Err(MetricError::WrongTarget));
    }
}
