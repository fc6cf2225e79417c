//! Checks clusters of several workloads: each property is decided for each workload in the company of the rest
//! ([`super::focus`]), and answers that are alike become one result.
//!
//! In clusters of few workloads the whole is asked about whatever workloads alone do not settle: it is small enough, and
//! its counterexamples are shortest.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::cluster::object::spec::WorkloadKind;
use crate::engine::Extent;
use crate::model::ModelError;
use crate::property::{self, Selection};

use super::focus::starts;
use super::focus::survey::Survey;
use super::focus::{Answer as One, Decided, FocusReport, Question, Session, Violation};
use super::plan::{Plan, Skipped, Subject, Widen};
use super::whole::{Whole, unbuilt};
use super::{Answer, CheckResult, Focus, VerifyError};

/// Workloads up to which the whole cluster is asked first about what workloads alone leave open.
const FEW: usize = 3;
/// Workloads up to which it is asked at all.
const SMALL: usize = 6;

/// Whether a subject is checked this way.
pub fn applies(subject: &Subject<'_>, plan: &Plan<'_>) -> bool {
    let moved = subject.spec.workloads.iter().filter(|workload| workload.kind != WorkloadKind::Fixed).count();
    // Nodes come and go for all workloads together.
    let nodes_stay = subject.spec.scenario.node_groups.is_empty();
    // What schedulers do not know of each other's pods is no room that these take.
    let caches_are_shared = !subject.spec.schedulers_race();
    plan.focus != Focus::Off && plan.reduce && !plan.engine.certifies() && moved > 1 && nodes_stay && caches_are_shared
}

/// Checks the properties one name at a time, and tells each result as soon as it is known.
pub fn check(
    subject: &Subject<'_>,
    plan: &Plan<'_>,
    widen: &mut Widen<'_>,
    tell: &mut dyn FnMut(&CheckResult),
) -> Result<(Vec<CheckResult>, Skipped), VerifyError> {
    let started = Instant::now();
    let survey = Survey::of(subject.spec).map_err(ModelError::from)?;
    let question = Question {
        spec: subject.spec,
        input: &subject.name,
        selection: &subject.selection,
        engine: plan.engine,
        budget: &plan.budget,
        all: plan.all,
        small: SMALL,
        progress: plan.progress,
    };
    let mut whole = Whole::new(subject, plan);
    if !starts::is_surely_possible(&survey) {
        match whole.must_start() {
            // Where that cannot be found out in time, nothing else will be.
            Err(VerifyError::Model(ModelError::Stopped(_))) => return whole.check(widen, tell),
            other => other?,
        }
    }
    let few = plan.focus == Focus::Auto && survey.owners().count() <= FEW;
    let mut session = Session::begin(&question, &survey)?;
    let mut waiting = session.applicable();
    complain(&subject.selection, &waiting)?;
    if waiting.is_empty() {
        return Err(VerifyError::Nothing);
    }
    let say = |widen: &mut Widen<'_>,
               decided,
               results: &mut Vec<CheckResult>,
               since: &mut Instant,
               left: Option<Duration>,
               tell: &mut dyn FnMut(&CheckResult)| {
        let mut answers = results_of(subject, plan, decided);
        if let Some(first) = answers.first_mut() {
            first.seconds = since.elapsed().as_secs_f64();
        }
        for result in widen(answers, left) {
            tell(&result);
            results.push(result);
        }
        *since = Instant::now();
    };
    let mut results: Vec<CheckResult> = Vec::new();
    let mut since = started;
    while !waiting.is_empty() && !plan.is_over(first_violation(&results)) {
        let name = waiting.remove(0);
        plan.progress.begin(&format!("{}: {name}", subject.name.short()));
        let decided = match session.alone(name) {
            Some(decided) => Some(decided),
            None if few && !whole.may_have(name) => continue,
            None if few => {
                let result = match whole.ask(name, waiting.len() as u32 + 1) {
                    Err(VerifyError::Model(ModelError::Stopped(why))) => unbuilt(subject, name, why),
                    result => result?,
                };
                if !matches!(result.answer, Answer::Unknown { .. }) || plan.is_over(None) {
                    for result in widen(vec![result], whole.left(waiting.len() as u32 + 1)) {
                        tell(&result);
                        results.push(result);
                    }
                    since = Instant::now();
                    continue;
                }
                session.decide(name, &waiting)?
            }
            None => session.decide(name, &waiting)?,
        };
        let Some(decided) = decided else { continue };
        say(widen, decided, &mut results, &mut since, whole.left(waiting.len() as u32 + 1), tell);
    }
    while let Some(decided) = session.once_more(!plan.is_over(first_violation(&results)))? {
        say(widen, decided, &mut results, &mut since, whole.left(1), tell);
    }
    Ok(plan.end(subject, results, waiting, tell))
}

fn first_violation(results: &[CheckResult]) -> Option<&CheckResult> {
    results.iter().find(|it| it.answer.exit_code() == 1)
}

/// An error for properties that were asked for and apply to nothing.
fn complain(selection: &Selection, applicable: &[&str]) -> Result<(), VerifyError> {
    let missing = selection.properties.iter().find(|it| selection.chosen && !applicable.contains(&it.name.as_str()));
    match missing {
        None => Ok(()),
        Some(missing) => Err(ModelError::from(property::not_applicable(&missing.name)).into()),
    }
}

/// Results: one for each violation, one for all that holds, one for all that is open.
fn results_of(subject: &Subject<'_>, plan: &Plan<'_>, decided: Decided) -> Vec<CheckResult> {
    let Decided { property, answers, report, statistics, engine } = decided;
    let (mut held, mut open, mut results) = (Vec::new(), Vec::new(), Vec::new());
    let interleaving = subject.spec.scenario.interleaving;
    let mut blank = CheckResult {
        engine: engine.to_owned(),
        statistics,
        ..CheckResult::unknown(subject.name.clone(), &property, interleaving, String::new())
    };
    let mut also: HashMap<String, Vec<String>> = HashMap::new();
    for (about, answer) in &answers {
        if let One::AlsoViolated { with } = answer {
            also.entry(with.clone()).or_default().push(about.clone());
        }
    }
    for (about, answer) in answers {
        match answer {
            One::AlsoViolated { .. } => {}
            One::Holds(extent) => held.push((about, extent)),
            One::Unknown { reason, covered } => open.push((about, reason, covered)),
            One::Violated(found) => {
                let also = also.remove(&about).unwrap_or_default();
                let all: Vec<String> = std::iter::once(about.clone()).chain(also.iter().cloned()).collect();
                let focus = report.about(&all, Some(found.smallest), plan.explain);
                let Violation { subject, counterexample, .. } = *found;
                let subject = if also.is_empty() { subject } else { all.join(", ") };
                results.push(CheckResult { subject, answer: Answer::Violated(counterexample), focus, ..blank.clone() });
                blank.statistics = Default::default();
            }
        }
    }
    if !held.is_empty() {
        let extent = held.iter().map(|&(_, extent)| extent).reduce(Extent::weaker).unwrap_or(Extent::Bound(0));
        let names: Vec<String> = held.into_iter().map(|(about, _)| about).collect();
        results.push(group(&blank, names, Answer::Holds(extent), &report, plan));
        blank.statistics = Default::default();
    }
    // Workloads that are open for different reasons are different answers.
    while let Some((_, reason, _)) = open.first() {
        let reason = reason.clone();
        let (alike, others): (Vec<_>, Vec<_>) = open.into_iter().partition(|(_, other, _)| *other == reason);
        open = others;
        let covered = alike.iter().map(|&(_, _, covered)| covered).min().unwrap_or(0);
        let names: Vec<String> = alike.into_iter().map(|(about, _, _)| about).collect();
        results.push(group(&blank, names, Answer::Unknown { reason, covered }, &report, plan));
        blank.statistics = Default::default();
    }
    results
}

fn group(
    blank: &CheckResult,
    names: Vec<String>,
    answer: Answer,
    report: &FocusReport,
    plan: &Plan<'_>,
) -> CheckResult {
    let focus = report.about(&names, None, plan.explain);
    CheckResult { subject: names.join(", "), answer, focus, ..blank.clone() }
}
