//! Asks again and again about what is asked apart, until every question has its own answer: a violation of one workload
//! hides those of others, which are then asked without it.

use std::collections::BTreeSet;

use crate::input::visible::visible;
use crate::property::Aside;

use super::plan::Skipped;
use super::sameness::workload_of;
use super::{CheckError, CheckResult, VerifyError};

/// Asks some of the questions.
pub type Ask<'a> = dyn FnMut(&BTreeSet<Aside>) -> Result<(Vec<CheckResult>, Skipped), CheckError> + 'a;

/// All results. Questions that apply to nothing have none.
pub fn ask(asides: BTreeSet<Aside>, ask: &mut Ask<'_>) -> Result<Vec<CheckResult>, CheckError> {
    let (mut open, mut all) = (asides, Vec::new());
    while !open.is_empty() {
        let Some((results, _)) = if_any(ask(&open))? else { break };
        let before = open.len();
        open.retain(|aside| is_hidden(aside, &results));
        // Every violation answers a question; if one should not, there would be no end.
        let is_stuck = open.len() == before;
        all.extend(results);
        if is_stuck {
            break;
        }
    }
    Ok(all)
}

/// Answers, or nothing where no property applies.
pub fn if_any<T>(answers: Result<T, CheckError>) -> Result<Option<T>, CheckError> {
    match answers {
        Err(CheckError::Verify(VerifyError::Nothing)) => Ok(None),
        other => other.map(Some),
    }
}

/// Whether a question has no answer because a violation of another workload was found first.
fn is_hidden(aside: &Aside, results: &[CheckResult]) -> bool {
    let Some(workload) = &aside.workload else { return false };
    let name = visible(&workload.to_string()).into_owned();
    let own: Vec<&CheckResult> = results.iter().filter(|it| it.property == aside.property).collect();
    let is_answered = own.iter().any(|it| it.subjects().any(|subject| workload_of(subject) == name));
    !is_answered && own.iter().any(|it| it.is_violated())
}
