//! What holds where slow actions wait until event-driven ones have settled is asked again where they do not.
//!
//! Runs in which blocks do not overlap are few, most violations are among them, and their stories are the simplest. So they are
//! looked at first. What holds of them is then asked of all runs, by explicit search, which may do so much work for
//! all properties of an input: a limit in time would give other verdicts on other machines. Where that does not suffice, the verdict says that
//! it is without overlapping actions.
//!
//! A loop in which blocks overlap is not told: it may go round because somebody in it never gets his turn, of several for whom one action
//! stands, and no clock of the action forbids that. The verdict then is without overlapping actions as well.
//!
//! Soundness: every run in which slow actions wait is one in which they need not, so that nothing is lost by asking the smaller question
//! first, and what holds of all runs holds of these.

use std::time::{Duration, Instant};

use super::error::CheckError;
use super::plan::{Plan, Skipped, Subject};
use super::{Answer, CheckResult, Finding, VerifyError};
use crate::engine::explicit::Explicit;
use crate::system::Interleaving;

/// What a verdict is without that says nothing of blocks that overlap.
pub const OVERLAPS: &str = "overlapping actions";

/// Asks again about one property.
pub type Ask<'a> = dyn FnMut(&Plan<'_>) -> Result<(Vec<CheckResult>, Skipped), CheckError> + 'a;

/// A result, or if it holds, what is known where blocks overlap. So much time is left.
pub fn widened(result: CheckResult, plan: &Plan<'_>, left: Option<Duration>, ask: &mut Ask<'_>) -> Vec<CheckResult> {
    let Answer::Holds(extent) = result.answer else { return vec![result] };
    if plan.patience.is_over() || plan.engine.certifies() {
        return vec![without(result)];
    }
    let began = Instant::now();
    let budget = plan.patience.budget(extent, left, &plan.budget);
    let (results, _) =
        ask(&Plan { engine: &Explicit, budget, patience: plan.patience.clone(), ..*plan }).unwrap_or_default();
    let took = began.elapsed().as_secs_f64();
    let goes_as_far = |again: &CheckResult| match again.answer {
        Answer::Holds(other) => other.is_proved() || !extent.is_proved(),
        _ => false,
    };
    let is_told = |again: &CheckResult| match &again.answer {
        Answer::Violated(found) => found.finding != Finding::Loop,
        _ => true,
    };
    let seconds = result.seconds + took;
    if results.is_empty() || !results.iter().all(is_told) {
        return vec![without(CheckResult { seconds, ..result })];
    }
    if results.iter().any(CheckResult::is_violated) {
        return results;
    }
    match results.iter().all(goes_as_far) {
        true => vec![CheckResult { interleaving: Interleaving::Overlapping, seconds, ..result }],
        false => vec![without(CheckResult { seconds, ..result })],
    }
}

/// A result that says nothing of blocks that overlap.
fn without(result: CheckResult) -> CheckResult {
    let without = result.without.iter().cloned().chain([OVERLAPS.to_owned()]).collect();
    CheckResult { without, ..result }
}

/// Answers a question about one property of a subject, or more.
pub type Check<'a> = dyn FnMut(&Subject<'_>, &Plan<'_>) -> Result<(Vec<CheckResult>, Skipped), VerifyError> + 'a;

/// The same of all results of one property of a subject that was checked as a whole, or workload by workload. Where some workloads
/// break it already, it is not asked again.
pub fn widened_of(
    (subject, plan): (&Subject<'_>, &Plan<'_>),
    results: Vec<CheckResult>,
    left: Option<Duration>,
    check: &mut Check<'_>,
) -> Vec<CheckResult> {
    if !subject.spec.scenario.asks_overlaps() {
        return results;
    }
    match <[CheckResult; 1]>::try_from(results) {
        Ok([only]) => {
            let property = only.property.clone();
            widened(only, plan, left, &mut |plan| Ok(again(subject, plan, &property, check)?))
        }
        Err(several) => {
            let holds = |result: &CheckResult| matches!(result.answer, Answer::Holds(_));
            several.into_iter().map(|it| if holds(&it) { without(it) } else { it }).collect()
        }
    }
}

fn again(
    subject: &Subject<'_>,
    plan: &Plan<'_>,
    property: &str,
    check: &mut Check<'_>,
) -> Result<(Vec<CheckResult>, Skipped), VerifyError> {
    let mut spec = subject.spec.clone();
    spec.scenario.interleave(Interleaving::Overlapping);
    let selection = subject.selection.clone().only(&[property.to_owned()]);
    let wider = Subject { spec: &spec, name: subject.name.clone(), selection };
    plan.progress.begin(&format!("{}: {property}, with overlapping actions", subject.name.short()));
    check(&wider, plan)
}
