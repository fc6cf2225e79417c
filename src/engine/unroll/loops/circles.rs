//! Circles within a block of concrete branches: found in the graph of its steps, without histories.
//!
//! Runs of a block go round a circle of states, or they do not, and histories tell under which conditions (see
//! [`crate::engine::unroll::loops`]). They cost as much as the block is long for every branch, and they keep apart whatever came
//! another way. Where nothing depends on conditions there is no need for them: a block is first executed without.
//! Then every branch that goes on is concrete, its steps are certain (each can be taken by all runs of the branch before
//! it, and carries what it carries under no condition), and a branch is dropped only if an earlier one of the same state
//! *covers* it: the earlier one has all its runs and all that they carried since the ends of blocks before. What was
//! dropped stays in the graph as a *repeat* of what covers it. As soon as one of this fails, the block is executed again
//! with histories ([`Unroller::needs_histories`]).
//!
//! Why nothing is lost:
//! * A branch that covers another one has the same state, so that the same steps follow from both. Read each step into a
//!   repeat as a step into what covers it; then the steps of the graph are transitions of the system, and every
//!   transition from a state of the graph is among them.
//! * Thus a circle of the graph is a circle of states, with the same marks, and it is reached under the condition of any
//!   of its branches: steps add no condition. The other way round, a run that goes round a circle of states for ever
//!   follows steps of the graph for ever. The graph is finite, so it comes to the same branch again in the same phase of
//!   the circle, and what it went round in between is a circle of the graph that carries the same.
//! * A circle breaks a property if none of its steps carries an excuse and one carries something that matters. There is
//!   such a circle exactly if, among steps without an excuse, some strongly connected component contains one that
//!   matters. Repeats must be in the graph for that: it is they who close circles, for other steps lead from older to
//!   newer branches.
//! * Runs that go round are not followed further than once, but that needs no histories, either: what covers a
//!   branch goes on in the same way. Lassos across blocks do not suffer, because to be covered is to have nothing new in
//!   the history of the ends of blocks, marks included.
//!
//! The graph is finite because the system has finitely many states and a branch of constant history has finitely many
//! histories; where conditions could grow for ever, histories are asked for.
//!
//! Reference: Emerson and Lei, "Modalities for model checking: branching time logic strikes back", Science of Computer
//! Programming 8(3), 1987, for cycles under fairness as strongly connected components.

use std::convert::Infallible;

use crate::system::components::Components;
use crate::term::TermId;

use crate::engine::unroll::branch::graph::{NodeId, plainly_implies};
use crate::engine::unroll::loops::Carry;
use crate::engine::unroll::unroller::Unroller;

/// The steps of one block that a circle may use, by the branch that they lead to.
pub(in crate::engine::unroll) struct Steps {
    /// By branch, counted from the first one of the block: the position of its first step.
    first: Vec<usize>,
    /// Where steps come from, and whether they carry something that matters.
    from: Vec<(u32, bool)>,
}

impl Steps {
    /// Sorts steps `(to, from, matters)` between `count` branches.
    pub fn new(count: usize, mut steps: Vec<(u32, u32, bool)>) -> Self {
        steps.sort_unstable();
        let mut first = vec![0; count + 1];
        steps.iter().for_each(|step| first[step.0 as usize + 1] += 1);
        (0..count).for_each(|branch| first[branch + 1] += first[branch]);
        Steps { first, from: steps.into_iter().map(|(_, from, matters)| (from, matters)).collect() }
    }

    fn into(&self, branch: u32) -> &[(u32, bool)] {
        &self.from[self.first[branch as usize]..self.first[branch as usize + 1]]
    }

    /// A branch on each part of the block in which there is a circle that matters.
    pub fn circles(&self) -> Vec<u32> {
        let count = self.first.len() as u32 - 1;
        let from = |branch: u32, position: usize| self.into(branch).get(position).map(|step| Some(step.0));
        let Ok(components) = Components::find(count, from, || Ok::<(), Infallible>(()));
        let mut is_known = vec![false; components.count() as usize];
        let is_inner = |branch: u32, step: (u32, bool)| step.1 && components.of(step.0) == components.of(branch);
        let matters = (0..count).filter(|&branch| self.into(branch).iter().any(|&step| is_inner(branch, step)));
        matters.filter(|&branch| !std::mem::replace(&mut is_known[components.of(branch) as usize], true)).collect()
    }
}

impl Unroller<'_> {
    /// Whether a branch of the present block needs histories: it goes on, and something about it depends on conditions.
    /// `known` are the branches of the same state before it, of which none covers it.
    pub(in crate::engine::unroll) fn needs_histories(&self, node: NodeId, known: &[NodeId], rest: TermId) -> bool {
        if self.core.arena.as_bool(rest) == Some(true) {
            return false;
        }
        let is_certain = self.core.is_concrete(node) && self.has_certain_steps(node);
        !is_certain || !known.is_empty() && !self.has_constant_history(node, known)
    }

    /// Whether everything about the steps of the present block into a branch is certain.
    fn has_certain_steps(&self, node: NodeId) -> bool {
        let is_constant = |term: TermId| self.core.arena.as_bool(term).is_some();
        let is_true = |term: TermId| self.core.arena.as_bool(term) == Some(true);
        let edges = &self.core.graph.get(node).edges;
        edges.iter().filter(|edge| edge.parent >= self.first).all(|edge| {
            let mut marks = edge.moves.iter().flat_map(|moved| &moved.marks);
            is_true(edge.when) && edge.moves.iter().all(|moved| is_true(moved.when)) && marks.all(|m| is_constant(m.1))
        })
    }

    /// Whether a branch that is not covered by any of `known` is new only because of what it carried, and no condition
    /// is part of that.
    fn has_constant_history(&self, node: NodeId, known: &[NodeId]) -> bool {
        let path = |node: NodeId| self.core.graph.get(node).path;
        let mut histories = self.histories.get(&node).into_iter().flat_map(|past| past.histories.iter());
        known.iter().all(|&other| plainly_implies(&self.core.arena, path(node), path(other)))
            && histories.all(|history| history.is_constant(&self.core.arena))
    }

    /// Looks for circles among the branches of the present block, which was executed without histories.
    pub(in crate::engine::unroll) fn find_circles(&mut self) {
        if !self.core.graph.has_repeats() {
            return;
        }
        let before = self.findings.len();
        for index in 0..self.tracked.len() {
            let Some(property) = self.tracked[index].property else { continue };
            let steps = self.steps(self.first, self.tracked[index].carry);
            for branch in steps.circles() {
                let node = NodeId(self.first.0 + branch);
                let (state, path) = (self.core.graph.get(node).state, self.core.graph.get(node).path);
                self.find(property, node, path, Some(state));
            }
        }
        if self.findings.len() > before {
            self.core.graph.keep_repeats();
        }
        self.forget_repeats();
    }

    /// Forgets what was dropped in the present block, unless loops across blocks are looked for in the same graph.
    pub(in crate::engine::unroll) fn forget_repeats(&mut self) {
        if self.core.crossings.is_none() {
            self.core.graph.forget_repeats();
        }
    }

    /// The steps from branches since `first` that carry no excuse, crossings left aside.
    fn steps(&mut self, first: NodeId, carry: Carry) -> Steps {
        let steps = self.listed(first, carry);
        Steps::new(self.core.graph.len() - first.index(), steps)
    }

    /// The same, as a list of `(to, from, matters)`.
    pub(in crate::engine::unroll) fn listed(&mut self, first: NodeId, carry: Carry) -> Vec<(u32, u32, bool)> {
        let core = &mut self.core;
        let count = core.graph.len() - first.index();
        let mut steps = Vec::new();
        for branch in 0..count as u32 {
            let node = NodeId(first.0 + branch);
            let to = core.graph.covering(node).0 - first.0;
            for edge in core.graph.get(node).edges.iter().filter(|edge| edge.parent >= first) {
                let (matters, excuses) = carry.on(core.system, &mut core.arena, edge);
                if core.arena.as_bool(excuses) == Some(false) {
                    steps.push((to, edge.parent.0 - first.0, core.arena.as_bool(matters) == Some(true)));
                }
            }
        }
        steps
    }
}
