//! Symmetry breaking where initial states are free: of states that differ in the names of nodes only, one is kept.
//!
//! Nodes of one class are interchangeable: initial constraints, actions, marks and properties read sums, extremes and
//! choices over all of them. Permuting the members of a class in a run, state by state and choice by choice, gives another run with
//! the same marks that breaks the same properties. So wherever some run breaks a property, one does that starts with the members in
//! order, and the constraint that they are in order is exact. Counted classes have no order to begin with.

use std::collections::HashMap;

use crate::cluster::cells::Representation;
use crate::cluster::view::Parts;
use crate::system::{Slice, System};
use crate::term::{Ctx, Int, TermId};

/// Puts the members of individual classes in order at the start, where nothing fixes it. Says for which.
pub fn break_initially(slice: &mut Slice, parts: &Parts) -> Vec<String> {
    let position: HashMap<usize, usize> = slice.kept.iter().enumerate().map(|(new, &old)| (old, new)).collect();
    let mut notes = Vec::new();
    for (class, node_class) in parts.classes.iter().enumerate() {
        let Representation::Individual(nodes) = parts.cells.representation(class) else { continue };
        let kept = |node: &Vec<crate::system::IntVar>| -> Vec<Option<usize>> {
            node.iter().map(|var| position.get(&var.index()).copied()).collect()
        };
        let members: Vec<Vec<Option<usize>>> = nodes.iter().map(kept).collect();
        if members.len() > 1 && is_free(&slice.system, &members) {
            for pair in members.windows(2) {
                let condition = in_order(&mut slice.system, &pair[0], &pair[1]);
                slice.system.init.push(condition);
            }
            notes.push(format!("{} nodes like {} start in order of their pods", members.len(), node_class.names[0]));
        }
    }
    notes
}

/// Whether all members have the same attributes left, and none of them a fixed value at the start.
fn is_free(system: &System, members: &[Vec<Option<usize>>]) -> bool {
    let alike = |member: &Vec<Option<usize>>| member.iter().zip(&members[0]).all(|(a, b)| a.is_some() == b.is_some());
    let mut left = members.iter().flatten().flatten().peekable();
    left.peek().is_some() && members.iter().all(alike) && left.all(|&index| system.state[index].initial.is_none())
}

/// The members' attributes are in lexicographic order.
fn in_order(system: &mut System, first: &[Option<usize>], second: &[Option<usize>]) -> TermId {
    let ctx = Ctx::with_arena(std::mem::take(&mut system.arena));
    let value = |index: usize| -> Int<'_> {
        let var = system.state[index].var;
        ctx.as_int(ctx.read(|arena| arena.variable(var).term))
    };
    let pairs = first.iter().zip(second).filter_map(|(a, b)| Some((value((*a)?), value((*b)?))));
    let pairs: Vec<(Int<'_>, Int<'_>)> = pairs.collect();
    let ordered = pairs.into_iter().rev().fold(ctx.bool(true), |rest, (a, b)| a.gt(b) | a.eq(b) & rest).id();
    system.arena = ctx.into_arena();
    ordered
}
