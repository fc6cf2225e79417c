//! Which terms read which state variables: what a change of state makes stale.

use crate::system::model::System;
use crate::term::{Arena, Node, TermId};

/// For every term of a system: the state variables below it; and the terms that have an input below them.
pub(in crate::engine::unroll) struct Reads {
    words: usize,
    bits: Vec<u64>,
    with_inputs: Vec<TermId>,
}

impl Reads {
    /// Reads of all terms that a run may need.
    pub fn new(system: &System) -> Self {
        let arena = &system.arena;
        let words = system.state.len().div_ceil(64).max(1);
        let mut reads = Reads { words, bits: vec![0; words * arena.len()], with_inputs: Vec::new() };
        let own = own_bits(system);
        let needed = arena.reachable(roots(system));
        let mut late = vec![false; arena.len()];
        for term in (0..arena.len()).filter(|&index| needed[index]).map(TermId::from_index) {
            late[term.index()] = reads.collect(arena, term, &own)
                || arena.node(term).children().any(|child: TermId| late[child.index()]);
            if late[term.index()] {
                reads.with_inputs.push(term);
            }
        }
        reads
    }

    /// Computes the bits of a term from those of its arguments; whether it is an input itself.
    fn collect(&mut self, arena: &Arena, term: TermId, own: &[Option<usize>]) -> bool {
        let at = term.index() * self.words;
        for child in arena.node(term).children() {
            for word in 0..self.words {
                self.bits[at + word] |= self.bits[child.index() * self.words + word];
            }
        }
        let Node::Var(var) = arena.node(term) else { return false };
        if let Some(position) = own[var.index()] {
            self.bits[at + position / 64] |= 1 << (position % 64);
        }
        own[var.index()].is_none()
    }

    /// Terms that read one of the variables at these positions.
    pub fn stale(&self, changed: &[usize]) -> impl Iterator<Item = TermId> {
        let mut mask = vec![0u64; self.words];
        for &position in changed {
            mask[position / 64] |= 1 << (position % 64);
        }
        let terms = self.bits.chunks_exact(self.words).enumerate();
        terms
            .filter(move |(_, bits)| bits.iter().zip(&mask).any(|(bits, mask)| bits & mask != 0))
            .map(|(index, _)| TermId::from_index(index))
    }

    /// Terms that read an input.
    pub fn with_inputs(&self) -> &[TermId] {
        &self.with_inputs
    }
}

/// By variable: its position in the state, if it is a state variable.
fn own_bits(system: &System) -> Vec<Option<usize>> {
    let mut own = vec![None; system.arena.variables().len()];
    for (position, variable) in system.state.iter().enumerate() {
        own[variable.var.index()] = Some(position);
    }
    own
}

fn roots(system: &System) -> Vec<TermId> {
    let mut roots: Vec<TermId> = system.init.clone();
    for action in &system.actions {
        roots.extend([action.guard, action.choice]);
        roots.extend(action.updates.iter().map(|&(_, term)| term));
        roots.extend(action.marks.iter().map(|&(_, term)| term));
        roots.extend(&action.obligations);
        roots.extend(action.footprint.lock.iter().map(|lock| lock.open));
        roots.extend(action.footprint.calm.iter().map(|calm| calm.broken));
    }
    for property in &system.properties {
        if let crate::system::model::PropertyKind::Invariant { holds, .. } = property.kind {
            roots.push(holds);
        }
    }
    roots
}
