//! Cycles across blocks: the graph of block transitions, and when to look for lassos in it.

use crate::system::PropertyId;

use super::block::Exit;
use super::graph::{Cycles, Goal, Graph};
use super::lasso::{self, Lasso};
use super::pulse::{Halt, Pulse};
use super::states::States;

/// A look costs as much as the graph is large, so that one is due when the graph has grown by this fraction.
const GROWTH: usize = 8;

/// Block transitions and what is known about cycles of them.
pub(super) struct Loops {
    goals: Vec<Goal>,
    /// Transitions, if there is a goal.
    pub graph: Graph,
    /// Number of transitions at the last look.
    looked_at: usize,
    /// Whether the last look found a cycle that meets a goal, though perhaps too far away.
    pub has_cycle: bool,
    /// The shortest lasso of the last look.
    pub pending: Option<(PropertyId, Lasso)>,
    /// Number of depths that are done with.
    pub covered: u32,
}

impl Loops {
    /// No transitions yet.
    pub fn new(goals: Vec<Goal>) -> Self {
        Loops { goals, graph: Graph::default(), looked_at: 0, has_cycle: false, pending: None, covered: 0 }
    }

    /// Adds the transitions of a state's block; states must come in order.
    pub fn record(&mut self, state: u32, exits: &[Exit]) {
        if self.goals.is_empty() {
            return;
        }
        self.graph.begin(state);
        for exit in exits {
            self.graph.push(exit.state, exit.label);
        }
    }

    /// Whether to look now that `depth` is explored. Looking late finds the same lassos: what depths up to k reach
    /// decides which lassos of length k there are.
    pub fn is_due(&self, depth: u32) -> bool {
        let new = self.graph.len() - self.looked_at;
        new > 0 && (new * GROWTH >= self.graph.len() || self.pending_total() <= depth)
    }

    /// Looks for a shortest lasso of at most `limit` transitions.
    pub fn look(&mut self, states: &States, limit: u32, pulse: &mut Pulse<'_>) -> Result<(), Halt> {
        self.looked_at = self.graph.len();
        self.has_cycle = false;
        self.pending = None;
        for goal in &self.goals {
            let limit = self.pending.as_ref().map_or(limit, |(_, lasso)| lasso.total - 1);
            let cycles = Cycles::new(&self.graph, states.len(), goal, pulse)?;
            self.has_cycle |= cycles.any();
            let depth = |state: u32| states.depth(state);
            if let Some(found) = lasso::shortest(&cycles, states.len(), &depth, self.covered..=limit, pulse)? {
                self.pending = Some((goal.property, found));
            }
        }
        Ok(())
    }

    /// A depth is explored.
    pub fn complete(&mut self, depth: u32) {
        if self.looked_at == self.graph.len() {
            self.covered = depth + 1;
        }
    }

    /// The length of the shortest lasso of the last look.
    pub fn pending_total(&self) -> u32 {
        self.pending.as_ref().map_or(u32::MAX, |(_, lasso)| lasso.total)
    }
}
