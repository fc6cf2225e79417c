//! Verdicts: what is known about one property on one input.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::engine::{Attempt, Certificate, Extent, Statistics, UnknownReason, peak_resident_bytes};
use crate::property::about;
use crate::reduce::explain::Explanation;
use crate::system::{Property, PropertyKind};

use super::family::FamilyReport;
use super::focus::FocusReport;
use super::{Narrative, SavedTrace};

/// Where the cluster came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum InputName {
    /// One of the cases.
    Case {
        /// Its id.
        case: String,
        /// Its number of nodes.
        scale: usize,
        /// Whether it is the fixed variant.
        fixed: bool,
    },
    /// Files and directories.
    Paths {
        /// As the user gave them.
        paths: Vec<String>,
        /// Of a family: the member, by dimension.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        sizes: BTreeMap<String, i64>,
    },
}

impl InputName {
    /// In a few words.
    pub fn short(&self) -> String {
        match self {
            InputName::Case { case, scale, fixed } => {
                format!("{case}, {scale} nodes{}", if *fixed { ", fixed" } else { "" })
            }
            InputName::Paths { paths, sizes } if sizes.is_empty() => paths.join(" "),
            InputName::Paths { paths, sizes } => {
                let sizes = sizes.iter().map(|(name, value)| format!("{name} = {value}")).collect::<Vec<String>>();
                format!("{} ({})", paths.join(" "), sizes.join(", "))
            }
        }
    }
}

/// What kind of counterexample was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A state that must not be.
    State,
    /// Replicas that rise and fall, or fall and rise, though nothing changed from outside.
    Reversal,
    /// A cycle that may go on for ever.
    Loop,
}

impl Finding {
    /// The kind of counterexample that breaks a property.
    pub fn of(property: &Property) -> Self {
        match property.kind {
            PropertyKind::Invariant { .. } if about(&property.name).turns => Finding::Reversal,
            PropertyKind::Invariant { .. } => Finding::State,
            PropertyKind::NoLoop { .. } | PropertyKind::Settles => Finding::Loop,
        }
    }

    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Finding::State => "state",
            Finding::Reversal => "reversal",
            Finding::Loop => "loop",
        }
    }
}

/// A counterexample, replayed and told.
#[derive(Clone, Debug)]
pub struct Counterexample {
    /// Its length in blocks (actions in `async`).
    pub k: u32,
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

/// The check of one property name on one input.
#[derive(Clone, Debug)]
pub struct CheckResult {
    /// The input.
    pub input: InputName,
    /// The property's name.
    pub property: String,
    /// What it is about: of a violation the one thing that breaks it, else everything.
    pub subject: String,
    /// The verdict.
    pub answer: Answer,
    /// The engine that decided.
    pub engine: String,
    /// Time it took.
    pub seconds: f64,
    /// Largest resident memory meanwhile.
    pub peak_memory_bytes: Option<u64>,
    /// The engine's figures.
    pub statistics: Statistics,
    /// The checked proof, if there is one.
    pub certificate: Option<Certificate>,
    /// Engines that ran beside the one that decided.
    pub beside: Vec<Attempt>,
    /// How the model was made smaller, where that was asked for.
    pub reduction: Option<Explanation>,
    /// Of a family of topologies: the sizes that the verdict is about.
    pub family: Option<Box<FamilyReport>>,
    /// Of workloads that were decided in the company of others: how.
    pub focus: Option<Box<FocusReport>>,
}

impl CheckResult {
    /// Whether there is a counterexample.
    pub fn is_violated(&self) -> bool {
        matches!(self.answer, Answer::Violated(_))
    }

    /// Of a property that no engine was asked about.
    pub fn unknown(input: InputName, property: &str, reason: String) -> Self {
        CheckResult {
            input,
            property: property.to_owned(),
            subject: String::new(),
            answer: Answer::Unknown { reason, covered: 0 },
            engine: "none".to_owned(),
            seconds: 0.0,
            peak_memory_bytes: peak_resident_bytes(),
            statistics: Statistics::default(),
            certificate: None,
            beside: Vec::new(),
            reduction: None,
            family: None,
            focus: None,
        }
    }
}

/// The exit code of several results: violated before unknown before holds.
pub fn exit_code<'a>(results: impl IntoIterator<Item = &'a CheckResult>) -> u8 {
    let rank = |code: u8| match code {
        1 => 2,
        3 => 1,
        _ => 0,
    };
    results.into_iter().map(|result| result.answer.exit_code()).max_by_key(|&code| rank(code)).unwrap_or(0)
}
