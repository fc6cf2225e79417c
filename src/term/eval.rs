//! The meaning of the language: one memoised evaluator. Everything else is measured against it.

use rustc_hash::FxHashMap;

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

/// Evaluates terms under one valuation, each term at most once, and only those that matter: of a conjunction whose first
/// part is false the second is not looked at, of alternatives only the one that is chosen.
pub struct Evaluator<'a> {
    arena: &'a Arena,
    valuation: &'a Valuation,
    memo: FxHashMap<TermId, i64>,
}

impl<'a> Evaluator<'a> {
    /// An evaluator for terms of `arena`.
    pub fn new(arena: &'a Arena, valuation: &'a Valuation) -> Self {
        Evaluator { arena, valuation, memo: FxHashMap::default() }
    }

    /// Whether a Boolean term is true.
    pub fn holds(&mut self, term: TermId) -> bool {
        self.value(term) != 0
    }

    /// The value of a term; Booleans give 0 or 1.
    pub fn value(&mut self, root: TermId) -> i64 {
        let mut stack = vec![root];
        while let Some(&term) = stack.last() {
            if !self.memo.contains_key(&term) {
                let node = self.arena.node(term);
                if let Some(missing) = self.missing(node) {
                    stack.push(missing);
                    continue;
                }
                let value = self.apply(node);
                self.memo.insert(term, value);
            }
            stack.pop();
        }
        self.memo.get(&root).copied().unwrap_or(0)
    }

    /// The next child whose value decides the node's and is not known yet.
    fn missing(&self, node: Node) -> Option<TermId> {
        let known = |term: TermId| self.memo.get(&term).copied();
        match node {
            Node::And(a, b) => match known(a) {
                None => Some(a),
                Some(0) => None,
                Some(_) => known(b).is_none().then_some(b),
            },
            Node::Or(a, b) => match known(a) {
                None => Some(a),
                Some(0) => known(b).is_none().then_some(b),
                Some(_) => None,
            },
            Node::Ite(c, t, e) => match known(c) {
                None => Some(c),
                Some(0) => known(e).is_none().then_some(e),
                Some(_) => known(t).is_none().then_some(t),
            },
            Node::Mul(a, b) => match known(a) {
                None => Some(a),
                Some(0) => None,
                Some(_) => known(b).is_none().then_some(b),
            },
            _ => node.children().find(|child| known(*child).is_none()),
        }
    }

    fn apply(&self, node: Node) -> i64 {
        let get = |term: TermId| self.memo.get(&term).copied().unwrap_or(0);
        match node {
            Node::Bool(value) => value as i64,
            Node::Int(value) => value,
            Node::Var(var) => self.valuation.get(var),
            Node::Not(a) => 1 - get(a),
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
            Node::Lookup(table, index) => self.arena.table(table).get(get(index)),
        }
    }
}
