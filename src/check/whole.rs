//! Clusters as one model: an engine is asked about every property, one after the other.

use std::time::{Duration, Instant};

use super::asking::{Asking, applicable};
use super::pause;
use super::plan::{Plan, Skipped, Subject, Widen};
use super::retelling::{Retold, internal, retold};
use super::saved::fingerprint;
use super::{Answer, CheckResult, Counterexample, SavedTrace, VerifyError, reason_text};
use crate::cluster::view::story::Line;
use crate::engine::start::{self, Start};
use crate::engine::{Attempt, Budget, UnknownReason, Verdict};
use crate::model::{Model, ModelError, build_of_single_nodes_within, build_within};
use crate::property::{self, NAMES};
use crate::system::cone::Slice;
use crate::system::{PropertyId, System, Trace};
use crate::term::Stopped;

/// The whole cluster as one model, which is built when it is first asked.
pub struct Whole<'a> {
    subject: &'a Subject<'a>,
    plan: &'a Plan<'a>,
    started: Instant,
    model: Option<Model>,
    modelling: Duration,
}

impl<'a> Whole<'a> {
    /// The model of a subject.
    pub fn new(subject: &'a Subject<'a>, plan: &'a Plan<'a>) -> Self {
        Whole { subject, plan, started: Instant::now(), model: None, modelling: Duration::ZERO }
    }

    /// Whether a property is about anything in the cluster; where there was no time to find out, it may be.
    pub fn may_have(&mut self, name: &str) -> bool {
        self.model().map_or(true, |model| applicable(&model.system).contains(&name))
    }

    fn model(&mut self) -> Result<&Model, VerifyError> {
        if self.model.is_none() {
            let began = Instant::now();
            self.begin("modelling");
            let Subject { spec, selection, .. } = self.subject;
            let limit = self.plan.budget.limit(self.started);
            let model = match self.plan.reduce {
                true => build_within(spec, selection, &limit)?,
                false => build_of_single_nodes_within(spec, selection, &limit)?,
            };
            contradiction(&model.system, &self.plan.budget)?;
            self.model = Some(model);
            self.modelling = began.elapsed();
        }
        self.model.as_ref().ok_or(VerifyError::Nothing)
    }

    /// Makes sure that some state is a start.
    pub fn must_start(&mut self) -> Result<(), VerifyError> {
        self.model().map(|_| ())
    }

    fn begin(&self, what: &str) {
        self.plan.progress.begin(&format!("{}: {what}", self.subject.name.short()));
    }

    /// Checks every property that applies.
    pub fn check(
        mut self,
        widen: &mut Widen<'_>,
        tell: &mut dyn FnMut(&CheckResult),
    ) -> Result<(Vec<CheckResult>, Skipped), VerifyError> {
        let mut waiting = match self.model() {
            Err(VerifyError::Model(ModelError::Stopped(why))) => return Ok((self.unbuilt(why, tell), Skipped::new())),
            model => applicable(&model?.system),
        };
        if waiting.is_empty() {
            return Err(VerifyError::Nothing);
        }
        let mut results: Vec<CheckResult> = Vec::new();
        while !waiting.is_empty() && !self.plan.is_over(results.iter().find(|it| it.is_violated())) {
            let among = waiting.len() as u32;
            let name = waiting.remove(0);
            let result = self.ask(name, among)?;
            for result in widen(vec![result], among) {
                tell(&result);
                results.push(result);
            }
        }
        Ok(self.plan.end(self.subject, results, waiting, tell))
    }

    /// What is said where there was no time to build the model: nothing is known of any property that was asked for.
    pub fn unbuilt(&self, why: Stopped, tell: &mut dyn FnMut(&CheckResult)) -> Vec<CheckResult> {
        let Subject { spec, selection, .. } = self.subject;
        let names = NAMES.into_iter().filter(|name| property::may_apply(spec, selection, name));
        let results: Vec<CheckResult> = names.map(|name| unbuilt(self.subject, name, why)).collect();
        results.iter().for_each(tell);
        results
    }

    /// What is left of the time for each of so many properties.
    pub fn left(&self, among: u32) -> Option<Duration> {
        self.plan.budget.time.map(|limit| limit.saturating_sub(self.started.elapsed()) / among.max(1))
    }

    /// Checks one property; `among` so many share the time that is left.
    pub fn ask(&mut self, name: &str, among: u32) -> Result<CheckResult, VerifyError> {
        self.model()?;
        self.ask_within(name, self.left(among))
    }

    /// Checks one property within some time, if it is limited. Building the model is none of it.
    pub fn ask_within(&mut self, name: &str, time: Option<Duration>) -> Result<CheckResult, VerifyError> {
        self.model()?;
        self.begin(name);
        let modelling = std::mem::take(&mut self.modelling);
        let (subject, plan) = (self.subject, self.plan);
        let checker = Checker { subject, model: self.model()?, plan, time };
        let mut result = checker.check(name);
        result.seconds += modelling.as_secs_f64();
        Ok(result)
    }
}

/// The result of a property of which nothing is known, because its model was not built in time.
pub fn unbuilt(subject: &Subject<'_>, name: &str, why: Stopped) -> CheckResult {
    let reason = format!("{} while the model was built", reason_text(&why.into()));
    CheckResult::unknown(subject.name.clone(), name, subject.spec.scenario.interleaving, reason)
}

/// An error if no state is a start. Where that cannot be found out within the budget, engines will not get far either.
pub fn contradiction(system: &System, budget: &Budget) -> Result<(), VerifyError> {
    match start::find(system, budget) {
        Start::None => Err(VerifyError::Contradiction),
        Start::State(_) | Start::Unknown => Ok(()),
    }
}

struct Checker<'a> {
    subject: &'a Subject<'a>,
    model: &'a Model,
    plan: &'a Plan<'a>,
    time: Option<Duration>,
}

impl Checker<'_> {
    fn check(&self, name: &str) -> CheckResult {
        reset_peak();
        let started = Instant::now();
        let asked = Asking { model: self.model, plan: self.plan, time: self.time }.ask(name);
        let slice = &asked.reduction.slice;
        let decision = &asked.decision;
        let (answer, subject) = match &decision.outcome.verdict {
            Verdict::Holds(extent) => (Answer::Holds(*extent), None),
            Verdict::Unknown { reason, covered } => {
                let reason = reasons(decision.engine, reason, &decision.beside);
                (Answer::Unknown { reason, covered: *covered }, None)
            }
            Verdict::Violated { property, trace, k, shortest } => {
                let subject = slice.system.property(*property).subject.clone();
                let answer = self.explain(slice, *property, trace, (*k, *shortest), started.elapsed());
                (answer, Some(subject))
            }
        };
        asked.into_result(self.subject.name.clone(), answer, subject, started.elapsed())
    }

    /// Replays a counterexample and tells it. One that does not replay is none.
    fn explain(
        &self,
        slice: &Slice,
        property: PropertyId,
        trace: &Trace,
        (k, shortest): (u32, bool),
        took: Duration,
    ) -> Answer {
        let told = retold(self.subject.spec, self.model, slice, property, trace);
        match told {
            Ok(Retold { mut narrative, finding, clock, .. }) => {
                let left = self.time.map(|time| time.saturating_sub(took));
                let advice =
                    clock.and_then(|clock| pause::advice(self.plan, &slice.system, (property, &clock), (took, left)));
                narrative.diagnosis.extend(advice.map(Line::from));
                let input = self.subject.name.clone();
                let mut trace = SavedTrace::keep(&slice.system, trace, property, input, fingerprint(self.subject.spec));
                trace.single_nodes = !self.plan.reduce;
                Answer::Violated(Box::new(Counterexample { k, shortest, finding, trace, narrative }))
            }
            Err(problem) => Answer::Unknown { reason: internal(&problem), covered: k },
        }
    }
}

/// Why nothing is known; of a portfolio, why of each engine.
fn reasons(engine: &str, reason: &UnknownReason, beside: &[Attempt]) -> String {
    let others = beside.iter().filter_map(|other| Some((other.engine, other.reason.as_ref()?)));
    let all: Vec<(&str, &UnknownReason)> = std::iter::once((engine, reason)).chain(others).collect();
    if all.iter().all(|(_, other)| *other == reason) {
        return reason_text(reason);
    }
    let each: Vec<String> = all.iter().map(|(engine, reason)| format!("{engine}: {}", reason_text(reason))).collect();
    each.join("; ")
}

/// Lets the operating system measure the peak of resident memory anew, where it can.
pub fn reset_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}
