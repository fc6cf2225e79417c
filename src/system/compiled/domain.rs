//! What compiled code is run on: values, or lines.

use crate::term::lines::FOREVER;
use crate::term::{Arena, Line, Segment};

/// An array of slots that segments run on.
pub(crate) trait Domain {
    /// Runs code.
    fn run(&mut self, segment: &Segment, arena: &Arena);

    /// Gives a variable a value.
    fn assign(&mut self, slot: usize, value: i64);

    /// What was computed.
    fn value(&mut self, slot: usize) -> i64;

    /// Whether all conditions in these slots hold.
    fn all_hold(&mut self, slots: &[usize]) -> bool;
}

impl Domain for [i64] {
    fn run(&mut self, segment: &Segment, arena: &Arena) {
        segment.run(arena, self);
    }

    fn assign(&mut self, slot: usize, value: i64) {
        self[slot] = value;
    }

    fn value(&mut self, slot: usize) -> i64 {
        self[slot]
    }

    fn all_hold(&mut self, slots: &[usize]) -> bool {
        slots.iter().all(|&slot| self[slot] != 0)
    }
}

/// Many repetitions of one step at once: every slot is a line. All answers that were given so far are the same in all
/// repetitions before the horizon.
#[derive(Clone, Default)]
pub(crate) struct Along {
    pub lines: Vec<Line>,
    /// Number of repetitions for which the answers are right.
    pub horizon: u64,
}

impl Along {
    /// Starts afresh; answers hold for ever until something is asked.
    pub fn begin(&mut self) {
        self.horizon = FOREVER;
    }

    /// Nothing is said of that repetition and later ones.
    pub fn end_at(&mut self, repetition: u64) {
        self.horizon = self.horizon.min(repetition);
    }

    /// Whether a condition holds.
    pub fn holds(&mut self, slot: usize) -> bool {
        self.all_hold(&[slot])
    }
}

impl Domain for Along {
    fn run(&mut self, segment: &Segment, arena: &Arena) {
        segment.run_along(arena, &mut self.lines);
    }

    fn assign(&mut self, slot: usize, value: i64) {
        self.lines[slot] = Line::constant(value);
    }

    fn value(&mut self, slot: usize) -> i64 {
        let line = self.lines[slot].unchanged();
        self.end_at(line.until);
        line.at
    }

    /// They hold together until the first of them fails, and fail together until the last of those that fail holds.
    fn all_hold(&mut self, slots: &[usize]) -> bool {
        let (mut held, mut failed) = (FOREVER, None);
        for &slot in slots {
            let line = self.lines[slot].unchanged();
            match line.at {
                0 => failed = failed.max(Some(line.until)),
                _ => held = held.min(line.until),
            }
        }
        self.end_at(failed.unwrap_or(held));
        failed.is_none()
    }
}
