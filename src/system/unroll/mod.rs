//! Symbolic execution of blocks on terms, for engines that ask a solver.
//!
//! An [`Unroller`] keeps a frontier of branches. A branch is a symbolic state (one term per state variable) and the
//! condition under which some run ends there. One slow action of each branch begins the next block; its event-driven
//! part is then executed layer by layer until it rests. What is concrete stays concrete: with a concrete start and no
//! free choice every term folds to a constant and no solver is asked. What the solver must decide leaves as
//! [`Finding`]s and [`Hazard`]s: conditions over the inputs.
//!
//! Nothing is cut: a block is extended until no run of it can go on, or, where runs go round in circles, until those
//! that do were reported and only they are left.

mod advance;
mod block;
mod circles;
mod concrete;
mod crossings;
mod enumerate;
mod extract;
mod foresee;
mod graph;
mod inputs;
mod inspect;
mod limit;
mod loops;
mod past;
mod reads;
mod step;
mod vectors;

use crate::term::{Arena, TermId, Valuation};

pub use advance::{Limits, Stop, Unroller};
pub use concrete::Run;
pub use concrete::Work;
pub use enumerate::Memory;
pub use graph::{Edge, Move, Node, NodeId};
pub use inspect::Finding;
pub use step::Hazard;
pub use vectors::VectorId;

/// What a solver says about a condition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Some values of the variables satisfy it.
    Possible,
    /// None do.
    Impossible,
    /// It cannot tell.
    Unknown,
}

/// A solver, as the unroller sees it. Variables take values within their sorts only.
pub trait Oracle {
    /// Takes a condition for granted from now on.
    fn assume(&mut self, arena: &Arena, fact: TermId);

    /// Whether a condition can be satisfied.
    fn is_possible(&mut self, arena: &Arena, condition: TermId) -> Answer;

    /// Values under which the last possible condition holds, for all variables of the arena.
    fn model(&self, arena: &Arena) -> Valuation;

    /// Whether to give up now; asked between steps.
    fn should_stop(&self) -> bool;
}
