//! An order for straight-line code in which instructions of one kind stand together.
//!
//! Running a program costs little more than guessing which kind of instruction comes next, and processors guess well where
//! it is the kind that came last. So of all orders in which a term comes after its children one with long batches is
//! chosen, greedily: whatever is ready of the kind of which most is ready, until nothing of it is left. This is list
//! scheduling with kinds in the place of functional units.

use super::arena::{Arena, Node, TermId};

/// Number of kinds of instructions.
const KINDS: usize = 14;

/// The terms, which are in the order of the arena, in batches. Children that are not among them are taken to be known.
pub(super) fn in_batches(arena: &Arena, terms: &[TermId]) -> Vec<TermId> {
    let mut waiting = Waiting::new(arena, terms);
    let mut order = Vec::with_capacity(terms.len());
    while let Some(kind) = waiting.most_ready() {
        while let Some(index) = waiting.ready[kind].pop() {
            order.push(terms[index as usize]);
            waiting.give_way(arena, terms, index);
        }
    }
    order
}

/// Terms, by their position, that do not have a place yet.
struct Waiting {
    /// By kind: terms whose children all have a place.
    ready: [Vec<u32>; KINDS],
    /// By term: how many children have none.
    missing: Vec<u32>,
    /// Children and who reads them, by child.
    reads: Vec<(u32, u32)>,
}

impl Waiting {
    fn new(arena: &Arena, terms: &[TermId]) -> Self {
        let mut reads = Vec::new();
        let mut missing = vec![0; terms.len()];
        let mut ready: [Vec<u32>; KINDS] = Default::default();
        for (reader, &term) in (0..).zip(terms) {
            let node = arena.node(term);
            let among = node.children().filter_map(|child| terms.binary_search(&child).ok());
            let before = reads.len();
            reads.extend(among.map(|child| (child as u32, reader)));
            missing[reader as usize] = (reads.len() - before) as u32;
            if reads.len() == before {
                ready[kind(node)].push(reader);
            }
        }
        reads.sort_unstable();
        Waiting { ready, missing, reads }
    }

    /// The kind of which most terms are ready; `None` if none is.
    fn most_ready(&self) -> Option<usize> {
        let most = (0..KINDS).max_by_key(|&kind| self.ready[kind].len())?;
        (!self.ready[most].is_empty()).then_some(most)
    }

    /// Lets terms go ahead that waited only for this one.
    fn give_way(&mut self, arena: &Arena, terms: &[TermId], child: u32) {
        let first = self.reads.partition_point(|&(read, _)| read < child);
        for &(_, reader) in self.reads[first..].iter().take_while(|&&(read, _)| read == child) {
            self.missing[reader as usize] -= 1;
            if self.missing[reader as usize] == 0 {
                self.ready[kind(arena.node(terms[reader as usize]))].push(reader);
            }
        }
    }
}

fn kind(node: Node) -> usize {
    match node {
        Node::Bool(_) | Node::Int(_) | Node::Var(_) => 0,
        Node::Not(_) => 1,
        Node::And(..) => 2,
        Node::Or(..) => 3,
        Node::Eq(..) => 4,
        Node::Le(..) => 5,
        Node::Ite(..) => 6,
        Node::Add(..) => 7,
        Node::Sub(..) => 8,
        Node::Mul(..) => 9,
        Node::Div(..) => 10,
        Node::Min(..) => 11,
        Node::Max(..) => 12,
        Node::Lookup(..) => 13,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::{Ctx, Reach};

    #[test]
    fn kinds_stand_together_after_what_they_read() {
        let ctx = Ctx::new();
        let inputs: Vec<_> = (0..6).map(|index| ctx.int_var(format!("x{index}"), 0, 9).1).collect();
        let terms: Vec<TermId> = inputs.windows(2).map(|pair| (pair[0] + pair[1]).min(5).id()).collect();
        ctx.read(|arena| {
            let all = Reach::default().terms(arena, &terms, |_| true);
            let order = in_batches(arena, &all);
            let place = |term: TermId| order.iter().position(|&it| it == term).expect("every term has a place");
            for &term in &all {
                assert!(arena.node(term).children().all(|child| place(child) < place(term)));
            }
            assert_eq!(order.len(), all.len());
            let kinds: Vec<usize> = order.iter().map(|&term| kind(arena.node(term))).collect();
            assert_eq!(kinds.chunk_by(|a, b| a == b).count(), 3, "variables and 5, sums, minima: {kinds:?}");
        });
    }
}
