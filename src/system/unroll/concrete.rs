//! Concrete branches: states without variables, executed by compiled programs instead of substitution.
//!
//! Where only one thing can happen next, it happens at once: a [`Run`] is a chain of forced event-driven steps, and the
//! whole chain is part of one edge. It ends where the state is at rest, where there is more than one way to go on, where
//! an invariant of every state is broken, or where it begins to go round in circles; so whatever the unroller asks
//! about is still the state of some node. Steps are not kept: they are forced, and computed again for a trace.

use std::rc::Rc;

use crate::system::compiled::{Fault, Label, Machine, Pace, Scratch, Stepper};
use crate::system::model::{Action, ActionId, Interleaving, MarkSet, PropertyId, System};
use crate::system::trace::Step;

/// Values that are tried for the inputs of one action before it is executed symbolically.
const TRIED: u64 = 1 << 16;
/// Values that are tried between two questions whether to stop.
const STRIDE: u32 = 1 << 10;

/// A chain of forced event-driven steps.
#[derive(Clone, Debug)]
pub struct Run {
    /// The packed state in which it begins.
    pub(super) from: Rc<[u8]>,
    /// How many steps it has.
    pub(super) steps: u32,
    /// The marks that they carry.
    pub(super) marks: MarkSet,
}

/// One way to go on from a concrete state: a step and the run that it forces.
pub(super) struct Way {
    pub inputs: Vec<i64>,
    pub marks: MarkSet,
    pub run: Run,
    /// The packed state at the end.
    pub end: Vec<u8>,
}

/// What is known of a concrete state.
pub(super) struct Look {
    /// Invariants of every state that it breaks.
    pub broken: Vec<PropertyId>,
    /// Whether no event-driven action is enabled.
    pub settled: bool,
    /// What may fire.
    pub candidates: Vec<ActionId>,
}

/// Why the execution of a state is left to others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Leave {
    /// There are more ways to go on than asked for.
    Wide,
    /// Somebody wants to stop.
    Stopped,
}

/// A compiled system and the space to execute it in.
pub(super) struct Concrete<'s> {
    pub machine: Machine<'s>,
    scratch: Scratch,
    /// Transitions computed since the last look.
    pub transitions: u64,
}

/// Counts values tried against a limit.
struct Tries<'t> {
    left: u64,
    stride: u32,
    transitions: u64,
    should_stop: &'t dyn Fn() -> bool,
    /// Steps that would leave a range.
    faults: u32,
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
        self.transitions += 1;
        self.tick()
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
    fn new(should_stop: &'t dyn Fn() -> bool) -> Self {
        Tries { left: TRIED, stride: 0, transitions: 0, should_stop, faults: 0 }
    }
}

impl<'s> Concrete<'s> {
    /// Compiles a system; `None` if it breaks a rule that programs need.
    pub fn new(system: &'s System, properties: &[PropertyId]) -> Option<Self> {
        let machine = Machine::compile(system, properties).ok()?;
        let scratch = machine.scratch();
        Some(Concrete { machine, scratch, transitions: 0 })
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
        initial.each(&system.arena, &mut slots, &mut Tries::new(&|| false), u64::MAX, &mut |slots, _| {
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
            let broken = stepper.broken();
            let settled = stepper.schedule();
            Look { broken, settled, candidates: stepper.candidates().to_vec() }
        })
    }

    /// Invariants of settled states that a packed state breaks, if it is settled.
    pub fn broken_at_rest(&mut self, state: &[u8]) -> Vec<PropertyId> {
        self.with(|stepper, _| {
            stepper.load(state);
            if stepper.schedule() { stepper.broken_settled().collect() } else { Vec::new() }
        })
    }

    /// All ways in which an action that may fire in a state goes on, at most `most`, and whether some choice leaves a
    /// variable's range.
    pub fn ways(
        &mut self,
        state: &[u8],
        action: ActionId,
        most: usize,
        should_stop: &dyn Fn() -> bool,
    ) -> Result<(Vec<Way>, bool), Leave> {
        let mut tries = Tries::new(should_stop);
        let ways = self.with(|stepper, machine| {
            stepper.load(state);
            stepper.schedule();
            let mut ways: Vec<Way> = Vec::new();
            stepper.fire(action, &mut tries, &mut |fired, _| {
                if ways.len() == most {
                    return Err(Leave::Wide);
                }
                let run = Run { from: fired.state.into(), steps: 0, marks: MarkSet::default() };
                let (inputs, marks) = (fired.inputs(), fired.label.marks);
                ways.push(Way { inputs, marks, run, end: fired.state.to_vec() });
                Ok(())
            })?;
            if machine.system.interleaving != Interleaving::Async {
                for way in &mut ways {
                    way.go_on(stepper, &mut tries)?;
                }
            }
            Ok(ways)
        });
        self.transitions += tries.transitions;
        Ok((ways?, tries.faults > 0))
    }

    /// The steps of a run.
    pub fn steps(machine: &Machine<'_>, run: &Run) -> Vec<Step> {
        let mut stepper = Stepper::new(machine);
        let mut state = run.from.to_vec();
        let mut steps = Vec::new();
        for _ in 0..run.steps {
            stepper.load(&state);
            stepper.schedule();
            let forced = forced(&mut stepper, &mut Tries::new(&|| false));
            let Ok(Some(next)) = forced else { break };
            steps.push(Step { action: next.action.0, inputs: next.inputs });
            state = next.state;
        }
        steps
    }
}

/// A forced step.
struct Next {
    action: ActionId,
    inputs: Vec<i64>,
    label: Label,
    state: Vec<u8>,
}

/// The only thing that can happen in a state that was scheduled, if it is an event and nothing goes wrong.
fn forced(stepper: &mut Stepper<'_>, tries: &mut Tries<'_>) -> Result<Option<Next>, Leave> {
    let &[action] = stepper.candidates() else { return Ok(None) };
    let mut next: Option<Next> = None;
    let before = tries.faults;
    let fired = stepper.fire(action, tries, &mut |fired, _| {
        if next.is_some() {
            return Err(Leave::Wide);
        }
        let (label, state) = (fired.label, fired.state.to_vec());
        next = Some(Next { action: fired.action, inputs: fired.inputs(), label, state });
        Ok(())
    });
    match fired {
        Err(Leave::Stopped) => return Err(Leave::Stopped),
        Err(Leave::Wide) => return Ok(None),
        Ok(()) => {}
    }
    Ok(if tries.faults > before { None } else { next })
}

impl Way {
    /// Makes all forced steps.
    fn go_on(&mut self, stepper: &mut Stepper<'_>, tries: &mut Tries<'_>) -> Result<(), Leave> {
        // Brent's algorithm: a state is remembered for twice as long each time, so that any circle is noticed.
        let (mut landmark, mut until) = (self.run.from.to_vec(), 1);
        loop {
            let is_broken = stepper.load(&self.end).is_some();
            if is_broken || stepper.schedule() {
                return Ok(());
            }
            tries.left = TRIED;
            let faults = tries.faults;
            let forced = forced(stepper, tries);
            // A fault ahead is none of this run's: whoever goes on from its end meets it again.
            tries.faults = faults;
            let Some(next) = forced? else { return Ok(()) };
            self.run.steps += 1;
            self.run.marks = self.run.marks.union(next.label.marks);
            self.end = next.state;
            if self.end == landmark || self.end[..] == self.run.from[..] {
                return Ok(());
            }
            if self.run.steps == until {
                (landmark, until) = (self.end.clone(), until.saturating_mul(2));
            }
        }
    }
}
