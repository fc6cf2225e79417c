//! One substitution that follows the branches: it stands in one state, and moves to another by forgetting what read
//! the variables in which the two differ.

use crate::system::model::System;
use crate::term::{Arena, Substitution, TermId};

use super::reads::Reads;

/// The substitution of one state, and of one action's inputs.
pub(super) struct Cursor<'s> {
    system: &'s System,
    reads: Reads,
    substitution: Substitution,
    at: Vec<Option<TermId>>,
}

impl<'s> Cursor<'s> {
    pub fn new(system: &'s System) -> Self {
        let at = vec![None; system.state.len()];
        Cursor { system, reads: Reads::new(system), substitution: Substitution::new(), at }
    }

    /// Moves to a state.
    pub fn enter(&mut self, state: &[TermId]) {
        let changed: Vec<usize> = (0..state.len()).filter(|&index| self.at[index] != Some(state[index])).collect();
        if changed.is_empty() {
            return;
        }
        self.substitution.forget(self.reads.stale(&changed));
        for index in changed {
            self.substitution.map(self.system.state[index].var, state[index]);
            self.at[index] = Some(state[index]);
        }
    }

    /// Gives an action's inputs images; without images they stand for themselves.
    pub fn bind(&mut self, arena: &Arena, inputs: &[crate::term::VarId], images: Option<&[TermId]>) {
        if inputs.is_empty() {
            return;
        }
        self.substitution.forget(self.reads.with_inputs().iter().copied());
        for (index, &var) in inputs.iter().enumerate() {
            self.substitution.map(var, images.map_or(arena.variable(var).term, |images| images[index]));
        }
    }

    /// The image of a term of the system.
    pub fn apply(&mut self, arena: &mut Arena, term: TermId) -> TermId {
        self.substitution.apply(arena, term)
    }
}
