//! Asks about every property of one cluster, as a whole or workload by workload, and believes nothing that does not replay.

use std::cell::OnceCell;

use super::CheckResult;
use super::focused::{self, Focused};
use super::overlap::{Second, overlapping};
use super::plan::{Plan, Skipped, Subject, Widen};
use super::whole::Whole;
use crate::model::ModelError;

pub use super::asking::named;
pub use super::error::VerifyError;

/// Checks the properties one name at a time, in the order of [`NAMES`](crate::property::NAMES), and tells each result as soon as it is known.
pub fn check(
    subject: &Subject<'_>,
    plan: &Plan<'_>,
    tell: &mut dyn FnMut(&CheckResult),
) -> Result<(Vec<CheckResult>, Skipped), VerifyError> {
    if !subject.spec.scenario.asks_overlaps() {
        return once(subject, plan, &mut |results, _| results, tell);
    }
    let spec = overlapping(subject.spec);
    let wider = Subject { spec: &spec, name: subject.name.clone(), selection: subject.selection.clone() };
    let again = OnceCell::new();
    let mut second = Second::new(&wider, plan, &again);
    once(subject, plan, &mut |results, among| second.widen(results, among), tell)
}

fn once(
    subject: &Subject<'_>,
    plan: &Plan<'_>,
    widen: &mut Widen<'_>,
    tell: &mut dyn FnMut(&CheckResult),
) -> Result<(Vec<CheckResult>, Skipped), VerifyError> {
    if !focused::applies(subject, plan) {
        return Whole::new(subject, plan).check(widen, tell);
    }
    match Focused::begin(subject, plan, true) {
        // Where it cannot be found out in time whether there is a start, nothing else will be.
        Err(VerifyError::Model(ModelError::Stopped(why))) => {
            Ok((Whole::new(subject, plan).unbuilt(why, tell), Skipped::new()))
        }
        focused => focused?.check(widen, tell),
    }
}
