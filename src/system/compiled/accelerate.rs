//! Acceleration: as many forced steps at once as change every variable by the same amounts.
//!
//! While the best cell stays best, scheduling a pod repeats the step before, and so does whatever else works off a
//! queue. A [`Leap`] is a run of such steps, computed by running the code of one step on lines: starting from a guess of
//! what each step adds to each variable (what the last one added), it finds out for how many repetitions the same
//! guards, choices and marks come out, and that each repetition indeed adds these amounts. By induction the state after n
//! steps is the start and n times the amounts. This is exact: nothing is assumed, and the code is the one that single
//! steps run.
//!
//! The states between are not looked at one by one. They break no invariant of every state (this is asked of all of them
//! at once), and are not at rest, so that nothing else is asked of them.
//!
//! References: Boigelot, "Symbolic methods for exploring infinite state spaces", thesis, Liège 1998; Bardin, Finkel,
//! Leroux and Petrucci, "FAST: fast acceleration of symbolic transition systems", CAV 2003.

use crate::system::model::{Action, ActionId, MarkSet};
use crate::term::Line;

use super::choice::Choices;
use super::domain::{Along, Domain};
use super::machine::{Guard, Machine};
use super::stepper::{Label, Stepper};
use super::{Fault, Pace};

/// Steps of one action, all with the same choice and marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Leap {
    /// How many: at least 2.
    pub steps: u64,
    /// What each of them carries.
    pub label: Label,
}

/// Tells when a leap is worth trying: one that fails costs several steps.
#[derive(Clone, Debug, Default)]
pub(crate) struct Patience {
    /// Chances to let pass before the next try.
    wait: u32,
    /// How many to let pass after the next failure.
    next: u32,
}

impl Patience {
    /// A try costs a few steps, so that in vain they add little.
    const MOST: u32 = 63;

    /// Whether to try at this chance.
    pub fn is_due(&mut self) -> bool {
        let is_due = self.wait == 0;
        self.wait = self.wait.saturating_sub(1);
        is_due
    }

    /// What came of a try.
    pub fn note(&mut self, success: bool) {
        self.next = if success { 0 } else { (self.next * 2 + 1).min(Self::MOST) };
        self.wait = self.next;
    }
}

/// Why the enumeration of choices ends before its end.
enum End<H> {
    /// There will be no leap.
    Needless,
    Halt(H),
}

/// Counts values that are tried along a line.
struct Trying<'p, P: Pace>(&'p mut P);

impl<P: Pace> Pace for Trying<'_, P> {
    type Halt = End<P::Halt>;

    fn tick(&mut self) -> Result<(), Self::Halt> {
        self.0.tick().map_err(End::Halt)
    }

    fn fired(&mut self) -> Result<(), Self::Halt> {
        Ok(())
    }

    fn leapt(&mut self, _: u64) {}

    fn too_many(&mut self) -> Self::Halt {
        End::Needless
    }

    fn fault(&mut self, _: &Action, _: Fault) -> Result<(), Self::Halt> {
        Err(End::Needless)
    }
}

impl Stepper<'_> {
    /// As many steps as follow by force from the present state, which was scheduled, and add `amounts` to its variables
    /// each, but at most `most`; a leap ends where it meets one of the packed states `stops`. The state afterwards is
    /// written to `packed`. `None` if there are fewer than two such steps.
    pub fn leap<P: Pace>(
        &mut self,
        amounts: &[i64],
        most: u64,
        stops: &[&[u8]],
        packed: &mut [u8],
        pace: &mut P,
    ) -> Result<Option<Leap>, P::Halt> {
        let &[action] = self.candidates() else { return Ok(None) };
        let machine = self.machine;
        let kind = machine.system.action(action).kind;
        if machine.system.stepwise || !kind.is_event() || amounts.iter().all(|&amount| amount == 0) {
            return Ok(None);
        }
        self.scratch.along.begin();
        self.scratch.along.end_at(most);
        self.lay_lines(amounts);
        if !self.schedule_along(action) {
            return Ok(None);
        }
        let Some(marks) = self.fire_along(action, pace)? else { return Ok(None) };
        self.stop_at(stops);
        let steps = self.scratch.along.horizon;
        if steps < 2 {
            return Ok(None);
        }
        self.land(steps, packed);
        pace.leapt(steps);
        Ok(Some(Leap { steps, label: Label { marks, slow: false } }))
    }

    /// Whether more than one repetition is left.
    fn goes_on(&self) -> bool {
        self.scratch.along.horizon >= 2
    }

    /// State variables as lines from their present values.
    fn lay_lines(&mut self, amounts: &[i64]) {
        let scratch = &mut self.scratch;
        if scratch.along.lines.is_empty() {
            // Constants stay in place from now on.
            scratch.along.lines.extend(self.machine.slots.iter().map(|&value| Line::constant(value)));
        }
        for (slot, (variable, &amount)) in self.machine.system.state.iter().zip(amounts).enumerate() {
            let line = Line::within(scratch.slots[slot], amount, variable.range);
            scratch.along.lines[slot] = line;
            scratch.along.end_at(line.until);
        }
    }

    /// Asks invariants of every state and guards; whether they come out as they should more than once.
    fn schedule_along(&mut self, action: ActionId) -> bool {
        if !self.goes_on() {
            return false;
        }
        let Machine { system, schedule, every, guards, .. } = self.machine;
        let along = &mut self.scratch.along;
        along.run(&every.segment, &system.arena);
        let is_kept = every.members.iter().all(|&(_, slot)| along.holds(slot));
        schedule.candidates_into(&mut self.scratch.candidates_along, |id| {
            let Guard { segment, slot } = &guards[id.0];
            along.run(segment, &system.arena);
            along.holds(*slot)
        });
        is_kept && self.scratch.candidates_along.actions == [action] && self.goes_on()
    }

    /// The marks of an action that has one choice, the same in every repetition, and adds the amounts in each.
    fn fire_along<P: Pace>(&mut self, action: ActionId, pace: &mut P) -> Result<Option<MarkSet>, P::Halt> {
        let machine = self.machine;
        let choices: &Choices = &machine.effects[action.0].choices;
        let mut found = None;
        let along = &mut self.scratch.along;
        let tried = choices.each(&machine.system.arena, along, &mut Trying(pace), u64::MAX, &mut |along, _| {
            let is_only = found.is_none() && along.horizon >= 2;
            let marks = is_only.then(|| machine.apply_along(action, along)).flatten();
            found = Some(marks.ok_or(End::Needless)?);
            Ok(())
        });
        match tried {
            Ok(()) => Ok(found),
            Err(End::Needless) => Ok(None),
            Err(End::Halt(halt)) => Err(halt),
        }
    }

    /// Ends the leap at the first of some states that it meets.
    fn stop_at(&mut self, stops: &[&[u8]]) {
        let Stepper { machine, scratch } = self;
        let lines = &scratch.along.lines[..machine.system.state.len()];
        let meets = |packed: &&[u8]| {
            let target = machine.layout.values(packed);
            let (line, value) = lines.iter().zip(&target).find(|(line, _)| line.slope != 0)?;
            let steps = u64::try_from(value.checked_sub(line.at)?.checked_div(line.slope)?).ok()?;
            let is_there = lines.iter().zip(&target).all(|(line, &value)| line.value(steps) == value);
            (steps > 0 && is_there).then_some(steps)
        };
        let first = stops.iter().filter_map(meets).min();
        first.into_iter().for_each(|steps| scratch.along.end_at(steps));
    }

    fn land(&self, steps: u64, packed: &mut [u8]) {
        let machine = self.machine;
        for (variable, line) in self.scratch.along.lines[..machine.system.state.len()].iter().enumerate() {
            machine.layout.set(packed, variable, line.value(steps));
        }
    }
}

impl Machine<'_> {
    /// Computes the effects of an action with the choice in place; `None` if they are not to add the same amounts again.
    fn apply_along(&self, action: ActionId, along: &mut Along) -> Option<MarkSet> {
        let effects = &self.effects[action.0];
        along.run(&effects.segment, &self.system.arena);
        let kept = effects.obligations.iter().all(|&slot| along.holds(slot));
        let marks = effects.marks.iter().filter(|&&(_, slot)| along.holds(slot));
        let marks = marks.fold(MarkSet::default(), |all, &(mark, _)| all.union(mark));
        // A variable that is not written stays.
        let is_written = |variable: usize| effects.updates.iter().any(|&(written, _)| written == variable);
        let mut state = along.lines[..self.system.state.len()].iter().enumerate();
        let closes = state.all(|(variable, line)| line.slope == 0 || is_written(variable))
            && effects.updates.iter().all(|&(variable, slot)| self.shifts(along, variable, slot));
        (kept && closes).then_some(marks)
    }

    /// Whether the new value of a variable is its line, one repetition further on.
    fn shifts(&self, along: &mut Along, variable: usize, slot: usize) -> bool {
        let (before, after) = (along.lines[variable], along.lines[slot]);
        let range = self.system.state[variable].range;
        let is_shift = after.at == before.value(1) && after.slope == before.slope && range.contains(after.at);
        along.end_at(after.until);
        along.end_at(if is_shift { Line::within(after.at, after.slope, range).until } else { 0 });
        is_shift
    }
}
