//! Checks clusters of several workloads: each property is decided for each workload in the company of the rest
//! ([`super::focus`]), and answers that are alike become one result.
//!
//! In clusters of few workloads the whole is asked first about whatever workloads alone do not settle: it is small enough, and
//! its counterexamples are shortest. Where it is not small enough after all, it has the rest of the time once everything else was tried.

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
/// What the whole of few may take before anything else is tried: such a share of the time that is left, or so long where there is no limit.
const FIRST: (u32, Duration) = (2, Duration::from_secs(120));

/// Whether a subject is checked this way.
pub fn applies(subject: &Subject<'_>, plan: &Plan<'_>) -> bool {
    let moved = subject.spec.workloads.iter().filter(|workload| workload.kind != WorkloadKind::Fixed).count();
    // Nodes come and go for all workloads together.
    let nodes_stay = subject.spec.scenario.node_groups.is_empty();
    // What schedulers do not know of each other's pods is no room that these take.
    let caches_are_shared = !subject.spec.schedulers_race();
    plan.focus != Focus::Off && plan.reduce && !plan.engine.certifies() && moved > 1 && nodes_stay && caches_are_shared
}

/// A cluster of several workloads that is asked about.
pub struct Focused<'a> {
    subject: &'a Subject<'a>,
    plan: &'a Plan<'a>,
    whole: Whole<'a>,
    /// Whether the whole is asked about what workloads alone leave open.
    few: bool,
    session: Session<'a>,
    /// When the next result began.
    since: Instant,
}

impl<'a> Focused<'a> {
    /// Begins with every workload alone. That some state is a start is taken for granted, unless it `must_start`.
    pub fn begin(subject: &'a Subject<'a>, plan: &'a Plan<'a>, must_start: bool) -> Result<Self, VerifyError> {
        let since = Instant::now();
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
        if must_start && !starts::is_surely_possible(&survey) {
            whole.must_start()?;
        }
        let few = plan.focus == Focus::Auto && survey.owners().count() <= FEW;
        let session = Session::begin(question, survey)?;
        Ok(Focused { subject, plan, whole, few, session, since })
    }

    /// Checks the properties one name at a time, and tells each result as soon as it is known.
    pub fn check(
        mut self,
        widen: &mut Widen<'_>,
        tell: &mut dyn FnMut(&CheckResult),
    ) -> Result<(Vec<CheckResult>, Skipped), VerifyError> {
        let mut waiting = self.session.applicable();
        complain(&self.subject.selection, &waiting)?;
        if waiting.is_empty() {
            return Err(VerifyError::Nothing);
        }
        let mut results: Vec<CheckResult> = Vec::new();
        let mut say = |answers: Vec<CheckResult>, among: usize, results: &mut Vec<CheckResult>| {
            for result in widen(answers, among as u32) {
                tell(&result);
                results.push(result);
            }
        };
        let plan = self.plan;
        let is_over = |results: &[CheckResult]| plan.is_over(results.iter().find(|it| it.is_violated()));
        while !waiting.is_empty() && !is_over(&results) {
            let name = waiting.remove(0);
            let among = waiting.len() + 1;
            let answers = self.ask(name, &waiting)?;
            say(answers, among, &mut results);
        }
        while let Some(decided) = self.session.once_more(!is_over(&results))? {
            say(self.results(decided), 1, &mut results);
        }
        Ok(plan.end(self.subject, results, waiting, tell))
    }

    /// Results about a property; it and those that come `after` it share the time that is left. None if it applies to nothing,
    /// or there is no time yet.
    fn ask(&mut self, name: &'static str, after: &[&'static str]) -> Result<Vec<CheckResult>, VerifyError> {
        self.plan.progress.begin(&format!("{}: {name}", self.subject.name.short()));
        if let Some(decided) = self.session.alone(name) {
            return Ok(self.results(decided));
        }
        if self.few { self.of_few(name, after) } else { self.of_some(name, after) }
    }

    /// What the whole of few says of a property; where that is nothing after a while, what some of them in the company of the others
    /// say; then the whole again.
    fn of_few(&mut self, name: &'static str, after: &[&'static str]) -> Result<Vec<CheckResult>, VerifyError> {
        let among = after.len() as u32 + 1;
        let time = self.whole.left(among).map_or(FIRST.1, |left| left / FIRST.0);
        let Some(first) = self.of_whole(name, Some(time))? else { return Ok(Vec::new()) };
        if !first.is_open() || self.plan.is_over(None) {
            return Ok(vec![first]);
        }
        let some = self.of_some(name, after)?;
        if some.is_empty() {
            return Ok(vec![first]);
        }
        if some.iter().any(CheckResult::is_violated) || !some.iter().any(CheckResult::is_open) {
            return Ok(some);
        }
        let again = self.of_whole(name, self.whole.left(among))?;
        Ok(again.filter(|it| !it.is_open()).map_or(some, |again| vec![again]))
    }

    /// What models of some workloads in the company of the others say of a property.
    fn of_some(&mut self, name: &'static str, after: &[&'static str]) -> Result<Vec<CheckResult>, VerifyError> {
        let decided = self.session.decide(name, after)?;
        Ok(decided.map_or_else(Vec::new, |decided| self.results(decided)))
    }

    /// What single workloads, and the whole of few, say of a property; nothing of what else it takes to find out.
    pub fn glance(&mut self, name: &'static str, among: u32) -> Result<Vec<CheckResult>, VerifyError> {
        if self.few && self.session.alone(name).is_none() {
            return Ok(self.of_whole(name, self.whole.left(among))?.into_iter().collect());
        }
        let settled = self.session.settled(name);
        Ok(self.results(settled))
    }

    /// What the whole says of a property within some time, if it is about anything in it.
    fn of_whole(&mut self, name: &str, time: Option<Duration>) -> Result<Option<CheckResult>, VerifyError> {
        if !self.whole.may_have(name) {
            return Ok(None);
        }
        let asked = self.whole.ask_within(name, time);
        self.since = Instant::now();
        match asked {
            Err(VerifyError::Model(ModelError::Stopped(why))) => Ok(Some(unbuilt(self.subject, name, why))),
            result => result.map(Some),
        }
    }

    /// Answers as results, which took the time since the last ones.
    fn results(&mut self, decided: Decided) -> Vec<CheckResult> {
        let mut results = results_of(self.subject, self.plan, decided);
        if let Some(first) = results.first_mut() {
            first.seconds = self.since.elapsed().as_secs_f64();
        }
        self.since = Instant::now();
        results
    }
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
