//! The unroller: what an unrolling consists of, how it starts, and what it tells.
//!
//! What it does stands in `advance`, `branch`, `block` and `loops`, each with an `impl Unroller` of its own.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::system::interleaving::Interleaving;
use crate::system::model::{PropertyId, System};
use crate::system::partial_order::PartialOrder;
use crate::system::schedule::Schedule;
use crate::term::{Arena, Sort, TermId};

use crate::engine::unroll::block::concrete::{Leave, Work};
use crate::engine::unroll::branch::graph::{Node, NodeId};
use crate::engine::unroll::branch::vectors::VectorId;
use crate::engine::unroll::core::{Core, Layer};
use crate::engine::unroll::finding::{Asked, Finding, Hazard};
use crate::engine::unroll::loops::{Past, Tracked, tracked};

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

/// How an enumeration notices loops that span blocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Memory {
    /// By histories; it ends when there are many branches.
    Short,
    /// It has none: it reports no such loops, but knows whether there is any ([`Unroller::has_crossed_itself`]).
    None,
    /// By histories, however many branches there are.
    Full,
}

/// Unrolls a system block by block.
pub struct Unroller<'s> {
    pub(in crate::engine::unroll) core: Core<'s>,
    pub(in crate::engine::unroll) schedule: Schedule,
    /// What may go ahead of other events.
    pub(in crate::engine::unroll) order: Option<Rc<PartialOrder>>,
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
    /// Branches at the ends of blocks so far.
    pub(in crate::engine::unroll) branches: u64,
    /// The last depth at which a new state appeared.
    pub(in crate::engine::unroll) last_new: u32,
}

impl<'s> Unroller<'s> {
    /// An unrolling at the initial states, before the first block. Where `stop` says so while the system is compiled, it goes
    /// without programs: whoever asked to stop will not go on with it.
    pub fn new(system: &'s System, properties: &[PropertyId], limits: Limits, stop: &dyn Fn() -> bool) -> Self {
        let mut core = Core::new(system, properties, stop);
        let roots = concrete_roots(&mut core, limits).unwrap_or_else(|| vec![root(&mut core)]);
        let tracked = tracked(system, properties);
        let spans = tracked.iter().any(Tracked::is_asked_across_blocks);
        core.known = (!spans).then(FxHashMap::default);
        let mut unroller = Unroller {
            schedule: Schedule::new(system),
            order: partial_order(&core, stop).map(Rc::new),
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

    /// The same, at the end.
    pub fn into_arena(self) -> Arena {
        self.core.arena
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
}

/// The partial order, which compiling has found out already.
fn partial_order(core: &Core<'_>, stop: &dyn Fn() -> bool) -> Option<PartialOrder> {
    match &core.concrete {
        Some(concrete) => concrete.machine.order.as_ref().map(|compiled| compiled.order.clone()),
        None => PartialOrder::of(core.system, stop),
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
