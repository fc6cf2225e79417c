//! The one entry for verdicts: an input and options in, results out; and the transition system that they are about.

use itertools::Itertools;

use crate::cluster::object::spec::Caches;
use crate::model::build;
use crate::system::{PropertyId, System};

use super::family::{self, FamilyCheck};
use super::plan::{Plan, Skipped, Subject};
use super::source::Input;
use super::{CheckError, CheckResult, Focus, Options, Scope, VerifyError, verify};

/// What is left out where schedulers have caches of their own, and the model does not.
const RACES: &str = "races between schedulers";

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
    let spec = &input.spec;
    let races = (spec.caches != Caches::Shared && !spec.schedulers_race()).then(|| RACES.to_owned());
    let without: Vec<String> = spec.absent.iter().cloned().chain(races).sorted().collect();
    let said = |result: CheckResult| CheckResult { without: without.clone(), ..result }.visible();
    let asked = ask(input, options, &mut |result| tell(&said(result.clone())));
    let (results, skipped) = if options.scope.is_whole() { asked? } else { in_scope(asked, input, &options.scope)? };
    Ok((results.into_iter().map(said).collect(), skipped))
}

/// The transition system of an input: whole, or what the named properties need of it.
///
/// # Errors
///
/// If the input cannot be modelled.
pub fn transition_system(input: &Input, properties: &[String]) -> Result<System, CheckError> {
    let system = build(&input.spec, &input.selection(properties)).map_err(VerifyError::from)?.system;
    Ok(match properties.is_empty() {
        true => system,
        false => system.slice(&(0..system.properties.len()).map(PropertyId).collect::<Vec<_>>()).system,
    })
}

/// Nothing to ask is an answer for a shard. A namespace has something, or it is not the one that was meant.
fn in_scope(
    asked: Result<(Vec<CheckResult>, Skipped), CheckError>,
    input: &Input,
    scope: &Scope,
) -> Result<(Vec<CheckResult>, Skipped), CheckError> {
    match (asked, &scope.namespace) {
        (Err(CheckError::Verify(VerifyError::Nothing)), None) => Ok((Vec::new(), Skipped::new())),
        (Err(CheckError::Verify(VerifyError::Nothing)), Some(namespace)) => {
            let known = input.spec.workloads.iter().map(|it| it.key.namespace.as_str()).unique().sorted().join(", ");
            let known =
                if known.is_empty() { "there is no workload".to_owned() } else { format!("they are in {known}") };
            Err(CheckError::Usage(format!("no property is about a workload of namespace {namespace}: {known}")))
        }
        (asked, _) => asked,
    }
}

fn ask(
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
            let selection = options.scope.narrow(&input.spec, input.selection(options.properties));
            let subject = Subject { spec: &input.spec, name: input.name.clone(), selection };
            Ok(verify::check(&subject, &plan, tell)?)
        }
        Some(members) => {
            // Many sizes share one query, which is about whole clusters.
            let plan = Plan { focus: Focus::Off, ..plan };
            let family = FamilyCheck {
                members,
                names: options.properties,
                scope: &options.scope,
                plan: &plan,
                lift_to: members.size(options.lift_to)?,
                adjust: &|input| (options.adjust)(&mut input.spec.scenario),
            };
            family::check(&family, &mut |what| plan.progress.begin(what), tell)
        }
    }
}
