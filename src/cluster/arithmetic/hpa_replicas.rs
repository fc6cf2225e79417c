//! Usage against a target: the doubles of `pkg/controller/podautoscaler/replica_calculator.go`, Kubernetes v1.34.
//!
//! Targets, usages and pods are whole numbers below 2⁵³, so that they are doubles without rounding.

use super::go_int32;

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
    /// The number itself: percent or a milli-value.
    pub fn value(self) -> i64 {
        match self {
            Self::Utilization { percent } => percent,
            Self::AverageValue { milli } | Self::Value { milli } => milli,
        }
    }

    /// What one missing pod with this request (milli) is taken to use when the rest ask for fewer replicas (milli):
    /// its request, or the target where that is more; for averages exactly the target.
    pub fn fallback_usage(self, request: i64) -> i64 {
        match self {
            Self::Utilization { percent } => request.saturating_mul(percent.max(100)) / 100,
            Self::AverageValue { milli } | Self::Value { milli } => milli,
        }
    }
}

/// How far usage/target may lie from 1 without an effect: ratios in `[1 − down, 1 + up]`, ends included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// Tolerance above the target, 0 or more (a fraction, 0.1 by default).
    pub up: f64,
    /// Tolerance below the target, 0 or more (a fraction, 0.1 by default).
    pub down: f64,
}

impl Default for Tolerance {
    fn default() -> Self {
        Self { up: 0.1, down: 0.1 }
    }
}

impl Tolerance {
    /// The smallest and the largest usage whose ratio to `target × parts` calls for no change. Nothing is tolerated where
    /// that product is 0: the first is larger than the second.
    pub fn usages(&self, target: i64, parts: i64) -> (i64, i64) {
        let whole = target as f64 * parts as f64;
        if whole <= 0.0 {
            return (1, 0);
        }
        let (least, most) = (1.0 - self.down, 1.0 + self.up);
        let beyond = ((most + 1.0) * whole) as i64 + 2;
        let first = first_where(0, beyond, |usage| usage as f64 / whole >= least);
        let after = first_where(first, beyond, |usage| usage as f64 / whole > most);
        (first, after - 1)
    }
}

/// The smallest of `lo..=hi` that has a property which all larger ones share; `hi` has it.
fn first_where(mut lo: i64, mut hi: i64, holds: impl Fn(i64) -> bool) -> i64 {
    while lo < hi {
        let middle = lo + (hi - lo) / 2;
        if holds(middle) { hi = middle } else { lo = middle + 1 }
    }
    lo
}

/// The pods that bring a usage of `usage` each down to the target: the ceiling of a product of doubles, as an int32.
pub fn replicas_for(usage: i64, target: i64, pods: i64) -> i64 {
    go_int32((usage as f64 / target as f64 * pods as f64).ceil())
}

/// Whether a product that should be the whole number `replicas` comes out a hair above it, so that its ceiling is one
/// more. It depends on `usage / target` only as a ratio, and that is `replicas / pods`.
pub fn is_rounded_up(replicas: i64, pods: i64) -> bool {
    pods > 0 && replicas as f64 / pods as f64 * pods as f64 > replicas as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tolerances_include_their_ends() {
        assert_eq!(Tolerance::default().usages(50, 1), (45, 55));
        assert_eq!(Tolerance::default().usages(100, 3), (270, 330));
        assert_eq!(Tolerance { up: 2.0, down: 2.0 }.usages(10, 1), (0, 30));
        assert_eq!(Tolerance { up: 0.0, down: 0.0 }.usages(7, 1), (7, 7));
        assert_eq!(Tolerance::default().usages(7, 0), (1, 0));
    }

    #[test]
    fn products_are_doubles() {
        assert_eq!(replicas_for(100, 44, 11), 26, "(100 / 44) × 11 is a little more than 25");
        assert!(is_rounded_up(25, 11));
        for (usage, target, pods) in [(55, 50, 20), (60, 50, 10), (33, 100, 7), (7, 3, 3), (0, 5, 4), (200, 50, 0)] {
            let whole = (usage * pods + target - 1) / target;
            let up = usage * pods == whole * target && is_rounded_up(whole, pods);
            assert_eq!(replicas_for(usage, target, pods), whole + i64::from(up), "{usage} {target} {pods}");
        }
    }
}
