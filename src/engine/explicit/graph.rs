//! Labelled state graphs, and their strongly connected components under a goal.

use rustc_hash::FxHashMap;

use crate::system::compiled::Label;
use crate::system::components::Components;
use crate::system::{Interleaving, MarkSet, PropertyId, PropertyKind, System};

use super::pulse::{Halt, Pulse};

/// An edge, seen from its source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Edge {
    /// Its target.
    pub to: u32,
    /// Its label in [`Graph::label`].
    pub label: u32,
}

/// A graph that is made of edges and their sources.
#[derive(Default)]
pub(super) struct Graph {
    /// For every node that was begun: the position of its first edge.
    first: Vec<usize>,
    edges: Vec<Edge>,
    labels: Vec<Label>,
    label_index: FxHashMap<Label, u32>,
}

impl Graph {
    /// What follows are edges of `node`; nodes must come in order.
    fn begin(&mut self, node: u32) {
        self.first.resize(node as usize + 1, self.edges.len());
    }

    /// An edge that is not in the graph yet.
    pub fn edge(&mut self, to: u32, label: Label) -> Edge {
        let labels = &mut self.labels;
        let label = *self.label_index.entry(label).or_insert_with(|| {
            labels.push(label);
            labels.len() as u32 - 1
        });
        Edge { to, label }
    }

    /// Replaces all edges by these, from their sources; edges of one node keep their order.
    pub fn fill(&mut self, edges: &mut [(u32, Edge)]) {
        self.clear();
        edges.sort_by_key(|&(from, _)| from);
        for &(from, edge) in edges.iter() {
            self.begin(from);
            self.edges.push(edge);
        }
    }

    /// The edges of a node.
    pub fn edges(&self, node: u32) -> &[Edge] {
        let at = |node: usize| self.first.get(node).copied().unwrap_or(self.edges.len());
        &self.edges[at(node as usize)..at(node as usize + 1)]
    }

    /// A label.
    pub fn label(&self, label: u32) -> Label {
        self.labels[label as usize]
    }

    /// Forgets all edges.
    pub fn clear(&mut self) {
        self.first.clear();
        self.edges.clear();
    }
}

/// A cycle that breaks a property: only admitted edges, and at least one that is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Goal {
    /// The property.
    pub property: PropertyId,
    any_of: MarkSet,
    none_of: MarkSet,
    /// Only event-driven steps, and any of them is wanted.
    events_only: bool,
    /// Whether the length of a cycle counts event-driven steps, too.
    counts_events: bool,
}

impl Goal {
    fn of(system: &System, property: PropertyId) -> Option<Goal> {
        let counts_events = system.interleaving != Interleaving::Overlapping;
        match system.property(property).kind {
            PropertyKind::Invariant { .. } => None,
            PropertyKind::NoLoop { any_of, none_of } => {
                Some(Goal { property, any_of, none_of, events_only: false, counts_events })
            }
            PropertyKind::Settles => {
                let none = MarkSet::default();
                Some(Goal { property, any_of: none, none_of: none, events_only: true, counts_events })
            }
        }
    }

    /// Cycles to look for inside blocks.
    pub fn inside(system: &System, properties: &[PropertyId]) -> Vec<Goal> {
        let has_blocks = system.interleaving.waits();
        properties.iter().filter(|_| has_blocks).filter_map(|&id| Goal::of(system, id)).collect()
    }

    /// Cycles to look for in the graph of block transitions.
    pub fn across(system: &System, properties: &[PropertyId]) -> Vec<Goal> {
        let has_blocks = system.interleaving.waits();
        let goals = properties.iter().filter_map(|&id| Goal::of(system, id));
        goals.filter(|goal| !(has_blocks && goal.events_only)).collect()
    }

    fn admits(&self, label: Label) -> bool {
        let is_excused = label.marks.meets(self.none_of) || (self.events_only && label.slow);
        !is_excused
    }

    fn wants(&self, label: Label) -> bool {
        self.events_only || label.marks.meets(self.any_of)
    }

    fn counts(&self, label: Label) -> bool {
        self.counts_events || label.slow
    }
}

/// The parts of a graph in which cycles that meet a goal run.
pub(super) struct Cycles<'g> {
    /// The graph.
    pub graph: &'g Graph,
    /// By label: whether cycles may use it, whether they need one like it, and whether it makes them longer.
    flags: Vec<(bool, bool, bool)>,
    components: Components,
    /// By component: whether it contains such a cycle.
    good: Vec<bool>,
}

impl<'g> Cycles<'g> {
    /// Analyses a graph of `nodes` nodes.
    pub fn new(graph: &'g Graph, nodes: u32, goal: &Goal, pulse: &mut Pulse<'_>) -> Result<Self, Halt> {
        let flags: Vec<(bool, bool, bool)> =
            graph.labels.iter().map(|&label| (goal.admits(label), goal.wants(label), goal.counts(label))).collect();
        let target = |node: u32, position: usize| {
            let edge = graph.edges(node).get(position)?;
            Some(flags[edge.label as usize].0.then_some(edge.to))
        };
        let components = Components::find(nodes, target, || pulse.tick())?;
        let good = vec![false; components.count() as usize];
        let mut cycles = Cycles { graph, flags, components, good };
        cycles.find_good(nodes);
        Ok(cycles)
    }

    /// Whether cycles may use an edge.
    pub fn admits(&self, edge: Edge) -> bool {
        self.flags[edge.label as usize].0
    }

    /// Whether an edge is one of those that a cycle needs.
    pub fn wants(&self, edge: Edge) -> bool {
        self.flags[edge.label as usize].1
    }

    /// Whether an edge makes a cycle longer.
    pub fn counts(&self, edge: Edge) -> bool {
        self.flags[edge.label as usize].2
    }

    /// Whether there is any cycle that meets the goal.
    pub fn any(&self) -> bool {
        self.good.contains(&true)
    }

    /// Whether such a cycle runs through the component of a node.
    pub fn is_good(&self, node: u32) -> bool {
        self.good[self.components.of(node) as usize]
    }

    /// Whether an edge stays within a component.
    pub fn is_inner(&self, from: u32, edge: Edge) -> bool {
        self.admits(edge) && self.components.of(from) == self.components.of(edge.to)
    }

    fn find_good(&mut self, nodes: u32) {
        for node in 0..nodes {
            let edges = self.graph.edges(node);
            if edges.iter().any(|&edge| self.wants(edge) && self.is_inner(node, edge)) {
                self.good[self.components.of(node) as usize] = true;
            }
        }
    }
}
