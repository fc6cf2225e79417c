//! Terms along a line: what they are when every variable grows by the same amount from one repetition to the next.
//!
//! A [`Line`] is `at + slope · i` for repetitions `i = 0, 1, …`, together with how many of them it is exact for. Every
//! instruction of a program has a meaning on lines: sums of lines are lines; a comparison is decided until its two sides
//! cross; what is not a line is told for as many repetitions as it happens to be one, at least for the first. So running
//! a program once on lines tells what running it again and again on values would.
//!
//! Invariants:
//! * A line is exact for at least one repetition, in which it is what the program computes on values.
//! * Within its horizon a line stays among the 64-bit integers, so that nothing saturates there.
//! * A conjunction is as long known to be false as one of its members is: what decides a result bounds its horizon, and
//!   what does not matter does not.

use super::arena::{Arena, Range, Table};
use super::program::{Instruction, Segment};

/// More repetitions than anybody asks for.
pub const FOREVER: u64 = 1 << 32;

/// A value that changes by the same amount with every repetition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line {
    /// The value in the first repetition.
    pub at: i64,
    /// What each further repetition adds.
    pub slope: i64,
    /// For how many repetitions this is exact: 1 to [`FOREVER`].
    pub until: u64,
}

impl Line {
    /// A value that stays.
    pub fn constant(at: i64) -> Self {
        Line { at, slope: 0, until: FOREVER }
    }

    /// A line for as long as it lies within a range that contains `at`.
    pub fn within(at: i64, slope: i64, range: Range) -> Self {
        let room = match slope {
            0 => return Line::constant(at),
            1.. => i128::from(range.hi) - i128::from(at),
            _ => i128::from(at) - i128::from(range.lo),
        };
        Line { at, slope, until: horizon(room / i128::from(slope).abs() + 1) }
    }

    /// The value in a repetition before the horizon.
    pub fn value(self, repetition: u64) -> i64 {
        self.at.wrapping_add(self.slope.wrapping_mul(repetition as i64))
    }

    /// The same line for no longer than that.
    fn no_longer(self, until: u64) -> Self {
        Line { until: self.until.min(until), ..self }
    }

    /// The line for as long as it does not change.
    pub fn unchanged(self) -> Self {
        match self.slope {
            0 => self,
            _ => Line { at: self.at, slope: 0, until: 1 },
        }
    }

    /// What was computed for the first repetition, for as long as that stays; without a common line, only there.
    fn first_only(at: i64) -> Self {
        Line { at, slope: 0, until: 1 }
    }

    /// A line through the value of the first repetition, if it needs no more than 64 bits.
    fn through(at: i64, exact: i128, slope: i128, until: u64) -> Self {
        let last = exact + slope * i128::from(until - 1);
        match (i64::try_from(exact), i64::try_from(slope), i64::try_from(last)) {
            (Ok(at), Ok(slope), Ok(_)) => Line { at, slope, until },
            _ => Line::first_only(at),
        }
    }
}

impl Segment {
    /// Runs the code on lines; slots as for [`Segment::run`].
    pub fn run_along(&self, arena: &Arena, lines: &mut [Line]) {
        for (target, instruction) in (self.first..).zip(&self.code) {
            lines[target] = follow(arena, *instruction, lines);
        }
    }
}

fn follow(arena: &Arena, instruction: Instruction, lines: &[Line]) -> Line {
    let at = |slot: u32| lines[slot as usize];
    match instruction {
        Instruction::Constant(value) => Line::constant(value),
        Instruction::Not(a) => {
            let a = at(a).unchanged();
            Line { at: 1 - a.at, ..a }
        }
        Instruction::And(a, b) => connective(at(a), at(b), 0),
        Instruction::Or(a, b) => connective(at(a), at(b), 1),
        Instruction::Eq(a, b) => equal(at(a), at(b)),
        Instruction::Le(a, b) => at_most(at(a), at(b)),
        Instruction::Ite(c, t, e) => {
            let c = at(c).unchanged();
            if c.at != 0 { at(t).no_longer(c.until) } else { at(e).no_longer(c.until) }
        }
        Instruction::Add(a, b) => sum(at(a), at(b), 1),
        Instruction::Sub(a, b) => sum(at(a), at(b), -1),
        Instruction::Mul(a, b) => product(at(a), at(b)),
        Instruction::Div(a, b) => quotient(at(a), at(b)),
        Instruction::Min(a, b) => extremum(at(a), at(b), true),
        Instruction::Max(a, b) => extremum(at(a), at(b), false),
        Instruction::Lookup(table, a) => lookup(arena.table(table), at(a)),
    }
}

/// The connective that one member with the value `deciding` decides.
fn connective(a: Line, b: Line, deciding: i64) -> Line {
    let (a, b) = (a.unchanged(), b.unchanged());
    match (a.at == deciding, b.at == deciding) {
        (true, true) => Line { at: deciding, slope: 0, until: a.until.max(b.until) },
        (true, false) => a,
        (false, true) => b,
        (false, false) => b.no_longer(a.until),
    }
}

/// Start and slope of `b - a`.
fn difference(a: Line, b: Line) -> (i128, i128) {
    let minus = |x: i64, y: i64| i128::from(x) - i128::from(y);
    (minus(b.at, a.at), minus(b.slope, a.slope))
}

fn equal(a: Line, b: Line) -> Line {
    let (distance, slope) = difference(a, b);
    let changes = match (distance, slope) {
        (_, 0) => FOREVER,
        (0, _) => 1,
        // They meet where distance + slope · i = 0, if that is a later repetition.
        _ if distance % slope == 0 && -distance / slope > 0 => horizon(-distance / slope),
        _ => FOREVER,
    };
    Line { at: (distance == 0) as i64, slope: 0, until: a.until.min(b.until).min(changes) }
}

fn at_most(a: Line, b: Line) -> Line {
    let (distance, slope) = difference(a, b);
    let changes = if distance >= 0 && slope < 0 {
        horizon(distance / -slope + 1)
    } else if distance < 0 && slope > 0 {
        horizon((-distance + slope - 1) / slope)
    } else {
        FOREVER
    };
    Line { at: (distance >= 0) as i64, slope: 0, until: a.until.min(b.until).min(changes) }
}

/// One of the two, for as long as it is not worse than the other; of equal ones the one that will not be.
fn extremum(a: Line, b: Line, smaller: bool) -> Line {
    let (low, high) = if (a.at, a.slope) <= (b.at, b.slope) { (a, b) } else { (b, a) };
    let order = at_most(low, high);
    if smaller { low.no_longer(order.until) } else { high.no_longer(order.until) }
}

/// `a + sign · b`.
fn sum(a: Line, b: Line, sign: i64) -> Line {
    let until = a.until.min(b.until);
    let at = if sign > 0 { a.at.saturating_add(b.at) } else { a.at.saturating_sub(b.at) };
    if a.slope == 0 && b.slope == 0 {
        return Line { at, slope: 0, until };
    }
    let exact = |a: i64, b: i64| i128::from(a) + i128::from(sign) * i128::from(b);
    Line::through(at, exact(a.at, b.at), exact(a.slope, b.slope), until)
}

fn product(a: Line, b: Line) -> Line {
    let (at, until) = (a.at.saturating_mul(b.at), a.until.min(b.until));
    match (a.slope, b.slope) {
        (0, 0) => Line { at, slope: 0, until },
        (slope, 0) => scaled(a.at, slope, b.at, at, until),
        (0, slope) => scaled(b.at, slope, a.at, at, until),
        _ => Line::first_only(at),
    }
}

/// A line times a constant.
fn scaled(start: i64, slope: i64, factor: i64, at: i64, until: u64) -> Line {
    let times = |value: i64| i128::from(value) * i128::from(factor);
    match i64::try_from(times(slope)) {
        Ok(slope) => Line::through(at, times(start), i128::from(slope), until),
        Err(_) => Line::first_only(at),
    }
}

fn quotient(a: Line, b: Line) -> Line {
    let divisor = b.at.max(1);
    let (at, until) = (a.at / divisor, a.until.min(b.until));
    match (a.slope, b.slope) {
        (0, 0) => Line { at, slope: 0, until },
        // Rounding towards zero is rounding down where the dividend is not negative.
        (slope, 0) if a.at >= 0 => {
            let nonnegative = Line::within(a.at, slope, Range::new(0, i64::MAX)).until;
            rounded(a.at, slope, divisor).no_longer(until.min(nonnegative))
        }
        _ => Line::first_only(at),
    }
}

/// `(start + slope · i) / divisor`, rounded down.
fn rounded(start: i64, slope: i64, divisor: i64) -> Line {
    let at = start / divisor;
    if slope % divisor == 0 {
        return Line { at, slope: slope / divisor, until: FOREVER };
    }
    let (low, rest) = (i128::from(start % divisor), i128::from(divisor));
    let slope = i128::from(slope);
    // The remainder grows or falls until it leaves 0..divisor.
    let changes = if slope > 0 { (rest - low + slope - 1) / slope } else { low / -slope + 1 };
    Line { at, slope: 0, until: horizon(changes) }
}

/// Follows the entries of a table for as long as they lie on a line. The index stays in the table's domain, so this ends.
fn lookup(table: &Table, index: Line) -> Line {
    let at = table.get(index.at);
    if index.slope == 0 || index.until == 1 {
        return Line { at, slope: 0, until: index.until };
    }
    let slope = i128::from(table.get(index.value(1))) - i128::from(at);
    let Ok(slope) = i64::try_from(slope) else { return Line::first_only(at) };
    let fits = |repetition: u64| {
        let expected = i128::from(at) + i128::from(slope) * i128::from(repetition);
        i128::from(table.get(index.value(repetition))) == expected
    };
    let until = (2..index.until).find(|&repetition| !fits(repetition)).unwrap_or(index.until);
    Line { at, slope, until }
}

/// A number of repetitions, which is at least 1.
fn horizon(repetitions: i128) -> u64 {
    repetitions.clamp(1, i128::from(FOREVER)) as u64
}
