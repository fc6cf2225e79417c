//! Systems and questions for other programs: what a model checker or a solver reads.
//!
//! | format | what it holds |
//! | --- | --- |
//! | [`aiger`] | the transition system as an and-inverter graph with latches |
//! | [`btor2`] | the transition system on words |
//! | [`smt2`] | whether a run of at most so many blocks breaks a property, as one script |
//! | [`dimacs`] | the same question as clauses |
//!
//! A transition system is made of terms first (`machine`): one step of it is one action, or none. A question is what the
//! engines' own unroller leaves to a solver (`question`). Terms become gates where the SAT engine's do
//! ([`crate::engine::sat::circuit`]) and words where Z3's do ([`crate::engine::words`]), so that no format has a meaning of
//! its own.
//!
//! References: Biere, Heljanko and Wieringa, "AIGER 1.9 and beyond", FMV report 11/2, 2011; Niemetz, Preiner, Wolf and
//! Biere, "Btor2, BtorMC and Boolector 3.0", CAV 2018; Barrett, Fontaine and Tinelli, "The SMT-LIB Standard: Version
//! 2.6", 2017.

pub mod aiger;
pub mod btor2;
pub mod dimacs;
pub mod machine;
mod monitor;
mod names;
pub mod question;
pub mod smt2;

use thiserror::Error;

use crate::engine::{UnknownReason, Watch};

pub use machine::{Machine, machine};
pub use question::{Ending, Question, question};

/// Why nothing is written.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ExportError {
    /// The budget is exhausted.
    #[error("there was no time or memory to finish")]
    Exhausted(UnknownReason),
    /// An action may drive a variable out of its range: the encoding is wrong.
    #[error("internal error: {0} drives a variable out of its range; please report this as a bug")]
    Range(String),
    /// The system is too large to unroll.
    #[error(
        "{terms} terms over {variables} variables are too many to unroll: export the transition system (--format btor2 or aiger)"
    )]
    Large {
        /// Terms.
        terms: usize,
        /// State variables.
        variables: usize,
    },
}

/// Every how many steps of a loop the budget is looked at.
const EVERY: usize = 256;

/// Whether to go on at step `count` of a loop.
fn go_on(watch: &Watch, count: usize) -> Result<(), ExportError> {
    match count.is_multiple_of(EVERY).then(|| watch.exhausted()).flatten() {
        Some(reason) => Err(ExportError::Exhausted(reason)),
        None => Ok(()),
    }
}
