//! What commands answer: data only. How it reads is a matter of formats ([`super::render`]).
//!
//! A [`Document`] is a whole answer. Its [`Part`]s are what can be told one by one while a command is still at work; they
//! say all of it, in the order in which it becomes known.

use crate::cases::Case;
use crate::check::{CheckResult, InputName, Novelties, Replayed, Shard, Simulation, Site, Sites, Unfolded};
use crate::cluster::view::rule::Rule;
use crate::conformance::Report;
use crate::input::Diagnostic;
use crate::repair::{Hint, Repaired};
use crate::workbench::comparison::Comparison;
use crate::workbench::measurement::Benchmarks;

use super::merge::Merged;

/// The whole answer of a command.
#[derive(Clone, Debug)]
pub enum Document<'a> {
    /// Of `check`.
    Check(Check<'a>),
    /// Of `replay`.
    Replay(&'a [Replayed]),
    /// Of `simulate`.
    Simulation(&'a Simulation),
    /// Of `repair`.
    Repaired(&'a Repaired),
    /// Of `cases`.
    Cases(&'a [Case]),
    /// Of `cases --emit`: the directories that were written.
    Emitted(&'a [String]),
    /// Of `bench`.
    Benchmarks(&'a Benchmarks),
    /// Of `compare`.
    Compared(&'a Comparison),
    /// Of `conformance`.
    Conformance(Conformance<'a>),
    /// Of `rules`.
    Rules(&'a [&'static Rule]),
    /// Of `explain`.
    Rule(&'static Rule),
    /// Of `merge`.
    Merged(&'a Merged),
}

/// A piece of an answer that makes sense by itself.
#[derive(Clone, Debug)]
pub enum Part<'a> {
    /// Of `check`: what is known of one property of one input.
    Result {
        /// That.
        result: &'a CheckResult,
        /// Whether an overview of several inputs follows.
        among_several: bool,
    },
    /// Of `check`: properties of an input that were not looked at.
    NotChecked {
        /// Their names.
        names: &'a [String],
        /// Whether that is so because another one is violated.
        after_violation: bool,
        /// Whether an overview of several inputs follows.
        among_several: bool,
    },
    /// Of `check`: what became of a baseline.
    Novelties(&'a Novelties),
    /// Of `check`: which field to look at after a violation.
    Hint(&'a Hint),
    /// Of `check`: the results of several inputs at a glance.
    Overview(Vec<&'a CheckResult>),
    /// Of `replay`: one trace.
    Replayed(&'a Replayed),
    /// Of `simulate`.
    Simulation(&'a Simulation),
    /// Of `repair`.
    Repaired(&'a Repaired),
    /// Of `cases`.
    Cases(&'a [Case]),
    /// Of `cases --emit`: one directory.
    Emitted(&'a str),
    /// Of `bench`.
    Benchmarks(&'a Benchmarks),
    /// Of `compare`.
    Compared(&'a Comparison),
    /// Of `conformance`.
    Conformance(Conformance<'a>),
    /// Of `rules`.
    Rules(&'a [&'static Rule]),
    /// Of `explain`.
    Rule(&'static Rule),
    /// Of `merge`.
    Merged(&'a Merged),
}

/// The results of a check.
#[derive(Clone, Debug, Default)]
pub struct Check<'a> {
    /// By input, in the order of checking.
    pub inputs: Vec<Checked<'a>>,
    /// Whether several inputs were asked about.
    pub several: bool,
    /// What there is to say about the inputs; `None` where nobody asked.
    pub diagnostics: Option<Vec<&'a Diagnostic>>,
    /// The share of the questions that was asked, if it was not all.
    pub shard: Option<Shard>,
    /// What became of a baseline, if there was one.
    pub baseline: Option<&'a Novelties>,
}

/// The results of one input.
#[derive(Clone, Debug, Default)]
pub struct Checked<'a> {
    /// One for each property that was looked at.
    pub results: Vec<&'a CheckResult>,
    /// Properties that were not looked at.
    pub skipped: &'a [String],
    /// The input.
    pub name: Option<&'a InputName>,
    /// Where violations are in its files; for formats that [need](super::render::Needs) it.
    pub sites: Option<&'a Sites>,
    /// The states of a violation; for formats that need them.
    pub run: Option<Run<'a>>,
    /// Of a violation: which field to look at.
    pub hint: Option<&'a Hint>,
}

/// A violation, state by state.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The violation.
    pub result: &'a CheckResult,
    /// Its states.
    pub unfolded: &'a Unfolded,
}

/// The encodings, compared with recordings.
#[derive(Clone, Copy, Debug)]
pub struct Conformance<'a> {
    /// All records.
    pub report: &'a Report,
    /// How many records of each family people want to see.
    pub shown: usize,
}

impl<'a> Document<'a> {
    /// The parts of the answer, in the order in which they become known.
    pub fn parts(&self) -> Vec<Part<'a>> {
        match self {
            Document::Check(check) => check.parts(),
            Document::Replay(replayed) => replayed.iter().map(Part::Replayed).collect(),
            Document::Simulation(simulation) => vec![Part::Simulation(simulation)],
            Document::Repaired(repaired) => vec![Part::Repaired(repaired)],
            Document::Cases(cases) => vec![Part::Cases(cases)],
            Document::Emitted(directories) => directories.iter().map(|it| Part::Emitted(it)).collect(),
            Document::Benchmarks(benchmarks) => vec![Part::Benchmarks(benchmarks)],
            Document::Compared(comparison) => vec![Part::Compared(comparison)],
            Document::Conformance(conformance) => vec![Part::Conformance(*conformance)],
            Document::Rules(rules) => vec![Part::Rules(rules)],
            Document::Rule(rule) => vec![Part::Rule(rule)],
            Document::Merged(merged) => vec![Part::Merged(merged)],
        }
    }
}

impl<'a> Check<'a> {
    /// The results of all inputs.
    pub fn results(&self) -> impl Iterator<Item = &'a CheckResult> {
        self.inputs.iter().flat_map(|input| input.results.iter().copied())
    }

    fn parts(&self) -> Vec<Part<'a>> {
        let parts = self.inputs.iter().flat_map(|input| input.parts(self.several, self.baseline));
        let overview = self.several.then(|| Part::Overview(self.results().collect()));
        parts.chain(overview).collect()
    }
}

impl<'a> Checked<'a> {
    /// What is known of an input, without anything that single formats need.
    pub fn new(results: impl IntoIterator<Item = &'a CheckResult>, skipped: &'a [String]) -> Self {
        Checked { results: results.into_iter().collect(), skipped, ..Checked::default() }
    }

    /// Where a violation is in the files of the input, the best place first.
    pub fn sites_of(&self, result: &CheckResult) -> &'a [Site] {
        self.sites.map_or(&[], |sites| sites.of_result(result))
    }

    /// Whether the properties that were not looked at were left out because another one is violated.
    pub fn ended_by_violation(&self) -> bool {
        self.results.iter().any(|it| it.counts())
    }

    fn parts(&self, among_several: bool, baseline: Option<&'a Novelties>) -> Vec<Part<'a>> {
        let results = self.results.iter().map(|result| Part::Result { result, among_several });
        let skipped = Part::not_checked(self.skipped, self.results.iter().copied(), among_several);
        results.chain(skipped).chain(baseline.map(Part::Novelties)).chain(self.hint.map(Part::Hint)).collect()
    }
}

impl<'a> Part<'a> {
    /// What was not looked at after the results of an input, if anything was not.
    pub fn not_checked<'r>(
        names: &'a [String],
        results: impl IntoIterator<Item = &'r CheckResult>,
        among_several: bool,
    ) -> Option<Self> {
        let after_violation = results.into_iter().any(CheckResult::counts);
        (!names.is_empty()).then_some(Part::NotChecked { names, after_violation, among_several })
    }
}
