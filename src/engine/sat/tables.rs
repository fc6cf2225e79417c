//! Tables as trees of multiplexers over the bits of their index.
//!
//! Equal subtrees are one, and what cannot be selected does not exist: an index within its range never reaches behind the
//! last entry, so a bit that would only lead there is not asked.
//!
//! Reference: Bryant, "Graph-based algorithms for Boolean function manipulation", IEEE Transactions on Computers
//! C-35(8), 1986.

use rustc_hash::FxHashMap;

use super::aig::{Aig, Lit};
use super::bits::{self, Bits};

/// Builds the multiplexers of one table.
pub(super) struct Multiplexer<'a> {
    aig: &'a mut Aig,
    /// Bits of the index, lowest first.
    selectors: &'a [Lit],
    width: u32,
    shared: FxHashMap<Vec<i64>, Bits>,
}

impl<'a> Multiplexer<'a> {
    /// For entries of that width.
    pub fn new(aig: &'a mut Aig, selectors: &'a [Lit], width: u32) -> Self {
        Multiplexer { aig, selectors, width, shared: FxHashMap::default() }
    }

    /// The entry that the bits select; there are no more of them than bits can tell apart.
    pub fn select(&mut self, entries: &[i64]) -> Bits {
        self.tree(entries, self.selectors.len())
    }

    /// `entries` are those for settings of the lowest `level` bits, as far as they can occur.
    fn tree(&mut self, entries: &[i64], level: usize) -> Bits {
        let first = entries.first().copied().unwrap_or(0);
        if level == 0 || entries.iter().all(|&entry| entry == first) {
            return bits::constant(first, self.width);
        }
        let half = 1 << (level - 1);
        if entries.len() <= half {
            return self.tree(entries, level - 1);
        }
        if let Some(known) = self.shared.get(entries) {
            return known.clone();
        }
        let (low, high) = entries.split_at(half);
        let (low, high) = (self.tree(low, level - 1), self.tree(high, level - 1));
        let tree = bits::select(self.aig, self.selectors[level - 1], &high, &low);
        self.shared.insert(entries.to_vec(), tree.clone());
        tree
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_subtrees_are_built_once_and_unreachable_ones_never() {
        let mut aig = Aig::default();
        let selectors = [aig.input(), aig.input(), aig.input()];
        let mut table = |entries: &[i64]| {
            let before = aig.gates();
            Multiplexer::new(&mut aig, &selectors, 1).select(entries);
            aig.gates() - before
        };
        assert_eq!(table(&[0, 1, 0, 1, 0, 1, 0, 1]), 0);
        assert_eq!(table(&[1, 1, 1, 1, 1, 1, 1, 1]), 0);
        assert_eq!(table(&[0, 0, 0, 0, 0]), 0);
        assert_eq!(table(&[0, 0, 0, 0, 1]), 0);
        assert_eq!(table(&[0, 1, 1, 0, 0, 1, 1, 0]), 3);
    }
}
