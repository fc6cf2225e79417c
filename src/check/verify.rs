//! Asks about every property of one cluster, as a whole or workload by workload, and believes nothing that does not replay.

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
    match focused::applies(subject, plan) {
        true => focused::check(subject, plan, tell),
        false => Whole::new(subject, plan).check(tell),
    }
}
