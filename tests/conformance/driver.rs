//! Runs a transition system along a recording: the reference interpreter fires the actions that the recording tells of.

use std::collections::HashMap;

use crate::system::replay::Interpreter;
use crate::system::{Action, ActionId, IntVar, Step, System};
use crate::term::{Ctx, Program, Sort, TermId};

use super::probe::Probe;

/// A system in a state.
pub struct Driver<'a> {
    system: &'a System,
    interpreter: Interpreter<'a>,
    /// Values of the state variables.
    pub values: Vec<i64>,
}

/// Tells from the state alone, without firing anything, which of some actions would be enabled at another time.
pub struct Watch {
    program: Program,
    slots: Vec<i64>,
}

impl<'a> Driver<'a> {
    /// A system at its start.
    pub fn new(system: &'a System) -> Result<Self, String> {
        let values = system.fixed_initial_state().ok_or("the initial state is open")?;
        Ok(Driver { system, interpreter: Interpreter::new(system), values })
    }

    /// Whether an action is enabled.
    pub fn is_enabled(&self, action: ActionId) -> bool {
        self.interpreter.holds(&self.values, self.system.action(action).guard)
    }

    /// The event-driven actions that are enabled.
    pub fn events(&self) -> Vec<ActionId> {
        let candidates = self.interpreter.candidates(&self.values);
        if candidates.settled { Vec::new() } else { candidates.actions }
    }

    /// The state after an action that is not fired yet.
    pub fn after(&self, action: ActionId, inputs: &[i64]) -> Result<Vec<i64>, String> {
        let draft = self.system.action(action);
        if !self.is_enabled(action) {
            return Err(format!("{} is not enabled", draft.name));
        }
        let step = Step { action: action.0, inputs: inputs.to_vec() };
        let fired = self.interpreter.fire(0, &self.values, draft, &step);
        fired.map(|(next, _)| next).map_err(|error| error.to_string())
    }

    /// Fires an action.
    pub fn fire(&mut self, action: ActionId, inputs: &[i64]) -> Result<(), String> {
        self.values = self.after(action, inputs)?;
        Ok(())
    }

    /// Whether Z3 agrees about what an action does here; what differs otherwise.
    pub fn confirm(&self, action: ActionId, inputs: &[i64]) -> Result<(), String> {
        let ctx = Ctx::with_arena(self.system.arena.clone());
        let probe = Probe::new(&ctx);
        let action: &Action = self.system.action(action);
        let state = self.system.state.iter().map(|variable| variable.var).zip(&self.values);
        for (var, &value) in state.chain(action.inputs.iter().copied().zip(inputs)) {
            probe.fix(var, ctx.read(|arena| arena.variable(var).term), value);
        }
        let is_bool = |term: TermId| ctx.read(|arena| arena.sort(term)) == Sort::Bool;
        let terms = action.updates.iter().map(|&(_, term)| term).chain([action.guard, action.choice]);
        let (bools, ints): (Vec<TermId>, Vec<TermId>) = terms.partition(|&term| is_bool(term));
        let ints: Vec<_> = ints.into_iter().map(|term| ctx.as_int(term)).collect();
        let bools: Vec<_> = bools.into_iter().map(|term| ctx.as_bool(term)).collect();
        probe.confirm(&ints, &bools).map_or(Ok(()), |what| Err(format!("{}: {what}", action.name)))
    }

    /// A watch over actions.
    pub fn watch(&self, actions: &[ActionId]) -> Watch {
        let places: HashMap<_, _> =
            self.system.state.iter().enumerate().map(|(index, variable)| (variable.var, index)).collect();
        let guards: Vec<TermId> = actions.iter().map(|&action| self.system.action(action).guard).collect();
        let position = |var| places.get(&var).copied().unwrap_or(0);
        Watch { program: Program::compile(&self.system.arena, &guards, &position), slots: Vec::new() }
    }

    /// Which of the watched actions, by position, would be enabled if the clock stood at `time`.
    pub fn enabled_at(&self, watch: &mut Watch, count: usize, (now, time): (IntVar, i64)) -> Vec<usize> {
        let mut values = self.values.clone();
        values[now.index()] = time;
        watch.program.run(&self.system.arena, &values, &mut watch.slots);
        (0..count).filter(|&index| watch.program.output(&watch.slots, index) != 0).collect()
    }
}
