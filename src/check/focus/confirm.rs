//! What workloads alone leave open of a property: in what order it is looked at, and in how much time.

use std::time::Duration;

use crate::engine::Budget;
use crate::model::ModelError;

use super::case::{Case, Looked};
use super::context::{Context, Open};
use super::sweep;
use super::{Answer, Decided};

/// A property of a workload whose share of the time ended before it was decided.
pub struct Late {
    /// What was open.
    pub open: Open,
    /// What there is to say if it is not looked at again.
    pub answer: Answer,
    /// What was tried.
    pub story: Vec<String>,
}

/// Decides what is open of a property, within `time` if it is limited. Returns what it did not come to decide in that
/// time, while there is time for the whole question.
pub fn confirm(
    context: &mut Context<'_>,
    name: &str,
    open: Vec<Open>,
    time: Option<Duration>,
    decided: &mut Decided,
) -> Result<Vec<Late>, ModelError> {
    let mut own = Budget { time, ..context.question.budget.clone() }.start();
    let open = sweep::sweep(context, name, open, &mut own, decided)?;
    let all = open.len();
    let mut late = Vec::new();
    for (position, it) in open.into_iter().enumerate() {
        let subject = context.subject(&it);
        context.question.progress.begin(&format!("{name} of {subject}, {} of {all} open ones", position + 1));
        let time = own.time_left().map(|left| left / (all - position) as u32);
        let built = context.building;
        let found = Case::new(context, name, &it, time).look()?;
        own.extend(context.building - built, &context.watch);
        decided.statistics.add(&found.statistics);
        let Looked { answer: Some(answer), tally, story, is_late, .. } = found else { continue };
        if is_late && matches!(answer, Answer::Unknown { .. }) && context.watch.exhausted().is_none() {
            late.push(Late { open: it, answer, story });
            continue;
        }
        let violated = matches!(answer, Answer::Violated(_));
        decided.report.add(&subject, tally, story);
        decided.answers.push((subject, answer));
        if violated && !context.question.all {
            break;
        }
    }
    Ok(late)
}
