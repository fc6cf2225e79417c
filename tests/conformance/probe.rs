//! Terms under given values: read by the reference evaluator, confirmed by Z3.

use std::cell::RefCell;

use crate::engine::Budget;
use crate::engine::smt::Z3;
use crate::engine::unroll::{Answer, Oracle};
use crate::term::{Bool, Ctx, Evaluator, Int, TermId, Valuation, VarId};

/// A context whose variables have recorded values.
pub struct Probe<'c> {
    ctx: &'c Ctx,
    given: RefCell<Vec<(VarId, TermId, i64)>>,
}

impl<'c> Probe<'c> {
    /// No variables yet.
    pub fn new(ctx: &'c Ctx) -> Self {
        Probe { ctx, given: RefCell::default() }
    }

    /// The context of terms.
    pub fn ctx(&self) -> &'c Ctx {
        self.ctx
    }

    /// An integer variable with a recorded value within `lo..=hi`, which decides how much the encoding has to cover.
    pub fn given(&self, name: &str, value: i64, lo: i64, hi: i64) -> Int<'c> {
        let (var, term) = self.ctx.int_var(name, lo.min(value), hi.max(value));
        self.fix(var, term.id(), value);
        term
    }

    /// A Boolean variable with a recorded value.
    pub fn flag(&self, name: &str, value: bool) -> Bool<'c> {
        let (var, term) = self.ctx.bool_var(name);
        self.fix(var, term.id(), i64::from(value));
        term
    }

    /// Gives a variable that someone else declared its value.
    pub fn fix(&self, var: VarId, term: TermId, value: i64) {
        self.given.borrow_mut().push((var, term, value));
    }

    /// The values of terms, by the reference evaluator.
    pub fn values(&self, terms: &[TermId]) -> Vec<i64> {
        let mut valuation = Valuation::new();
        for &(var, _, value) in self.given.borrow().iter() {
            valuation.set(var, value);
        }
        self.ctx.read(|arena| {
            let mut evaluator = Evaluator::new(arena, &valuation);
            terms.iter().map(|&term| evaluator.value(term)).collect()
        })
    }

    /// The value of an integer.
    pub fn value(&self, term: Int<'c>) -> i64 {
        self.values(&[term.id()])[0]
    }

    /// The value of a Boolean.
    pub fn holds(&self, term: Bool<'c>) -> bool {
        self.values(&[term.id()])[0] != 0
    }

    /// Whether Z3 finds the same values; what differs otherwise.
    pub fn confirm(&self, terms: &[Int<'c>], conditions: &[Bool<'c>]) -> Option<String> {
        let ids = terms.iter().map(|term| term.id()).chain(conditions.iter().map(|condition| condition.id()));
        let values = self.values(&ids.collect::<Vec<_>>());
        let numbers = terms.iter().zip(&values).map(|(term, &value)| term.ne(value));
        let truths = conditions.iter().zip(&values[terms.len()..]).map(|(&condition, &value)| match value {
            0 => condition,
            _ => !condition,
        });
        let other = self.ctx.any(numbers.chain(truths));
        let facts: Vec<Bool<'c>> = self.given.borrow().iter().map(|&given| self.fact(given)).collect();
        let mut solver = Z3::new(Budget::bound(0).start());
        let answer = self.ctx.read(|arena| {
            facts.iter().for_each(|fact| solver.assume(arena, fact.id()));
            solver.is_possible(arena, other.id())
        });
        (answer != Answer::Impossible).then(|| "Z3 allows other values".to_owned())
    }

    fn fact(&self, (_, term, value): (VarId, TermId, i64)) -> Bool<'c> {
        match self.ctx.read(|arena| arena.sort(term)) {
            crate::term::Sort::Bool => {
                if value == 0 {
                    !self.ctx.as_bool(term)
                } else {
                    self.ctx.as_bool(term)
                }
            }
            crate::term::Sort::Int(_) => self.ctx.as_int(term).eq(value),
        }
    }
}
