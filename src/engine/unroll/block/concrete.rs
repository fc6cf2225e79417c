//! Concrete branches: states without variables, executed by compiled programs instead of substitution.
//!
//! Where only one thing can happen next, it happens at once: a [`Run`] is a chain of forced event-driven steps, and the
//! whole chain is part of one edge. It ends where the state is at rest, where there is more than one way to go on, where
//! an invariant of every state is broken, or where it begins to go round in circles; so whatever the unroller asks
//! about is still the state of some node. Steps are not kept: they are forced, and computed again for a trace. Steps
//! that are alike are made many at once ([`crate::system::compiled`], acceleration).

use std::ops::Add;
use std::rc::Rc;

use crate::system::compiled::{Fault, Label, Machine, Pace, Patience, Scratch, Stepper};
use crate::system::model::{Action, ActionId, MarkSet, PropertyId, System};
use crate::system::trace::Step;

/// Values that are tried for the inputs of one action before it is executed symbolically.
const TRIED: u64 = 1 << 16;
/// Values that are tried between two questions whether to stop.
const STRIDE: u32 = 1 << 10;

/// A chain of forced event-driven steps.
#[derive(Clone, Debug)]
pub struct Run {
    /// The packed state in which it begins.
    pub(in crate::engine::unroll) from: Rc<[u8]>,
    /// How many steps it has.
    pub(in crate::engine::unroll) steps: u32,
    /// The marks that they carry.
    pub(in crate::engine::unroll) marks: MarkSet,
}

/// One way to go on from a concrete state: a step and the run that it forces.
pub(in crate::engine::unroll) struct Way {
    pub inputs: Vec<i64>,
    pub marks: MarkSet,
    pub run: Run,
    /// The packed state at the end.
    pub end: Vec<u8>,
}

/// What is known of a concrete state.
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
struct Tries<'t> {
    left: u64,
    stride: u32,
    work: Work,
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
    fn new(should_stop: &'t dyn Fn() -> bool) -> Self {
        Tries { left: TRIED, stride: 0, work: Work::default(), should_stop, faults: 0 }
    }
}

impl<'s> Concrete<'s> {
    /// Compiles a system; `None` if it breaks a rule that programs need, or is stopped.
    pub fn new(system: &'s System, properties: &[PropertyId], stop: &dyn Fn() -> bool) -> Option<Self> {
        let machine = Machine::compile(system, properties, stop).ok()?;
        let scratch = machine.scratch();
        Some(Concrete { machine, scratch, patience: Patience::default(), work: Work::default() })
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
            let broken = stepper.broken();
            stepper.schedule();
            let rests = !stepper.is_within_block();
            Look { broken, rests, candidates: stepper.candidates().to_vec() }
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
        let mut patience = std::mem::take(&mut self.patience);
        let ways = self.with(|stepper, _| {
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
            for way in &mut ways {
                way.go_on(stepper, &mut tries, &mut patience)?;
            }
            Ok(ways)
        });
        self.patience = patience;
        self.work = self.work + tries.work;
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

/// What the last steps of a run added to each variable, if they were equal.
#[derive(Default)]
struct Pattern {
    action: Option<ActionId>,
    amounts: Vec<i64>,
    /// Number of steps like the last one before it.
    repeats: u32,
}

impl Pattern {
    fn note(&mut self, machine: &Machine<'_>, action: ActionId, before: &[u8], after: &[u8]) {
        let is_same =
            self.action == Some(action) && machine.layout.differences(before, after).eq(self.amounts.iter().copied());
        if is_same {
            self.repeats += 1;
            return;
        }
        self.repeats = 0;
        self.action = Some(action);
        self.amounts.clear();
        self.amounts.extend(machine.layout.differences(before, after));
    }

    /// Whether the next step may well be like the last ones.
    fn suggests(&self, candidates: &[ActionId]) -> bool {
        self.repeats > 0 && candidates.len() == 1 && self.action == candidates.first().copied()
    }
}

/// States that a run must not come back to. Brent's algorithm: a state is remembered for twice as long each time, so
/// that any circle is noticed. Leaps end where they meet one of the two, so that none is missed.
struct Circle {
    first: Rc<[u8]>,
    landmark: Vec<u8>,
    until: u32,
}

impl Circle {
    fn closes(&mut self, state: &[u8], steps: u32) -> bool {
        if *state == *self.landmark || *state == *self.first {
            return true;
        }
        if steps >= self.until {
            self.landmark.copy_from_slice(state);
            self.until = steps.saturating_mul(2);
        }
        false
    }
}

impl Way {
    /// Makes all forced steps.
    fn go_on(
        &mut self,
        stepper: &mut Stepper<'_>,
        tries: &mut Tries<'_>,
        patience: &mut Patience,
    ) -> Result<(), Leave> {
        let mut circle = Circle { first: self.run.from.clone(), landmark: self.run.from.to_vec(), until: 1 };
        let mut pattern = Pattern::default();
        loop {
            let is_broken = stepper.load(&self.end).is_some();
            if is_broken {
                return Ok(());
            }
            stepper.schedule();
            if !stepper.is_within_block() {
                return Ok(());
            }
            tries.left = TRIED;
            let faults = tries.faults;
            let is_alike = pattern.suggests(stepper.candidates()) && patience.is_due();
            let leapt = is_alike && self.leap(stepper, tries, &circle, &pattern.amounts)?;
            if is_alike {
                patience.note(leapt);
            }
            let stepped = leapt || self.step(stepper, tries, &mut pattern)?;
            // A fault ahead is none of this run's: whoever goes on from its end meets it again.
            tries.faults = faults;
            if !stepped || circle.closes(&self.end, self.run.steps) {
                return Ok(());
            }
        }
    }

    /// Makes many steps at once, if that is possible.
    fn leap(
        &mut self,
        stepper: &mut Stepper<'_>,
        tries: &mut Tries<'_>,
        circle: &Circle,
        amounts: &[i64],
    ) -> Result<bool, Leave> {
        let most = u64::from(u32::MAX - self.run.steps);
        let stops = [&circle.first[..], &circle.landmark];
        let leap = match stepper.leap(amounts, most, &stops, &mut self.end, tries) {
            Ok(Some(leap)) => leap,
            Ok(None) | Err(Leave::Wide) => return Ok(false),
            Err(Leave::Stopped) => return Err(Leave::Stopped),
        };
        self.run.steps += leap.steps as u32;
        self.run.marks = self.run.marks.union(leap.label.marks);
        Ok(true)
    }

    /// Makes the next step, if it is forced.
    fn step(&mut self, stepper: &mut Stepper<'_>, tries: &mut Tries<'_>, pattern: &mut Pattern) -> Result<bool, Leave> {
        tries.left = TRIED;
        let Some(next) = forced(stepper, tries)? else { return Ok(false) };
        pattern.note(stepper.machine(), next.action, &self.end, &next.state);
        self.run.steps += 1;
        self.run.marks = self.run.marks.union(next.label.marks);
        self.end = next.state;
        Ok(true)
    }
}
