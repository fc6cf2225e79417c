//! The event-driven part of a block: layer by layer, until every branch rests.

pub(in crate::engine::unroll) mod concrete;
pub(in crate::engine::unroll) mod forced;
pub(in crate::engine::unroll) mod foresee;
pub(in crate::engine::unroll) mod inputs;
pub(in crate::engine::unroll) mod race;
pub(in crate::engine::unroll) mod reads;
pub(in crate::engine::unroll) mod step;

use rustc_hash::FxHashMap;

use crate::system::model::ActionId;
use crate::term::{Substitution, TermId};

use crate::engine::unroll::block::concrete::Look;
use crate::engine::unroll::block::foresee::Foresight;
use crate::engine::unroll::block::step::Draft;
use crate::engine::unroll::branch::graph::NodeId;
use crate::engine::unroll::branch::vectors::VectorId;
use crate::engine::unroll::core::Layer;
use crate::engine::unroll::unroller::Unroller;
use crate::engine::unroll::{Answer, Oracle, Stop};

/// From this symbolic layer of a block on, cycles are looked for.
const CYCLES_FROM: u32 = 8;
/// A block with more symbolic layers than this, in which cycles cannot be left aside, is executed again untangled.
const TANGLED: u32 = 30;

/// How an attempt to execute a block ended.
enum Attempt {
    /// All branches rest.
    Rests(Layer),
    /// A violation that needs no solver was found on the way.
    Certain,
    /// Runs go round in circles and share branches with others, from which they cannot be told.
    Tangled,
    /// Something depends on conditions, and nobody kept histories.
    Careless,
}

/// What may fire in a branch within a block.
pub(in crate::engine::unroll) struct Enabled {
    /// Events and their guards; those that cannot be enabled are left out.
    events: Vec<(ActionId, TermId)>,
    /// So many of them go first, one after the other: a later one only where those before it are disabled.
    alone: usize,
    /// After these, so many race for a step before all others do.
    first: usize,
    /// Nothing is enabled.
    pub rest: TermId,
}

/// A branch within a block, and what it is evaluated with: programs where it is concrete, else substitution.
pub(in crate::engine::unroll) struct Branch {
    pub node: NodeId,
    pub frame: Option<Substitution>,
    pub look: Option<Look>,
}

/// When the solver is asked whether a block may go on: each time the number of symbolic layers has grown by half.
#[derive(Default)]
struct Questions {
    layers: u32,
    next: u32,
    /// Whether runs are known that go round in circles.
    cyclic: bool,
}

impl Questions {
    /// Counts a layer with symbolic branches; whether it is time to ask.
    fn is_due(&mut self) -> bool {
        self.layers += 1;
        let due = self.layers >= self.next.max(2);
        if due {
            self.next = self.layers + (self.layers / 2).max(2);
        }
        due
    }
}

/// Steps of large systems take their time, so whoever is to stop is asked at each branch and each event.
pub(in crate::engine::unroll) fn go_on(oracle: &dyn Oracle) -> Result<(), Stop> {
    if oracle.should_stop() { Err(Stop::Interrupted) } else { Ok(()) }
}

impl Unroller<'_> {
    /// Executes events until every branch rests; `None` if a violation that needs no solver was found on the way.
    pub(in crate::engine::unroll) fn settle(&mut self, oracle: &mut dyn Oracle) -> Result<Option<Layer>, Stop> {
        let start = self.active.clone();
        self.first = start.nodes.iter().copied().min().unwrap_or(NodeId(self.core.graph.len() as u32));
        (self.is_watchful, self.is_plain) = (false, false);
        self.circles.clear();
        loop {
            match self.attempt(oracle)? {
                Attempt::Rests(layer) => return Ok(Some(layer)),
                Attempt::Certain => return Ok(None),
                Attempt::Tangled => {
                    self.active = start.clone();
                    self.is_plain = true;
                }
                Attempt::Careless => {
                    self.active = start.clone();
                    self.is_watchful = true;
                }
            }
        }
    }

    fn attempt(&mut self, oracle: &mut dyn Oracle) -> Result<Attempt, Stop> {
        let mut resting = Layer::default();
        let mut seen: FxHashMap<VectorId, Vec<NodeId>> = FxHashMap::default();
        let mut questions = Questions::default();
        self.forget_repeats();
        loop {
            let entered = self.enter_layer(&mut seen, &mut resting, oracle)?;
            if self.is_certain() {
                return Ok(Attempt::Certain);
            }
            let Some(enabled) = entered else {
                self.find_circles();
                return Ok(if self.is_certain() { Attempt::Certain } else { Attempt::Careless });
            };
            let is_rest = |e: &(NodeId, Enabled)| self.core.arena.as_bool(e.1.rest) == Some(true);
            let is_open = |e: &(NodeId, Enabled)| !self.core.is_concrete(e.0) && !is_rest(e);
            let due = enabled.iter().any(is_open) && questions.is_due();
            let foresight = due.then(|| self.foresee(&enabled, &resting, oracle)).transpose()?;
            if foresight == Some(Foresight::Broken) {
                return Ok(Attempt::Certain);
            }
            let going = self.sort_out(enabled, foresight, &mut resting, oracle)?;
            if going.is_empty() {
                self.find_circles();
                return Ok(Attempt::Rests(resting));
            }
            if due && questions.layers >= CYCLES_FROM && self.is_something_found(oracle)? {
                return Ok(Attempt::Certain);
            }
            if questions.layers > TANGLED && !self.is_plain && self.tracked.len() > 1 {
                return Ok(Attempt::Tangled);
            }
            // Once cycles are known to exist, every layer is compared with every other: simple paths come to an end.
            questions.cyclic |= due && self.is_circling(oracle)?;
            let is_checkpoint = questions.cyclic || due && questions.layers >= CYCLES_FROM;
            if self.is_watchful {
                going.iter().for_each(|(node, _)| self.visit_inner(*node, is_checkpoint));
            }
            self.expand_all(going, oracle)?;
        }
    }

    /// Inspects the active branches, drops those that repeat what is known, and finds out what may fire. `None` if that
    /// needs histories that nobody keeps.
    fn enter_layer(
        &mut self,
        seen: &mut FxHashMap<VectorId, Vec<NodeId>>,
        resting: &mut Layer,
        oracle: &dyn Oracle,
    ) -> Result<Option<Vec<(NodeId, Enabled)>>, Stop> {
        let mut kept = Vec::new();
        for node in std::mem::take(&mut self.active.nodes) {
            go_on(oracle)?;
            let frame = self.active.frames.remove(&node);
            let mut branch = Branch { node, frame, look: self.core.look(node) };
            let state = self.core.graph.get(node).state;
            let known = seen.entry(state).or_default();
            let earlier = known.iter().copied().find(|&earlier| self.is_covered(node, earlier));
            if !self.inspect_inner(&mut branch) {
                continue;
            }
            let enabled = self.enabled(&mut branch);
            let uncovered = if earlier.is_some() { &[] } else { known.as_slice() };
            if !self.is_watchful && self.needs_histories(node, uncovered, enabled.rest) {
                return Ok(None);
            }
            if let Some(earlier) = earlier {
                if !self.is_watchful {
                    self.core.graph.repeat(node, earlier);
                }
                self.keep_rest(node, branch.frame, enabled.rest, resting);
                continue;
            }
            known.push(node);
            kept.push((node, enabled));
            self.active.frames.extend(branch.frame.map(|frame| (node, frame)));
        }
        Ok(Some(kept))
    }

    /// Of a branch that repeats an earlier one, only the runs at rest are new: the earlier branch carried them along.
    fn keep_rest(&mut self, node: NodeId, frame: Option<Substitution>, rest: TermId, resting: &mut Layer) {
        let path = self.core.arena.and(self.core.graph.get(node).path, rest);
        if self.core.arena.as_bool(rest).is_none() && self.core.arena.as_bool(path) != Some(false) {
            let node = self.junction(self.core.graph.get(node).state, vec![(node, rest)]);
            resting.put(node, frame);
        }
    }

    fn enabled(&mut self, branch: &mut Branch) -> Enabled {
        if let Some(look) = &branch.look {
            let certain = self.core.arena.bool(true);
            let events = look.candidates.iter().filter(|_| !look.rests).map(|&event| (event, certain));
            return Enabled { events: events.collect(), alone: 0, first: 0, rest: self.core.arena.bool(look.rests) };
        }
        let frame = branch.frame.get_or_insert_with(|| self.core.frame(branch.node));
        self.enabled_symbolic(frame)
    }

    /// Sends branches at rest to `resting`; returns the others. Asks about those that may go on if somebody looked ahead
    /// and what he saw does not tell.
    fn sort_out(
        &mut self,
        enabled: Vec<(NodeId, Enabled)>,
        foresight: Option<Foresight>,
        resting: &mut Layer,
        oracle: &mut dyn Oracle,
    ) -> Result<Vec<(NodeId, Enabled)>, Stop> {
        let mut going = Vec::new();
        for (node, enabled) in enabled {
            let rests = match self.core.arena.as_bool(enabled.rest) {
                Some(true) => true,
                _ => match &foresight {
                    Some(Foresight::Rests) => true,
                    Some(Foresight::GoOn(shown)) if !shown.contains(&node) => {
                        !self.may_go_on(node, enabled.rest, oracle)?
                    }
                    _ => false,
                },
            };
            let never = self.core.arena.as_bool(enabled.rest) == Some(false);
            if !rests {
                going.push((node, enabled));
            } else if !never {
                resting.put(node, self.active.frames.remove(&node));
            }
            // Else no run is left here: those that never rest were left aside.
        }
        Ok(going)
    }

    fn may_go_on(&mut self, node: NodeId, rest: TermId, oracle: &mut dyn Oracle) -> Result<bool, Stop> {
        let condition = self.going_on(node, rest);
        self.ask(condition, oracle)
    }

    /// The condition under which some run of a branch goes on.
    pub(in crate::engine::unroll) fn going_on(&mut self, node: NodeId, rest: TermId) -> TermId {
        let busy = self.core.arena.not(rest);
        self.core.arena.and(self.core.graph.get(node).path, busy)
    }

    fn ask(&mut self, condition: TermId, oracle: &mut dyn Oracle) -> Result<bool, Stop> {
        if let Some(known) = self.core.arena.as_bool(condition) {
            return Ok(known);
        }
        match oracle.is_possible(&self.core.arena, condition) {
            Answer::Possible => Ok(true),
            Answer::Impossible => Ok(false),
            Answer::Unknown => Err(Stop::Interrupted),
        }
    }

    /// Whether a violation was found already: then there is no need to find the end of a long block.
    fn is_something_found(&mut self, oracle: &mut dyn Oracle) -> Result<bool, Stop> {
        let findings = self.findings.iter().map(|finding| finding.condition);
        let hazards = self.core.hazards.iter().map(|hazard| hazard.condition);
        let conditions: Vec<TermId> = findings.chain(hazards).collect();
        let any = self.core.any(conditions);
        self.ask(any, oracle)
    }

    /// Whether some run that was left aside since the last question did go round a circle.
    fn is_circling(&mut self, oracle: &mut dyn Oracle) -> Result<bool, Stop> {
        let circles = std::mem::take(&mut self.circles);
        let any = self.core.any(circles);
        self.ask(any, oracle)
    }

    fn expand_all(&mut self, going: Vec<(NodeId, Enabled)>, oracle: &dyn Oracle) -> Result<(), Stop> {
        self.core.place.layer += 1;
        self.core.place.step += 1;
        let mut layer = Layer::default();
        for (node, enabled) in going {
            go_on(oracle)?;
            let mut frame = self.active.frames.remove(&node);
            for draft in self.drafts(node, &mut frame, enabled, layer.nodes.len(), oracle)? {
                self.core.admit(&mut layer, node, frame.as_ref(), draft, !self.is_plain);
            }
        }
        self.remember(&layer.nodes);
        self.active = layer;
        Ok(())
    }

    /// The next step of a branch.
    fn drafts(
        &mut self,
        node: NodeId,
        frame: &mut Option<Substitution>,
        enabled: Enabled,
        so_far: usize,
        oracle: &dyn Oracle,
    ) -> Result<Vec<Draft>, Stop> {
        let may_split = self.so_far + so_far < self.limits.splits && !self.is_plain;
        let certain = enabled.events.iter().all(|(_, guard)| self.core.arena.as_bool(*guard) == Some(true));
        let racing = enabled.events.len() > enabled.alone + 1;
        if certain
            && (!racing || may_split)
            && let Some(drafts) = self.ways(node, &enabled, so_far, oracle)?
        {
            return Ok(drafts);
        }
        self.become_symbolic()?;
        let frame = frame.get_or_insert_with(|| self.core.frame(node));
        self.symbolic_drafts(node, frame, enabled, (certain, racing, may_split), oracle)
    }

    /// The next step of a concrete branch; `None` if it is symbolic or there are too many ways to go on.
    fn ways(
        &mut self,
        node: NodeId,
        enabled: &Enabled,
        so_far: usize,
        oracle: &dyn Oracle,
    ) -> Result<Option<Vec<Draft>>, Stop> {
        let most = if self.is_plain { 1 } else { self.limits.splits.saturating_sub(self.so_far + so_far).max(1) };
        let events: Vec<ActionId> = enabled.events.iter().map(|&(event, _)| event).collect();
        self.core.ways(node, &events, most, &|| oracle.should_stop())
    }
}
