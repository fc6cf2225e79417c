//! What holds where slow actions wait until event-driven ones have settled is asked again where they do not.
//!
//! Runs in which blocks do not overlap are few, most violations are among them, and their stories are the simplest. So they are
//! looked at first. What holds of them is then asked of all runs, with the same engine; where there is no patience left for that, the
//! verdict says that it is without overlapping actions.
//!
//! A loop in which blocks overlap is not told: it may go round because somebody in it never gets his turn, of several for whom one action
//! stands, and no clock of the action forbids that. The verdict then is without overlapping actions as well.
//!
//! Soundness: every run in which slow actions wait is one in which they need not, so that nothing is lost by asking the smaller question
//! first, and what holds of all runs holds of these.

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::error::CheckError;
use super::plan::{Plan, Skipped, Subject};
use super::{Answer, CheckResult, Finding, VerifyError, verify};
use crate::cluster::object::scenario::Scenario;
use crate::cluster::object::spec::ClusterSpec;
use crate::engine::Budget;
use crate::system::Interleaving;

/// What a verdict is without that says nothing of blocks that overlap.
pub const OVERLAPS: &str = "overlapping actions";
/// What asking again may take, for all properties of an input together, besides as much as it took before. A build for development is
/// slower by far.
const PATIENCE: Duration = Duration::from_secs(if cfg!(debug_assertions) { 10 } else { 1 });

/// Less is not worth a try.
const LEAST: Duration = Duration::from_millis(20);

/// What is left of the patience with an input.
#[derive(Debug)]
pub struct Patience(Cell<Duration>);

impl Default for Patience {
    fn default() -> Self {
        Patience(Cell::new(PATIENCE))
    }
}

impl Patience {
    /// Grows with what a first answer took.
    fn earn(&self, seconds: f64) {
        self.0.set(self.0.get().saturating_add(Duration::try_from_secs_f64(seconds).unwrap_or_default()));
    }

    /// Does something for so long, if that is worth a try.
    fn spend<T>(&self, left: Option<Duration>, work: impl FnOnce(Duration) -> T) -> Option<T> {
        let time = left.map_or(self.0.get(), |left| left.min(self.0.get()));
        if time < LEAST {
            return None;
        }
        let began = Instant::now();
        let done = work(time);
        self.0.set(self.0.get().saturating_sub(began.elapsed()));
        Some(done)
    }
}

/// Asks again about one property, within so much time.
pub type Ask<'a> = dyn FnMut(Duration) -> Result<(Vec<CheckResult>, Skipped), CheckError> + 'a;

/// Lets slow actions come at any time.
pub fn let_overlap(scenario: &mut Scenario) {
    scenario.interleave(Interleaving::Overlapping);
}

/// A result, or if it holds, what is known where blocks overlap. So much time is left.
pub fn widened(
    result: CheckResult,
    patience: &Patience,
    left: Option<Duration>,
    ask: &mut Ask<'_>,
) -> Vec<CheckResult> {
    patience.earn(result.seconds);
    let Answer::Holds(extent) = result.answer else { return vec![result] };
    let (results, _) = patience.spend(left, ask).and_then(Result::ok).unwrap_or_default();
    let goes_as_far = |again: &CheckResult| match again.answer {
        Answer::Holds(other) => other.is_proved() || !extent.is_proved(),
        _ => false,
    };
    let is_loop =
        |again: &CheckResult| matches!(&again.answer, Answer::Violated(found) if found.finding == Finding::Loop);
    let decides = results.iter().any(CheckResult::is_violated) || results.iter().all(goes_as_far);
    if results.is_empty() || !decides || results.iter().any(is_loop) {
        return vec![without(result)];
    }
    let before = result.seconds / results.len() as f64;
    results.into_iter().map(|again| CheckResult { seconds: again.seconds + before, ..again }).collect()
}

/// A result that says nothing of blocks that overlap.
pub fn without(result: CheckResult) -> CheckResult {
    let without = result.without.iter().cloned().chain([OVERLAPS.to_owned()]).collect();
    CheckResult { without, ..result }
}

/// The same of all results of one property of a subject that was checked as a whole, or workload by workload. Where some workloads
/// break it already, it is not asked again.
pub fn widened_of(
    subject: &Subject<'_>,
    plan: &Plan<'_>,
    results: Vec<CheckResult>,
    left: Option<Duration>,
) -> Vec<CheckResult> {
    if !subject.spec.scenario.asks_overlaps() {
        return results;
    }
    match <[CheckResult; 1]>::try_from(results) {
        Ok([only]) => {
            let property = only.property.clone();
            widened(only, &plan.patience, left, &mut |time| Ok(again(subject, plan, &property, time)?))
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
    time: Duration,
) -> Result<(Vec<CheckResult>, Skipped), VerifyError> {
    let mut spec: ClusterSpec = subject.spec.clone();
    let_overlap(&mut spec.scenario);
    let selection = subject.selection.clone().only(&[property.to_owned()]);
    let wider = Subject { spec: &spec, name: subject.name.clone(), selection };
    let budget = Budget { time: Some(time), ..plan.budget.clone() };
    let plan = Plan { budget, patience: Patience::default(), ..*plan };
    plan.progress.begin(&format!("{}: {property}, with overlapping actions", subject.name.short()));
    verify::check(&wider, &plan, &mut |_| ())
}
