//! Concrete branches: states without variables, executed by compiled programs instead of substitution.
//!
//! Where only one thing can happen next, it happens at once ([`super::forced`]). States are executed in any order, but what
//! is known of one is kept: a run is made once for each state in which it begins, until the block is over, and where it ends
//! nobody has to look again.

use std::collections::hash_map::Entry;
use std::ops::Add;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::system::compiled::{Fault, Machine, Pace, Patience, Scratch, Stepper};
use crate::system::model::{Action, ActionId, MarkSet, PropertyId, System};

use crate::engine::unroll::block::forced::Forced;

/// Values that are tried for the inputs of one action before it is executed symbolically.
pub(in crate::engine::unroll) const TRIED: u64 = 1 << 16;
/// Values that are tried between two questions whether to stop.
const STRIDE: u32 = 1 << 10;

/// One way to go on from a concrete state: a step and the run that it forces.
pub(in crate::engine::unroll) struct Way {
    pub first: First,
    pub forced: Forced,
}

/// A step that was chosen.
pub(in crate::engine::unroll) struct First {
    pub action: ActionId,
    pub inputs: Vec<i64>,
    pub marks: MarkSet,
}

/// All ways to go on from a concrete state.
pub(in crate::engine::unroll) struct Ways {
    pub ways: Vec<Way>,
    /// Actions of which some choice leaves a variable's range.
    pub faulty: Vec<ActionId>,
}

/// What is known of a concrete state.
#[derive(Clone)]
pub(in crate::engine::unroll) struct Look {
    /// Invariants of every state that it breaks.
    pub broken: Vec<PropertyId>,
    /// Whether the block ends here.
    pub rests: bool,
    /// What may fire.
    pub candidates: Vec<ActionId>,
}

/// Why the execution of a state is left to others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::engine::unroll) enum Leave {
    /// There are more ways to go on than asked for.
    Wide,
    /// Somebody wants to stop.
    Stopped,
}

/// A compiled system and the space to execute it in.
pub(in crate::engine::unroll) struct Concrete<'s> {
    pub machine: Machine<'s>,
    scratch: Scratch,
    patience: Patience,
    /// Runs of the present block, by the states in which they begin.
    runs: FxHashMap<Rc<[u8]>, Forced>,
    /// Work so far.
    pub work: Work,
}

/// What the execution of concrete states took.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Work {
    /// Transitions computed, one by one or at once.
    pub transitions: u64,
    /// Those of them that were computed at once.
    pub accelerated: u64,
    /// In how many leaps they were.
    pub leaps: u64,
}

impl Work {
    /// How often a step was executed: a leap counts as one.
    pub fn executed(self) -> u64 {
        self.transitions - self.accelerated + self.leaps
    }
}

impl Add for Work {
    type Output = Work;

    fn add(self, other: Work) -> Work {
        Work {
            transitions: self.transitions + other.transitions,
            accelerated: self.accelerated + other.accelerated,
            leaps: self.leaps + other.leaps,
        }
    }
}

/// Counts values tried against a limit.
pub(in crate::engine::unroll) struct Tries<'t> {
    pub left: u64,
    stride: u32,
    work: Work,
    should_stop: &'t dyn Fn() -> bool,
    /// Steps that would leave a range.
    pub faults: u32,
}

impl Pace for Tries<'_> {
    type Halt = Leave;

    fn tick(&mut self) -> Result<(), Leave> {
        self.left = self.left.checked_sub(1).ok_or(Leave::Wide)?;
        self.stride += 1;
        if self.stride < STRIDE {
            return Ok(());
        }
        self.stride = 0;
        if (self.should_stop)() { Err(Leave::Stopped) } else { Ok(()) }
    }

    fn fired(&mut self) -> Result<(), Leave> {
        self.work.transitions += 1;
        self.tick()
    }

    fn leapt(&mut self, steps: u64) {
        self.work = self.work + Work { transitions: steps, accelerated: steps, leaps: 1 };
    }

    fn too_many(&mut self) -> Leave {
        Leave::Wide
    }

    fn fault(&mut self, _: &Action, fault: Fault) -> Result<(), Leave> {
        self.faults += u32::from(fault == Fault::OutOfRange);
        Ok(())
    }
}

impl<'t> Tries<'t> {
    pub fn new(should_stop: &'t dyn Fn() -> bool) -> Self {
        Tries { left: TRIED, stride: 0, work: Work::default(), should_stop, faults: 0 }
    }
}

impl<'s> Concrete<'s> {
    /// Compiles a system; `None` if it breaks a rule that programs need, or is stopped.
    pub fn new(system: &'s System, properties: &[PropertyId], stop: &dyn Fn() -> bool) -> Option<Self> {
        let machine = Machine::compile(system, properties, stop).ok()?;
        let scratch = machine.scratch();
        Some(Concrete {
            machine,
            scratch,
            patience: Patience::default(),
            runs: FxHashMap::default(),
            work: Work::default(),
        })
    }

    fn with<R>(&mut self, work: impl FnOnce(&mut Stepper<'_>, &Machine<'s>) -> R) -> R {
        let mut stepper = Stepper::resume(&self.machine, std::mem::take(&mut self.scratch));
        let result = work(&mut stepper, &self.machine);
        self.scratch = stepper.suspend();
        result
    }

    /// All initial states, if there are at most `most`.
    pub fn initial_states(&self, most: usize) -> Result<Vec<Vec<i64>>, Leave> {
        let Machine { system, initial, slots, .. } = &self.machine;
        let mut slots = slots.clone();
        for (slot, variable) in slots.iter_mut().zip(&system.state) {
            *slot = variable.initial.unwrap_or(0);
        }
        let mut states = Vec::new();
        initial.each(&system.arena, slots.as_mut_slice(), &mut Tries::new(&|| false), u64::MAX, &mut |slots, _| {
            if states.len() == most {
                return Err(Leave::Wide);
            }
            states.push(slots[..system.state.len()].to_vec());
            Ok(())
        })?;
        Ok(states)
    }

    /// What is known of a packed state.
    pub fn look(&mut self, state: &[u8]) -> Look {
        self.with(|stepper, _| {
            stepper.load(state);
            stepper.schedule();
            Look::around(stepper)
        })
    }

    /// Invariants of settled states that a packed state breaks, if it is settled.
    pub fn broken_at_rest(&mut self, state: &[u8]) -> Vec<PropertyId> {
        self.with(|stepper, _| {
            stepper.load(state);
            if stepper.schedule() { stepper.broken_settled().collect() } else { Vec::new() }
        })
    }

    /// Forgets the runs of the last block.
    pub fn enter_block(&mut self) {
        self.runs.clear();
    }

    /// All ways in which actions that may fire in a state go on, at most `most` of each.
    pub fn ways(
        &mut self,
        state: &[u8],
        actions: &[ActionId],
        most: usize,
        should_stop: &dyn Fn() -> bool,
    ) -> Result<Ways, Leave> {
        let mut tries = Tries::new(should_stop);
        let mut patience = std::mem::take(&mut self.patience);
        let mut runs = std::mem::take(&mut self.runs);
        let ways = self.with(|stepper, _| {
            stepper.load(state);
            stepper.schedule();
            let mut fired = Vec::new();
            let mut faulty = Vec::new();
            for &action in actions {
                let is_faulty = fire(action, most, stepper, &mut tries, &mut fired)?;
                faulty.extend(is_faulty.then_some(action));
            }
            let mut ways = Vec::with_capacity(fired.len());
            for (first, state) in fired {
                let forced = match runs.entry(state) {
                    Entry::Occupied(known) => known.get().clone(),
                    Entry::Vacant(new) => {
                        let forced = Forced::from(Rc::clone(new.key()), stepper, &mut tries, &mut patience)?;
                        new.insert(forced).clone()
                    }
                };
                ways.push(Way { first, forced });
            }
            Ok(Ways { ways, faulty })
        });
        (self.patience, self.runs) = (patience, runs);
        self.work = self.work + tries.work;
        ways
    }
}

impl Look {
    /// At the state that was loaded and scheduled.
    pub(in crate::engine::unroll) fn around(stepper: &Stepper<'_>) -> Self {
        let rests = !stepper.is_within_block();
        Look { broken: stepper.broken(), rests, candidates: stepper.candidates().to_vec() }
    }
}

/// Adds what an action may do in the state that was scheduled: each choice and the packed state after it. Whether some
/// choice leaves a variable's range.
fn fire(
    action: ActionId,
    most: usize,
    stepper: &mut Stepper<'_>,
    tries: &mut Tries<'_>,
    all: &mut Vec<(First, Rc<[u8]>)>,
) -> Result<bool, Leave> {
    let (before, faults) = (all.len(), tries.faults);
    tries.left = TRIED;
    stepper.fire(action, tries, &mut |fired, _| {
        if all.len() - before == most {
            return Err(Leave::Wide);
        }
        let first = First { action, inputs: fired.inputs(), marks: fired.label.marks };
        all.push((first, fired.state.into()));
        Ok(())
    })?;
    Ok(tries.faults > faults)
}
