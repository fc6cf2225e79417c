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
//!
//! | room | what it has |
//! | --- | --- |
//! | `unroller` | the unroller: its limits, its frontier, and what it tells |
//! | `finding` | what is asked of branches, and what leaves for a solver to decide |
//! | `core` | what steps work on: terms, states, the graph; and layers of branches |
//! | `advance` | how a block begins and ends |
//! | `branch` | the graph of branches, their interned states, what is asked of them, how they are kept few, and the way back to a run |
//! | `block` | what a branch may do next, concrete or symbolic, layer by layer, until every branch rests |
//! | `loops` | how runs that go round in circles are recognised: by histories, or, where nothing depends on conditions, without |
//!
//! Invariants:
//! * The conditions of the branches of a layer cover the runs of that length: every run ends in a branch whose condition
//!   its inputs satisfy, or in one that covers it and is at hand.
//! * A branch is dropped only if its condition is impossible, or if an earlier one of the same state has all its runs, with
//!   all that they carried. Joining equal states disjoins conditions; merging similar ones chooses by condition. Neither
//!   adds a run.
//! * A layer has inputs of its own, and a run passes each layer once: no input is read twice, so values of the inputs
//!   are exactly one run, and `extract` reads it off.
//! * A branch is concrete if its state has no variables. What is asked of it folds to a constant, except for its condition.
//! * A [`Finding`] at depth k is a condition under which some run of k blocks breaks a property; if all of them are impossible,
//!   no run of k blocks does. A [`Hazard`] is a condition under which an update leaves its range: the encoding is wrong.
//! * All findings of k blocks are told before block k + 1 begins, so the first violation is a shortest one.
//! * *Unknown* is never taken for *impossible*: a branch about which the solver cannot tell stays, or the search ends.
//!
//! References: King, "Symbolic execution and program testing", CACM 19(7), 1976; Beyer, Cimatti, Griggio, Keremoglu and
//! Sebastiani, "Software model checking via large-block encoding", FMCAD 2009; Kuznetsov, Kinder, Bucur and Candea,
//! "Efficient state merging in symbolic execution", PLDI 2012.

mod advance;
mod block;
mod branch;
mod core;
mod finding;
mod loops;
mod unroller;

use crate::term::{Arena, TermId, Valuation};

pub use block::concrete::Work;
pub use block::forced::Run;
pub use branch::graph::{Edge, Move, Node, NodeId};
pub use branch::vectors::VectorId;
pub use finding::{Finding, Hazard};
pub use unroller::{Limits, Memory, Unroller};

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

/// Why unrolling ended early.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    /// The oracle gave up.
    Interrupted,
    /// There is more to enumerate than the limits allow.
    Wide,
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
