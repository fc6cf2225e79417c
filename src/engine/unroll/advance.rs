//! The unroller: its frontier, and how a block begins and ends.

use rustc_hash::FxHashMap;

use crate::system::interleaving::Interleaving;
use crate::system::model::{ActionId, MarkSet, PropertyId, PropertyKind, System};
use crate::system::schedule::Schedule;
use crate::term::{Arena, Sort, Substitution, TermId};

use crate::engine::unroll::block::concrete::{Concrete, Leave, Work};
use crate::engine::unroll::block::inputs::{Inputs, Place};
use crate::engine::unroll::block::reads::Reads;
use crate::engine::unroll::block::step::{Core, Hazard, Layer};
use crate::engine::unroll::branch::enumerate::Memory;
use crate::engine::unroll::branch::graph::{Graph, Node, NodeId};
use crate::engine::unroll::branch::inspect::{Asked, Finding};
use crate::engine::unroll::branch::vectors::{VectorId, Vectors};
use crate::engine::unroll::loops::past::Past;
use crate::engine::unroll::loops::{Tracked, tracked};
use crate::engine::unroll::{Answer, Oracle};

/// How far branches are told apart.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Concrete states are split by the values of inputs while a layer has fewer branches than this.
    pub splits: usize,
    /// With more symbolic branches than this, similar ones are merged.
    pub branches: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { splits: 1 << 16, branches: 64 }
    }
}

/// Why unrolling ended early.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    /// The oracle gave up.
    Interrupted,
    /// There is more to enumerate than the limits allow.
    Wide,
}

/// Unrolls a system block by block.
pub struct Unroller<'s> {
    pub(in crate::engine::unroll) core: Core<'s>,
    pub(in crate::engine::unroll) schedule: Schedule,
    pub(in crate::engine::unroll) limits: Limits,
    pub(in crate::engine::unroll) tracked: Vec<Tracked>,
    pub(in crate::engine::unroll) asked: Asked,
    pub(in crate::engine::unroll) histories: FxHashMap<NodeId, Past>,
    pub(in crate::engine::unroll) findings: Vec<Finding>,
    /// Branches whose block is not at rest.
    pub(in crate::engine::unroll) active: Layer,
    /// Branches at rest.
    pub(in crate::engine::unroll) frontier: Layer,
    /// Ends of blocks by state.
    pub(in crate::engine::unroll) seen: FxHashMap<VectorId, Vec<NodeId>>,
    /// Whether branches are neither split nor joined within the present block.
    pub(in crate::engine::unroll) is_plain: bool,
    /// Whether states within the present block are remembered in histories, to find circles.
    pub(in crate::engine::unroll) is_watchful: bool,
    /// The first branch of the present block.
    pub(in crate::engine::unroll) first: NodeId,
    /// Conditions under which runs of the present block went round a circle and were left aside.
    pub(in crate::engine::unroll) circles: Vec<TermId>,
    /// Branches that other groups left at the present depth.
    pub(in crate::engine::unroll) so_far: usize,
    /// Of an unrolling that ends where it would have to become symbolic.
    pub(in crate::engine::unroll) enumeration: Option<Memory>,
    /// Size of the graph when somebody last looked for loops that span blocks.
    pub(in crate::engine::unroll) looked_at: usize,
    branches: u64,
    last_new: u32,
}

impl<'s> Unroller<'s> {
    /// An unrolling at the initial states, before the first block. Where `stop` says so while the system is compiled, it goes
    /// without programs: whoever asked to stop will not go on with it.
    pub fn new(system: &'s System, properties: &[PropertyId], limits: Limits, stop: &dyn Fn() -> bool) -> Self {
        let mut core = Core {
            system,
            arena: system.arena.clone(),
            reads: Reads::new(system),
            vectors: Vectors::default(),
            graph: Graph::default(),
            inputs: Inputs::default(),
            concrete: Concrete::new(system, properties, stop),
            place: Place { layer: 0, depth: 0, step: 0 },
            hazards: Vec::new(),
            transitions: 0,
            marks: marks_of(system, properties),
            known: None,
            crossings: None,
        };
        let roots = concrete_roots(&mut core, limits).unwrap_or_else(|| vec![root(&mut core)]);
        let tracked = tracked(system, properties);
        let spans = tracked.iter().any(Tracked::is_asked_across_blocks);
        core.known = (!spans).then(FxHashMap::default);
        let mut unroller = Unroller {
            schedule: Schedule::new(system),
            limits,
            asked: Asked::new(system, properties),
            histories: roots.iter().map(|&root| (root, Past::none(tracked.len()))).collect(),
            tracked,
            findings: Vec::new(),
            active: Layer::default(),
            frontier: Layer::default(),
            seen: FxHashMap::default(),
            is_plain: false,
            is_watchful: false,
            first: NodeId(0),
            circles: Vec::new(),
            so_far: 0,
            enumeration: None,
            looked_at: 0,
            branches: 0,
            last_new: 0,
            core,
        };
        unroller.active.nodes = roots;
        unroller
    }

    /// The initial constraints, over the initial state; where initial states were enumerated, whether there is one. An
    /// enumeration of too many has nothing to say.
    pub fn initial_conditions(&mut self) -> Vec<TermId> {
        let Some(&root) = self.active.nodes.first() else { return vec![self.core.arena.bool(false)] };
        let is_enumerated = self.core.is_concrete(root) && self.core.concrete.is_some();
        if is_enumerated || self.enumeration.is_some() {
            return Vec::new();
        }
        let frame = self.active.frames.entry(root).or_insert_with(|| self.core.frame(root));
        self.core.system.init.iter().map(|&condition| frame.apply(&mut self.core.arena, condition)).collect()
    }

    /// The arena that all conditions live in.
    pub fn arena(&self) -> &Arena {
        &self.core.arena
    }

    /// The disjunction of conditions.
    pub fn any_of(&mut self, conditions: impl IntoIterator<Item = TermId>) -> TermId {
        self.core.any(conditions)
    }

    /// The condition that always holds.
    pub fn always(&mut self) -> TermId {
        self.core.arena.bool(true)
    }

    /// Number of blocks (actions in `async`) so far.
    pub fn depth(&self) -> u32 {
        self.core.place.depth
    }

    /// The last depth at which a state appeared that was not there before.
    pub fn last_new(&self) -> u32 {
        self.last_new
    }

    /// Branches at the ends of blocks so far, and the work that they took.
    pub fn figures(&self) -> (u64, Work) {
        let concrete = self.core.concrete.as_ref().map_or(Work::default(), |concrete| concrete.work);
        (self.branches, Work { transitions: self.core.transitions + concrete.transitions, ..concrete })
    }

    /// Whether there are findings or hazards that nobody took.
    pub fn has_found_something(&self) -> bool {
        !self.findings.is_empty() || !self.core.hazards.is_empty()
    }

    /// Whether no run goes on.
    pub fn is_done(&self) -> bool {
        self.frontier.nodes.is_empty()
    }

    /// Takes what was found since the last call.
    pub fn take_findings(&mut self) -> Vec<Finding> {
        std::mem::take(&mut self.findings)
    }

    /// Takes possible violations of obligations since the last call.
    pub fn take_hazards(&mut self) -> Vec<Hazard> {
        std::mem::take(&mut self.core.hazards)
    }

    pub(in crate::engine::unroll) fn is_async(&self) -> bool {
        self.core.system.interleaving == Interleaving::Async
    }

    /// Brings the initial states to rest: depth 0.
    pub fn start(&mut self, oracle: &mut dyn Oracle) -> Result<(), Stop> {
        let is_symbolic = |&node: &NodeId| !self.core.is_concrete(node);
        if self.core.concrete.is_none() || self.active.nodes.iter().any(is_symbolic) {
            self.become_symbolic()?;
        }
        self.finish_block(oracle)
    }

    /// Executes the next block of every branch (the next action in `async`).
    pub fn advance(&mut self, oracle: &mut dyn Oracle) -> Result<(), Stop> {
        self.core.place.depth += 1;
        self.core.place.step = 0;
        self.core.place.layer += 1;
        let actions: Vec<ActionId> = match self.is_async() {
            true => self.schedule.events().iter().chain(self.schedule.slow()).copied().collect(),
            false => self.schedule.slow().to_vec(),
        };
        let before = std::mem::take(&mut self.frontier);
        let (mut rested, mut arrived) = (Layer::default(), FxHashMap::default());
        for group in self.groups(before) {
            let so_far = rested.nodes.len();
            let Some(mut resting) = self.advance_group(group, &actions, so_far, oracle)? else { return Ok(()) };
            resting.nodes.retain(|&node| self.arrives(node, &mut arrived));
            resting.nodes.iter().for_each(|&node| self.core.note_rest(node));
            rested.append(resting);
            self.keep_limits(rested.nodes.len())?;
        }
        self.close(rested);
        Ok(())
    }

    /// Branches whose next block is executed together: concrete ones on their own, so that a violation is found before
    /// all others were expanded.
    fn groups(&self, mut before: Layer) -> Vec<Layer> {
        if self.is_async() || self.core.concrete.is_none() {
            return vec![before];
        }
        let nodes = std::mem::take(&mut before.nodes);
        let (concrete, symbolic): (Vec<NodeId>, Vec<NodeId>) =
            nodes.into_iter().partition(|&node| self.core.is_concrete(node));
        let alone = |node| Layer { nodes: vec![node], ..Layer::default() };
        let mut groups: Vec<Layer> = concrete.into_iter().map(alone).collect();
        if !symbolic.is_empty() {
            groups.push(Layer { nodes: symbolic, ..before });
        }
        groups
    }

    /// Executes the next block of a group, after others left `so_far` branches; `None` if a violation that needs no
    /// solver was found.
    fn advance_group(
        &mut self,
        mut before: Layer,
        actions: &[ActionId],
        so_far: usize,
        oracle: &mut dyn Oracle,
    ) -> Result<Option<Layer>, Stop> {
        self.core.place.layer += 1;
        self.so_far = so_far;
        let mut layer = Layer::default();
        for node in std::mem::take(&mut before.nodes) {
            let frame = before.frames.remove(&node);
            self.fire_each(&mut layer, node, frame, actions, oracle)?;
            if oracle.should_stop() {
                return Err(Stop::Interrupted);
            }
        }
        self.remember(&layer.nodes);
        self.drop_impossible(&mut layer, oracle)?;
        let layer = self.limit(layer);
        if self.is_async() {
            return Ok(Some(layer));
        }
        self.active = layer;
        let rested = self.settle(oracle)?;
        Ok(rested.filter(|rested| !self.breaks_at_rest(rested)))
    }

    /// Whether a violation that needs no solver is found among branches at rest.
    fn breaks_at_rest(&mut self, rested: &Layer) -> bool {
        for &node in &rested.nodes {
            self.inspect_rest(node);
        }
        self.is_certain()
    }

    /// Every action in its own branch.
    pub(in crate::engine::unroll) fn fire_each(
        &mut self,
        layer: &mut Layer,
        node: NodeId,
        mut frame: Option<Substitution>,
        actions: &[ActionId],
        oracle: &dyn Oracle,
    ) -> Result<(), Stop> {
        let candidates = self.core.look(node).map(|look| look.candidates);
        for &action in candidates.as_deref().unwrap_or(actions) {
            let most = self.limits.splits.saturating_sub(self.so_far + layer.nodes.len()).max(1);
            if let Some(drafts) = self.core.ways(node, action, most, &|| oracle.should_stop())? {
                drafts.into_iter().for_each(|draft| self.core.admit(layer, node, None, draft, true));
                continue;
            }
            self.become_symbolic()?;
            let frame = frame.get_or_insert_with(|| self.core.frame(node));
            let guard = self.core.guard(frame, action);
            if self.core.arena.as_bool(guard) == Some(false) {
                continue;
            }
            let may_split = self.so_far + layer.nodes.len() < self.limits.splits;
            for draft in self.core.fire(node, frame, action, guard, may_split) {
                self.core.admit(layer, node, Some(frame), draft, true);
            }
        }
        Ok(())
    }

    /// Asks about branches whose conditions became stronger.
    fn drop_impossible(&mut self, layer: &mut Layer, oracle: &mut dyn Oracle) -> Result<(), Stop> {
        for node in std::mem::take(&mut layer.nodes) {
            let path = self.core.graph.get(node).path;
            let edges = &self.core.graph.get(node).edges;
            let inherited = edges.iter().any(|edge| self.core.arena.as_bool(edge.when) == Some(true));
            if self.core.arena.as_bool(path) == Some(true) || inherited {
                layer.nodes.push(node);
                continue;
            }
            match oracle.is_possible(&self.core.arena, path) {
                Answer::Impossible => {}
                Answer::Unknown if oracle.should_stop() => return Err(Stop::Interrupted),
                _ => layer.nodes.push(node),
            }
        }
        Ok(())
    }

    fn finish_block(&mut self, oracle: &mut dyn Oracle) -> Result<(), Stop> {
        if self.is_async() {
            let layer = std::mem::take(&mut self.active);
            self.close(layer);
            return Ok(());
        }
        self.so_far = 0;
        if let Some(resting) = self.settle(oracle)? {
            self.close(resting);
        }
        Ok(())
    }

    /// Ends a block: joins branches at rest, asks what is asked of them, and forgets those seen before.
    fn close(&mut self, resting: Layer) {
        let joined = self.join_equal(resting);
        let mut layer = self.limit(joined);
        self.branches += layer.nodes.len() as u64;
        for node in layer.nodes.clone() {
            let frame = layer.frames.remove(&node);
            let frame = self.inspect_end(node, frame);
            layer.frames.extend(frame.map(|frame| (node, frame)));
            self.forget_circles(node);
            self.core.note_rest(node);
        }
        layer.nodes.retain(|&node| match self.seen_before(node) {
            Some(earlier) => {
                self.pass_by(node, earlier);
                false
            }
            None => true,
        });
        for &node in &layer.nodes {
            self.note_end(node);
        }
        self.forget_all_but_ends();
        self.frontier = layer;
        self.is_plain = false;
        self.circles.clear();
    }

    fn note_end(&mut self, node: NodeId) {
        let Node { state, path, depth, .. } = *self.core.graph.get(node);
        let known = self.seen.entry(state).or_default();
        if known.is_empty() {
            self.last_new = depth;
        }
        known.push(node);
        self.visit_end(node, state, path);
    }
}

/// A branch for every initial state, if they are few; `None` if they are many or the system cannot be compiled.
fn concrete_roots(core: &mut Core<'_>, limits: Limits) -> Option<Vec<NodeId>> {
    let states = match core.concrete.as_mut()?.initial_states(limits.splits.max(1)) {
        Ok(states) => states,
        Err(Leave::Wide | Leave::Stopped) => return None,
    };
    let path = core.arena.bool(true);
    let mut roots = Vec::new();
    for values in states {
        let sorts = core.system.state.iter().map(|variable| core.system.arena.variable(variable.var).sort);
        let vector = sorts.zip(values).map(|(sort, value)| core.arena.constant(sort, value)).collect();
        let (state, _) = core.vectors.intern(&core.arena, vector);
        roots.push(core.graph.push(Node { state, path, edges: Vec::new(), depth: 0 }));
    }
    Some(roots)
}

/// The branch of all initial states.
fn root(core: &mut Core<'_>) -> NodeId {
    let mut vector = Vec::with_capacity(core.system.state.len());
    for variable in &core.system.state {
        let sort = core.arena.variable(variable.var).sort;
        let term = match variable.initial {
            Some(value) => core.arena.constant(sort, value),
            None => fresh(&mut core.arena, &variable.name, sort),
        };
        vector.push(term);
    }
    let (state, _) = core.vectors.intern(&core.arena, vector);
    let path = core.arena.bool(true);
    core.graph.push(Node { state, path, edges: Vec::new(), depth: 0 })
}

fn fresh(arena: &mut Arena, name: &str, sort: Sort) -> TermId {
    let var = arena.new_variable(format!("{name}@0"), sort);
    arena.variable(var).term
}

/// Marks that some property asks for.
fn marks_of(system: &System, properties: &[PropertyId]) -> MarkSet {
    properties.iter().fold(MarkSet::default(), |all, &id| match system.property(id).kind {
        PropertyKind::NoLoop { any_of, none_of } => all.union(any_of).union(none_of),
        _ => all,
    })
}
