//! Runs a compiled system on one state at a time.

use crate::system::schedule::Candidates;
use crate::system::{ActionId, MarkSet, PropertyId};

use super::machine::{Effects, Invariants, Machine};
use super::pulse::{Halt, Pulse};

/// What an edge of a state graph carries.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Label {
    /// Relevant marks of its steps.
    pub marks: MarkSet,
    /// Whether one of its steps is slow.
    pub slow: bool,
}

impl Label {
    /// What two edges carry together.
    pub fn union(self, other: Label) -> Label {
        Label { marks: self.marks.union(other.marks), slow: self.slow | other.slow }
    }
}

/// A transition that was computed.
pub(super) struct Fired<'f> {
    pub action: ActionId,
    pub label: Label,
    /// The packed state afterwards.
    pub state: &'f [u8],
    slots: &'f [i64],
    effects: &'f Effects,
}

impl Fired<'_> {
    /// What was chosen.
    pub fn inputs(&self) -> Vec<i64> {
        self.effects.choices.values(self.slots)
    }
}

/// Receives transitions.
pub(super) type Visit<'v> = dyn FnMut(&Fired<'_>) -> Result<(), Halt> + 'v;

/// One state with everything that was computed about it so far. Call in this order: [`Stepper::load`],
/// [`Stepper::schedule`], and then, in any order and number, the others.
pub(super) struct Stepper<'m> {
    machine: &'m Machine<'m>,
    slots: Vec<i64>,
    candidates: Candidates,
    /// The packed present state.
    state: Vec<u8>,
    next: Vec<u8>,
}

impl<'m> Stepper<'m> {
    /// A stepper without a state.
    pub fn new(machine: &'m Machine<'m>) -> Self {
        let width = machine.layout.width();
        let slots = machine.slots.clone();
        Stepper { machine, slots, candidates: Candidates::default(), state: vec![0; width], next: vec![0; width] }
    }

    /// Takes a packed state; an invariant of every state that it breaks.
    pub fn load(&mut self, packed: &[u8]) -> Option<PropertyId> {
        self.state.copy_from_slice(packed);
        self.machine.layout.unpack(packed, &mut self.slots);
        self.broken(&self.machine.every)
    }

    fn broken(&mut self, invariants: &Invariants) -> Option<PropertyId> {
        invariants.segment.run(&self.machine.system.arena, &mut self.slots);
        invariants.members.iter().find(|&&(_, slot)| self.slots[slot] == 0).map(|&(id, _)| id)
    }

    /// Finds out what may fire; whether the state is settled.
    pub fn schedule(&mut self) -> bool {
        let Stepper { machine, slots, candidates, .. } = self;
        machine.schedule.candidates_into(candidates, |id| {
            let guard = &machine.guards[id.0];
            guard.segment.run(&machine.system.arena, slots);
            slots[guard.slot] != 0
        });
        candidates.settled
    }

    /// An invariant of settled states that the present state, which must be settled, breaks.
    pub fn broken_settled(&mut self) -> Option<PropertyId> {
        self.broken(&self.machine.settled)
    }

    /// Fires everything that may fire, with every allowed choice.
    pub fn fire_all(&mut self, pulse: &mut Pulse<'_>, visit: &mut Visit<'_>) -> Result<(), Halt> {
        for position in 0..self.candidates.actions.len() {
            self.fire(self.candidates.actions[position], pulse, visit)?;
        }
        Ok(())
    }

    fn fire(&mut self, action: ActionId, pulse: &mut Pulse<'_>, visit: &mut Visit<'_>) -> Result<(), Halt> {
        let Stepper { machine, slots, state, next, .. } = self;
        let effects = &machine.effects[action.0];
        let mut is_dead = true;
        effects.choices.each(&machine.system.arena, slots, pulse, u64::MAX, &mut |slots, pulse| {
            is_dead = false;
            pulse.fired()?;
            let label = machine.apply(action, state, next, slots)?;
            visit(&Fired { action, label, state: next, slots, effects })
        })?;
        if is_dead { Err(machine.broken_rule(action, "is enabled but allows no choice")) } else { Ok(()) }
    }
}

impl Machine<'_> {
    /// Computes the state after an action with the choice in `slots`.
    fn apply(&self, action: ActionId, state: &[u8], next: &mut [u8], slots: &mut [i64]) -> Result<Label, Halt> {
        let effects = &self.effects[action.0];
        effects.segment.run(&self.system.arena, slots);
        next.copy_from_slice(state);
        let kept = effects.obligations.iter().all(|&slot| slots[slot] != 0);
        if !kept || !effects.updates.iter().all(|&(variable, slot)| self.layout.set(next, variable, slots[slot])) {
            return Err(self.broken_rule(action, "drives a variable out of its range"));
        }
        let carried = effects.marks.iter().filter(|&&(_, slot)| slots[slot] != 0);
        let marks = carried.fold(MarkSet::default(), |all, &(mark, _)| all.union(mark));
        Ok(Label { marks, slow: !self.system.action(action).kind.is_event() })
    }

    fn broken_rule(&self, action: ActionId, what: &str) -> Halt {
        Halt::engine(format!("internal error: {} {what}", self.system.action(action).name))
    }
}
