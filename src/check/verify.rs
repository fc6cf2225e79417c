//! Asks about every property of one cluster, as a whole or workload by workload, and believes nothing that does not replay.

use super::overlap::widened_of;
use super::plan::{Plan, Skipped, Subject};
use super::whole::Whole;
use super::{CheckResult, focused};

pub use super::asking::named;
pub use super::error::VerifyError;

/// Checks the properties one name at a time, in the order of [`NAMES`](crate::property::NAMES), and tells each result as soon as it is known.
pub fn check(
    subject: &Subject<'_>,
    plan: &Plan<'_>,
    tell: &mut dyn FnMut(&CheckResult),
) -> Result<(Vec<CheckResult>, Skipped), VerifyError> {
    let widen = &mut |results, left| {
        widened_of((subject, plan), results, left, &mut |subject, plan| check(subject, plan, &mut |_| ()))
    };
    match focused::applies(subject, plan) {
        true => focused::check(subject, plan, widen, tell),
        false => Whole::new(subject, plan).check(widen, tell),
    }
}
