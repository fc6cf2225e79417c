//! What is found: repairs, and what was tried if there is none.

use std::sync::Arc;

use crate::check::CheckResult;
use crate::input::source::Source;

use super::edit::Edit;
use super::text::unified;

/// The answer about an input.
#[derive(Clone, Debug)]
pub struct Repaired {
    /// The input, in a few words.
    pub input: String,
    /// How it stands as it is.
    pub before: Vec<CheckResult>,
    /// How it ended.
    pub ending: Ending,
    /// Repairs, the cheapest first.
    pub repairs: Vec<Repair>,
    /// How many changes were checked.
    pub tried: usize,
    /// How many of them have a counterexample that was known already.
    pub refuted: usize,
    /// How many of them could not be decided.
    pub open: usize,
    /// How many fields could be changed.
    pub fields: usize,
}

/// Which field to look at first after a violation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The object.
    pub object: String,
    /// The field.
    pub field: String,
    /// The file and the line.
    pub place: (String, usize),
    /// What looks for a repair.
    pub command: String,
}

/// How a search for repairs ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Nothing has to be repaired.
    Holds,
    /// It is not known whether anything has to be.
    Undecided,
    /// The repairs are the smallest ones.
    Repaired,
    /// No change of so many fields, or fewer, is a repair.
    Exhausted(usize),
    /// The search came to an end before: why. What was found so far are repairs, and there may be cheaper ones.
    Stopped(String),
}

/// A change under which all properties hold.
#[derive(Clone, Debug)]
pub struct Repair {
    /// What is changed.
    pub edits: Vec<Edit>,
    /// How far it holds: the results of all properties.
    pub results: Vec<CheckResult>,
    /// The files that change: as they are, and as they will be.
    pub files: Vec<(Arc<Source>, Arc<Source>)>,
}

impl Repaired {
    /// The exit code that stands for it: 0 repaired, or nothing to repair; 1 no repair was found; 3 undecided.
    pub fn exit_code(&self) -> u8 {
        match &self.ending {
            Ending::Holds | Ending::Repaired => 0,
            Ending::Exhausted(_) => 1,
            Ending::Stopped(_) if !self.repairs.is_empty() => 0,
            Ending::Undecided | Ending::Stopped(_) => 3,
        }
    }
}

impl Repair {
    /// The unified diff of all files.
    pub fn diff(&self) -> String {
        self.files.iter().map(|(old, new)| unified(&old.name, &old.text, &new.text)).collect()
    }
}
