//! Families of topologies: clusters that differ in sizes only.
//!
//! A family has *dimensions* (the size of a node pool, the replicas of a workload, a free number that others are computed
//! from), each with a range. A *size* gives every dimension a value, a *member* is the cluster of that size. Families are
//! searched upward, members of the smallest total first; [`coverage`] says what is known of which sizes; [`mod@follow`]
//! carries a counterexample from one member to another.
//!
//! Invariants:
//! * Nothing is concluded from one member about another: a size counts as covered only if its member was checked, alone or
//!   as one of those that a model stands for.
//! * A trace that [`mod@follow`] returns is a run of the other member that breaks the property there.
//!
//! No cut-off is claimed beyond which all members agree (Emerson and Namjoshi, "Reasoning about rings", POPL 1995).

pub mod coverage;
pub mod effect;
pub mod follow;
pub mod guide;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use coverage::{Coverage, Run, Standing};
pub use follow::{Limits, follow};
pub use guide::{Guide, Side};

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

/// All sizes, those of the smallest `total` first; among equals those first whose leading dimensions are smaller.
pub fn upward(dimensions: &[Dimension], total: impl Fn(&[i64]) -> i64) -> Vec<Size> {
    let mut sizes: Vec<Size> = vec![Vec::new()];
    for dimension in dimensions {
        let longer = |size: Size| {
            (dimension.min..=dimension.max).map(move |value| [size.as_slice(), &[value]].concat()).collect::<Vec<_>>()
        };
        sizes = sizes.into_iter().flat_map(longer).collect();
    }
    sizes.sort_by_cached_key(|size| total(size));
    sizes
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
    fn sizes_come_by_their_total() {
        let dimensions = [dimension("a", 1, 2), dimension("b", 0, 2)];
        let sizes = upward(&dimensions, |size| size.iter().sum());
        assert_eq!(sizes, [vec![1, 0], vec![1, 1], vec![2, 0], vec![1, 2], vec![2, 1], vec![2, 2]]);
        assert_eq!(number_of_sizes(&dimensions), 6);
        assert_eq!(show(&dimensions, &sizes[3]), "a = 1, b = 2");
    }

    #[test]
    fn huge_families_are_counted_without_overflow() {
        let dimension = dimension("a", i64::MIN, i64::MAX);
        assert_eq!(number_of_sizes(&[dimension.clone(), dimension]), u64::MAX);
    }
}
