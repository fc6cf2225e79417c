//! The reference interpreter: executes a trace step by step with the term evaluator, trusting nothing.
//!
//! Every counterexample passes through here before it is shown.

use std::cell::OnceCell;
use std::sync::{Arc, OnceLock};

use thiserror::Error;

use crate::term::{Dependents, Evaluate, Evaluator, Follower, Range, TermId, Valuation};

use super::model::{Action, ActionId, Checkpoint, MarkSet, Property, PropertyKind, System};
use super::run::{Runner, States};
use super::schedule::{Candidates, Schedule};
use super::touch::Touch;
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
    pub states: States,
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

/// Executes a trace and checks that it violates `property`.
pub fn replay(system: &System, trace: &Trace, property: &Property) -> Result<Replayed, ReplayError> {
    Interpreter::new(system).replay(trace, property)
}

/// The steps of the loop, if the trace is a lasso that closes.
fn loop_range(trace: &Trace, run: &Replayed) -> Option<std::ops::Range<usize>> {
    let start = trace.loop_start?;
    let end = trace.steps.len();
    (start < end && run.states.at(start) == run.states.last()).then_some(start..end)
}

/// What interpreters of a system share, and what takes a moment to find out where a system is large.
pub struct Prepared {
    dependents: Dependents,
    /// By variable of the arena: its range, if it is one of the state.
    ranges: Vec<Option<Range>>,
    /// By action, once a run needs it.
    touches: Vec<OnceLock<Touch>>,
}

impl Prepared {
    /// Of a system.
    pub fn of(system: &System) -> Self {
        let mut ranges = vec![None; system.arena.variables().len()];
        for variable in &system.state {
            ranges[variable.var.index()] = Some(variable.range);
        }
        let touches = system.actions.iter().map(|_| OnceLock::new()).collect();
        Prepared { dependents: Dependents::of(&system.arena), ranges, touches }
    }
}

/// Executes actions on concrete states with the reference evaluator.
pub struct Interpreter<'a> {
    system: &'a System,
    schedule: Schedule,
    /// Once a run needs it.
    prepared: OnceCell<Arc<Prepared>>,
}

impl<'a> Interpreter<'a> {
    /// An interpreter of a system.
    pub fn new(system: &'a System) -> Self {
        Interpreter { system, schedule: Schedule::new(system), prepared: OnceCell::new() }
    }

    /// An interpreter of a system for which everything is prepared.
    pub fn prepared(system: &'a System, prepared: Arc<Prepared>) -> Self {
        Interpreter { prepared: OnceCell::from(prepared), ..Interpreter::new(system) }
    }

    fn preparation(&self) -> &Prepared {
        self.prepared.get_or_init(|| Arc::new(Prepared::of(self.system)))
    }

    /// A run that begins in a state.
    pub fn run(&self, state: &[i64]) -> Runner<'_> {
        let follower = Follower::new(&self.system.arena, &self.preparation().dependents);
        Runner::new(self, follower, state)
    }

    /// The system.
    pub fn system(&self) -> &'a System {
        self.system
    }

    /// What an action may touch.
    pub(super) fn touch(&self, action: usize) -> &Touch {
        let Prepared { ranges, touches, .. } = self.preparation();
        touches[action].get_or_init(|| Touch::of(self.system, &self.system.actions[action], ranges))
    }

    /// Executes a trace; an error if it is not a run of the system.
    pub fn execute(&self, trace: &Trace) -> Result<Replayed, ReplayError> {
        self.check_initial(&trace.initial)?;
        let mut runner = self.run(&trace.initial);
        let (mut settled, mut marks, mut blocks, mut changes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut block = 0;
        for (index, step) in trace.steps.iter().enumerate() {
            let action = self.system.actions.get(step.action);
            let action = action.ok_or_else(|| ReplayError::Shape(format!("there is no action {}", step.action)))?;
            let candidates = runner.candidates();
            if !candidates.actions.contains(&ActionId(step.action)) {
                return Err(ReplayError::NotEnabled { step: index + 1, action: action.name.clone() });
            }
            let fired = runner.fire(index + 1, step)?;
            block += u32::from(self.system.counts(action));
            settled.push(candidates.settled);
            blocks.push(block);
            marks.push(fired.marks);
            changes.push(fired.changes);
        }
        settled.push(runner.candidates().settled);
        let states = States::new(trace.initial.clone(), changes);
        Ok(Replayed { states, settled, marks, blocks })
    }

    /// Executes a trace and checks that it violates `property`.
    pub fn replay(&self, trace: &Trace, property: &Property) -> Result<Replayed, ReplayError> {
        let run = self.execute(trace)?;
        match self.violates(trace, &run, property) {
            true => Ok(run),
            false => Err(ReplayError::NotViolated(property.to_string())),
        }
    }

    fn violates(&self, trace: &Trace, run: &Replayed, property: &Property) -> bool {
        match &property.kind {
            PropertyKind::Invariant { holds, at } => {
                let asked = *at == Checkpoint::Every || run.settled.last() == Some(&true);
                asked && !self.holds(run.states.last(), *holds)
            }
            PropertyKind::NoLoop { any_of, none_of } => loop_range(trace, run).is_some_and(|range| {
                let carried = run.marks[range].iter().fold(MarkSet::default(), |all, &marks| all.union(marks));
                carried.meets(*any_of) && !carried.meets(*none_of)
            }),
            PropertyKind::Settles => loop_range(trace, run).is_some_and(|mut range| {
                range.all(|step| self.system.actions[trace.steps[step].action].kind.is_event())
            }),
        }
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
    pub(super) fn candidates_in(&self, values: &mut impl Evaluate) -> Candidates {
        self.schedule.candidates(|id| values.holds(self.system.action(id).guard))
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
        let mut values = Evaluator::new(&self.system.arena, &valuation);
        self.check(&mut values, number, action, step, 0..action.obligations.len())?;
        let mut next = state.to_vec();
        for &(index, term) in &action.updates {
            next[index] = values.value(term);
        }
        Ok((next, carried(&mut values, action)))
    }

    /// Whether the action allows the inputs of a step under a valuation that has them, and keeps what `obligations`, by
    /// position, demand of it.
    pub(super) fn check(
        &self,
        values: &mut impl Evaluate,
        number: usize,
        action: &Action,
        step: &Step,
        mut obligations: impl Iterator<Item = usize>,
    ) -> Result<(), ReplayError> {
        let name = || action.name.clone();
        let inputs = &step.inputs;
        if !self.is_in_range(action, inputs) || !values.holds(action.choice) {
            return Err(ReplayError::Choice { step: number, action: name(), inputs: inputs.clone() });
        }
        match obligations.all(|obligation| values.holds(action.obligations[obligation])) {
            true => Ok(()),
            false => Err(ReplayError::Range { step: number, action: name() }),
        }
    }

    /// Whether there is a value within its range for every input.
    pub(super) fn is_in_range(&self, action: &Action, inputs: &[i64]) -> bool {
        let range = |var| self.system.arena.variable(var).sort.range();
        action.inputs.len() == inputs.len()
            && action.inputs.iter().zip(inputs).all(|(&var, &value)| range(var).contains(value))
    }
}

/// The marks that a step carries.
pub(super) fn carried(values: &mut impl Evaluate, action: &Action) -> MarkSet {
    let carried = action.marks.iter().filter(|&&(_, when)| values.holds(when));
    carried.fold(MarkSet::default(), |all, &(mark, _)| all.union(MarkSet::of(mark)))
}
