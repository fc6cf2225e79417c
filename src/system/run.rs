//! A run of a system, step by step, with the reference evaluator: what it costs is what a step changes, not how large the
//! system is.
//!
//! Of an action's updates only those are looked at that may change something under the inputs that were chosen
//! ([`super::touch`]); values of terms are kept from step to step ([`crate::term::follow`]).

use crate::term::{Follower, TermId};

use super::model::MarkSet;
use super::replay::{Interpreter, ReplayError, carried};
use super::schedule::Candidates;
use super::trace::Step;

/// A variable that has another value than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its position in the state.
    pub index: usize,
    /// Its value before.
    pub before: i64,
    /// Its value afterwards.
    pub after: i64,
}

/// What a step did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fired {
    /// Variables that have other values than before.
    pub changes: Vec<Change>,
    /// The marks that it carries.
    pub marks: MarkSet,
}

/// A system in a state that moves on.
pub struct Runner<'a> {
    interpreter: &'a Interpreter<'a>,
    follower: Follower<'a>,
    state: Vec<i64>,
}

impl<'a> Runner<'a> {
    pub(super) fn new(interpreter: &'a Interpreter<'a>, follower: Follower<'a>, state: &[i64]) -> Self {
        let mut runner = Runner { interpreter, follower, state: state.to_vec() };
        for (variable, &value) in interpreter.system().state.iter().zip(state) {
            runner.follower.set(variable.var, value);
        }
        runner
    }

    /// The present state.
    pub fn state(&self) -> &[i64] {
        &self.state
    }

    /// The value of a term over the state, and over the inputs that were given last; Booleans give 0 or 1.
    pub fn value(&mut self, term: TermId) -> i64 {
        self.follower.value(term)
    }

    /// Whether a Boolean term holds.
    pub fn holds(&mut self, term: TermId) -> bool {
        self.follower.holds(term)
    }

    /// What may fire.
    pub fn candidates(&mut self) -> Candidates {
        self.interpreter.candidates_in(&mut self.follower)
    }

    /// Gives the inputs of an action the values of a step.
    pub fn give(&mut self, step: &Step) {
        let action = &self.interpreter.system().actions[step.action];
        for (&var, &value) in action.inputs.iter().zip(&step.inputs) {
            self.follower.set(var, value);
        }
    }

    /// Whether an action, which is enabled, may choose these inputs.
    pub fn allows(&mut self, step: &Step) -> bool {
        let action = &self.interpreter.system().actions[step.action];
        self.give(step);
        self.interpreter.is_in_range(action, &step.inputs) && self.follower.holds(action.choice)
    }

    /// Fires an action, which is enabled, and goes on to the next state; `number` is the step's 1-based number, for errors.
    pub fn fire(&mut self, number: usize, step: &Step) -> Result<Fired, ReplayError> {
        let action = &self.interpreter.system().actions[step.action];
        let touch = self.interpreter.touch(step.action);
        self.give(step);
        let obligations = touch.obligations(action, &step.inputs);
        self.interpreter.check(&mut self.follower, number, action, step, obligations)?;
        let marks = carried(&mut self.follower, action);
        let mut changes = Vec::new();
        for (index, term) in touch.updates(action, &step.inputs).map(|position| action.updates[position]) {
            let value = self.follower.value(term);
            let before = self.state[index];
            if value != before {
                changes.push(Change { index, before, after: value });
            }
        }
        self.apply(&changes);
        Ok(Fired { changes, marks })
    }

    /// Goes to the state with these changes.
    pub fn apply(&mut self, changes: &[Change]) {
        for change in changes {
            self.state[change.index] = change.after;
            self.follower.set(self.interpreter.system().state[change.index].var, change.after);
        }
    }
}

/// The states of a run: the first one, and what each step changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct States {
    first: Vec<i64>,
    last: Vec<i64>,
    changes: Vec<Vec<Change>>,
}

impl States {
    /// The states that follow from the first one.
    pub fn new(first: Vec<i64>, changes: Vec<Vec<Change>>) -> Self {
        let mut states = States { last: first.clone(), first, changes };
        states.last = states.at(states.changes.len());
        states
    }

    /// The first state.
    pub fn first(&self) -> &[i64] {
        &self.first
    }

    /// The last state.
    pub fn last(&self) -> &[i64] {
        &self.last
    }

    /// The state after so many steps.
    pub fn at(&self, steps: usize) -> Vec<i64> {
        let mut state = self.first.clone();
        self.changes[..steps].iter().for_each(|changes| put(&mut state, changes));
        state
    }

    /// What a step, counted from 0, changed.
    pub fn changes(&self, step: usize) -> &[Change] {
        &self.changes[step]
    }

    /// Goes along the states, step by step.
    pub fn pairs(&self) -> Pairs<'_> {
        Pairs { states: self, taken: 0, before: self.first.clone(), after: self.first.clone() }
    }
}

/// The states before and after each step, in order.
pub struct Pairs<'a> {
    states: &'a States,
    taken: usize,
    before: Vec<i64>,
    after: Vec<i64>,
}

impl Pairs<'_> {
    /// Takes the next step: the states before and after it, if there is one.
    pub fn step(&mut self) -> Option<(&[i64], &[i64])> {
        let changes = self.states.changes.get(self.taken)?;
        if let Some(previous) = self.taken.checked_sub(1) {
            put(&mut self.before, &self.states.changes[previous]);
        }
        put(&mut self.after, changes);
        self.taken += 1;
        Some((&self.before, &self.after))
    }

    /// The state after the last step that was taken.
    pub fn after(&self) -> &[i64] {
        &self.after
    }
}

fn put(state: &mut [i64], changes: &[Change]) {
    for change in changes {
        state[change.index] = change.after;
    }
}
