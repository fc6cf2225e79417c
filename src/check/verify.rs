//! Asks an engine about every property of a cluster, and believes nothing that does not replay.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use thiserror::Error;

use super::focused;
use super::options::Focus;
use super::saved::fingerprint;
use super::{Answer, CheckResult, Counterexample, Ending, Finding, InputName, SavedTrace, narrate, reason_text};
use crate::cluster::object::spec::ClusterSpec;
use crate::engine::sat::size::{self, Size};
use crate::engine::start::{self, Start};
use crate::engine::{
    Attempt, Budget, Decision, Engine, Outcome, Progress, Statistics, UnknownReason, Verdict, peak_resident_bytes,
};
use crate::model::{Model, ModelError, build_of_single_nodes_within, build_within};
use crate::property::{self, NAMES, Selection};
use crate::reduce::explain::{Explanation, explain};
use crate::reduce::{self, CircuitSize, Figures, Reduction};
use crate::system::cone::Slice;
use crate::system::{PropertyId, System, Trace, replay};
use crate::term::{Guarded, Stopped};

/// What is checked.
pub struct Subject<'a> {
    /// The cluster.
    pub spec: &'a ClusterSpec,
    /// Where it came from.
    pub name: InputName,
    /// The properties.
    pub selection: Selection,
}

/// How it is checked.
pub struct Plan<'a> {
    /// The engine.
    pub engine: &'a dyn Engine,
    /// Time, memory and bound for all properties together.
    pub budget: Budget,
    /// Whether to go on after a violation.
    pub all: bool,
    /// Whether to make the model smaller first.
    pub reduce: bool,
    /// Whether to tell how.
    pub explain: bool,
    /// Whether few workloads stand for the cluster.
    pub focus: Focus,
    /// Watches.
    pub progress: &'a dyn Progress,
}

/// Why a cluster cannot be checked.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// It cannot be modelled.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// No property applies.
    #[error("no property applies to this input: it has no Deployment or ReplicaSet")]
    Nothing,
    /// No state is a start.
    #[error(
        "the assumptions about the start contradict each other: there is no run at all. With initialPlacement: any, the \
         nodes must have room for all pods together"
    )]
    Contradiction,
}

/// Names of properties that were not looked at.
pub type Skipped = Vec<String>;

/// Checks the properties one name at a time, in the order of [`NAMES`], and tells each result as soon as it is known.
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
    pub fn check(mut self, tell: &mut dyn FnMut(&CheckResult)) -> Result<(Vec<CheckResult>, Skipped), VerifyError> {
        let mut waiting = match self.model() {
            Err(VerifyError::Model(ModelError::Stopped(why))) => return Ok((self.unbuilt(why, tell), Skipped::new())),
            model => applicable(&model?.system),
        };
        if waiting.is_empty() {
            return Err(VerifyError::Nothing);
        }
        let mut results: Vec<CheckResult> = Vec::new();
        while !waiting.is_empty() && !self.plan.is_over(results.last()) {
            let among = waiting.len() as u32;
            let name = waiting.remove(0);
            let result = self.ask(name, among)?;
            tell(&result);
            results.push(result);
        }
        Ok(self.plan.end(self.subject, results, waiting, tell))
    }

    /// What is said where there was no time to build the model: nothing is known of any property that was asked for.
    fn unbuilt(&self, why: Stopped, tell: &mut dyn FnMut(&CheckResult)) -> Vec<CheckResult> {
        let Subject { spec, selection, .. } = self.subject;
        let names = NAMES.into_iter().filter(|name| property::may_apply(spec, selection, name));
        let results: Vec<CheckResult> = names.map(|name| unbuilt(self.subject, name, why)).collect();
        results.iter().for_each(tell);
        results
    }

    /// Checks one property; `among` so many share the time that is left.
    pub fn ask(&mut self, name: &str, among: u32) -> Result<CheckResult, VerifyError> {
        self.model()?;
        let left = self.plan.budget.time.map(|limit| limit.saturating_sub(self.started.elapsed()) / among);
        self.begin(name);
        let modelling = std::mem::take(&mut self.modelling);
        let (subject, plan) = (self.subject, self.plan);
        let checker = Checker { subject, model: self.model()?, plan, time: left };
        let mut result = checker.check(name);
        result.seconds += modelling.as_secs_f64();
        Ok(result)
    }
}

/// The result of a property of which nothing is known, because its model was not built in time.
pub fn unbuilt(subject: &Subject<'_>, name: &str, why: Stopped) -> CheckResult {
    let reason = format!("{} while the model was built", reason_text(&why.into()));
    CheckResult::unknown(subject.name.clone(), name, reason)
}

impl Plan<'_> {
    /// Results and skipped properties at the end. Where somebody stopped the check, each of those that were not looked at has
    /// a result, too.
    pub fn end(
        &self,
        subject: &Subject<'_>,
        mut results: Vec<CheckResult>,
        left: Vec<&str>,
        tell: &mut dyn FnMut(&CheckResult),
    ) -> (Vec<CheckResult>, Skipped) {
        if !self.budget.stop.load(Ordering::Relaxed) {
            return (results, left.into_iter().map(str::to_owned).collect());
        }
        for name in left {
            let reason = format!("{} before it was looked at", reason_text(&UnknownReason::Stopped));
            let result = CheckResult::unknown(subject.name.clone(), name, reason);
            tell(&result);
            results.push(result);
        }
        (results, Skipped::new())
    }

    /// Whether nothing more is asked after a result.
    pub fn is_over(&self, last: Option<&CheckResult>) -> bool {
        let violated = matches!(last.map(|result| &result.answer), Some(Answer::Violated(_)));
        (violated && !self.all) || self.budget.stop.load(Ordering::Relaxed)
    }
}

/// Names of the properties that a system has, in order.
pub fn applicable(system: &System) -> Vec<&'static str> {
    NAMES.into_iter().filter(|name| system.properties.iter().any(|property| property.name == *name)).collect()
}

/// The properties of that name.
pub fn named(system: &System, name: &str) -> Vec<PropertyId> {
    let properties = system.properties.iter().enumerate();
    properties.filter(|(_, property)| property.name == name).map(|(index, _)| PropertyId(index)).collect()
}

/// An error if no state is a start. Where that cannot be found out within the budget, engines will not get far either.
fn contradiction(system: &System, budget: &Budget) -> Result<(), VerifyError> {
    match start::find(system, budget) {
        Start::None => Err(VerifyError::Contradiction),
        Start::State(_) | Start::Unknown => Ok(()),
    }
}

/// A model of which properties are asked.
pub struct Asking<'a> {
    /// The model.
    pub model: &'a Model,
    /// How.
    pub plan: &'a Plan<'a>,
    /// Time for one property.
    pub time: Option<Duration>,
}

/// What an engine said of a property.
pub struct Asked {
    property: String,
    /// What the property is about.
    pub subjects: String,
    /// The part of the model that it was asked of.
    pub reduction: Reduction,
    explanation: Option<Explanation>,
    /// The answer.
    pub decision: Decision,
}

impl Asking<'_> {
    fn reduce(&self, properties: &[PropertyId]) -> Reduction {
        match self.plan.reduce {
            true => {
                let measure = if self.plan.explain { with_circuit } else { reduce::figures };
                {
                    let budget = Budget { time: self.time, ..self.plan.budget.clone() };
                    let limit = Guarded::new(budget.limit(Instant::now()));
                    reduce::reduce_within(&self.model.system, &self.model.parts, properties, measure, &limit)
                }
            }
            false => reduce::unreduced(&self.model.system, properties),
        }
    }

    /// Nothing, because the time is over.
    fn late(&self) -> Decision {
        let verdict = Verdict::Unknown { reason: UnknownReason::Time, covered: 0 };
        let outcome = Outcome { verdict, statistics: Statistics::default(), certificate: None };
        Decision { outcome, engine: self.plan.engine.name(), beside: Vec::new() }
    }

    /// Asks the engine about the properties of a name.
    pub fn ask(&self, name: &str) -> Asked {
        let began = Instant::now();
        let ids = named(&self.model.system, name);
        let subjects: Vec<&str> = ids.iter().map(|&id| self.model.system.property(id).subject.as_str()).collect();
        let reduction = self.reduce(&ids);
        let explanation = self.plan.explain.then(|| explain(&self.model.system, &self.model.parts, &reduction));
        let system = &reduction.slice.system;
        let all: Vec<PropertyId> = (0..system.properties.len()).map(PropertyId).collect();
        let time = self.time.map(|time| time.saturating_sub(began.elapsed()));
        let budget = Budget { time, ..self.plan.budget.clone() };
        let decision = match time {
            // An engine would take its time to find that there is none.
            Some(Duration::ZERO) => self.late(),
            _ => self.plan.engine.decide(system, &all, &budget, self.plan.progress),
        };
        Asked { property: name.to_owned(), subjects: subjects.join(", "), reduction, explanation, decision }
    }
}

/// The sizes of a system with those of its circuit, which take a while.
fn with_circuit(system: &System) -> Figures {
    let Size { gates, clauses } = size::of(&system.arena, reduce::roots(system));
    Figures { circuit: Some(CircuitSize { gates, clauses }), ..reduce::figures(system) }
}

impl Asked {
    /// The result that an answer is; about one of the subjects, or about all of them.
    pub fn into_result(
        self,
        input: InputName,
        answer: Answer,
        subject: Option<String>,
        elapsed: Duration,
    ) -> CheckResult {
        let Decision { outcome, engine, beside } = self.decision;
        let Outcome { statistics, certificate, .. } = outcome;
        CheckResult {
            input,
            property: self.property,
            subject: subject.unwrap_or(self.subjects),
            answer,
            engine: engine.to_owned(),
            seconds: elapsed.as_secs_f64(),
            peak_memory_bytes: peak_resident_bytes(),
            statistics,
            certificate,
            beside,
            reduction: self.explanation,
            family: None,
            focus: None,
        }
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
            Verdict::Violated { property, trace, k } => {
                let subject = slice.system.property(*property).subject.clone();
                (self.explain(slice, *property, trace, *k), Some(subject))
            }
        };
        asked.into_result(self.subject.name.clone(), answer, subject, started.elapsed())
    }

    /// Replays a counterexample and tells it. One that does not replay is none.
    fn explain(&self, slice: &Slice, property: PropertyId, trace: &Trace, k: u32) -> Answer {
        let told = retell(self.subject.spec, self.model, slice, property, trace);
        match told {
            Ok((narrative, finding)) => {
                let input = self.subject.name.clone();
                let mut trace = SavedTrace::keep(&slice.system, trace, property, input, fingerprint(self.subject.spec));
                trace.single_nodes = !self.plan.reduce;
                Answer::Violated(Box::new(Counterexample { k, finding, trace, narrative }))
            }
            Err(problem) => Answer::Unknown { reason: internal(&problem), covered: k },
        }
    }
}

/// Replays a trace of a slice on that slice, and tells it as a run of the whole model.
pub fn retell(
    spec: &ClusterSpec,
    model: &Model,
    slice: &Slice,
    property: PropertyId,
    trace: &Trace,
) -> Result<(super::Narrative, Finding), String> {
    let broken = slice.system.property(property);
    replay(&slice.system, trace, broken).map_err(|error| error.to_string())?;
    let lifted = slice.lift(&model.system, trace).map_err(|error| error.to_string())?;
    let finding = Finding::of(broken);
    let ending = Ending::Breaks { property: broken.name.clone(), finding };
    let run = model.interpreter().execute(&lifted).map_err(|error| error.to_string())?;
    Ok((narrate(spec, model, &lifted, &run, &ending), finding))
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

/// What is said of a counterexample that is none.
pub fn internal(problem: &str) -> String {
    format!("internal error: the counterexample found does not replay ({problem}); please report this as a bug")
}

/// Lets the operating system measure the peak of resident memory anew, where it can.
pub fn reset_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}
