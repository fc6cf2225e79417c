//! From terms to what a solver understands: children first, every term once, without recursion.

use crate::term::{Arena, TermId};

/// Something that has, or can be given, a value of its own for every term.
pub trait Translation {
    /// Whether the term has its value.
    fn has(&self, term: TermId) -> bool;

    /// Gives the term its value; all its children have theirs.
    fn put(&mut self, arena: &Arena, term: TermId);

    /// Gives a term and all below it their values.
    fn translate(&mut self, arena: &Arena, root: TermId) {
        let mut stack = vec![root];
        while let Some(&term) = stack.last() {
            let before = stack.len();
            if !self.has(term) {
                stack.extend(arena.node(term).children().filter(|&child| !self.has(child)));
            }
            if stack.len() == before {
                stack.pop();
                if !self.has(term) {
                    self.put(arena, term);
                }
            }
        }
    }
}
