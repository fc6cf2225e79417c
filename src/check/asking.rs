//! How one property of a model is decided: the model is made smaller for it, and an engine is asked.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::plan::Plan;
use super::{Answer, CheckResult, InputName, Regard};
use crate::engine::sat::size::{self, Size};
use crate::engine::timed;
use crate::engine::{Budget, Decision, Outcome, Statistics, UnknownReason, Verdict, peak_resident_bytes};
use crate::model::Model;
use crate::property::NAMES;
use crate::reduce::explain::{Explanation, explain};
use crate::reduce::{self, CircuitSize, Figures, Reduction};
use crate::system::{PropertyId, System};
use crate::term::Guarded;

/// Names of the properties that a system has, in order.
pub fn applicable(system: &System) -> Vec<&'static str> {
    NAMES.into_iter().filter(|name| system.properties.iter().any(|property| property.name == *name)).collect()
}

/// The properties of that name.
pub fn named(system: &System, name: &str) -> Vec<PropertyId> {
    let properties = system.properties.iter().enumerate();
    properties.filter(|(_, property)| property.name == name).map(|(index, _)| PropertyId(index)).collect()
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
                let budget = Budget { time: self.time, ..self.plan.budget.clone() };
                let limit = Guarded::new(budget.limit(Instant::now()));
                reduce::reduce_within(&self.model.system, &self.model.parts, properties, measure, &limit)
            }
            false => reduce::unreduced(&self.model.system, properties),
        }
    }

    /// Nothing, because the time is over.
    fn late(&self) -> Decision {
        let verdict = Verdict::Unknown { reason: UnknownReason::Time, covered: 0 };
        let outcome = Outcome { verdict, statistics: Statistics::default(), certificate: None, demands: Vec::new() };
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
            _ => timed::decide(self.plan.engine, system, &all, &budget, self.plan.progress),
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
        let Outcome { statistics, certificate, demands, .. } = outcome;
        let system = &self.reduction.slice.system;
        let timing: BTreeSet<String> = demands.iter().filter_map(|demand| demand.describe(system)).collect();
        CheckResult {
            input,
            property: self.property,
            subject: subject.unwrap_or(self.subjects),
            interleaving: system.interleaving,
            without: Vec::new(),
            answer,
            engine: engine.to_owned(),
            seconds: elapsed.as_secs_f64(),
            peak_memory_bytes: peak_resident_bytes(),
            statistics,
            certificate,
            timing: timing.into_iter().collect(),
            beside,
            reduction: self.explanation,
            family: None,
            focus: None,
            regard: Regard::default(),
        }
    }
}
