//! Node scores of kube-scheduler that depend on one node's numbers, and the normalisation of scores over nodes:
//! `pkg/scheduler/framework/plugins` (noderesources, tainttoleration, nodeaffinity, interpodaffinity, helper), v1.34.
//!
//! Amounts of one resource share any one unit (milli-CPU, bytes); requested amounts include the pod to be placed.
//! Scores run from 0 to 100.

use super::quotient;

/// The highest score.
pub const MAX_SCORE: i64 = 100;

/// One resource of a node as a scoring strategy sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ResourceUse {
    /// `status.allocatable`, 0 or more; a resource with 0 is left out of the score.
    pub allocatable: i64,
    /// Requested by the node's pods and the pod to be placed, 0 or more.
    pub requested: i64,
    /// Weight of the resource, 1 or more.
    pub weight: i64,
}

/// LeastAllocated for one resource: the free percentage, 0 where the node is over-committed.
pub fn least_allocated(allocatable: i64, requested: i64) -> i64 {
    if requested > allocatable {
        return 0;
    }
    quotient((allocatable - requested).saturating_mul(MAX_SCORE), allocatable)
}

/// MostAllocated for one resource: the used percentage, at most 100.
pub fn most_allocated(allocatable: i64, requested: i64) -> i64 {
    quotient(requested.min(allocatable).saturating_mul(MAX_SCORE), allocatable)
}

/// RequestedToCapacityRatio for one resource: the broken line through `shape` at its utilization.
///
/// `shape` holds points of (utilization 0 to 100, score 0 to 10), utilization increasing.
pub fn requested_to_capacity(shape: &[(i64, i64)], allocatable: i64, requested: i64) -> i64 {
    if allocatable == 0 || requested > allocatable {
        return broken_line(shape, 100);
    }
    broken_line(shape, quotient(requested.saturating_mul(100), allocatable))
}

/// The broken line through `shape` at `utilization`, its scores stretched to 0 to 100; flat outside, 0 if empty.
fn broken_line(shape: &[(i64, i64)], utilization: i64) -> i64 {
    let score = |i: usize| shape[i].1 * (MAX_SCORE / 10);
    match shape.iter().position(|&(end, _)| utilization <= end) {
        Some(0) => score(0),
        Some(i) => {
            let (start, end) = (shape[i - 1].0, shape[i].0);
            score(i - 1) + quotient((score(i) - score(i - 1)) * (utilization - start), end - start)
        }
        None => shape.len().checked_sub(1).map_or(0, score),
    }
}

/// LeastAllocated over several resources: the weighted mean, truncated once more.
pub fn least_allocated_node(resources: &[ResourceUse]) -> i64 {
    let (sum, weights) = weighted(resources, |r| Some(least_allocated(r.allocatable, r.requested)));
    quotient(sum, weights)
}

/// MostAllocated over several resources: the weighted mean, truncated once more.
pub fn most_allocated_node(resources: &[ResourceUse]) -> i64 {
    let (sum, weights) = weighted(resources, |r| Some(most_allocated(r.allocatable, r.requested)));
    quotient(sum, weights)
}

/// RequestedToCapacityRatio over several resources: the rounded weighted mean over those that score above 0.
pub fn requested_to_capacity_node(shape: &[(i64, i64)], resources: &[ResourceUse]) -> i64 {
    let positive =
        |r: &ResourceUse| Some(requested_to_capacity(shape, r.allocatable, r.requested)).filter(|&score| score > 0);
    let (sum, weights) = weighted(resources, positive);
    if weights == 0 { 0 } else { (sum as f64 / weights as f64).round() as i64 }
}

/// Sum of score × weight and sum of weights over the resources that the node has and that `score` counts.
fn weighted(resources: &[ResourceUse], score: impl Fn(&ResourceUse) -> Option<i64>) -> (i64, i64) {
    resources
        .iter()
        .filter(|resource| resource.allocatable != 0)
        .filter_map(|resource| Some((score(resource)? * resource.weight, resource.weight)))
        .fold((0, 0), |(sum, weights), (score, weight)| (sum + score, weights + weight))
}

/// BalancedAllocation: 100 minus the standard deviation of the used fractions, in doubles and truncated.
///
/// Each pair is (allocatable, requested) of one resource; weights do not matter here.
pub fn balanced_allocation(resources: &[(i64, i64)]) -> i64 {
    let fractions: Vec<f64> = resources
        .iter()
        .filter(|&&(allocatable, _)| allocatable != 0)
        .map(|&(allocatable, requested)| (requested as f64 / allocatable as f64).min(1.0))
        .collect();
    ((1.0 - deviation(&fractions)) * MAX_SCORE as f64) as i64
}

/// Standard deviation in upstream's order of operations; 0 for fewer than two numbers.
fn deviation(fractions: &[f64]) -> f64 {
    match fractions {
        [] | [_] => 0.0,
        [a, b] => ((a - b) / 2.0).abs(),
        _ => {
            let count = fractions.len() as f64;
            let mean = fractions.iter().fold(0.0, |sum, f| sum + f) / count;
            let squares = fractions.iter().fold(0.0, |sum, f| sum + (f - mean) * (f - mean));
            (squares / count).sqrt()
        }
    }
}

/// TaintToleration: from the untolerated PreferNoSchedule taints of a node and the most over the scored nodes.
pub fn taint_score(count: i64, max: i64) -> i64 {
    MAX_SCORE - quotient(MAX_SCORE.saturating_mul(count), max)
}

/// Preferred NodeAffinity: from the summed weights of a node and the largest sum over the scored nodes.
pub fn node_affinity_score(sum: i64, max: i64) -> i64 {
    quotient(MAX_SCORE.saturating_mul(sum), max)
}

/// Inter-pod affinity: from a node's sum (may be negative) and the extremes over the scored nodes; 0 if all are equal.
pub fn pod_affinity_score(sum: i64, min: i64, max: i64) -> i64 {
    let range = max.saturating_sub(min);
    if range <= 0 {
        return 0;
    }
    (MAX_SCORE as f64 * (sum.saturating_sub(min) as f64 / range as f64)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(allocatable: i64, requested: i64, weight: i64) -> ResourceUse {
        ResourceUse { allocatable, requested, weight }
    }

    #[test]
    fn each_resource_is_truncated_before_the_mean() {
        assert_eq!(least_allocated_node(&[resource(3, 1, 1), resource(3, 1, 1)]), 66);
        assert_eq!(least_allocated_node(&[resource(3, 1, 1), resource(3, 2, 1)]), 49);
        assert_eq!(most_allocated_node(&[resource(4, 1, 3), resource(4, 9, 1)]), 43);
        assert_eq!(least_allocated_node(&[resource(0, 1, 1), resource(4, 5, 1)]), 0);
        assert_eq!(least_allocated_node(&[]), 0);
    }

    #[test]
    fn capacity_ratio_follows_the_broken_line() {
        let shape = [(0, 0), (50, 10), (100, 0)];
        assert_eq!(requested_to_capacity(&shape, 100, 25), 50);
        assert_eq!(requested_to_capacity(&shape, 100, 75), 50);
        assert_eq!(requested_to_capacity(&shape, 100, 101), 0);
        assert_eq!(requested_to_capacity(&[(10, 3), (20, 7)], 100, 5), 30);
        assert_eq!(requested_to_capacity(&[(10, 3), (20, 7)], 100, 90), 70);
        assert_eq!(requested_to_capacity(&[], 100, 5), 0);
        let uses = [resource(100, 25, 1), resource(100, 0, 1), resource(100, 26, 1)];
        assert_eq!(requested_to_capacity_node(&shape, &uses), 51, "a zero score does not count, halves round up");
    }

    #[test]
    fn balance_is_the_deviation_in_doubles() {
        assert_eq!(balanced_allocation(&[(10, 5), (10, 5)]), 100);
        assert_eq!(balanced_allocation(&[(10, 20), (10, 0)]), 50);
        assert_eq!(balanced_allocation(&[(10, 5), (0, 5)]), 100);
        assert_eq!(balanced_allocation(&[(10, 0), (10, 0), (10, 9)]), 57);
    }

    #[test]
    fn normalisation_truncates_before_it_subtracts() {
        assert_eq!(taint_score(1, 3), 67);
        assert_eq!(taint_score(0, 0), 100);
        assert_eq!(node_affinity_score(2, 3), 66);
        assert_eq!(node_affinity_score(0, 0), 0);
        assert_eq!(pod_affinity_score(57, 0, 100), 56, "57 of 100 in doubles is a little less");
        assert_eq!(pod_affinity_score(-4, -4, -4), 0);
    }
}
