//! One block: all event-driven activity that follows from one state, explored breadth-first.
//!
//! Nodes are pairs of a state and the label of the way to it, so that block transitions with different marks remain
//! distinct. In `async` a block is a single action.

use crate::system::compiled::{Fired, Label, Machine, Stepper};
use crate::system::{Interleaving, MarkSet, PropertyId};

use super::graph::Graph;
use super::pulse::{Halt, Pulse};
use super::states::{Root, States};
use super::store::Store;

/// Bytes of a node's record after its state: marks, and how the node came about.
const SUFFIX: usize = size_of::<MarkSet>() + 1;

/// A node's way from the root.
#[derive(Clone, Copy, Debug)]
struct Node {
    /// The node before it; of the root: itself.
    parent: u32,
    depth: u32,
    label: Label,
}

/// A block transition: the node in which the block ends, and its index among the states between blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exit {
    pub node: u32,
    pub state: u32,
    pub label: Label,
}

/// The space in which blocks are explored, one after the other.
pub(super) struct Block<'m> {
    machine: &'m Machine<'m>,
    stepper: Stepper<'m>,
    micro: Micro,
    /// Where the present block can end.
    pub exits: Vec<Exit>,
    is_async: bool,
}

/// The nodes of a block.
struct Micro {
    width: usize,
    nodes: Vec<Node>,
    records: Store,
    /// Steps between nodes, if somebody looks for cycles.
    graph: Option<Graph>,
    /// Whether some step leads to the same or an earlier node, as one on every cycle does.
    has_back_edge: bool,
    /// The record that is being made.
    record: Vec<u8>,
}

impl<'m> Block<'m> {
    /// Space for blocks of a machine. Steps between nodes are recorded if `records_steps` says so.
    pub fn new(machine: &'m Machine<'m>, records_steps: bool) -> Self {
        let width = machine.layout.width();
        let micro = Micro {
            width,
            nodes: Vec::new(),
            records: Store::new(width + SUFFIX),
            graph: records_steps.then(Graph::default),
            has_back_edge: false,
            record: Vec::new(),
        };
        let is_async = machine.system.interleaving == Interleaving::Async;
        Block { machine, stepper: Stepper::new(machine), micro, exits: Vec::new(), is_async }
    }

    /// Explores the block from `root`; states in which it ends are added to `states`.
    pub fn explore(&mut self, root: Root<'_>, states: &mut States, pulse: &mut Pulse<'_>) -> Result<(), Halt> {
        self.exits.clear();
        match root {
            Root::Initial(state) => self.micro.begin(state, false),
            Root::State(state) => self.micro.begin(states.get(state), true),
        }
        let mut node = 0;
        while node < self.micro.len() {
            if node == 0 && matches!(root, Root::State(_)) {
                self.stepper.load(self.micro.state(node));
                self.stepper.schedule();
                self.fire(node, pulse)?;
            } else {
                self.visit(node, root, states, pulse)?;
            }
            node += 1;
        }
        Ok(())
    }

    /// Ends the block in a node, or goes on from there.
    fn visit(&mut self, node: u32, root: Root<'_>, states: &mut States, pulse: &mut Pulse<'_>) -> Result<(), Halt> {
        if let Some(state) = states.find(self.micro.state(node)) {
            self.exit(node, state);
            return Ok(());
        }
        require(self.stepper.load(self.micro.state(node)), node)?;
        let settled = self.stepper.schedule();
        if settled {
            require(self.stepper.broken_settled().next(), node)?;
        }
        if !settled && !self.is_async {
            return self.fire(node, pulse);
        }
        if states.is_full() {
            return Err(Halt::engine("more states than can be counted"));
        }
        let state = states.insert(self.micro.state(node), root);
        pulse.statistics.states = states.len() as u64;
        self.exit(node, state);
        Ok(())
    }

    fn exit(&mut self, node: u32, state: u32) {
        let label = self.micro.nodes[node as usize].label;
        self.exits.push(Exit { node, state, label });
    }

    fn fire(&mut self, node: u32, pulse: &mut Pulse<'_>) -> Result<(), Halt> {
        let Block { stepper, micro, .. } = self;
        if let Some(graph) = &mut micro.graph {
            graph.begin(node);
        }
        stepper.fire_all(pulse, &mut |fired: &Fired<'_>, _: &mut Pulse<'_>| {
            micro.add(node, fired);
            Ok(())
        })
    }

    /// The steps between the nodes, if they were recorded and may contain a cycle.
    pub fn cyclic_graph(&self) -> Option<&Graph> {
        self.micro.graph.as_ref().filter(|_| self.micro.has_back_edge)
    }

    /// Number of nodes.
    pub fn len(&self) -> u32 {
        self.micro.len()
    }

    /// Number of steps from the root to a node.
    pub fn depth(&self, node: u32) -> u32 {
        self.micro.nodes[node as usize].depth
    }

    /// The packed state of a node.
    pub fn state(&self, node: u32) -> &[u8] {
        self.micro.state(node)
    }

    /// The label of the way to a node.
    pub fn label(&self, node: u32) -> Label {
        self.micro.nodes[node as usize].label
    }

    /// The nodes on the way to a node, root and itself included.
    pub fn way(&self, node: u32) -> Vec<u32> {
        let parent = |&node: &u32| Some(self.micro.nodes[node as usize].parent).filter(|&parent| parent != node);
        let mut way: Vec<u32> = std::iter::successors(Some(node), parent).collect();
        way.reverse();
        way
    }

    /// The machine.
    pub fn machine(&self) -> &'m Machine<'m> {
        self.machine
    }
}

fn require(broken: Option<PropertyId>, node: u32) -> Result<(), Halt> {
    broken.map_or(Ok(()), |property| Err(Halt::Broken { property, node }))
}

impl Micro {
    /// Starts afresh from a root. A root between blocks is not a node that the block can come back to.
    fn begin(&mut self, state: &[u8], is_between_blocks: bool) {
        self.nodes.clear();
        self.records.clear();
        self.has_back_edge = false;
        if let Some(graph) = &mut self.graph {
            graph.clear();
        }
        self.insert(state, Label::default(), is_between_blocks);
        self.nodes.push(Node { parent: 0, depth: 0, label: Label::default() });
    }

    fn insert(&mut self, state: &[u8], label: Label, is_between_blocks: bool) -> (u32, bool) {
        self.record.clear();
        self.record.extend_from_slice(state);
        self.record.extend_from_slice(&label.marks.0.to_le_bytes());
        self.record.push(u8::from(is_between_blocks) * 2 + u8::from(label.slow));
        self.records.insert(&self.record)
    }

    fn add(&mut self, from: u32, fired: &Fired<'_>) {
        let Node { depth, label, .. } = self.nodes[from as usize];
        let label = label.union(fired.label);
        let (to, is_new) = self.insert(fired.state, label, false);
        if is_new {
            self.nodes.push(Node { parent: from, depth: depth + 1, label });
        }
        self.has_back_edge |= to <= from;
        if let Some(graph) = &mut self.graph {
            graph.push(to, fired.label);
        }
    }

    fn state(&self, node: u32) -> &[u8] {
        &self.records.get(node)[..self.width]
    }

    fn len(&self) -> u32 {
        self.nodes.len() as u32
    }
}
