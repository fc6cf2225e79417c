//! The event-driven part of a block: layer by layer, until every branch rests.

use rustc_hash::FxHashMap;

use crate::system::model::{ActionId, Interleaving};
use crate::term::{Substitution, TermId};

use super::advance::{Stop, Unroller};
use super::graph::NodeId;
use super::step::{Draft, Layer};
use super::vectors::VectorId;
use super::{Answer, Oracle};

/// From this symbolic layer of a block on, cycles are looked for.
const CYCLES_FROM: u32 = 8;
/// A block with more symbolic layers than this, in which cycles cannot be left aside, is given up.
const LAYERS: u32 = 1000;

/// What may fire in a branch within a block.
struct Enabled {
    /// Events and their guards; those that cannot be enabled are left out.
    events: Vec<(ActionId, TermId)>,
    /// Nothing is enabled.
    rest: TermId,
}

/// When the solver is asked whether a block may go on: each time the number of symbolic layers has grown by half.
#[derive(Default)]
struct Questions {
    layers: u32,
    next: u32,
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

impl Unroller<'_> {
    /// Executes events until every branch rests; `None` if a violation that needs no solver was found on the way.
    pub(super) fn settle(&mut self, oracle: &mut dyn Oracle) -> Result<Option<Layer>, Stop> {
        let mut resting = Layer::default();
        let mut seen: FxHashMap<VectorId, Vec<NodeId>> = FxHashMap::default();
        let mut questions = Questions::default();
        loop {
            let enabled = self.enter_layer(&mut seen);
            if self.is_certain() {
                return Ok(None);
            }
            let is_open = |e: &(NodeId, Enabled)| self.core.arena.as_bool(e.1.rest).is_none();
            let due = enabled.iter().any(is_open) && questions.is_due();
            let going = self.sort_out(enabled, due, &mut resting, oracle)?;
            if going.is_empty() {
                return Ok(Some(resting));
            }
            if due && self.is_loop_possible(oracle)? {
                return Ok(None);
            }
            if questions.layers > LAYERS {
                return Err(Stop::Restless);
            }
            let is_checkpoint = due && questions.layers >= CYCLES_FROM;
            going.iter().for_each(|(node, _)| self.visit_inner(*node, is_checkpoint));
            self.expand_all(going);
            if oracle.should_stop() {
                return Err(Stop::Interrupted);
            }
        }
    }

    /// Inspects the active branches, drops those that repeat what is known, and finds out what may fire.
    fn enter_layer(&mut self, seen: &mut FxHashMap<VectorId, Vec<NodeId>>) -> Vec<(NodeId, Enabled)> {
        let mut kept = Vec::new();
        for node in std::mem::take(&mut self.active.nodes) {
            let Some(mut frame) = self.active.frames.remove(&node) else { continue };
            let state = self.core.graph.get(node).state;
            let repeated = seen.get(&state).is_some_and(|known| known.iter().any(|&m| self.is_covered(node, m)));
            if !self.inspect_inner(node, &mut frame) || repeated {
                continue;
            }
            seen.entry(state).or_default().push(node);
            kept.push((node, self.enabled(&mut frame)));
            self.active.frames.insert(node, frame);
        }
        kept
    }

    fn enabled(&mut self, frame: &mut Substitution) -> Enabled {
        let in_order = self.core.system.interleaving == Interleaving::Settled;
        let mut events = Vec::new();
        let mut rest = self.core.arena.bool(true);
        for index in 0..self.schedule.events().len() {
            let event = self.schedule.events()[index];
            let guard = self.core.guard(frame, event);
            if self.core.arena.as_bool(guard) != Some(false) {
                events.push((event, guard));
            }
            let quiet = self.core.arena.not(guard);
            rest = self.core.arena.and(rest, quiet);
            if in_order && self.core.arena.as_bool(rest) == Some(false) {
                break;
            }
        }
        Enabled { events, rest }
    }

    /// Sends branches at rest to `resting`; returns the others. Asks about those that may go on if that is `due`.
    fn sort_out(
        &mut self,
        enabled: Vec<(NodeId, Enabled)>,
        due: bool,
        resting: &mut Layer,
        oracle: &mut dyn Oracle,
    ) -> Result<Vec<(NodeId, Enabled)>, Stop> {
        let mut going = Vec::new();
        for (node, enabled) in enabled {
            let rests = match self.core.arena.as_bool(enabled.rest) {
                Some(rests) => rests,
                None => due && !self.may_go_on(node, enabled.rest, oracle)?,
            };
            if !rests {
                going.push((node, enabled));
            } else if let Some(frame) = self.active.frames.remove(&node) {
                resting.put(node, frame);
            }
        }
        Ok(going)
    }

    fn may_go_on(&mut self, node: NodeId, rest: TermId, oracle: &mut dyn Oracle) -> Result<bool, Stop> {
        let busy = self.core.arena.not(rest);
        let condition = self.core.arena.and(self.core.graph.get(node).path, busy);
        self.ask(condition, oracle)
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

    /// Whether a loop within the block was found already.
    fn is_loop_possible(&mut self, oracle: &mut dyn Oracle) -> Result<bool, Stop> {
        let loops = self.findings.iter().filter(|finding| finding.loop_to.is_some());
        let conditions: Vec<TermId> = loops.map(|finding| finding.condition).collect();
        let any = self.core.any(conditions);
        self.ask(any, oracle)
    }

    fn expand_all(&mut self, going: Vec<(NodeId, Enabled)>) {
        self.core.place.layer += 1;
        self.core.place.step += 1;
        let mut layer = Layer::default();
        for (node, enabled) in going {
            let Some(mut frame) = self.active.frames.remove(&node) else { continue };
            for draft in self.drafts(node, &mut frame, enabled, layer.nodes.len()) {
                self.core.admit(&mut layer, node, &frame, draft);
            }
        }
        self.remember(&layer.nodes);
        self.active = layer;
    }

    /// The next step of a branch.
    fn drafts(&mut self, node: NodeId, frame: &mut Substitution, enabled: Enabled, so_far: usize) -> Vec<Draft> {
        let may_split = so_far < self.limits.splits;
        let certain = enabled.events.iter().all(|(_, guard)| self.core.arena.as_bool(*guard) == Some(true));
        let racing = self.core.system.interleaving == Interleaving::Racing && enabled.events.len() > 1;
        if certain && (!racing || may_split) {
            let mut fire = |&(event, turn): &(ActionId, TermId)| self.core.fire(node, frame, event, turn, may_split);
            return enabled.events.iter().flat_map(&mut fire).collect();
        }
        if !racing {
            return self.core.fire_first(node, frame, &enabled.events).into_iter().collect();
        }
        let (alternatives, someone) = self.race(&enabled);
        let draft = self.core.fire_first(node, frame, &alternatives);
        draft.map(|draft| Draft { when: self.core.arena.and(draft.when, someone), ..draft }).into_iter().collect()
    }

    /// Events with the conditions under which a free choice falls on them, and that it falls on one that is enabled,
    /// if there is one.
    fn race(&mut self, enabled: &Enabled) -> (Vec<(ActionId, TermId)>, TermId) {
        let core = &mut self.core;
        let selector = core.inputs.selector(&mut core.arena, core.place, enabled.events.len());
        let mut someone = enabled.rest;
        let mut alternatives = Vec::new();
        for (index, &(event, guard)) in enabled.events.iter().enumerate() {
            let number = core.arena.int(index as i64);
            let chosen = core.arena.eq(selector, number);
            let turn = core.arena.and(chosen, guard);
            someone = core.arena.or(someone, turn);
            alternatives.push((event, turn));
        }
        (alternatives, someone)
    }
}
