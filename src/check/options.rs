//! The one entry: an input and options in, verdicts out.

use crate::engine::{Budget, Engine, Progress, Silent};

use super::family::{self, FamilyCheck};
use super::source::Input;
use super::verify::{self, Plan, Skipped, Subject};
use super::{CheckError, CheckResult};

/// When properties are decided for few workloads in the company of the rest ([`super::focus`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Focus {
    /// Where that is quicker: always in clusters of more than a few workloads, first in clusters of several.
    #[default]
    Auto,
    /// In every cluster of several workloads, and then only.
    On,
    /// Never.
    Off,
}

/// How an input is checked.
pub struct Options<'a> {
    /// The engine.
    pub engine: &'a dyn Engine,
    /// Bound, time and memory for all properties together.
    pub budget: Budget,
    /// Names of the properties; none: those of the input.
    pub properties: &'a [String],
    /// Whether to go on after a violation.
    pub all: bool,
    /// Whether to make models smaller first.
    pub reduce: bool,
    /// Whether to tell how.
    pub explain: bool,
    /// Whether few workloads stand for the cluster.
    pub focus: Focus,
    /// Of a family: where a counterexample is tried again, by the names of sizes.
    pub lift_to: &'a [(String, i64)],
    /// Changes what was read, of a family every member.
    pub adjust: &'a dyn Fn(&mut Input),
    /// Watches.
    pub progress: &'a dyn Progress,
}

impl<'a> Options<'a> {
    /// The properties of the input, up to the first violation, and everything else as usual.
    pub fn new(engine: &'a dyn Engine, budget: Budget) -> Self {
        Options {
            engine,
            budget,
            properties: &[],
            all: false,
            reduce: true,
            explain: false,
            focus: Focus::Auto,
            lift_to: &[],
            adjust: &|_| (),
            progress: &Silent,
        }
    }
}

/// Checks an input, which [`super::source`] has read, and tells each result as soon as it is known. Returns the results
/// with the names of properties that were not looked at.
///
/// # Errors
///
/// If the input cannot be modelled, no property applies, or the assumptions about the start contradict each other.
pub fn check(
    input: &Input,
    options: &Options<'_>,
    tell: &mut dyn FnMut(&CheckResult),
) -> Result<(Vec<CheckResult>, Skipped), CheckError> {
    let plan = Plan {
        engine: options.engine,
        budget: options.budget.clone(),
        all: options.all,
        reduce: options.reduce,
        explain: options.explain,
        focus: if options.reduce { options.focus } else { Focus::Off },
        progress: options.progress,
    };
    match &input.members {
        None if !options.lift_to.is_empty() => {
            Err(CheckError::Usage("--lift-to is for inputs of several sizes".to_owned()))
        }
        None => {
            let selection = input.selection(options.properties);
            let subject = Subject { spec: &input.spec, name: input.name.clone(), selection };
            Ok(verify::check(&subject, &plan, tell)?)
        }
        Some(members) => {
            // Many sizes share one query, which is about whole clusters.
            let plan = Plan { focus: Focus::Off, ..plan };
            let family = FamilyCheck {
                members,
                names: options.properties,
                plan: &plan,
                lift_to: members.size(options.lift_to)?,
                adjust: options.adjust,
            };
            family::check(&family, &mut |what| plan.progress.begin(what), tell)
        }
    }
}
