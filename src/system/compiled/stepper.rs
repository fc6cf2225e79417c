//! Runs a compiled system on one state at a time.

use crate::system::model::{ActionId, MarkSet, PropertyId};
use crate::system::schedule::Candidates;

use super::domain::Along;
use super::machine::{Effects, Invariants, Machine};
use super::{Fault, Pace};

/// What an edge of a state graph carries.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Label {
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
pub(crate) struct Fired<'f> {
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
pub(crate) type Visit<'v, P> = dyn FnMut(&Fired<'_>, &mut P) -> Result<(), <P as Pace>::Halt> + 'v;

/// What a stepper works on, to be used again by the next one.
#[derive(Clone, Default)]
pub(crate) struct Scratch {
    pub(super) slots: Vec<i64>,
    candidates: Candidates,
    /// The packed present state.
    state: Vec<u8>,
    next: Vec<u8>,
    /// Slots of many repetitions, made when they are needed first.
    pub(super) along: Along,
    pub(super) candidates_along: Candidates,
    /// Whether the only candidate leads: one of its choices is enough.
    leads: bool,
}

/// One state with everything that was computed about it so far. Call in this order: [`Stepper::load`],
/// [`Stepper::schedule`], and then, in any order and number, the others.
pub(crate) struct Stepper<'m> {
    pub(super) machine: &'m Machine<'m>,
    pub(super) scratch: Scratch,
}

impl<'m> Stepper<'m> {
    /// A stepper without a state.
    pub fn new(machine: &'m Machine<'m>) -> Self {
        Stepper { machine, scratch: machine.scratch() }
    }

    /// A stepper that works on what [`Stepper::suspend`] gave back, or [`Machine::scratch`] made for the same machine.
    pub fn resume(machine: &'m Machine<'m>, scratch: Scratch) -> Self {
        Stepper { machine, scratch }
    }

    /// What it steps through.
    pub fn machine(&self) -> &'m Machine<'m> {
        self.machine
    }

    /// Ends the work; the present state is forgotten.
    pub fn suspend(self) -> Scratch {
        self.scratch
    }

    /// Takes a packed state; an invariant of every state that it breaks.
    pub fn load(&mut self, packed: &[u8]) -> Option<PropertyId> {
        self.scratch.state.copy_from_slice(packed);
        self.machine.layout.unpack(packed, &mut self.scratch.slots);
        let every = &self.machine.every;
        every.segment.run(&self.machine.system.arena, &mut self.scratch.slots);
        self.broken_of(every).next()
    }

    fn broken_of(&self, invariants: &'m Invariants) -> impl Iterator<Item = PropertyId> {
        let broken = invariants.members.iter().filter(|&&(_, slot)| self.scratch.slots[slot] == 0);
        broken.map(|&(id, _)| id)
    }

    /// All invariants of every state that the present state breaks.
    pub fn broken(&self) -> Vec<PropertyId> {
        self.broken_of(&self.machine.every).collect()
    }

    /// Finds out what may fire; whether the state is settled.
    pub fn schedule(&mut self) -> bool {
        let Stepper { machine, scratch } = self;
        machine.schedule.candidates_into(&mut scratch.candidates, |id| {
            let guard = &machine.guards[id.0];
            guard.segment.run(&machine.system.arena, &mut scratch.slots);
            scratch.slots[guard.slot] != 0
        });
        self.lead();
        self.scratch.candidates.settled
    }

    /// Leaves only the first of the candidates that lead, if some do. A guided search follows one of the orders anyway, so
    /// what could lead does, whether others would see it or not.
    fn lead(&mut self) {
        let Stepper { machine, scratch } = self;
        scratch.leads = false;
        let Candidates { actions, settled } = &mut scratch.candidates;
        if *settled || machine.schedule.observes(actions) {
            return;
        }
        if machine.system.guided {
            let could_lead = |&id: &ActionId| machine.system.action(id).footprint.leads;
            scratch.leads = actions.len() == 1 && actions.iter().all(could_lead);
            return;
        }
        let Some(order) = machine.order.as_ref() else { return };
        order.segment.run(&machine.system.arena, &mut scratch.slots);
        let slots = &scratch.slots;
        let leading = order.order.leading(actions, &mut |conjunct| slots[order.slots[&conjunct]] == 0);
        if let Some(&leader) = leading.first() {
            actions.clear();
            actions.push(leader);
            scratch.leads = machine.system.action(leader).footprint.leads;
        }
    }

    /// Whether the block goes on from the present state: where slow actions do not wait, only observers belong to it.
    pub fn is_within_block(&self) -> bool {
        match self.machine.system.interleaving.waits() {
            true => !self.scratch.candidates.settled,
            false => self.machine.schedule.observes(self.candidates()),
        }
    }

    /// What may fire.
    pub fn candidates(&self) -> &[ActionId] {
        &self.scratch.candidates.actions
    }

    /// All invariants of settled states that the present state, which must be settled, breaks.
    pub fn broken_settled(&mut self) -> impl Iterator<Item = PropertyId> {
        let settled = &self.machine.settled;
        settled.segment.run(&self.machine.system.arena, &mut self.scratch.slots);
        self.broken_of(settled)
    }

    /// Fires everything that may fire, with every allowed choice.
    pub fn fire_all<P: Pace>(&mut self, pace: &mut P, visit: &mut Visit<'_, P>) -> Result<(), P::Halt> {
        for position in 0..self.candidates().len() {
            self.fire(self.candidates()[position], pace, visit)?;
        }
        Ok(())
    }

    /// Fires one action that may fire, with every allowed choice, or with the first one if that is enough.
    pub fn fire<P: Pace>(&mut self, action: ActionId, pace: &mut P, visit: &mut Visit<'_, P>) -> Result<(), P::Halt> {
        let Stepper { machine, scratch: Scratch { slots, state, next, leads, .. } } = self;
        let effects = &machine.effects[action.0];
        let mut is_dead = true;
        effects.choices.each(&machine.system.arena, slots.as_mut_slice(), pace, u64::MAX, &mut |slots, pace| {
            if *leads && !is_dead {
                return Ok(());
            }
            is_dead = false;
            pace.fired()?;
            match machine.apply(action, state, next, slots) {
                Some(label) => visit(&Fired { action, label, state: next, slots, effects }, pace),
                None => pace.fault(machine.system.action(action), Fault::OutOfRange),
            }
        })?;
        let is_dead = is_dead && !machine.system.clocked;
        if is_dead { pace.fault(machine.system.action(action), Fault::DeadEnd) } else { Ok(()) }
    }
}

impl Machine<'_> {
    /// Space for a stepper.
    pub fn scratch(&self) -> Scratch {
        let width = self.layout.width();
        let slots = self.slots.clone();
        Scratch { slots, state: vec![0; width], next: vec![0; width], ..Scratch::default() }
    }

    /// Computes the state after an action with the choice in `slots`; `None` if it leaves a variable's range.
    fn apply(&self, action: ActionId, state: &[u8], next: &mut [u8], slots: &mut [i64]) -> Option<Label> {
        let effects = &self.effects[action.0];
        effects.segment.run(&self.system.arena, slots);
        next.copy_from_slice(state);
        let kept = effects.obligations.iter().all(|&slot| slots[slot] != 0);
        if !kept || !effects.updates.iter().all(|&(variable, slot)| self.layout.set(next, variable, slots[slot])) {
            return None;
        }
        let carried = effects.marks.iter().filter(|&&(_, slot)| slots[slot] != 0);
        let marks = carried.fold(MarkSet::default(), |all, &(mark, _)| all.union(mark));
        Some(Label { marks, slow: !self.system.action(action).kind.is_event() })
    }
}
