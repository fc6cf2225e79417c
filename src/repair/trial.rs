//! Trials: an input with edits made, checked as any input is.
//!
//! Where blocks may overlap, an input is first asked about without that, which decides most trials, and quickly. What holds then is asked
//! as `check` asks.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::check::source::{self, Input};
use crate::check::{CheckError, CheckResult, Options, check};
use crate::cluster::object::scenario::Scenario;
use crate::engine::{Budget, Engine, Progress, Watch};
use crate::input::Ignore;
use crate::input::source::Source;

use super::edit::Edit;
use super::known::Known;
use super::objects::Objects;
use super::relevance::Relevance;

/// How inputs are checked.
pub struct Way<'a> {
    /// The engine.
    pub engine: &'a dyn Engine,
    /// Time and memory for all trials together.
    pub budget: Budget,
    /// Changes scenarios as options say.
    pub adjust: &'a dyn Fn(&mut Scenario),
    /// Of a scenario with ranges: narrower ones.
    pub sizes: &'a [(String, (usize, usize))],
    /// What need not hold, besides what annotations of the input ignore.
    pub ignores: &'a [Ignore],
    /// Watches.
    pub progress: &'a dyn Progress,
}

/// What came of a trial.
pub enum Outcome {
    /// All properties hold.
    Holds(Vec<CheckResult>),
    /// One does not: what its counterexample is about.
    Violated(Relevance),
    /// It is not known in time, or not at all.
    Open,
    /// The edits cannot be made together, or what they make is no input.
    Refused,
}

/// Makes trials.
pub struct Trials<'a> {
    /// What is changed.
    pub objects: &'a Objects,
    way: &'a Way<'a>,
    /// Ends when all of the time is used up.
    pub watch: Watch,
    /// Names of the properties that have to be answered.
    names: BTreeSet<String>,
    /// Counterexamples of the input as it is, and of changes of it.
    known: Known,
    /// How many changes were refuted by one of them.
    pub refuted: usize,
}

impl<'a> Trials<'a> {
    /// For the texts of an input.
    pub fn new(objects: &'a Objects, way: &'a Way<'a>) -> Self {
        Trials { objects, way, watch: way.budget.start(), names: BTreeSet::new(), known: Known::default(), refuted: 0 }
    }

    /// Checks the input as it is. What it breaks is broken by a shortest counterexample.
    ///
    /// # Errors
    ///
    /// If it cannot be read or checked.
    pub fn first(&mut self) -> Result<(Vec<CheckResult>, Outcome), CheckError> {
        let input = self.read(&self.objects.sources, true)?;
        let (results, skipped) = self.check(&input, Budget { shortest: true, ..self.budget(None) })?;
        self.names = results.iter().map(|result| result.property.clone()).chain(skipped).collect();
        Ok((results.clone(), self.outcome(results)))
    }

    /// Checks the input with edits made, for so much time at most.
    pub fn of(&mut self, edits: &[&Edit], patience: Option<Duration>) -> Outcome {
        let Some(sources) = self.objects.changed(edits) else { return Outcome::Refused };
        let Ok(input) = self.read(&sources, false) else { return Outcome::Refused };
        let budget = self.budget(patience);
        if let Some(about) = self.known.refutation(&input, self.way.adjust, &budget.start()) {
            self.refuted += 1;
            return Outcome::Violated(about);
        }
        match self.answer(&input, budget) {
            Outcome::Holds(results) => self.confirm(&sources, results),
            other => other,
        }
    }

    /// What holds without overlapping blocks, as `check` asks about it.
    fn confirm(&mut self, sources: &[Arc<Source>], results: Vec<CheckResult>) -> Outcome {
        match self.read(sources, true) {
            Ok(input) if input.spec.scenario.asks_overlaps() => self.answer(&input, self.budget(None)),
            _ => Outcome::Holds(results),
        }
    }

    fn answer(&mut self, input: &Input, budget: Budget) -> Outcome {
        match self.check(input, budget) {
            Err(_) => Outcome::Refused,
            Ok((results, skipped)) => {
                // A property that nobody can ask about any more does not hold.
                let names: BTreeSet<String> = results.iter().map(|it| it.property.clone()).chain(skipped).collect();
                if names == self.names { self.outcome(results) } else { Outcome::Refused }
            }
        }
    }

    /// The input; `widely`, where it leaves open whether blocks overlap, they may.
    fn read(&self, sources: &[Arc<Source>], widely: bool) -> Result<Input, CheckError> {
        let mut input = source::of_sources(sources, self.way.sizes)?;
        (self.way.adjust)(&mut input.spec.scenario);
        let scenario = &mut input.spec.scenario;
        scenario.interleaves_by_default &= widely;
        Ok(input)
    }

    /// What is left of the time, or less. Any counterexample will do.
    fn budget(&self, patience: Option<Duration>) -> Budget {
        let time = self.watch.time_left().into_iter().chain(patience).min();
        Budget { time, shortest: false, ..self.way.budget.clone() }
    }

    fn check(&self, input: &Input, budget: Budget) -> Result<(Vec<CheckResult>, Vec<String>), CheckError> {
        let budget = Budget { bound: input.spec.scenario.bound, ..budget };
        let options = Options {
            adjust: self.way.adjust,
            ignores: self.way.ignores,
            ask_ignored: false,
            progress: self.way.progress,
            ..Options::new(self.way.engine, budget)
        };
        check(input, &options, &mut |_| ())
    }

    fn outcome(&mut self, results: Vec<CheckResult>) -> Outcome {
        if results.iter().any(CheckResult::counts) {
            Outcome::Violated(self.known.learn(&results))
        } else if results.iter().any(CheckResult::is_open) || results.is_empty() {
            Outcome::Open
        } else {
            Outcome::Holds(results)
        }
    }
}
