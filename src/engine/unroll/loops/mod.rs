//! Histories: which states the runs of a branch have visited, and what was carried since.
//!
//! For every branch and every state visited before it there are two conditions: that some run of the branch passed
//! that state and carried nothing that matters since, or something. They are extended edge by edge; an edge that
//! carries an excuse ends them. A lasso is a branch whose state equals a visited one under the second condition.
//!
//! Reference: Biere, Artho and Schuppan, "Liveness checking as safety checking", FMICS 2002, where one visited state is
//! guessed and saved; here all are kept.

pub(in crate::engine::unroll) mod circles;
pub(in crate::engine::unroll) mod crossings;
pub(in crate::engine::unroll) mod past;

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::system::interleaving::Interleaving;
use crate::system::model::{MarkSet, PropertyId, PropertyKind, System};
use crate::term::{Arena, TermId};

use crate::engine::unroll::block::forced::Run;
use crate::engine::unroll::branch::graph::{Edge, plainly_implies};
use crate::engine::unroll::branch::vectors::VectorId;

/// What makes a cycle matter, and what excuses it.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine::unroll) enum Carry {
    /// Any event-driven action matters, any slow one excuses.
    Events,
    /// Marks matter and excuse.
    Marks { any_of: MarkSet, none_of: MarkSet },
}

/// A kind of cycle that is looked for.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine::unroll) struct Tracked {
    /// The property that it breaks; the first one tracked may break none and only serves to notice cycles.
    pub property: Option<PropertyId>,
    pub carry: Carry,
    /// Whether its cycles may span blocks.
    pub spans: bool,
}

/// Conditions of having visited a state.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine::unroll) struct Reach {
    /// Nothing that matters was carried since.
    pub before: TermId,
    /// Something was.
    pub after: TermId,
    /// Whether other state vectors are compared with this one; otherwise only the very same one closes a loop.
    pub compared: bool,
}

type Visits = BTreeMap<VectorId, Reach>;

/// Visited states: at the ends of blocks, and within the present block.
#[derive(Clone, Default, Debug)]
pub(in crate::engine::unroll) struct History {
    pub ends: Visits,
    pub inner: Visits,
}

/// What is remembered of the runs of a branch.
#[derive(Clone, Debug)]
pub(in crate::engine::unroll) struct Past {
    /// By kind of cycle. Most steps change nothing, and branches share what they have in common.
    pub histories: Rc<[History]>,
    /// Whether there is one way only to the branch within its block.
    pub is_single: bool,
}

impl Past {
    /// The past of a branch without one.
    pub fn none(kinds: usize) -> Self {
        Past { histories: vec![History::default(); kinds].into(), is_single: true }
    }
}

/// The cycles that a system's properties ask about: one entry per `NoLoop`, and first of all cycles of events.
pub(in crate::engine::unroll) fn tracked(system: &System, properties: &[PropertyId]) -> Vec<Tracked> {
    let in_order = |wanted: fn(&PropertyKind) -> bool| {
        properties.iter().copied().filter(move |&id| wanted(&system.property(id).kind))
    };
    let settles = in_order(|kind| matches!(kind, PropertyKind::Settles)).next();
    let spans = system.interleaving == Interleaving::Async;
    let mut all = vec![Tracked { property: settles, carry: Carry::Events, spans }];
    for id in in_order(|kind| matches!(kind, PropertyKind::NoLoop { .. })) {
        if let PropertyKind::NoLoop { any_of, none_of } = system.property(id).kind {
            all.push(Tracked { property: Some(id), carry: Carry::Marks { any_of, none_of }, spans: true });
        }
    }
    all
}

impl Tracked {
    /// Whether some property asks for its cycles across blocks.
    pub fn is_asked_across_blocks(&self) -> bool {
        self.spans && self.property.is_some()
    }
}

impl Carry {
    /// Whether a run of events carries something that matters, and an excuse.
    pub fn on_run(self, run: &Run) -> (bool, bool) {
        self.on_marks(run.marks)
    }

    /// Whether events with these marks carry something that matters, and an excuse.
    pub fn on_marks(self, marks: MarkSet) -> (bool, bool) {
        match self {
            Carry::Events => (true, false),
            Carry::Marks { any_of, none_of } => (marks.meets(any_of), marks.meets(none_of)),
        }
    }

    /// Under which conditions an edge carries something that matters, and an excuse.
    pub fn on(self, system: &System, arena: &mut Arena, edge: &Edge) -> (TermId, TermId) {
        let (mut matters, mut excuses) = (arena.bool(false), arena.bool(false));
        if let Some(run) = &edge.run {
            let (run_matters, run_excuses) = self.on_run(run);
            (matters, excuses) = (arena.bool(run_matters), arena.bool(run_excuses));
        }
        for moved in &edge.moves {
            match self {
                Carry::Events if system.action(moved.action).kind.is_event() => {
                    matters = arena.or(matters, moved.when);
                }
                Carry::Events => excuses = arena.or(excuses, moved.when),
                Carry::Marks { any_of, none_of } => {
                    for &(mark, when) in &moved.marks {
                        let carried = arena.and(moved.when, when);
                        if any_of.contains(mark) {
                            matters = arena.or(matters, carried);
                        }
                        if none_of.contains(mark) {
                            excuses = arena.or(excuses, carried);
                        }
                    }
                }
            }
        }
        (matters, excuses)
    }
}

impl History {
    /// Adds what runs through one edge have visited, given their history before it.
    pub fn extend(&mut self, before: &History, carry: Carry, system: &System, arena: &mut Arena, edge: &Edge) {
        let (matters, excuses) = carry.on(system, arena, edge);
        let passes = arena.not(excuses);
        let passes = arena.and(edge.when, passes);
        if arena.as_bool(passes) == Some(false) {
            return;
        }
        let plain = arena.not(matters);
        let step = |arena: &mut Arena, reach: Reach| {
            let quiet = arena.and(reach.before, plain);
            let carried = arena.and(reach.before, matters);
            let carried = arena.or(reach.after, carried);
            Reach { before: arena.and(quiet, passes), after: arena.and(carried, passes), ..reach }
        };
        for (&key, &reach) in &before.ends {
            let reach = step(arena, reach);
            join(&mut self.ends, arena, key, reach);
        }
        for (&key, &reach) in &before.inner {
            let reach = step(arena, reach);
            join(&mut self.inner, arena, key, reach);
        }
    }

    /// Notes that the runs of a branch are in a state now, which is the end of a block.
    pub fn visit_end(&mut self, arena: &mut Arena, state: VectorId, path: TermId) {
        let reach = Reach { before: path, after: arena.bool(false), compared: true };
        join(&mut self.ends, arena, state, reach);
    }

    /// Notes that the runs of a branch are in a state now, within a block.
    pub fn visit_inner(&mut self, arena: &mut Arena, state: VectorId, path: TermId, compared: bool) {
        let reach = Reach { before: path, after: arena.bool(false), compared };
        join(&mut self.inner, arena, state, reach);
    }

    /// Whether it depends on no condition.
    pub fn is_constant(&self, arena: &Arena) -> bool {
        let is_constant =
            |reach: &Reach| [reach.before, reach.after].into_iter().all(|term| arena.as_bool(term).is_some());
        self.ends.values().chain(self.inner.values()).all(is_constant)
    }

    /// Whether an edge adds nothing to this history and takes nothing from it.
    pub fn is_kept_by(&self, carry: Carry, system: &System, arena: &mut Arena, edge: &Edge) -> bool {
        if self.ends.is_empty() && self.inner.is_empty() {
            return true;
        }
        let (matters, excuses) = carry.on(system, arena, edge);
        let never = |term: TermId| arena.as_bool(term) == Some(false);
        let mut visits = self.ends.values().chain(self.inner.values());
        let is_quiet = never(matters) || visits.all(|reach| never(reach.before));
        arena.as_bool(edge.when) == Some(true) && never(excuses) && is_quiet
    }

    /// Keeps only the runs under a condition.
    pub fn restrict(&mut self, arena: &mut Arena, condition: TermId) {
        for reach in self.ends.values_mut().chain(self.inner.values_mut()) {
            reach.before = arena.and(reach.before, condition);
            reach.after = arena.and(reach.after, condition);
        }
    }

    /// Whether everything in this history is plainly in the other one too.
    pub fn is_within(&self, arena: &Arena, other: &History) -> bool {
        let within = |mine: &Visits, theirs: &Visits| {
            mine.iter().all(|(key, reach)| {
                theirs.get(key).is_some_and(|known| {
                    plainly_implies(arena, reach.before, known.before)
                        && plainly_implies(arena, reach.after, known.after)
                })
            })
        };
        within(&self.ends, &other.ends) && within(&self.inner, &other.inner)
    }
}

fn join(visits: &mut Visits, arena: &mut Arena, key: VectorId, reach: Reach) {
    let never = |term| arena.as_bool(term) == Some(false);
    if never(reach.before) && never(reach.after) {
        return;
    }
    let joined = match visits.get(&key) {
        Some(known) => Reach {
            before: arena.or(known.before, reach.before),
            after: arena.or(known.after, reach.after),
            compared: known.compared || reach.compared,
        },
        None => reach,
    };
    visits.insert(key, joined);
}
