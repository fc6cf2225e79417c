//! Cycles across blocks: the graph of block transitions, and when to look for lassos in it.

use crate::system::PropertyId;

use super::block::Exit;
use super::graph::{Cycles, Edge, Goal, Graph};
use super::lasso::{self, Lasso};
use super::pulse::{Halt, Pulse};
use super::states::States;

/// A look costs as much as the graph is large, so that one is due when the graph has grown by this fraction.
const GROWTH: usize = 8;

/// Block transitions and what is known about cycles of them.
pub(super) struct Loops {
    goals: Vec<Goal>,
    /// Transitions, if there is a goal: those that were there at the last look.
    pub graph: Graph,
    /// Transitions with their sources, in the order in which they were found, if there is a goal.
    edges: Vec<(u32, Edge)>,
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
        Loops {
            goals,
            graph: Graph::default(),
            edges: Vec::new(),
            looked_at: 0,
            has_cycle: false,
            pending: None,
            covered: 0,
        }
    }

    /// Adds transitions of a state's block.
    pub fn record(&mut self, state: u32, exits: &[Exit]) {
        if !self.goals.is_empty() {
            let graph = &mut self.graph;
            self.edges.extend(exits.iter().map(|exit| (state, graph.edge(exit.state, exit.label))));
        }
    }

    /// Whether to look now that `depth` is explored. Looking late finds the same lassos: what depths up to k reach
    /// decides which lassos of length k there are.
    pub fn is_due(&self, depth: u32) -> bool {
        let new = self.edges.len() - self.looked_at;
        new > 0 && (new * GROWTH >= self.edges.len() || self.pending_total() <= depth)
    }

    /// Looks for a shortest lasso of at most `limit` transitions.
    pub fn look(&mut self, states: &States, limit: u32, pulse: &mut Pulse<'_>) -> Result<(), Halt> {
        if self.looked_at < self.edges.len() {
            self.graph.fill(&mut self.edges);
        }
        self.looked_at = self.edges.len();
        self.has_cycle = false;
        self.pending = None;
        for goal in &self.goals {
            let shorter = self.pending.as_ref().map_or(Some(limit), |(_, lasso)| lasso.total.checked_sub(1));
            let Some(limit) = shorter else { break };
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
        if self.looked_at == self.edges.len() {
            self.covered = depth + 1;
        }
    }

    /// The length of the shortest lasso of the last look.
    pub fn pending_total(&self) -> u32 {
        self.pending.as_ref().map_or(u32::MAX, |(_, lasso)| lasso.total)
    }
}
