//! The meaning of the language: one memoised evaluator. Everything else is measured against it.
//!
//! [`super::follow`] applies the same rules along a run.

use std::cell::RefCell;

use super::arena::{Arena, Node, TermId, VarId};

/// Values of variables, by variable; Booleans are 0 and 1. Variables without a value read as 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Valuation {
    values: Vec<i64>,
}

impl Valuation {
    /// The empty valuation.
    pub fn new() -> Self {
        Valuation::default()
    }

    /// Gives a variable a value.
    pub fn set(&mut self, var: VarId, value: i64) {
        if self.values.len() <= var.index() {
            self.values.resize(var.index() + 1, 0);
        }
        self.values[var.index()] = value;
    }

    /// The value of a variable.
    pub fn get(&self, var: VarId) -> i64 {
        self.values.get(var.index()).copied().unwrap_or(0)
    }
}

/// Values of terms under one valuation.
pub trait Evaluate {
    /// The value of a term; Booleans give 0 or 1.
    fn value(&mut self, term: TermId) -> i64;

    /// Whether a Boolean term is true.
    fn holds(&mut self, term: TermId) -> bool {
        self.value(term) != 0
    }
}

/// What is known of terms. The rules by which one value follows from others are written once for every way to remember
/// them.
pub(super) trait Memory {
    /// The value of a term, if it is known.
    fn get(&self, term: TermId) -> Option<i64>;

    /// Remembers the value of a term.
    fn set(&mut self, term: TermId, value: i64);
}

/// The value of a term. Only terms that matter are looked at: of a conjunction whose first part is false the second is
/// not, of alternatives only the one that is chosen. What a known value was found from is known, too.
pub(super) fn value(arena: &Arena, valuation: &Valuation, memory: &mut impl Memory, root: TermId) -> i64 {
    if let Some(value) = memory.get(root) {
        return value;
    }
    let mut stack = vec![root];
    while let Some(&term) = stack.last() {
        if memory.get(term).is_none() {
            let node = arena.node(term);
            if let Some(missing) = missing(arena, memory, node) {
                stack.push(missing);
                continue;
            }
            let value = apply(arena, valuation, memory, node);
            memory.set(term, value);
        }
        stack.pop();
    }
    memory.get(root).unwrap_or(0)
}

/// The next child whose value decides the node's and is not known yet.
fn missing(arena: &Arena, memory: &impl Memory, node: Node) -> Option<TermId> {
    let unknown = |term: TermId| memory.get(term).is_none().then_some(term);
    match node {
        Node::And(a, b) => either(arena, memory, a, b, 0),
        Node::Or(a, b) => either(arena, memory, a, b, 1),
        Node::Ite(c, t, e) => match memory.get(c) {
            None => Some(c),
            Some(0) => unknown(e),
            Some(_) => unknown(t),
        },
        Node::Mul(a, b) => either(arena, memory, a, b, 0),
        _ => node.children().find(|child| memory.get(*child).is_none()),
    }
}

/// Of two terms the one to ask next, where one that has the value `decisive` makes the other one not matter. What is
/// quickly known is asked first.
fn either(arena: &Arena, memory: &impl Memory, a: TermId, b: TermId, decisive: i64) -> Option<TermId> {
    let (first, second) = if is_shallow(arena, b) && !is_shallow(arena, a) { (b, a) } else { (a, b) };
    match (memory.get(first), memory.get(second)) {
        (Some(value), _) | (_, Some(value)) if value == decisive => None,
        (None, _) => Some(first),
        (_, None) => Some(second),
        _ => None,
    }
}

/// Whether a term is one comparison of variables and constants, or less.
fn is_shallow(arena: &Arena, term: TermId) -> bool {
    let is_leaf = |term: TermId| matches!(arena.node(term), Node::Bool(_) | Node::Int(_) | Node::Var(_));
    is_leaf(term) || arena.node(term).children().all(is_leaf)
}

fn apply(arena: &Arena, valuation: &Valuation, memory: &impl Memory, node: Node) -> i64 {
    // What was not asked does not matter: its value changes nothing.
    let get = |term: TermId| memory.get(term).unwrap_or(0);
    match node {
        Node::Bool(value) => value as i64,
        Node::Int(value) => value,
        Node::Var(var) => valuation.get(var),
        Node::Not(a) => 1 - get(a),
        // Of a part that was not asked 0 is assumed, which the other part outweighs.
        Node::And(a, b) => get(a) & get(b),
        Node::Or(a, b) => get(a) | get(b),
        Node::Eq(a, b) => (get(a) == get(b)) as i64,
        Node::Le(a, b) => (get(a) <= get(b)) as i64,
        Node::Ite(c, t, e) => {
            if get(c) != 0 {
                get(t)
            } else {
                get(e)
            }
        }
        Node::Add(a, b) => get(a).saturating_add(get(b)),
        Node::Sub(a, b) => get(a).saturating_sub(get(b)),
        Node::Mul(a, b) => get(a).saturating_mul(get(b)),
        Node::Div(a, b) => get(a) / get(b).max(1),
        Node::Min(a, b) => get(a).min(get(b)),
        Node::Max(a, b) => get(a).max(get(b)),
        Node::Lookup(table, index) => arena.table(table).get(get(index)),
    }
}

/// Values of terms, by term, with the number of the evaluation that found them: so that what is known can be forgotten
/// without touching it.
#[derive(Default)]
struct Memo {
    evaluation: u32,
    values: Vec<(u32, i64)>,
}

impl Memo {
    /// One that knows nothing, for so many terms.
    fn fresh(mut self, terms: usize) -> Self {
        if self.evaluation == u32::MAX {
            self = Memo::default();
        }
        self.evaluation += 1;
        if self.values.len() < terms {
            self.values.resize(terms, (0, 0));
        }
        self
    }
}

impl Memory for Memo {
    fn get(&self, term: TermId) -> Option<i64> {
        let (evaluation, value) = self.values[term.index()];
        (evaluation == self.evaluation).then_some(value)
    }

    fn set(&mut self, term: TermId, value: i64) {
        self.values[term.index()] = (self.evaluation, value);
    }
}

thread_local! {
    /// Memos that are not in use: states are evaluated by the million, and memory for all terms is not made anew each time.
    static SPARE: RefCell<Vec<Memo>> = const { RefCell::new(Vec::new()) };
}

/// Evaluates terms under one valuation, each term at most once.
pub struct Evaluator<'a> {
    arena: &'a Arena,
    valuation: &'a Valuation,
    memo: Borrowed,
}

/// A memo that is spare again when it is dropped.
struct Borrowed(Memo);

impl Borrowed {
    fn new(terms: usize) -> Self {
        let memo = SPARE.with(|spare| spare.borrow_mut().pop()).unwrap_or_default();
        Borrowed(memo.fresh(terms))
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        let memo = std::mem::take(&mut self.0);
        // Where the thread ends there is nobody left to want it.
        let _ = SPARE.try_with(|spare| spare.borrow_mut().push(memo));
    }
}

impl<'a> Evaluator<'a> {
    /// An evaluator for terms of `arena`.
    pub fn new(arena: &'a Arena, valuation: &'a Valuation) -> Self {
        Evaluator { arena, valuation, memo: Borrowed::new(arena.len()) }
    }

    /// Whether a Boolean term is true.
    pub fn holds(&mut self, term: TermId) -> bool {
        self.value(term) != 0
    }

    /// The value of a term; Booleans give 0 or 1.
    pub fn value(&mut self, term: TermId) -> i64 {
        value(self.arena, self.valuation, &mut self.memo.0, term)
    }
}

impl Evaluate for Evaluator<'_> {
    fn value(&mut self, term: TermId) -> i64 {
        Evaluator::value(self, term)
    }
}
