//! Simultaneous substitution of terms for variables, with simplification: the heart of unrolling.
//!
//! Application is lazy: where a condition became constant, the branch that is not taken is never visited. A
//! substitution can follow a state that changes: [`Substitution::map`] some variables anew and
//! [`Substitution::forget`] the terms that read them; everything else is remembered.

use super::arena::{Arena, Node, TermId, VarId};

const UNKNOWN: u32 = u32::MAX;

/// A map from variables to terms, with the results of earlier applications remembered.
#[derive(Clone, Debug, Default)]
pub struct Substitution {
    images: Vec<Option<TermId>>,
    memo: Vec<u32>,
}

impl Substitution {
    /// The identity.
    pub fn new() -> Self {
        Substitution::default()
    }

    /// Maps `var` to `image`. After the first application, [`Self::forget`] every term that reads the variable.
    pub fn map(&mut self, var: VarId, image: TermId) {
        if self.images.len() <= var.index() {
            self.images.resize(var.index() + 1, None);
        }
        self.images[var.index()] = Some(image);
    }

    /// Forgets the images of these terms.
    pub fn forget(&mut self, terms: impl IntoIterator<Item = TermId>) {
        for term in terms {
            if let Some(entry) = self.memo.get_mut(term.index()) {
                *entry = UNKNOWN;
            }
        }
    }

    /// The term with every mapped variable replaced. Other variables stay.
    pub fn apply(&mut self, arena: &mut Arena, root: TermId) -> TermId {
        if self.memo.len() <= root.index() {
            self.memo.resize(root.index() + 1, UNKNOWN);
        }
        let mut stack = vec![root];
        while let Some(&term) = stack.last() {
            let node = arena.node(term);
            if self.known(term).is_some() || !self.push_pending(arena, node, &mut stack) {
                stack.pop();
                if self.known(term).is_none() {
                    self.memo[term.index()] = self.rebuild(arena, term).0;
                }
            }
        }
        TermId(self.memo[root.index()])
    }

    fn known(&self, term: TermId) -> Option<TermId> {
        let image = self.memo[term.index()];
        (image != UNKNOWN).then_some(TermId(image))
    }

    fn constant(&self, arena: &Arena, term: TermId) -> Option<bool> {
        arena.as_bool(self.known(term)?)
    }

    /// Pushes children whose images are needed and missing; whether there was one.
    fn push_pending(&self, arena: &Arena, node: Node, stack: &mut Vec<TermId>) -> bool {
        let before = stack.len();
        let mut push = |term: TermId| {
            if self.known(term).is_none() {
                stack.push(term);
            }
        };
        match node {
            // A condition comes first: once it is constant, it hides the branch that is not taken.
            Node::Ite(c, t, e) => match (self.known(c), self.constant(arena, c)) {
                (None, _) => push(c),
                (_, Some(true)) => push(t),
                (_, Some(false)) => push(e),
                _ => [t, e].into_iter().for_each(push),
            },
            // Of a conjunction (disjunction), one false (true) side hides the other.
            Node::And(a, b) | Node::Or(a, b) => match self.absorbing(arena, node) {
                Some(_) => {}
                None if self.known(a).is_none() => push(a),
                None => push(b),
            },
            _ => node.children().for_each(push),
        }
        stack.len() > before
    }

    /// The truth value that one side of a conjunction or disjunction alone decides.
    fn absorbing(&self, arena: &Arena, node: Node) -> Option<bool> {
        let (a, b, zero) = match node {
            Node::And(a, b) => (a, b, false),
            Node::Or(a, b) => (a, b, true),
            _ => return None,
        };
        let decides = self.constant(arena, a) == Some(zero) || self.constant(arena, b) == Some(zero);
        decides.then_some(zero)
    }

    fn rebuild(&self, arena: &mut Arena, term: TermId) -> TermId {
        let get = |child: TermId| TermId(self.memo[child.index()]);
        let node = arena.node(term);
        if let Some(value) = self.absorbing(arena, node) {
            return arena.bool(value);
        }
        match node {
            Node::Var(var) => self.images.get(var.index()).copied().flatten().unwrap_or(term),
            Node::Ite(c, t, e) => match self.constant(arena, c) {
                Some(taken) => get(if taken { t } else { e }),
                None => arena.rebuilt(term, get),
            },
            _ => arena.rebuilt(term, get),
        }
    }
}
