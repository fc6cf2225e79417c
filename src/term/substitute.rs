//! Simultaneous substitution of terms for variables, with simplification: the heart of unrolling.

use super::arena::{Arena, Node, TermId, VarId};

const UNKNOWN: u32 = u32::MAX;

/// A map from variables to terms, with the results of earlier applications remembered.
pub struct Substitution {
    images: Vec<Option<TermId>>,
    memo: Vec<u32>,
}

impl Substitution {
    /// The identity.
    pub fn new() -> Self {
        Substitution { images: Vec::new(), memo: Vec::new() }
    }

    /// Maps `var` to `image`. All mappings must be made before the first application.
    pub fn map(&mut self, var: VarId, image: TermId) {
        if self.images.len() <= var.index() {
            self.images.resize(var.index() + 1, None);
        }
        self.images[var.index()] = Some(image);
    }

    /// The term with every mapped variable replaced. Other variables stay.
    pub fn apply(&mut self, arena: &mut Arena, root: TermId) -> TermId {
        if self.memo.len() <= root.index() {
            self.memo.resize(root.index() + 1, UNKNOWN);
        }
        let mut stack = vec![root];
        while let Some(&term) = stack.last() {
            if self.memo[term.index()] != UNKNOWN {
                stack.pop();
                continue;
            }
            let before = stack.len();
            stack.extend(self.pending(arena.node(term)));
            if stack.len() == before {
                let image = self.rebuild(arena, term);
                self.memo[term.index()] = image.0;
                stack.pop();
            }
        }
        TermId(self.memo[root.index()])
    }

    /// Children without an image yet.
    fn pending(&self, node: Node) -> Vec<TermId> {
        node.children().filter(|child| self.memo[child.index()] == UNKNOWN).collect()
    }

    fn rebuild(&self, arena: &mut Arena, term: TermId) -> TermId {
        let get = |child: TermId| TermId(self.memo[child.index()]);
        match arena.node(term) {
            Node::Bool(_) | Node::Int(_) => term,
            Node::Var(var) => self.images.get(var.index()).copied().flatten().unwrap_or(term),
            Node::Not(a) => arena.not(get(a)),
            Node::And(a, b) => arena.and(get(a), get(b)),
            Node::Or(a, b) => arena.or(get(a), get(b)),
            Node::Eq(a, b) => arena.eq(get(a), get(b)),
            Node::Le(a, b) => arena.le(get(a), get(b)),
            Node::Ite(c, t, e) => arena.ite(get(c), get(t), get(e)),
            Node::Add(a, b) => arena.add(get(a), get(b)),
            Node::Sub(a, b) => arena.sub(get(a), get(b)),
            Node::Mul(a, b) => arena.mul(get(a), get(b)),
            Node::Div(a, b) => arena.div(get(a), get(b)),
            Node::Min(a, b) => arena.min(get(a), get(b)),
            Node::Max(a, b) => arena.max(get(a), get(b)),
            Node::Lookup(table, index) => arena.lookup(table, get(index)),
        }
    }
}

impl Default for Substitution {
    fn default() -> Self {
        Substitution::new()
    }
}
