//! What terms are made of, found again and again, each time at the cost of what is found: where an arena has millions of
//! terms and an action reads a few, a pass over all of them for every action would never end.

use super::arena::{Arena, TermId};

/// Remembers, between searches, only which terms the last one met.
#[derive(Clone, Default)]
pub struct Reach {
    /// By term: the number of the search that met it last.
    met: Vec<u32>,
    search: u32,
}

impl Reach {
    /// All terms that `roots` are made of and that `enters` admits, in the order of the arena; what lies below only such
    /// terms as it does not admit is not looked at.
    pub fn terms(&mut self, arena: &Arena, roots: &[TermId], enters: impl Fn(TermId) -> bool) -> Vec<TermId> {
        if self.search == u32::MAX {
            *self = Reach::default();
        }
        self.search += 1;
        self.met.resize(arena.len(), 0);
        let mut found: Vec<TermId> = Vec::new();
        let mut waiting: Vec<TermId> = roots.to_vec();
        while let Some(term) = waiting.pop() {
            if std::mem::replace(&mut self.met[term.index()], self.search) != self.search && enters(term) {
                found.push(term);
                waiting.extend(arena.node(term).children());
            }
        }
        found.sort_unstable();
        found
    }
}
