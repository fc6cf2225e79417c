//! Trials: an input with edits made, checked as any input is.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::check::{Answer, CheckError, CheckResult, Options, check, source};
use crate::cluster::object::scenario::Scenario;
use crate::engine::{Budget, Engine, Progress, Watch};
use crate::input::Ignore;
use crate::input::source::Source;

use super::edit::Edit;
use super::objects::Objects;
use super::text::Change;

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
    /// One does not.
    Violated(Vec<CheckResult>),
    /// It is not known in time, or not at all.
    Open(Vec<CheckResult>),
    /// The edits cannot be made together, or what they make is no input.
    Refused,
}

/// Makes trials.
pub struct Trials<'a> {
    objects: &'a Objects,
    way: &'a Way<'a>,
    /// Ends when all of the time is used up.
    pub watch: Watch,
    /// Names of the properties that have to be answered.
    names: BTreeSet<String>,
}

impl<'a> Trials<'a> {
    /// For the texts of an input.
    pub fn new(objects: &'a Objects, way: &'a Way<'a>) -> Self {
        Trials { objects, way, watch: way.budget.start(), names: BTreeSet::new() }
    }

    /// The texts as they are.
    pub fn sources(&self) -> &'a [Arc<Source>] {
        &self.objects.sources
    }

    /// Checks the input as it is.
    ///
    /// # Errors
    ///
    /// If it cannot be read or checked.
    pub fn first(&mut self) -> Result<Outcome, CheckError> {
        let (results, skipped) = self.check(&self.objects.sources)?;
        self.names = results.iter().map(|result| result.property.clone()).chain(skipped).collect();
        Ok(self.outcome(results))
    }

    /// Checks the input with edits made.
    pub fn of(&self, edits: &[&Edit]) -> Outcome {
        let Some(sources) = self.changed(edits) else { return Outcome::Refused };
        match self.check(&sources) {
            Err(_) => Outcome::Refused,
            Ok((results, skipped)) => {
                // A property that nobody can ask about any more does not hold.
                let names: BTreeSet<String> = results.iter().map(|it| it.property.clone()).chain(skipped).collect();
                if names == self.names { self.outcome(results) } else { Outcome::Refused }
            }
        }
    }

    /// The texts with edits made; nothing if they do not go together.
    pub fn changed(&self, edits: &[&Edit]) -> Option<Vec<Arc<Source>>> {
        let mut sources = self.objects.sources.clone();
        for (at, source) in sources.iter_mut().enumerate() {
            let all = edits.iter().flat_map(|edit| &edit.changes);
            let own: Vec<Change> = all.filter(|(of, _)| *of == at).map(|(_, change)| change.clone()).collect();
            if !own.is_empty() {
                let text = self.objects.pages[at].as_ref()?.changed(&own)?;
                *source = Arc::new(source.with_text(text));
            }
        }
        Some(sources)
    }

    fn check(&self, sources: &[Arc<Source>]) -> Result<(Vec<CheckResult>, Vec<String>), CheckError> {
        let mut input = source::of_sources(sources, self.way.sizes)?;
        (self.way.adjust)(&mut input.spec.scenario);
        let budget =
            Budget { bound: input.spec.scenario.bound, time: self.watch.time_left(), ..self.way.budget.clone() };
        let options = Options {
            adjust: self.way.adjust,
            ignores: self.way.ignores,
            ask_ignored: false,
            progress: self.way.progress,
            ..Options::new(self.way.engine, budget)
        };
        check(&input, &options, &mut |_| ())
    }

    fn outcome(&self, results: Vec<CheckResult>) -> Outcome {
        let is_open = |result: &CheckResult| matches!(result.answer, Answer::Unknown { .. });
        if results.iter().any(CheckResult::counts) {
            Outcome::Violated(results)
        } else if results.iter().any(is_open) || results.is_empty() {
            Outcome::Open(results)
        } else {
            Outcome::Holds(results)
        }
    }
}
