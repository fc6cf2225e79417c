//! Runs: where only one thing can happen next, it happens at once, and a whole chain of forced event-driven steps is part of
//! one edge.
//!
//! A [`Run`] ends where the state is at rest, where there is more than one way to go on, where an invariant of every state is
//! broken, or where it begins to go round in circles; so whatever the unroller asks about is still the state of some
//! node. Steps are not kept: they are forced, and computed again for a trace. Steps that are alike are made many at once
//! ([`crate::system::compiled`], acceleration).

use std::rc::Rc;

use crate::system::compiled::{Label, Machine, Patience, Stepper};
use crate::system::model::{ActionId, MarkSet};
use crate::system::trace::Step;

use crate::engine::unroll::block::concrete::{Leave, Look, TRIED, Tries};

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

/// A run and where it ends.
#[derive(Clone)]
pub(in crate::engine::unroll) struct Forced {
    pub run: Run,
    /// The packed state at the end.
    pub end: Vec<u8>,
    /// What is known of the end, if the run stopped to look around.
    pub look: Option<Look>,
}

impl Run {
    /// Its steps, computed again.
    pub(in crate::engine::unroll) fn retrace(&self, machine: &Machine<'_>) -> Vec<Step> {
        let mut stepper = Stepper::new(machine);
        let mut state = self.from.to_vec();
        let mut steps = Vec::new();
        for _ in 0..self.steps {
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

impl Forced {
    /// The run that begins in a state.
    pub fn from(
        state: Rc<[u8]>,
        stepper: &mut Stepper<'_>,
        tries: &mut Tries<'_>,
        patience: &mut Patience,
    ) -> Result<Self, Leave> {
        let run = Run { from: Rc::clone(&state), steps: 0, marks: MarkSet::default() };
        let mut forced = Forced { run, end: state.to_vec(), look: None };
        forced.go_on(stepper, tries, patience)?;
        Ok(forced)
    }

    fn go_on(
        &mut self,
        stepper: &mut Stepper<'_>,
        tries: &mut Tries<'_>,
        patience: &mut Patience,
    ) -> Result<(), Leave> {
        let first = Rc::clone(&self.run.from);
        let mut circle = Circle { landmark: first.to_vec(), first, until: 1 };
        let mut pattern = Pattern::default();
        loop {
            let is_broken = stepper.load(&self.end).is_some();
            stepper.schedule();
            if is_broken || !stepper.is_within_block() {
                self.look = Some(Look::around(stepper));
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
            if !stepped {
                self.look = Some(Look::around(stepper));
                return Ok(());
            }
            if circle.closes(&self.end, self.run.steps) {
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
