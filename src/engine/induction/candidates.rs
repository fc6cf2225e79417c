//! Conditions that may be invariants: what holds in all rows of a table of samples, of a few simple forms.
//!
//! | form | for example |
//! | --- | --- |
//! | equation | what is bound and what is free add up |
//! | bound | no more than four pods wait |
//! | two quantities | `x ≤ y + c`, `x + y ≤ c`, `x + y ≥ c` |
//! | a condition and a bound | while nothing is cordoned, five nodes have room |
//!
//! Two quantities are only compared where that says more than bounds of each.
//!
//! References: Ernst et al., "The Daikon system for dynamic detection of likely invariants", Science of Computer
//! Programming 69, 2007; Miné, "The octagon abstract domain", Higher-Order and Symbolic Computation 19, 2006.

use rustc_hash::FxHashSet;

use crate::term::{Arena, Range, Sort, TermId};

use super::affine::{Equation, equations};
use super::sample::Samples;
use super::subject::Subject;

/// Builds candidates, each once.
struct Draft<'a> {
    arena: &'a mut Arena,
    quantities: &'a [TermId],
    /// By quantity: the values in the samples.
    seen: Vec<Range>,
    found: Vec<TermId>,
    known: FxHashSet<TermId>,
    most: usize,
}

/// The first `most` candidates that a table suggests; its columns are the quantities and then the conditions.
pub fn candidates(arena: &mut Arena, subject: &Subject, samples: &Samples, most: usize) -> Vec<TermId> {
    let count = subject.quantities.len();
    let column = |at: usize| samples.rows.iter().map(move |row| row[at]);
    let hull = |at: usize| {
        let (lo, hi) = (column(at).min().unwrap_or(0), column(at).max().unwrap_or(0));
        Range { lo, hi }
    };
    let seen = (0..count).map(hull).collect();
    let known = FxHashSet::default();
    let mut draft = Draft { arena, quantities: &subject.quantities, seen, found: Vec::new(), known, most };
    draft.equations(&samples.rows);
    draft.bounds();
    draft.truths(subject, samples);
    draft.pairs(samples);
    draft.under_conditions(subject, samples);
    draft.found
}

impl Draft<'_> {
    fn is_full(&self) -> bool {
        self.found.len() >= self.most
    }

    fn push(&mut self, term: TermId) {
        let is_constant = self.arena.as_bool(term).is_some();
        if !is_constant && !self.is_full() && self.known.insert(term) {
            self.found.push(term);
        }
    }

    fn at_most(&mut self, term: TermId, bound: i64) -> TermId {
        let bound = self.arena.int(bound);
        self.arena.le(term, bound)
    }

    fn at_least(&mut self, term: TermId, bound: i64) -> TermId {
        let bound = self.arena.int(bound);
        self.arena.le(bound, term)
    }

    fn equations(&mut self, rows: &[Vec<i64>]) {
        let numbers: Vec<Vec<i64>> = rows.iter().map(|row| row[..self.quantities.len()].to_vec()).collect();
        let mut found = equations(&numbers);
        found.sort_by_key(|it| it.terms.len());
        for equation in found {
            let term = self.equation(&equation);
            self.push(term);
        }
    }

    /// Positive parts on one side, negative ones on the other.
    fn equation(&mut self, equation: &Equation) -> TermId {
        let mut sides = [self.arena.int((-equation.constant).max(0)), self.arena.int(equation.constant.max(0))];
        for &(column, factor) in &equation.terms {
            let weight = self.arena.int(factor.abs());
            let part = self.arena.mul(self.quantities[column], weight);
            let side = &mut sides[usize::from(factor < 0)];
            *side = self.arena.add(*side, part);
        }
        self.arena.eq(sides[0], sides[1])
    }

    fn bounds(&mut self) {
        for (at, &term) in self.quantities.iter().enumerate() {
            let Range { lo, hi } = self.seen[at];
            let (below, above) = (self.at_most(term, hi), self.at_least(term, lo));
            self.push(below);
            self.push(above);
        }
    }

    /// Conditions that are always so, or never.
    fn truths(&mut self, subject: &Subject, samples: &Samples) {
        for (at, &condition) in subject.conditions.iter().enumerate() {
            let column = subject.quantities.len() + at;
            let negated = self.arena.not(condition);
            for (term, value) in [(condition, 1), (negated, 0)] {
                if samples.rows.iter().all(|row| row[column] == value) {
                    self.push(term);
                }
            }
        }
    }

    /// Pairs of the more telling quantities first.
    fn pairs(&mut self, samples: &Samples) {
        let count = self.quantities.len();
        for sum in 1..(2 * count).saturating_sub(2) {
            for first in sum.saturating_sub(count - 1)..sum.div_ceil(2) {
                if self.is_full() {
                    return;
                }
                self.pair(samples, first, sum - first);
            }
        }
    }

    fn pair(&mut self, samples: &Samples, a: usize, b: usize) {
        let (x, y) = (self.seen[a], self.seen[b]);
        if x.size() == 1 || y.size() == 1 {
            return;
        }
        let mut sums = (i64::MAX, i64::MIN);
        let mut differences = (i64::MAX, i64::MIN);
        for row in &samples.rows {
            let (sum, difference) = (row[a] + row[b], row[a] - row[b]);
            sums = (sums.0.min(sum), sums.1.max(sum));
            differences = (differences.0.min(difference), differences.1.max(difference));
        }
        let (p, q) = (self.quantities[a], self.quantities[b]);
        let (sum, difference) = (self.arena.add(p, q), self.arena.sub(p, q));
        for (term, (lo, hi), around) in [
            (difference, differences, Range { lo: x.lo - y.hi, hi: x.hi - y.lo }),
            (sum, sums, Range { lo: x.lo + y.lo, hi: x.hi + y.hi }),
        ] {
            // What is as far as each alone allows says nothing, and what does not move is an equation.
            if lo == hi {
                continue;
            }
            for bound in self.limits(hi, x, y, around).collect::<Vec<i64>>() {
                let below = self.at_most(term, bound);
                self.push(below);
            }
            if lo > around.lo {
                let above = self.at_least(term, lo);
                self.push(above);
            }
        }
    }

    /// The largest value seen, and the next larger ones of which there is a reason: runs are few, and what they may reach
    /// they need not.
    fn limits(&self, seen: i64, x: Range, y: Range, around: Range) -> impl Iterator<Item = i64> + use<> {
        let mut all = vec![seen, 0, x.hi, y.hi];
        all.retain(|&it| it >= seen && it < around.hi);
        all.sort_unstable();
        all.dedup();
        all.into_iter()
    }

    /// Bounds that are narrower where a condition holds.
    fn under_conditions(&mut self, subject: &Subject, samples: &Samples) {
        let count = subject.quantities.len();
        for (at, &condition) in subject.conditions.iter().enumerate() {
            for value in [1, 0] {
                let rows: Vec<&Vec<i64>> = samples.rows.iter().filter(|row| row[count + at] == value).collect();
                let negated = self.arena.not(condition);
                let otherwise = if value == 1 { negated } else { condition };
                self.where_else(&rows, otherwise);
            }
        }
        for zero in 0..count {
            let Range { lo, hi } = self.seen[zero];
            if self.is_full() || lo == hi {
                continue;
            }
            let rows: Vec<&Vec<i64>> = samples.rows.iter().filter(|row| row[zero] == lo).collect();
            let otherwise = self.at_least(self.quantities[zero], lo + 1);
            self.where_else(&rows, otherwise);
        }
    }

    /// Bounds of the rows given, which hold unless something else does.
    fn where_else(&mut self, rows: &[&Vec<i64>], otherwise: TermId) {
        for at in 0..self.quantities.len() {
            let values = || rows.iter().map(|row| row[at]);
            let (Some(lo), Some(hi)) = (values().min(), values().max()) else { return };
            if self.is_full() {
                return;
            }
            let (term, seen) = (self.quantities[at], self.seen[at]);
            let bounds =
                [(hi < seen.hi).then(|| self.at_most(term, hi)), (lo > seen.lo).then(|| self.at_least(term, lo))];
            for bound in bounds.into_iter().flatten() {
                let either = self.arena.or(otherwise, bound);
                self.push(either);
            }
        }
    }
}

/// Numbers that may become smaller and smaller: quantities, what they are above a little, how far two are apart.
pub fn measures(arena: &mut Arena, subject: &Subject) -> Vec<TermId> {
    let mut found = Vec::new();
    for &term in &subject.quantities {
        let zero = arena.int(0);
        let negated = arena.sub(zero, term);
        found.extend([term, negated]);
        for above in [1, 2] {
            let bound = arena.int(above);
            let raised = arena.max(term, bound);
            found.push(raised);
        }
    }
    for &(a, b) in &subject.comparisons {
        let larger = arena.max(a, b);
        let (over, under) = (arena.sub(larger, b), arena.sub(larger, a));
        found.extend([over, under]);
    }
    for &condition in &subject.conditions {
        let (one, zero) = (arena.int(1), arena.int(0));
        let (up, down) = (arena.ite(condition, one, zero), arena.ite(condition, zero, one));
        found.extend([up, down]);
    }
    let mut known = FxHashSet::default();
    found.retain(|&term| matches!(arena.sort(term), Sort::Int(range) if range.size() > 1) && known.insert(term));
    found
}
