//! What is known of an input, with what the format needs besides.

use crate::check::plan::Skipped;
use crate::check::source::Input;
use crate::check::{Answer, CheckResult, InputName, SavedTrace, Sites, Unfolded, unfold};
use crate::repair::Hint;
use crate::report::document::{Checked, Run};
use crate::report::{Format, Needs};

use super::CliError;
use super::args::Check;

/// A format that shows the states of a run has room for one.
pub fn fits(arguments: &Check, format: &Format, inputs: usize) -> Result<(), CliError> {
    let several = match (inputs, arguments.properties.as_slice()) {
        (1, [_]) => return Ok(()),
        (1, _) if !arguments.all => return Ok(()),
        (1, _) => "--all may find several: choose one with --property",
        _ => "several inputs may have one each: check them one by one",
    };
    match format.needs {
        Needs::States => Err(CliError::Usage(format!("format {} is for one counterexample; {several}", format.name))),
        Needs::Nothing | Needs::Sites => Ok(()),
    }
}

/// What is known of an input.
pub struct Answered {
    name: InputName,
    /// In the order of checking.
    pub results: Vec<CheckResult>,
    skipped: Skipped,
    /// Where violations are, if the format needs that.
    sites: Sites,
    /// The states of the shortest counterexample, and which result that is, if the format needs them.
    run: Option<(usize, Unfolded)>,
    /// Of a violation: which field to look at.
    pub hint: Option<Hint>,
}

impl Answered {
    /// Without what single formats need.
    pub fn new(name: InputName, (results, skipped): (Vec<CheckResult>, Skipped)) -> Self {
        Answered { name, results, skipped, sites: Sites::default(), run: None, hint: None }
    }

    /// The same with what a format needs.
    pub fn with(mut self, input: &Input, needs: Needs) -> Result<Self, CliError> {
        match needs {
            Needs::Nothing => {}
            Needs::Sites => self.sites = Sites::of(input, &self.results),
            Needs::States => {
                self.run =
                    self.shortest().map(|(at, trace)| Ok::<_, CliError>((at, unfold(input, trace)?))).transpose()?
            }
        }
        Ok(self)
    }

    /// The shortest counterexample, and which result it is of.
    fn shortest(&self) -> Option<(usize, &SavedTrace)> {
        let found = self.results.iter().enumerate().filter_map(|(at, result)| match &result.answer {
            Answer::Violated(found) => Some((at, &found.trace, found.k)),
            Answer::Holds(_) | Answer::Unknown { .. } => None,
        });
        // What does not count is shown only if nothing else is there.
        let excused = |at: usize| !self.results[at].counts();
        let (at, trace, _) = found.min_by_key(|(at, trace, k)| (excused(*at), *k, trace.steps.len()))?;
        Some((at, trace))
    }

    /// As a part of the document.
    pub fn checked(&self) -> Checked<'_> {
        let run = self.run.as_ref().map(|(at, unfolded)| Run { result: &self.results[*at], unfolded });
        let name = Some(&self.name);
        Checked {
            name,
            sites: Some(&self.sites),
            run,
            hint: self.hint.as_ref(),
            ..Checked::new(&self.results, &self.skipped)
        }
    }
}
