//! The reference interpreter: executes a trace step by step with the term evaluator, trusting nothing.
//!
//! Every counterexample passes through here before it is shown.

use thiserror::Error;

use crate::term::{Evaluator, TermId, Valuation};

use super::model::{Action, ActionId, Checkpoint, MarkSet, Property, PropertyKind, System};
use super::schedule::{Candidates, Schedule};
use super::trace::{Step, Trace};

/// Why a trace is not a run of the system, or not a counterexample.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ReplayError {
    /// The trace was made for another system.
    #[error("the trace does not fit this input: {0}")]
    Shape(String),
    /// The initial state violates the initial constraints.
    #[error("the initial state is not one of this input")]
    Initial,
    /// An action fires that may not.
    #[error("step {step}: {action} may not fire here")]
    NotEnabled {
        /// 1-based.
        step: usize,
        /// Its name.
        action: String,
    },
    /// Inputs that the action does not allow.
    #[error("step {step}: {action} may not choose {inputs:?}")]
    Choice {
        /// 1-based.
        step: usize,
        /// Its name.
        action: String,
        /// The inputs.
        inputs: Vec<i64>,
    },
    /// A variable would leave its range: the encoding is wrong.
    #[error("step {step}: {action} drives a variable out of its range")]
    Range {
        /// 1-based.
        step: usize,
        /// Its name.
        action: String,
    },
    /// The trace is a run, but does not violate the property.
    #[error("the run does not violate {0}")]
    NotViolated(String),
}

/// A trace with everything that follows from it.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// The states, one more than steps.
    pub states: Vec<Vec<i64>>,
    /// For every state: whether no event-driven action is enabled.
    pub settled: Vec<bool>,
    /// For every step: the marks it carries.
    pub marks: Vec<MarkSet>,
    /// For every step: the number of its block (0: before the first slow action); in `async`, of its action.
    pub blocks: Vec<u32>,
}

impl Replayed {
    /// The k of the run: blocks, or actions in `async`.
    pub fn k(&self) -> u32 {
        self.blocks.last().copied().unwrap_or(0)
    }
}

/// Executes a trace; an error if it is not a run of the system.
pub fn execute(system: &System, trace: &Trace) -> Result<Replayed, ReplayError> {
    let interpreter = Interpreter::new(system);
    interpreter.check_initial(&trace.initial)?;
    let mut run = Replayed { states: vec![trace.initial.clone()], settled: vec![], marks: vec![], blocks: vec![] };
    let mut block = 0;
    for (index, step) in trace.steps.iter().enumerate() {
        let state = &run.states[index];
        let id = ActionId(step.action);
        let action = system.actions.get(step.action);
        let action = action.ok_or_else(|| ReplayError::Shape(format!("there is no action {}", step.action)))?;
        let valuation = interpreter.valuation(state, Some((action, &step.inputs)));
        let mut evaluator = Evaluator::new(&system.arena, &valuation);
        let candidates = interpreter.candidates_in(&mut evaluator);
        if !candidates.actions.contains(&id) {
            return Err(ReplayError::NotEnabled { step: index + 1, action: action.name.clone() });
        }
        let (next, marks) = interpreter.fire_in(&mut evaluator, index + 1, state, action, step)?;
        let counts = system.interleaving == super::model::Interleaving::Async || !action.kind.is_event();
        block += counts as u32;
        run.settled.push(candidates.settled);
        run.blocks.push(block);
        run.marks.push(marks);
        run.states.push(next);
    }
    let last = interpreter.candidates(&run.states[trace.steps.len()]);
    run.settled.push(last.settled);
    Ok(run)
}

/// Executes a trace and checks that it violates `property`.
pub fn replay(system: &System, trace: &Trace, property: &Property) -> Result<Replayed, ReplayError> {
    let run = execute(system, trace)?;
    if violates(system, trace, &run, property) { Ok(run) } else { Err(ReplayError::NotViolated(property.to_string())) }
}

fn violates(system: &System, trace: &Trace, run: &Replayed, property: &Property) -> bool {
    match &property.kind {
        PropertyKind::Invariant { holds, at } => {
            let last = run.states.len() - 1;
            let asked = *at == Checkpoint::Every || run.settled[last];
            asked && !Interpreter::new(system).holds(&run.states[last], *holds)
        }
        PropertyKind::NoLoop { any_of, none_of } => loop_range(trace, run).is_some_and(|range| {
            let carried = run.marks[range].iter().fold(MarkSet::default(), |all, &marks| all.union(marks));
            carried.meets(*any_of) && !carried.meets(*none_of)
        }),
        PropertyKind::Settles => loop_range(trace, run)
            .is_some_and(|mut range| range.all(|step| system.actions[trace.steps[step].action].kind.is_event())),
    }
}

/// The steps of the loop, if the trace is a lasso that closes.
fn loop_range(trace: &Trace, run: &Replayed) -> Option<std::ops::Range<usize>> {
    let start = trace.loop_start?;
    let end = trace.steps.len();
    (start < end && run.states[start] == run.states[end]).then_some(start..end)
}

/// Executes actions on concrete states with the reference evaluator.
pub struct Interpreter<'a> {
    system: &'a System,
    schedule: Schedule,
}

impl<'a> Interpreter<'a> {
    /// An interpreter of a system.
    pub fn new(system: &'a System) -> Self {
        Interpreter { system, schedule: Schedule::new(system) }
    }

    /// The valuation of a state and an action's inputs.
    pub fn valuation(&self, state: &[i64], action: Option<(&Action, &[i64])>) -> Valuation {
        let mut valuation = Valuation::new();
        for (variable, &value) in self.system.state.iter().zip(state) {
            valuation.set(variable.var, value);
        }
        for (&var, &value) in action.iter().flat_map(|(action, inputs)| action.inputs.iter().zip(inputs.iter())) {
            valuation.set(var, value);
        }
        valuation
    }

    /// Whether a term over state holds.
    pub fn holds(&self, state: &[i64], term: TermId) -> bool {
        let valuation = self.valuation(state, None);
        Evaluator::new(&self.system.arena, &valuation).holds(term)
    }

    /// What may fire.
    pub fn candidates(&self, state: &[i64]) -> Candidates {
        let valuation = self.valuation(state, None);
        self.candidates_in(&mut Evaluator::new(&self.system.arena, &valuation))
    }

    /// What may fire under a valuation of the state.
    pub fn candidates_in(&self, evaluator: &mut Evaluator<'_>) -> Candidates {
        self.schedule.candidates(|id| evaluator.holds(self.system.action(id).guard))
    }

    fn check_initial(&self, state: &[i64]) -> Result<(), ReplayError> {
        if state.len() != self.system.state.len() {
            let (got, want) = (state.len(), self.system.state.len());
            return Err(ReplayError::Shape(format!("{got} state variables, not {want}")));
        }
        let fits = self.system.state.iter().zip(state).all(|(variable, &value)| {
            variable.range.contains(value) && variable.initial.is_none_or(|initial| initial == value)
        });
        let allowed = self.system.init.iter().all(|&condition| self.holds(state, condition));
        if fits && allowed { Ok(()) } else { Err(ReplayError::Initial) }
    }

    /// Fires one action with the inputs of `step`; `number` is the step's 1-based number, for errors.
    pub fn fire(
        &self,
        number: usize,
        state: &[i64],
        action: &Action,
        step: &Step,
    ) -> Result<(Vec<i64>, MarkSet), ReplayError> {
        let valuation = self.valuation(state, Some((action, &step.inputs)));
        self.fire_in(&mut Evaluator::new(&self.system.arena, &valuation), number, state, action, step)
    }

    /// [`Interpreter::fire`] under a valuation of the state and the inputs.
    pub fn fire_in(
        &self,
        evaluator: &mut Evaluator<'_>,
        number: usize,
        state: &[i64],
        action: &Action,
        step: &Step,
    ) -> Result<(Vec<i64>, MarkSet), ReplayError> {
        let name = || action.name.clone();
        let inputs = &step.inputs;
        let in_range = action.inputs.len() == inputs.len()
            && action
                .inputs
                .iter()
                .zip(inputs)
                .all(|(&var, &value)| self.system.arena.variable(var).sort.range().contains(value));
        if !in_range || !evaluator.holds(action.choice) {
            return Err(ReplayError::Choice { step: number, action: name(), inputs: inputs.clone() });
        }
        if !action.obligations.iter().all(|&obligation| evaluator.holds(obligation)) {
            return Err(ReplayError::Range { step: number, action: name() });
        }
        let mut next = state.to_vec();
        for &(index, term) in &action.updates {
            next[index] = evaluator.value(term);
        }
        let carried = action.marks.iter().filter(|&&(_, when)| evaluator.holds(when));
        Ok((next, carried.fold(MarkSet::default(), |all, &(mark, _)| all.union(MarkSet::of(mark)))))
    }
}
