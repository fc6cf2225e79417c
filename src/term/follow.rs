//! Evaluation along a run: values are kept from one state to the next, and only what a change reaches is computed again.
//!
//! Invariant: what a known value was found from is known, too. So when a variable changes, everything that depends on it
//! and is known is reached over known terms, and is forgotten. The rules are those of [`super::eval`].

use super::arena::{Arena, TermId, VarId};
use super::eval::{self, Evaluate, Memory, Valuation};

/// For every term, the terms that it is an argument of.
pub struct Dependents {
    /// For every term, where its dependents begin; one more entry at the end.
    first: Vec<u32>,
    all: Vec<TermId>,
}

impl Dependents {
    /// The dependents of all terms of an arena.
    pub fn of(arena: &Arena) -> Self {
        let terms = || (0..arena.len()).map(TermId::from_index);
        let mut first = vec![0u32; arena.len() + 2];
        for child in terms().flat_map(|term| arena.node(term).children()) {
            first[child.index() + 2] += 1;
        }
        for index in 2..first.len() {
            first[index] += first[index - 1];
        }
        // `first[index + 1]` is where the next dependent of a term goes, and in the end where those of the next term begin.
        let mut all = vec![TermId::from_index(0); first[arena.len() + 1] as usize];
        for term in terms() {
            for child in arena.node(term).children() {
                let place = &mut first[child.index() + 1];
                all[*place as usize] = term;
                *place += 1;
            }
        }
        Dependents { first, all }
    }

    fn on(&self, term: TermId) -> &[TermId] {
        &self.all[self.first[term.index()] as usize..self.first[term.index() + 1] as usize]
    }
}

/// Values by term, as far as they are known.
struct Known {
    values: Vec<i64>,
    known: Vec<bool>,
}

impl Memory for Known {
    fn get(&self, term: TermId) -> Option<i64> {
        self.known[term.index()].then(|| self.values[term.index()])
    }

    fn set(&mut self, term: TermId, value: i64) {
        self.known[term.index()] = true;
        self.values[term.index()] = value;
    }
}

/// Evaluates terms under a valuation that changes.
pub struct Follower<'a> {
    arena: &'a Arena,
    dependents: &'a Dependents,
    valuation: Valuation,
    known: Known,
    /// Terms whose dependents are still to be forgotten.
    waiting: Vec<TermId>,
}

impl<'a> Follower<'a> {
    /// A follower under the empty valuation. `dependents` are those of the arena.
    pub fn new(arena: &'a Arena, dependents: &'a Dependents) -> Self {
        let known = Known { values: vec![0; arena.len()], known: vec![false; arena.len()] };
        Follower { arena, dependents, valuation: Valuation::new(), known, waiting: Vec::new() }
    }

    /// Gives a variable a value, and forgets what depended on another one.
    pub fn set(&mut self, var: VarId, value: i64) {
        if self.valuation.get(var) == value {
            return;
        }
        self.valuation.set(var, value);
        self.waiting.push(self.arena.variable(var).term);
        while let Some(term) = self.waiting.pop() {
            if std::mem::take(&mut self.known.known[term.index()]) {
                let dependents = self.dependents.on(term).iter().copied();
                self.waiting.extend(dependents.filter(|it| self.known.known[it.index()]));
            }
        }
    }

    /// The value of a term; Booleans give 0 or 1.
    pub fn value(&mut self, term: TermId) -> i64 {
        eval::value(self.arena, &self.valuation, &mut self.known, term)
    }

    /// Whether a Boolean term is true.
    pub fn holds(&mut self, term: TermId) -> bool {
        self.value(term) != 0
    }
}

impl Evaluate for Follower<'_> {
    fn value(&mut self, term: TermId) -> i64 {
        Follower::value(self, term)
    }
}
