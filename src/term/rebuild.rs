//! A term again, with other children.

use super::arena::{Arena, Node, TermId};

impl Arena {
    /// The term whose children are the images of the children of `term`, simplified; a term without children is itself.
    pub fn rebuilt(&mut self, term: TermId, image: impl Fn(TermId) -> TermId) -> TermId {
        match self.node(term) {
            Node::Bool(_) | Node::Int(_) | Node::Var(_) => term,
            Node::Not(a) => self.not(image(a)),
            Node::And(a, b) => self.and(image(a), image(b)),
            Node::Or(a, b) => self.or(image(a), image(b)),
            Node::Eq(a, b) => self.eq(image(a), image(b)),
            Node::Le(a, b) => self.le(image(a), image(b)),
            Node::Ite(c, t, e) => self.ite(image(c), image(t), image(e)),
            Node::Add(a, b) => self.add(image(a), image(b)),
            Node::Sub(a, b) => self.sub(image(a), image(b)),
            Node::Mul(a, b) => self.mul(image(a), image(b)),
            Node::Div(a, b) => self.div(image(a), image(b)),
            Node::Min(a, b) => self.min(image(a), image(b)),
            Node::Max(a, b) => self.max(image(a), image(b)),
            Node::Lookup(table, index) => self.lookup(table, image(index)),
        }
    }
}
