//! Symbolic state vectors, interned: equal vectors are one id.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::term::{Arena, TermId};

/// Handle of a state vector.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct VectorId(u32);

/// All state vectors of an unrolling.
#[derive(Default)]
pub(in crate::engine::unroll) struct Vectors {
    list: Vec<Rc<[TermId]>>,
    concrete: Vec<bool>,
    index: FxHashMap<Rc<[TermId]>, VectorId>,
}

impl Vectors {
    /// The handle of a vector, and whether it is new.
    pub fn intern(&mut self, arena: &Arena, vector: Vec<TermId>) -> (VectorId, bool) {
        if let Some(&id) = self.index.get(vector.as_slice()) {
            return (id, false);
        }
        let id = VectorId(self.list.len() as u32);
        let shared: Rc<[TermId]> = vector.into();
        self.concrete.push(shared.iter().all(|&term| arena.as_constant(term).is_some()));
        self.list.push(Rc::clone(&shared));
        self.index.insert(shared, id);
        (id, true)
    }

    /// The terms of a vector.
    pub fn get(&self, id: VectorId) -> &Rc<[TermId]> {
        &self.list[id.0 as usize]
    }

    /// Whether all its terms are constants.
    pub fn is_concrete(&self, id: VectorId) -> bool {
        self.concrete[id.0 as usize]
    }

    /// The condition under which two vectors have the same values.
    pub fn equal(&self, arena: &mut Arena, a: VectorId, b: VectorId) -> TermId {
        if a == b {
            return arena.bool(true);
        }
        if self.is_concrete(a) && self.is_concrete(b) {
            return arena.bool(false);
        }
        let pairs = self.get(a).iter().zip(self.get(b).iter());
        let different: Vec<(TermId, TermId)> = pairs.filter(|(x, y)| x != y).map(|(&x, &y)| (x, y)).collect();
        if different.iter().any(|&(x, y)| are_apart(arena, x, y)) {
            return arena.bool(false);
        }
        let mut all = arena.bool(true);
        for (x, y) in different {
            let same = arena.same(x, y);
            all = arena.and(all, same);
            if arena.as_bool(all) == Some(false) {
                break;
            }
        }
        all
    }
}

/// Whether two terms have no value in common, by their ranges.
fn are_apart(arena: &Arena, x: TermId, y: TermId) -> bool {
    let bounds = |term| match arena.as_constant(term) {
        Some(value) => (value, value),
        None => (arena.range(term).lo, arena.range(term).hi),
    };
    let ((x_lo, x_hi), (y_lo, y_hi)) = (bounds(x), bounds(y));
    x_hi < y_lo || y_hi < x_lo
}
