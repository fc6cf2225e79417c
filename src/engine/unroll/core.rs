//! What all steps of an unrolling work on, and layers of branches.

use rustc_hash::FxHashMap;

use crate::system::model::{MarkSet, PropertyId, PropertyKind, System};
use crate::term::{Arena, Substitution, TermId};

use crate::engine::unroll::block::concrete::{Concrete, Look};
use crate::engine::unroll::block::inputs::{Inputs, Place};
use crate::engine::unroll::block::reads::Reads;
use crate::engine::unroll::branch::graph::{Crossing, Graph, NodeId};
use crate::engine::unroll::branch::vectors::{VectorId, Vectors};
use crate::engine::unroll::finding::Hazard;

/// Everything that steps work on.
pub(in crate::engine::unroll) struct Core<'s> {
    pub system: &'s System,
    pub arena: Arena,
    pub reads: Reads,
    pub vectors: Vectors,
    pub graph: Graph,
    pub inputs: Inputs,
    /// Executes concrete states, if the system can be compiled.
    pub concrete: Option<Concrete<'s>>,
    /// What is known of concrete nodes that nobody asked about yet.
    pub looks: FxHashMap<NodeId, Look>,
    pub place: Place,
    pub hazards: Vec<Hazard>,
    pub transitions: u64,
    /// Marks that some property asks for.
    pub marks: MarkSet,
    /// Packed states that were reached at rest under no condition, and where; `None` if it matters how they are reached.
    pub known: Option<FxHashMap<Box<[u8]>, NodeId>>,
    /// Ways into known states that were not followed, if somebody asks for them.
    pub crossings: Option<Vec<Crossing>>,
}

/// The nodes of one layer, by state. Substitutions are kept for symbolic nodes only, and made again where they are missing.
#[derive(Default, Clone)]
pub(in crate::engine::unroll) struct Layer {
    pub nodes: Vec<NodeId>,
    pub frames: FxHashMap<NodeId, Substitution>,
    pub index: FxHashMap<VectorId, NodeId>,
}

impl<'s> Core<'s> {
    /// Nothing was executed yet. Where `stop` says so while the system is compiled, it goes without programs.
    pub fn new(system: &'s System, properties: &[PropertyId], stop: &dyn Fn() -> bool) -> Self {
        Core {
            system,
            arena: system.arena.clone(),
            reads: Reads::new(system),
            vectors: Vectors::default(),
            graph: Graph::default(),
            inputs: Inputs::default(),
            concrete: Concrete::new(system, properties, stop),
            looks: FxHashMap::default(),
            place: Place { layer: 0, depth: 0, step: 0 },
            hazards: Vec::new(),
            transitions: 0,
            marks: marks_of(system, properties),
            known: None,
            crossings: None,
        }
    }

    /// Whether all values of a node's state are constants.
    pub fn is_concrete(&self, node: NodeId) -> bool {
        self.vectors.is_concrete(self.graph.get(node).state)
    }

    /// A new substitution for a node's state.
    pub fn frame(&self, node: NodeId) -> Substitution {
        let mut frame = Substitution::new();
        let terms = self.vectors.get(self.graph.get(node).state);
        self.system.state.iter().zip(terms.iter()).for_each(|(variable, &term)| frame.map(variable.var, term));
        frame
    }

    /// A node's state as programs take it, if they can.
    pub fn packed(&self, node: NodeId) -> Option<Vec<u8>> {
        let machine = &self.concrete.as_ref()?.machine;
        let terms = self.vectors.get(self.graph.get(node).state);
        let values: Option<Vec<i64>> = terms.iter().map(|&term| self.arena.as_constant(term)).collect();
        machine.layout.pack(&values?)
    }

    /// Forgets what was kept of the execution of the last block.
    pub fn enter_block(&mut self) {
        self.looks.clear();
        self.concrete.iter_mut().for_each(Concrete::enter_block);
    }

    /// What programs tell about a node, if its state is concrete.
    pub fn look(&mut self, node: NodeId) -> Option<Look> {
        if let Some(known) = self.looks.remove(&node) {
            return Some(known);
        }
        let state = self.packed(node)?;
        self.concrete.as_mut().map(|concrete| concrete.look(&state))
    }

    /// Invariants of settled states that a node breaks, if its state is concrete.
    pub fn broken_at_rest(&mut self, node: NodeId) -> Option<Vec<PropertyId>> {
        let state = self.packed(node)?;
        self.concrete.as_mut().map(|concrete| concrete.broken_at_rest(&state))
    }

    /// Notes that a node is at rest. Whatever leads to its state again leads to nothing new, if its state is concrete and
    /// is reached under no condition, and no property asks what was carried on the way.
    pub fn note_rest(&mut self, node: NodeId) {
        let is_certain = self.arena.as_bool(self.graph.get(node).path) == Some(true);
        let state = if is_certain && self.known.is_some() { self.packed(node) } else { None };
        if let Some((known, state)) = self.known.as_mut().zip(state) {
            known.entry(state.into()).or_insert(node);
        }
    }

    /// The conjunction of some conditions.
    pub fn all(&mut self, conditions: impl IntoIterator<Item = TermId>) -> TermId {
        let start = self.arena.bool(true);
        conditions.into_iter().fold(start, |all, condition| self.arena.and(all, condition))
    }

    /// The disjunction of some conditions.
    pub fn any(&mut self, conditions: impl IntoIterator<Item = TermId>) -> TermId {
        let start = self.arena.bool(false);
        conditions.into_iter().fold(start, |any, condition| self.arena.or(any, condition))
    }

    /// The substitution of a parent, after a change of state.
    pub fn moved_frame(&self, frame: &Substitution, before: &[TermId], after: VectorId) -> Substitution {
        let after = self.vectors.get(after);
        let changed: Vec<usize> = (0..before.len()).filter(|&index| before[index] != after[index]).collect();
        let mut frame = frame.clone();
        frame.forget(self.reads.stale(&changed));
        for index in changed {
            frame.map(self.system.state[index].var, after[index]);
        }
        frame
    }
}

impl Layer {
    /// Adds a node with its substitution, if there is one.
    pub(in crate::engine::unroll) fn put(&mut self, node: NodeId, frame: Option<Substitution>) {
        self.nodes.push(node);
        self.frames.extend(frame.map(|frame| (node, frame)));
    }

    /// Adds all nodes of another layer.
    pub(in crate::engine::unroll) fn append(&mut self, other: Layer) {
        self.nodes.extend(other.nodes);
        self.frames.extend(other.frames);
    }
}

/// Marks that some property asks for.
fn marks_of(system: &System, properties: &[PropertyId]) -> MarkSet {
    properties.iter().fold(MarkSet::default(), |all, &id| match system.property(id).kind {
        PropertyKind::NoLoop { any_of, none_of } => all.union(any_of).union(none_of),
        _ => all,
    })
}
