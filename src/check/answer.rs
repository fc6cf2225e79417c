//! Verdicts about one property, and the counterexamples that they carry.

use crate::engine::{Extent, UnknownReason};

use super::{Finding, Narrative, SavedTrace};

/// A counterexample, replayed and told.
#[derive(Clone, Debug)]
pub struct Counterexample {
    /// Its length in blocks (actions in `async`).
    pub k: u32,
    /// Whether it is certain that there is no shorter one.
    pub shortest: bool,
    /// Its kind.
    pub finding: Finding,
    /// For replay.
    pub trace: SavedTrace,
    /// For people.
    pub narrative: Narrative,
}

/// What is known about one property.
#[derive(Clone, Debug)]
pub enum Answer {
    /// It holds so far.
    Holds(Extent),
    /// It does not.
    Violated(Box<Counterexample>),
    /// Undecided; all k below `covered` hold.
    Unknown {
        /// Why.
        reason: String,
        /// Number of bounds 0, 1, … that were covered.
        covered: u32,
    },
}

impl Answer {
    /// The exit code that stands for it.
    pub fn exit_code(&self) -> u8 {
        match self {
            Answer::Holds(_) => 0,
            Answer::Violated(_) => 1,
            Answer::Unknown { .. } => 3,
        }
    }

    /// `holds`, `violated` or `unknown`.
    pub fn word(&self) -> &'static str {
        match self {
            Answer::Holds(_) => "holds",
            Answer::Violated(_) => "violated",
            Answer::Unknown { .. } => "unknown",
        }
    }
}

/// An unknown's reason in words.
pub fn reason_text(reason: &UnknownReason) -> String {
    match reason {
        UnknownReason::Time => "out of time".to_owned(),
        UnknownReason::Memory => "out of memory".to_owned(),
        UnknownReason::Stopped => "stopped".to_owned(),
        UnknownReason::Engine(why) => why.clone(),
    }
}
