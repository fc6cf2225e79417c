//! Symmetry breaking where initial states are free: of states that differ in the names of nodes only, one is kept.
//!
//! Nodes of one class are interchangeable: initial constraints, actions, marks and properties read sums, extremes and
//! choices over all of them. Permuting the members of a class in a run, state by state and choice by choice, gives another run with
//! the same marks that breaks the same properties. So wherever some run breaks a property, one does that starts with the members in
//! order, and the constraint that they are in order is exact. Counted classes have no order to begin with.
//!
//! References: Emerson and Sistla, "Symmetry and model checking", Formal Methods in System Design 9, 1996; Crawford,
//! Ginsberg, Luks and Roy, "Symmetry-breaking predicates for search problems", KR 1996.

use std::collections::HashMap;

use itertools::Itertools;

use crate::cluster::counting::start::Neighbours;
use crate::cluster::view::Parts;
use crate::system::{IntVar, Slice, System};
use crate::term::{Ctx, Int, TermId};

/// Puts interchangeable nodes in order at the start. Says which.
pub fn break_initially(slice: &mut Slice, parts: &Parts) -> Vec<String> {
    let position: HashMap<usize, usize> = slice.kept.iter().enumerate().map(|(new, &old)| (old, new)).collect();
    let at = |var: &IntVar| position.get(&var.index()).copied();
    let mut ordered = Vec::new();
    for Neighbours { class, first, second } in &parts.neighbours {
        // What is sliced away is so for all members of a class; if not, the order is not theirs.
        let pairs: Vec<(Option<usize>, Option<usize>)> = first.iter().map(at).zip(second.iter().map(at)).collect();
        let kept: Vec<(usize, usize)> = pairs.iter().filter_map(|&(a, b)| a.zip(b)).collect();
        if !kept.is_empty() && pairs.iter().all(|(a, b)| a.is_some() == b.is_some()) {
            let condition = in_order(&mut slice.system, &kept);
            slice.system.init.push(condition);
            ordered.push(*class);
        }
    }
    let note = |(pairs, class): (usize, usize)| {
        format!("{} nodes like {} start in order of their pods", pairs + 1, parts.classes[class].names[0])
    };
    ordered.into_iter().dedup_with_count().map(note).collect()
}

/// The first of each pair come before the second in lexicographic order, more before fewer.
fn in_order(system: &mut System, pairs: &[(usize, usize)]) -> TermId {
    let ctx = Ctx::with_arena(std::mem::take(&mut system.arena));
    let value = |index: usize| -> Int<'_> {
        let var = system.state[index].var;
        ctx.as_int(ctx.read(|arena| arena.variable(var).term))
    };
    let pairs = pairs.iter().rev().map(|&(a, b)| (value(a), value(b)));
    let ordered = pairs.fold(ctx.bool(true), |rest, (a, b)| a.gt(b) | a.eq(b) & rest).id();
    system.arena = ctx.into_arena();
    ordered
}
