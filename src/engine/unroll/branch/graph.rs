//! The branches of an unrolling as a graph of nodes: where each came from and under which condition.

use rustc_hash::FxHashMap;

use crate::system::model::{ActionId, MarkId, MarkSet};
use crate::term::{Arena, Node as TermNode, TermId};

use crate::engine::unroll::block::forced::Run;
use crate::engine::unroll::branch::vectors::VectorId;

/// Handle of a branch.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct NodeId(pub(in crate::engine::unroll) u32);

impl NodeId {
    /// Position in the order of creation.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// An action that may have fired on an edge.
#[derive(Clone, Debug)]
pub struct Move {
    /// The action.
    pub action: ActionId,
    /// The condition under which it is this one; at most one move of an edge holds.
    pub when: TermId,
    /// Its inputs.
    pub inputs: Vec<TermId>,
    /// Its marks and their conditions.
    pub marks: Vec<(MarkId, TermId)>,
}

/// One way to reach a node. If none of its moves applies, nothing happened on it.
#[derive(Clone, Debug)]
pub struct Edge {
    /// The node before.
    pub parent: NodeId,
    /// The condition of this edge, besides the parent's.
    pub when: TermId,
    /// What may have fired.
    pub moves: Vec<Move>,
    /// What happened after that.
    pub run: Option<Run>,
}

/// A set of runs that end in one symbolic state.
#[derive(Clone, Debug)]
pub struct Node {
    /// The state.
    pub state: VectorId,
    /// The condition under which some run ends here.
    pub path: TermId,
    /// How it is reached; empty for the root.
    pub edges: Vec<Edge>,
    /// Blocks so far (actions in `async`).
    pub depth: u32,
}

/// A way into a known state.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine::unroll) struct Crossing {
    pub from: NodeId,
    /// The branch that reached the state before.
    pub to: NodeId,
    /// What is carried on the way.
    pub marks: MarkSet,
}

/// All nodes, parents before children.
#[derive(Default)]
pub(in crate::engine::unroll) struct Graph {
    nodes: Vec<Node>,
    /// Branches that were dropped, and those that cover them: those of the present block, or of all if loops across blocks
    /// are looked for here.
    covering: FxHashMap<NodeId, NodeId>,
    /// The same the other way round, for all blocks in which circles were found.
    repeats: FxHashMap<NodeId, Vec<NodeId>>,
}

impl Graph {
    pub fn push(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        NodeId(self.nodes.len() as u32 - 1)
    }

    pub fn get(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    pub fn get_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id.index()]
    }

    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Notes that a branch is dropped because an earlier one covers it.
    pub fn repeat(&mut self, node: NodeId, earlier: NodeId) {
        self.covering.insert(node, earlier);
    }

    /// What covers a branch: itself, unless it was dropped.
    pub fn covering(&self, node: NodeId) -> NodeId {
        self.covering.get(&node).copied().unwrap_or(node)
    }

    /// Whether branches were dropped.
    pub fn has_repeats(&self) -> bool {
        !self.covering.is_empty()
    }

    /// Keeps what was dropped for the traces of circles.
    pub fn keep_repeats(&mut self) {
        for (&node, &earlier) in &self.covering {
            self.repeats.entry(earlier).or_default().push(node);
        }
    }

    /// Forgets what was dropped.
    pub fn forget_repeats(&mut self) {
        self.covering.clear();
    }

    /// A branch and what it covers, as far as that is part of circles.
    pub fn with_repeats(&self, node: NodeId) -> impl Iterator<Item = NodeId> {
        std::iter::once(node).chain(self.repeats.get(&node).into_iter().flatten().copied())
    }
}

/// Conjunctions longer than this are not searched.
const CONJUNCTS: usize = 512;

/// Whether `a` implies `b` for a reason that is plain to see: `b` is among its conjuncts.
pub(in crate::engine::unroll) fn plainly_implies(arena: &Arena, a: TermId, b: TermId) -> bool {
    if arena.as_bool(a) == Some(false) || arena.as_bool(b) == Some(true) {
        return true;
    }
    let mut stack = vec![a];
    let mut visited = 0;
    while let Some(term) = stack.pop() {
        visited += 1;
        if term == b {
            return true;
        }
        if let TermNode::And(x, y) = arena.node(term)
            && visited < CONJUNCTS
        {
            stack.extend([x, y]);
        }
    }
    false
}
