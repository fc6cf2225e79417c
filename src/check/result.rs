//! Results: what is known about one property on one input, how it was found, and what that took.

use crate::engine::{Attempt, Certificate, Statistics, peak_resident_bytes};
use crate::reduce::explain::Explanation;
use crate::system::Interleaving;

use super::family::FamilyReport;
use super::focus::FocusReport;
use super::{Answer, InputName, Regard};

/// The check of one property name on one input.
#[derive(Clone, Debug)]
pub struct CheckResult {
    /// The input.
    pub input: InputName,
    /// The property's name.
    pub property: String,
    /// What it is about: of a violation the one thing that breaks it, else everything.
    pub subject: String,
    /// Which runs it is about.
    pub interleaving: Interleaving,
    /// Kinds of objects that are there, may change pods, nodes or sizes, and that the verdict is without.
    pub without: Vec<String>,
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
    /// What the verdict takes for granted of time; without it, it might be another one.
    pub timing: Vec<String>,
    /// Engines that ran beside the one that decided.
    pub beside: Vec<Attempt>,
    /// How the model was made smaller, where that was asked for.
    pub reduction: Option<Explanation>,
    /// Of a family of topologies: the sizes that the verdict is about.
    pub family: Option<Box<FamilyReport>>,
    /// Of workloads that were decided in the company of others: how.
    pub focus: Option<Box<FocusReport>>,
    /// Whether its violation is ignored, or known.
    pub regard: Regard,
}

impl CheckResult {
    /// Whether there is a counterexample.
    pub fn is_violated(&self) -> bool {
        matches!(self.answer, Answer::Violated(_))
    }

    /// Whether it is undecided.
    pub fn is_open(&self) -> bool {
        matches!(self.answer, Answer::Unknown { .. })
    }

    /// Whether there is a counterexample that is neither ignored nor known.
    pub fn counts(&self) -> bool {
        self.is_violated() && self.regard.counts()
    }

    /// The exit code that stands for it: what does not count is as if it held.
    pub fn exit_code(&self) -> u8 {
        if self.is_violated() && !self.counts() { 0 } else { self.answer.exit_code() }
    }

    /// What it is about, one by one; none if that is the cluster.
    pub fn subjects(&self) -> impl Iterator<Item = &str> {
        self.subject.split(", ").filter(|subject| !subject.is_empty())
    }

    /// Of a property that no engine was asked about.
    pub fn unknown(input: InputName, property: &str, interleaving: Interleaving, reason: String) -> Self {
        CheckResult {
            input,
            interleaving,
            property: property.to_owned(),
            subject: String::new(),
            without: Vec::new(),
            answer: Answer::Unknown { reason, covered: 0 },
            engine: "none".to_owned(),
            seconds: 0.0,
            peak_memory_bytes: peak_resident_bytes(),
            statistics: Statistics::default(),
            certificate: None,
            timing: Vec::new(),
            beside: Vec::new(),
            reduction: None,
            family: None,
            focus: None,
            regard: Regard::default(),
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
    results.into_iter().map(CheckResult::exit_code).max_by_key(|&code| rank(code)).unwrap_or(0)
}
