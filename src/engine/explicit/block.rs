//! One block: all event-driven activity that follows from one state, explored breadth-first.
//!
//! Nodes are pairs of a state and the label of the way to it, so that block transitions with different marks remain
//! distinct. Where slow actions do not wait (`overlapping`, `async`), what is explored at a time is a single action and what observes it.
//!
//! A leap (see `system::compiled`) is one edge: the states on the way are forced and not at rest, so that nothing else
//! begins or ends there, and no state that an earlier block ended in is among them. Its end becomes a node at the depth
//! that it has, after what was there first, so that blocks find the same exits in the same order with and without leaps.
//! Every cycle runs through nodes, but is shorter in nodes than in steps; whoever needs the steps explores the block
//! once more without leaps.

use crate::system::compiled::{Fired, Label, Machine, Patience, Stepper};
use crate::system::{Action, ActionId, MarkSet, PropertyId};

use super::graph::{Edge, Graph};
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
    depth: u64,
    label: Label,
    /// The action of the single step that leads from the parent to it.
    by: Option<ActionId>,
}

/// What is due at some depth.
enum Due {
    /// A node that was not visited yet.
    Node(u32),
    /// The end of a leap, then or later.
    Leap(Box<Landing>),
}

/// The end of a leap.
struct Landing {
    from: u32,
    depth: u64,
    /// Label of the steps.
    label: Label,
    state: Vec<u8>,
}

/// A block transition: the node in which the block ends, and its index among the states between blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exit {
    pub node: u32,
    pub state: u32,
    pub label: Label,
}

/// Which actions a block may begin with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Part {
    /// All that may fire.
    #[default]
    All,
    /// The event-driven ones.
    Events,
    /// The others.
    Slow,
}

impl Part {
    fn contains(self, action: &Action) -> bool {
        match self {
            Part::All => true,
            Part::Events => action.kind.is_event(),
            Part::Slow => !action.kind.is_event(),
        }
    }
}

/// The space in which blocks are explored, one after the other.
pub(super) struct Block<'m> {
    machine: &'m Machine<'m>,
    stepper: Stepper<'m>,
    micro: Micro,
    /// Where the present block can end.
    pub exits: Vec<Exit>,
    /// What blocks of states begin with.
    pub part: Part,
    /// Whether steps are made one by one.
    pub stepwise: bool,
    patience: Patience,
}

/// The nodes of a block.
struct Micro {
    width: usize,
    nodes: Vec<Node>,
    records: Store,
    /// What is due at the next depth or later.
    next: Vec<Due>,
    /// Edges between nodes, if somebody looks for cycles.
    graph: Option<Graph>,
    /// The same, each with its source, until the block is explored.
    edges: Vec<(u32, Edge)>,
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
            next: Vec::new(),
            graph: records_steps.then(Graph::default),
            edges: Vec::new(),
            has_back_edge: false,
            record: Vec::new(),
        };
        Block {
            machine,
            stepper: Stepper::new(machine),
            micro,
            exits: Vec::new(),
            part: Part::All,
            stepwise: machine.system.stepwise || !machine.system.interleaving.waits(),
            patience: Patience::default(),
        }
    }

    /// Explores the block from `root`; states in which it ends are added to `states`.
    pub fn explore(&mut self, root: Root<'_>, states: &mut States, pulse: &mut Pulse<'_>) -> Result<(), Halt> {
        self.exits.clear();
        match root {
            Root::Initial(state) => self.micro.begin(state, false),
            Root::State(state) => self.micro.begin(states.get(state), true),
        }
        let mut depth = 0;
        let mut layer = Vec::new();
        while !self.micro.next.is_empty() {
            std::mem::swap(&mut layer, &mut self.micro.next);
            for due in layer.drain(..) {
                match due {
                    Due::Node(node) => self.visit(node, root, states, pulse)?,
                    Due::Leap(landing) => self.micro.approach(landing, depth),
                }
            }
            depth = self.micro.next_depth(depth);
        }
        self.micro.end();
        Ok(())
    }

    /// Visits a node, unless it is a state between blocks, from which the block starts.
    fn visit(&mut self, node: u32, root: Root<'_>, states: &mut States, pulse: &mut Pulse<'_>) -> Result<(), Halt> {
        if node > 0 || matches!(root, Root::Initial(_)) {
            return self.enter(node, root, states, pulse);
        }
        self.stepper.load(self.micro.state(node));
        self.stepper.schedule();
        if self.part == Part::All { self.fire(node, pulse) } else { self.fire_part(node, pulse) }
    }

    /// Fires those actions that the block may begin with.
    fn fire_part(&mut self, node: u32, pulse: &mut Pulse<'_>) -> Result<(), Halt> {
        let Block { machine, stepper, micro, part, .. } = self;
        for position in 0..stepper.candidates().len() {
            let action = stepper.candidates()[position];
            if part.contains(machine.system.action(action)) {
                stepper.fire(action, pulse, &mut |fired: &Fired<'_>, _: &mut Pulse<'_>| {
                    micro.step(node, fired);
                    Ok(())
                })?;
            }
        }
        Ok(())
    }

    /// Ends the block in a node, or goes on from there.
    fn enter(&mut self, node: u32, root: Root<'_>, states: &mut States, pulse: &mut Pulse<'_>) -> Result<(), Halt> {
        if let Some(state) = states.find(self.micro.state(node)) {
            self.exit(node, state);
            return Ok(());
        }
        require(self.stepper.load(self.micro.state(node)), node)?;
        let settled = self.stepper.schedule();
        if settled {
            require(self.stepper.broken_settled().next(), node)?;
        }
        if self.stepper.is_within_block() {
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
        if self.leap(node, pulse)? {
            return Ok(());
        }
        let Block { stepper, micro, .. } = self;
        stepper.fire_all(pulse, &mut |fired: &Fired<'_>, _: &mut Pulse<'_>| {
            micro.step(node, fired);
            Ok(())
        })
    }

    /// Makes many steps at once, if the last two were alike and more like them follow.
    fn leap(&mut self, node: u32, pulse: &mut Pulse<'_>) -> Result<bool, Halt> {
        let Block { machine, stepper, micro, patience, .. } = self;
        let &[action] = stepper.candidates() else { return Ok(false) };
        if self.stepwise || !micro.repeats(node, action, machine) || !patience.is_due() {
            return Ok(false);
        }
        let amounts = micro.amounts(node, machine);
        let mut state = vec![0; micro.width];
        let leap = stepper.leap(&amounts, u64::MAX, &[], &mut state, pulse)?;
        patience.note(leap.is_some());
        if let Some(leap) = leap {
            let depth = micro.nodes[node as usize].depth + leap.steps;
            micro.next.push(Due::Leap(Box::new(Landing { from: node, depth, label: leap.label, state })));
        }
        Ok(leap.is_some())
    }

    /// The edges between the nodes, if they were recorded and may contain a cycle.
    pub fn cyclic_graph(&self) -> Option<&Graph> {
        self.micro.graph.as_ref().filter(|_| self.micro.has_back_edge)
    }

    /// Number of nodes.
    pub fn len(&self) -> u32 {
        self.micro.len()
    }

    /// Number of steps from the root to a node.
    pub fn depth(&self, node: u32) -> u64 {
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
        self.next.clear();
        self.edges.clear();
        self.insert(state, Label::default(), is_between_blocks);
        self.nodes.push(Node { parent: 0, depth: 0, label: Label::default(), by: None });
        self.next.push(Due::Node(0));
    }

    fn insert(&mut self, state: &[u8], label: Label, is_between_blocks: bool) -> (u32, bool) {
        self.record.clear();
        self.record.extend_from_slice(state);
        self.record.extend_from_slice(&label.marks.0.to_le_bytes());
        self.record.push(u8::from(is_between_blocks) * 2 + u8::from(label.slow));
        self.records.insert(&self.record)
    }

    fn step(&mut self, from: u32, fired: &Fired<'_>) {
        let depth = self.nodes[from as usize].depth + 1;
        self.add(from, fired.label, fired.state, depth, Some(fired.action));
    }

    /// Adds an edge, and its target at that depth if it is new.
    fn add(&mut self, from: u32, label: Label, state: &[u8], depth: u64, by: Option<ActionId>) {
        let whole = self.nodes[from as usize].label.union(label);
        let (to, is_new) = self.insert(state, whole, false);
        if is_new {
            self.nodes.push(Node { parent: from, depth, label: whole, by });
            self.next.push(Due::Node(to));
        }
        self.has_back_edge |= to <= from;
        if let Some(graph) = &mut self.graph {
            self.edges.push((from, graph.edge(to, label)));
        }
    }

    /// While nodes of a depth are visited, a leap makes another step: perhaps its last one.
    fn approach(&mut self, landing: Box<Landing>, depth: u64) {
        if landing.depth > depth + 1 {
            self.next.push(Due::Leap(landing));
        } else {
            self.add(landing.from, landing.label, &landing.state, landing.depth, None);
        }
    }

    /// The next depth at which something happens: a node is visited, or a leap makes its last step.
    fn next_depth(&self, depth: u64) -> u64 {
        let due = self.next.iter().map(|due| match due {
            Due::Node(_) => depth + 1,
            Due::Leap(landing) => landing.depth - 1,
        });
        due.min().unwrap_or(depth)
    }

    /// The block is explored.
    fn end(&mut self) {
        if let Some(graph) = self.graph.as_mut().filter(|_| self.has_back_edge) {
            graph.fill(&mut self.edges);
        }
    }

    /// Whether the last two steps before a node were alike, and single steps of an action.
    fn repeats(&self, node: u32, action: ActionId, machine: &Machine<'_>) -> bool {
        let at = |node: u32| &self.nodes[node as usize];
        let parent = at(node).parent;
        let first = at(parent).parent;
        let is_alike = || {
            let before = machine.layout.differences(self.state(first), self.state(parent));
            before.eq(machine.layout.differences(self.state(parent), self.state(node)))
        };
        at(node).by == Some(action) && at(parent).by == Some(action) && is_alike()
    }

    /// What the step to a node added to each variable.
    fn amounts(&self, node: u32, machine: &Machine<'_>) -> Vec<i64> {
        let parent = self.nodes[node as usize].parent;
        machine.layout.differences(self.state(parent), self.state(node)).collect()
    }

    fn state(&self, node: u32) -> &[u8] {
        &self.records.get(node)[..self.width]
    }

    fn len(&self) -> u32 {
        self.nodes.len() as u32
    }
}
