//! What a scenario leaves open: the dimensions of a family of topologies, and the sizes that they allow.
//!
//! A family has *dimensions* (the size of a node pool, the replicas of a workload, a free number that others are computed
//! from), each with a range. A *size* gives every dimension a value, a *member* is the cluster of that size. A scenario
//! declares them, and whatever is wrong with the smallest size is an error in it; so they are known here. What is done
//! with a family is decided right of here, in `check::family`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// More members than this are not enumerated.
pub const MOST_MEMBERS: u64 = 100_000;

/// One thing that members of a family differ in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dimension {
    /// What it is: `scale`, a node pool's name, or `deployment/web` for the replicas of a workload.
    pub name: String,
    /// The smallest value.
    pub min: i64,
    /// The largest value, at least `min`.
    pub max: i64,
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.min == self.max {
            return write!(f, "{} = {}", self.name, self.min);
        }
        write!(f, "{} {}..{}", self.name, self.min, self.max)
    }
}

/// The value of each dimension, in order.
pub type Size = Vec<i64>;

/// Number of sizes that dimensions allow; saturates.
pub fn number_of_sizes(dimensions: &[Dimension]) -> u64 {
    let values = |it: &Dimension| it.max.abs_diff(it.min).saturating_add(1);
    dimensions.iter().fold(1, |product: u64, it| product.saturating_mul(values(it)))
}

/// A size in words: `scale = 7`, or `spot = 2, worker = 3`.
pub fn show(dimensions: &[Dimension], size: &[i64]) -> String {
    let parts = dimensions.iter().zip(size).map(|(dimension, value)| format!("{} = {value}", dimension.name));
    parts.collect::<Vec<String>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dimension(name: &str, min: i64, max: i64) -> Dimension {
        Dimension { name: name.into(), min, max }
    }

    #[test]
    fn sizes_are_counted_and_shown() {
        let dimensions = [dimension("a", 1, 2), dimension("b", 0, 2)];
        assert_eq!(number_of_sizes(&dimensions), 6);
        assert_eq!(show(&dimensions, &[1, 2]), "a = 1, b = 2");
    }

    #[test]
    fn huge_families_are_counted_without_overflow() {
        let dimension = dimension("a", i64::MIN, i64::MAX);
        assert_eq!(number_of_sizes(&[dimension.clone(), dimension]), u64::MAX);
    }
}
