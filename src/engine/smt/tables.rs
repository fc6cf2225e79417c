//! Tables as multiplexers over the bits of their index, with equal subtrees shared.

use rustc_hash::FxHashMap;
use z3::ast::{BV, Bool};

/// Builds the multiplexer of one table.
pub(super) struct Multiplexer<'a> {
    /// Bits of the index, lowest first.
    bits: &'a [Bool],
    leaf: &'a dyn Fn(i64) -> BV,
    shared: FxHashMap<Vec<i64>, BV>,
}

impl<'a> Multiplexer<'a> {
    /// A multiplexer over these index bits, lowest first.
    pub fn new(bits: &'a [Bool], leaf: &'a dyn Fn(i64) -> BV) -> Self {
        Multiplexer { bits, leaf, shared: FxHashMap::default() }
    }

    /// The entry that the bits select. What lies beyond the last entry is never selected; it reads as the last one.
    pub fn select(&mut self, values: &[i64]) -> BV {
        let mut padded = values.to_vec();
        let last = values.last().copied().unwrap_or(0);
        padded.resize(1 << self.bits.len(), last);
        self.tree(&padded, self.bits.len())
    }

    /// `values` are the entries for all settings of the lowest `level` bits.
    fn tree(&mut self, values: &[i64], level: usize) -> BV {
        if values.iter().all(|&value| value == values[0]) {
            return (self.leaf)(values[0]);
        }
        if let Some(known) = self.shared.get(values) {
            return known.clone();
        }
        let (low, high) = values.split_at(values.len() / 2);
        let (low, high) = (self.tree(low, level - 1), self.tree(high, level - 1));
        let tree = self.bits[level - 1].ite(&high, &low);
        self.shared.insert(values.to_vec(), tree.clone());
        tree
    }
}
