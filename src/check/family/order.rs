//! The order of the search: small members first.

use crate::input::{Dimension, Size};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_come_by_their_total() {
        let dimension = |name: &str, min, max| Dimension { name: name.to_owned(), min, max };
        let sizes = upward(&[dimension("a", 1, 2), dimension("b", 0, 2)], |size| size.iter().sum());
        assert_eq!(sizes, [vec![1, 0], vec![1, 1], vec![2, 0], vec![1, 2], vec![2, 1], vec![2, 2]]);
    }
}
