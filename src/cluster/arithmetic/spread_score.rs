//! Topology spread scores of kube-scheduler: `pkg/scheduler/framework/plugins/podtopologyspread/scoring.go`, v1.34.
//!
//! Which pods and domains count is the caller's.

use super::node_score::MAX_SCORE;
use super::quotient;

/// One ScheduleAnyway constraint as one node sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SpreadTerm {
    /// Matching pods in the node's domain. 0 or more.
    pub count: i64,
    /// Distinct domains among the scored nodes (for the hostname, the scored nodes themselves). 0 or more.
    pub domains: i64,
    /// `maxSkew`, 1 or more.
    pub max_skew: i64,
}

/// What a pod in a domain weighs: more domains make each pod weigh more, `ln(domains + 2)`.
pub fn domain_weight(domains: i64) -> f64 {
    (domains.saturating_add(2) as f64).ln()
}

/// Raw score of a node: weighted pods plus `maxSkew − 1` over its constraints, in their order, rounded half away from
/// zero. Lower is better. `weight` is [`domain_weight`], perhaps remembered.
pub fn raw_score(terms: impl IntoIterator<Item = SpreadTerm>, weight: impl Fn(i64) -> f64) -> i64 {
    let sum = terms.into_iter().fold(0.0, |sum, term| {
        sum + (term.count as f64 * weight(term.domains) + term.max_skew.saturating_sub(1) as f64)
    });
    sum.round() as i64
}

/// Normalised score of a node, from its raw score and the extremes over the nodes that are scored (0 or more).
///
/// Nodes that lack the key of an explicit constraint are not scored: they get 0 and are not among the extremes.
pub fn spread_score(raw: i64, min: i64, max: i64) -> i64 {
    if max == 0 {
        return MAX_SCORE;
    }
    quotient(MAX_SCORE.saturating_mul(max.saturating_add(min).saturating_sub(raw)), max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_scores_are_rounded_once() {
        let zone = SpreadTerm { count: 2, domains: 3, max_skew: 5 };
        let host = SpreadTerm { count: 1, domains: 7, max_skew: 3 };
        assert_eq!(raw_score([zone], domain_weight), 7, "2 ln 5 + 4 = 7.22");
        assert_eq!(raw_score([zone, host], domain_weight), 11, "7.22 + ln 9 + 2 = 11.42");
        assert_eq!(raw_score([], domain_weight), 0);
    }

    #[test]
    fn the_least_crowded_node_keeps_the_minimum() {
        assert_eq!(spread_score(4, 4, 8), 100);
        assert_eq!(spread_score(8, 4, 8), 50);
        assert_eq!(spread_score(0, 0, 0), 100);
    }
}
