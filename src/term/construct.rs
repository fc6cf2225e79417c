//! Typed handles with operators: what encodings write.
//!
//! A [`Ctx`] owns an [`Arena`] behind a cell, so that [`Bool`] and [`Int`] can be `Copy` and carry operators:
//! `a + b`, `p & !q`, `x.le(y)`, `c.ite(a, b)`.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::ops::{Add, BitAnd, BitOr, Mul, Not, Sub};

use super::arena::{Arena, Range, Sort, Table, TableId, TermId, VarId};
use super::limit::{Guarded, Limit, Stopped};

/// The arena that terms are built in.
#[derive(Default, Debug)]
pub struct Ctx {
    arena: RefCell<Arena>,
    /// When building is to end.
    limit: Guarded,
    /// The number of terms at which to look at the limit.
    next_look: Cell<usize>,
}

/// New terms between two looks at the limit: few milliseconds.
const LOOK_EVERY: usize = 1 << 14;

/// A Boolean term.
#[derive(Clone, Copy)]
pub struct Bool<'c> {
    ctx: &'c Ctx,
    id: TermId,
}

/// An integer term with a range.
#[derive(Clone, Copy)]
pub struct Int<'c> {
    ctx: &'c Ctx,
    id: TermId,
}

impl Ctx {
    /// An empty context.
    pub fn new() -> Self {
        Ctx::default()
    }

    /// Continues with the terms of an arena.
    pub fn with_arena(arena: Arena) -> Self {
        Ctx { arena: RefCell::new(arena), ..Ctx::default() }
    }

    /// An empty context in which building ends soon after a limit: from then on it makes nothing new, and gives constants
    /// instead, so that no loop of its users, however long, takes much more time or memory.
    pub fn within(limit: &Limit) -> Self {
        Ctx { limit: Guarded::new(limit.clone()), ..Ctx::default() }
    }

    /// Why building is to end, if so: what was built is no good then. It stays so.
    pub fn stopped(&self) -> Option<Stopped> {
        self.limit.stopped()
    }

    /// Gives the arena back, when all terms are built.
    pub fn into_arena(self) -> Arena {
        self.arena.into_inner()
    }

    /// Reads the arena.
    pub fn read<R>(&self, f: impl FnOnce(&Arena) -> R) -> R {
        f(&self.arena.borrow())
    }

    fn write(&self, f: impl FnOnce(&mut Arena) -> TermId) -> TermId {
        let mut arena = self.arena.borrow_mut();
        let term = f(&mut arena);
        if arena.len() >= self.next_look.get() {
            self.next_look.set(arena.len() + LOOK_EVERY);
            arena.closed = self.stopped().is_some();
        }
        term
    }

    /// A truth constant.
    pub fn bool(&self, value: bool) -> Bool<'_> {
        Bool { ctx: self, id: self.write(|arena| arena.bool(value)) }
    }

    /// An integer constant.
    pub fn int(&self, value: i64) -> Int<'_> {
        Int { ctx: self, id: self.write(|arena| arena.int(value)) }
    }

    /// A fresh Boolean variable.
    pub fn bool_var(&self, name: impl Into<String>) -> (VarId, Bool<'_>) {
        let (var, id) = self.new_variable(name.into(), Sort::Bool);
        (var, Bool { ctx: self, id })
    }

    /// A fresh integer variable with values `lo..=hi`.
    pub fn int_var(&self, name: impl Into<String>, lo: i64, hi: i64) -> (VarId, Int<'_>) {
        let (var, id) = self.new_variable(name.into(), Sort::Int(Range::new(lo, hi)));
        (var, Int { ctx: self, id })
    }

    fn new_variable(&self, name: String, sort: Sort) -> (VarId, TermId) {
        let mut arena = self.arena.borrow_mut();
        let var = arena.new_variable(name, sort);
        (var, arena.variable(var).term)
    }

    /// The Boolean term with that handle.
    pub fn as_bool(&self, id: TermId) -> Bool<'_> {
        debug_assert_eq!(self.read(|arena| arena.sort(id)), Sort::Bool);
        Bool { ctx: self, id }
    }

    /// The integer term with that handle.
    pub fn as_int(&self, id: TermId) -> Int<'_> {
        debug_assert_ne!(self.read(|arena| arena.sort(id)), Sort::Bool);
        Int { ctx: self, id }
    }

    /// Conjunction of all (true if there is none).
    pub fn all<'c>(&'c self, terms: impl IntoIterator<Item = Bool<'c>>) -> Bool<'c> {
        self.balanced(terms.into_iter().collect(), self.bool(true), |a, b| a & b)
    }

    /// Disjunction of all (false if there is none).
    pub fn any<'c>(&'c self, terms: impl IntoIterator<Item = Bool<'c>>) -> Bool<'c> {
        self.balanced(terms.into_iter().collect(), self.bool(false), |a, b| a | b)
    }

    /// Sum of all (0 if there is none).
    pub fn sum<'c>(&'c self, terms: impl IntoIterator<Item = Int<'c>>) -> Int<'c> {
        self.balanced(terms.into_iter().collect(), self.int(0), |a, b| a + b)
    }

    /// Largest of all, or `none` if there is none.
    pub fn max<'c>(&'c self, terms: impl IntoIterator<Item = Int<'c>>, none: i64) -> Int<'c> {
        self.balanced(terms.into_iter().collect(), self.int(none), |a, b| a.max(b))
    }

    /// Smallest of all, or `none` if there is none.
    pub fn min<'c>(&'c self, terms: impl IntoIterator<Item = Int<'c>>, none: i64) -> Int<'c> {
        self.balanced(terms.into_iter().collect(), self.int(none), |a, b| a.min(b))
    }

    /// Folds as a balanced tree: shallow circuits, and shared subterms where neighbours repeat.
    fn balanced<T: Copy>(&self, mut terms: Vec<T>, none: T, op: impl Fn(T, T) -> T) -> T {
        while terms.len() > 1 {
            terms = terms.chunks(2).map(|pair| if pair.len() == 2 { op(pair[0], pair[1]) } else { pair[0] }).collect();
        }
        terms.first().copied().unwrap_or(none)
    }

    /// A function of several small indices, tabulated by running `entry` over the product of their ranges.
    pub fn table<'c>(&'c self, indices: &[Int<'c>], entry: impl Fn(&[i64]) -> i64) -> Int<'c> {
        let ranges: Vec<Range> = indices.iter().map(|index| index.range()).collect();
        let linear = self.linear(indices);
        let mut tuple = vec![0; ranges.len()];
        let id = self.write(|arena| arena.tabulate(linear.id, |position| entry(decode(position, &ranges, &mut tuple))));
        Int { ctx: self, id }
    }

    /// [`Ctx::table`] of one function for several lists of indices: those of the same ranges share the making of a table.
    pub fn tables<'c>(&'c self, lists: &[Vec<Int<'c>>], entry: impl Fn(&[i64]) -> i64) -> Vec<Int<'c>> {
        let mut made: HashMap<Vec<Range>, TableId> = HashMap::new();
        let mut lookup = |indices: &Vec<Int<'c>>| {
            let ranges: Vec<Range> = indices.iter().map(|index| index.range()).collect();
            let linear = self.linear(indices);
            let domain = linear.range();
            if domain.size() == 1 {
                return self.table(indices, &entry);
            }
            let table = *made.entry(ranges.clone()).or_insert_with(|| {
                let mut tuple = vec![0; ranges.len()];
                let values = (domain.lo..=domain.hi).map(|position| entry(decode(position, &ranges, &mut tuple)));
                let table = Table { first: domain.lo, values: values.collect() };
                self.arena.borrow_mut().intern_table(table)
            });
            Int { ctx: self, id: self.write(|arena| arena.lookup(table, linear.id)) }
        };
        lists.iter().map(&mut lookup).collect()
    }

    /// The position of indices in the product of their ranges.
    fn linear<'c>(&'c self, indices: &[Int<'c>]) -> Int<'c> {
        indices.iter().fold(self.int(0), |linear, index| {
            let range = index.range();
            linear * self.int(range.size() as i64) + (*index - range.lo)
        })
    }
}

/// The indices at a position in the product of their ranges.
fn decode<'t>(mut position: i64, ranges: &[Range], tuple: &'t mut [i64]) -> &'t [i64] {
    for (value, range) in tuple.iter_mut().zip(ranges).rev() {
        let size = range.size() as i64;
        *value = range.lo + position % size;
        position /= size;
    }
    tuple
}

impl<'c> Bool<'c> {
    /// The handle.
    pub fn id(self) -> TermId {
        self.id
    }

    /// The truth value, if it is constant.
    pub fn constant(self) -> Option<bool> {
        self.ctx.read(|arena| arena.as_bool(self.id))
    }

    /// `self → other`.
    pub fn implies(self, other: Bool<'c>) -> Bool<'c> {
        !self | other
    }

    /// `self ↔ other`.
    pub fn iff(self, other: Bool<'c>) -> Bool<'c> {
        self.ite_bool(other, !other)
    }

    /// Choice between integers.
    pub fn ite(self, then: impl IntoInt<'c>, otherwise: impl IntoInt<'c>) -> Int<'c> {
        let (t, e) = (then.into_int(self.ctx), otherwise.into_int(self.ctx));
        Int { ctx: self.ctx, id: self.ctx.write(|arena| arena.ite(self.id, t.id, e.id)) }
    }

    /// Choice between Booleans.
    pub fn ite_bool(self, then: Bool<'c>, otherwise: Bool<'c>) -> Bool<'c> {
        Bool { ctx: self.ctx, id: self.ctx.write(|arena| arena.ite(self.id, then.id, otherwise.id)) }
    }

    /// 1 if true, 0 if false.
    pub fn to_int(self) -> Int<'c> {
        self.ite(1, 0)
    }
}

impl<'c> Int<'c> {
    /// Where it was made.
    pub fn ctx(self) -> &'c Ctx {
        self.ctx
    }

    /// The handle.
    pub fn id(self) -> TermId {
        self.id
    }

    /// The value, if it is constant.
    pub fn constant(self) -> Option<i64> {
        self.ctx.read(|arena| arena.as_int(self.id))
    }

    /// All values it may take lie in this range.
    pub fn range(self) -> Range {
        self.ctx.read(|arena| arena.range(self.id))
    }

    /// `self = other`.
    pub fn eq(self, other: impl IntoInt<'c>) -> Bool<'c> {
        self.compare(other, Arena::eq)
    }

    /// `self ≠ other`.
    pub fn ne(self, other: impl IntoInt<'c>) -> Bool<'c> {
        !self.eq(other)
    }

    /// `self ≤ other`.
    pub fn le(self, other: impl IntoInt<'c>) -> Bool<'c> {
        self.compare(other, Arena::le)
    }

    /// `self < other`.
    pub fn lt(self, other: impl IntoInt<'c>) -> Bool<'c> {
        !self.ge(other)
    }

    /// `self ≥ other`.
    pub fn ge(self, other: impl IntoInt<'c>) -> Bool<'c> {
        let other = other.into_int(self.ctx);
        other.le(self)
    }

    /// `self > other`.
    pub fn gt(self, other: impl IntoInt<'c>) -> Bool<'c> {
        !self.le(other)
    }

    fn compare(self, other: impl IntoInt<'c>, op: fn(&mut Arena, TermId, TermId) -> TermId) -> Bool<'c> {
        let other = other.into_int(self.ctx);
        Bool { ctx: self.ctx, id: self.ctx.write(|arena| op(arena, self.id, other.id)) }
    }

    fn combine(self, other: impl IntoInt<'c>, op: fn(&mut Arena, TermId, TermId) -> TermId) -> Int<'c> {
        let other = other.into_int(self.ctx);
        Int { ctx: self.ctx, id: self.ctx.write(|arena| op(arena, self.id, other.id)) }
    }

    /// Smaller of two.
    pub fn min(self, other: impl IntoInt<'c>) -> Int<'c> {
        self.combine(other, Arena::min)
    }

    /// Larger of two.
    pub fn max(self, other: impl IntoInt<'c>) -> Int<'c> {
        self.combine(other, Arena::max)
    }

    /// Quotient rounded towards zero; `self ≥ 0`, `other ≥ 1`.
    #[allow(clippy::should_implement_trait, reason = "`/` would hide that the operands are restricted")]
    pub fn div(self, other: impl IntoInt<'c>) -> Int<'c> {
        self.combine(other, Arena::div)
    }

    /// `max(0, self - other)`.
    pub fn minus_or_zero(self, other: impl IntoInt<'c>) -> Int<'c> {
        (self - other).max(0)
    }

    /// The nearest value within `lo..=hi`.
    pub fn clamp(self, lo: impl IntoInt<'c>, hi: impl IntoInt<'c>) -> Int<'c> {
        self.max(lo).min(hi)
    }

    /// A function of this term, tabulated over its range.
    pub fn map(self, entry: impl FnMut(i64) -> i64) -> Int<'c> {
        Int { ctx: self.ctx, id: self.ctx.write(|arena| arena.tabulate(self.id, entry)) }
    }
}

/// What can stand where an integer term is expected: a term or a plain number.
pub trait IntoInt<'c> {
    /// The term.
    fn into_int(self, ctx: &'c Ctx) -> Int<'c>;
}

impl<'c> IntoInt<'c> for Int<'c> {
    fn into_int(self, _: &'c Ctx) -> Int<'c> {
        self
    }
}

impl<'c> IntoInt<'c> for i64 {
    fn into_int(self, ctx: &'c Ctx) -> Int<'c> {
        ctx.int(self)
    }
}

impl<'c, T: IntoInt<'c>> Add<T> for Int<'c> {
    type Output = Int<'c>;
    fn add(self, other: T) -> Int<'c> {
        self.combine(other, Arena::add)
    }
}

impl<'c, T: IntoInt<'c>> Sub<T> for Int<'c> {
    type Output = Int<'c>;
    fn sub(self, other: T) -> Int<'c> {
        self.combine(other, Arena::sub)
    }
}

impl<'c, T: IntoInt<'c>> Mul<T> for Int<'c> {
    type Output = Int<'c>;
    fn mul(self, other: T) -> Int<'c> {
        self.combine(other, Arena::mul)
    }
}

impl<'c> BitAnd for Bool<'c> {
    type Output = Bool<'c>;
    fn bitand(self, other: Bool<'c>) -> Bool<'c> {
        Bool { ctx: self.ctx, id: self.ctx.write(|arena| arena.and(self.id, other.id)) }
    }
}

impl<'c> BitOr for Bool<'c> {
    type Output = Bool<'c>;
    fn bitor(self, other: Bool<'c>) -> Bool<'c> {
        Bool { ctx: self.ctx, id: self.ctx.write(|arena| arena.or(self.id, other.id)) }
    }
}

impl<'c> Not for Bool<'c> {
    type Output = Bool<'c>;
    fn not(self) -> Bool<'c> {
        Bool { ctx: self.ctx, id: self.ctx.write(|arena| arena.not(self.id)) }
    }
}

impl fmt::Debug for Bool<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ctx.read(|arena| f.write_str(&arena.show(self.id)))
    }
}

impl fmt::Debug for Int<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ctx.read(|arena| f.write_str(&arena.show(self.id)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;

    #[test]
    fn nothing_new_is_made_once_the_limit_is_reached() {
        let limit = Limit::default();
        let ctx = Ctx::within(&limit);
        let (_, x) = ctx.int_var("x", 0, 1 << 40);
        let old = x + 1;
        limit.stop.store(true, Ordering::Relaxed);
        let sums: Vec<Int<'_>> = (2..4 * LOOK_EVERY as i64).map(|amount| x + amount).collect();
        assert!(ctx.read(Arena::len) <= 5 * LOOK_EVERY, "at most a constant for each sum, after the last look");
        assert_eq!(
            sums.last().and_then(|sum| sum.constant()),
            Some(4 * LOOK_EVERY as i64 - 1),
            "the least that it can be"
        );
        assert_eq!((x + 1).id(), old.id(), "what is there stays");
        let (_, y) = ctx.bool_var("y");
        assert_eq!((y & x.ge(5)).constant(), Some(false));
    }
}
