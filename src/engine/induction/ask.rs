//! Questions to a solver, and why a proof is not found.

use crate::engine::unroll::{Answer, Oracle};
use crate::term::{Arena, TermId, Valuation};

/// Why there is no proof.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gap {
    /// What was tried does not suffice.
    Unproved,
    /// Time or memory gave out, or the solver did.
    Stopped,
}

/// A solver that is asked.
pub struct Asker<'o> {
    oracle: &'o mut dyn Oracle,
    /// Questions so far.
    pub queries: u64,
}

impl<'o> Asker<'o> {
    /// Nothing asked yet.
    pub fn new(oracle: &'o mut dyn Oracle) -> Self {
        Asker { oracle, queries: 0 }
    }

    /// Takes a condition for granted from now on.
    pub fn assume(&mut self, arena: &Arena, fact: TermId) {
        if arena.as_bool(fact) != Some(true) {
            self.oracle.assume(arena, fact);
        }
    }

    /// Values under which a condition holds, if there are any.
    pub fn find(&mut self, arena: &Arena, condition: TermId) -> Result<Option<Valuation>, Gap> {
        if self.oracle.should_stop() {
            return Err(Gap::Stopped);
        }
        if arena.as_bool(condition) == Some(false) {
            return Ok(None);
        }
        self.queries += 1;
        match self.oracle.is_possible(arena, condition) {
            Answer::Possible => Ok(Some(self.oracle.model(arena))),
            Answer::Impossible => Ok(None),
            Answer::Unknown => Err(Gap::Stopped),
        }
    }

    /// That a condition never holds.
    pub fn refute(&mut self, arena: &Arena, condition: TermId) -> Result<(), Gap> {
        self.find(arena, condition)?.map_or(Ok(()), |_| Err(Gap::Unproved))
    }
}
