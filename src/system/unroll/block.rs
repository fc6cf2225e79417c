//! The event-driven part of a block: layer by layer, until every branch rests.

use rustc_hash::FxHashMap;

use crate::system::model::{ActionId, Interleaving};
use crate::term::TermId;

use super::advance::{Stop, Unroller};
use super::graph::NodeId;
use super::loops::has_one_past;
use super::step::{Draft, Layer};
use super::vectors::VectorId;
use super::Oracle;

/// From this symbolic layer of a block on, cycles are looked for.
const CYCLES_FROM: u32 = 8;
/// If all symbolic branches are light, questions begin at this layer.
const LIGHT_FROM: u32 = 64;
/// A block with more symbolic layers than this, in which cycles cannot be left aside, is executed again untangled.
const TANGLED: u32 = 100;

/// How an attempt to execute a block ended.
enum Attempt {
    /// All branches rest.
    Rests(Layer),
    /// A violation that needs no solver was found on the way.
    Certain,
    /// Runs go round in circles and share branches with others, from which they cannot be told.
    Tangled,
}

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
    /// Whether runs are known that go round in circles.
    cyclic: bool,
}

impl Questions {
    /// Counts a layer with symbolic branches; whether it is time to ask. Light branches mostly come to rest without
    /// being asked.
    fn is_due(&mut self, symbolic: bool, heavy: bool) -> bool {
        self.layers += symbolic as u32;
        let due = symbolic && self.layers >= self.next.max(if heavy { 2 } else { LIGHT_FROM });
        if due {
            self.next = self.layers + (self.layers / 2).max(2);
        }
        due
    }
}

impl Unroller<'_> {
    /// Executes events until every branch rests; `None` if a violation that needs no solver was found on the way.
    pub(super) fn settle(&mut self, oracle: &mut dyn Oracle) -> Result<Option<Layer>, Stop> {
        let start = self.active.clone();
        loop {
            match self.attempt(oracle)? {
                Attempt::Rests(layer) => return Ok(Some(layer)),
                Attempt::Certain => return Ok(None),
                Attempt::Tangled => {
                    self.active = start.clone();
                    self.is_plain = true;
                }
            }
        }
    }

    fn attempt(&mut self, oracle: &mut dyn Oracle) -> Result<Attempt, Stop> {
        let mut resting = Layer::default();
        let mut seen: FxHashMap<VectorId, Vec<NodeId>> = FxHashMap::default();
        let mut questions = Questions::default();
        loop {
            let enabled = self.enter_layer(&mut seen, &mut resting, oracle)?;
            if self.is_certain() {
                return Ok(Attempt::Certain);
            }
            let is_rest = |e: &(NodeId, Enabled)| self.core.arena.as_bool(e.1.rest) == Some(true);
            let is_open = |e: &(NodeId, Enabled)| !self.core.is_concrete(e.0) && !is_rest(e);
            let is_heavy = |e: &(NodeId, Enabled)| is_open(e) && !self.is_light(e.0);
            let due = questions.is_due(enabled.iter().any(is_open), enabled.iter().any(is_heavy));
            let going = self.sort_out(enabled, due, &mut resting, oracle)?;
            if going.is_empty() {
                return Ok(Attempt::Rests(resting));
            }
            if due && questions.layers >= CYCLES_FROM && self.is_something_found(oracle)? {
                return Ok(Attempt::Certain);
            }
            if questions.layers > TANGLED && !self.is_plain && self.tracked.len() > 1 && self.is_tangled(&going) {
                return Ok(Attempt::Tangled);
            }
            // Once cycles are known to exist, every layer is compared with every other: simple paths come to an end.
            questions.cyclic |= due && self.is_circling(oracle)?;
            let is_checkpoint = questions.cyclic || due && questions.layers >= CYCLES_FROM;
            going.iter().for_each(|(node, _)| self.visit_inner(*node, is_checkpoint));
            self.expand_all(going, &mut resting, oracle)?;
        }
    }

    /// Whether some symbolic branch has several pasts within the block.
    fn is_tangled(&self, going: &[(NodeId, Enabled)]) -> bool {
        going.iter().any(|(node, _)| !self.core.is_concrete(*node) && !has_one_past(&self.core.graph, *node))
    }

    /// Inspects the active branches, drops those that repeat what is known, and finds out what may fire.
    fn enter_layer(
        &mut self,
        seen: &mut FxHashMap<VectorId, Vec<NodeId>>,
        resting: &mut Layer,
        oracle: &mut dyn Oracle,
    ) -> Result<Vec<(NodeId, Enabled)>, Stop> {
        let mut kept = Vec::new();
        for node in std::mem::take(&mut self.active.nodes) {
            self.core.enter(node);
            let state = self.core.graph.get(node).state;
            let repeats = seen.get(&state).is_some_and(|known| known.iter().any(|&m| self.is_covered(node, m)));
            if !self.inspect_inner(node) {
                continue;
            }
            let enabled = self.enabled();
            if repeats {
                self.keep_rest(node, enabled.rest, resting, oracle)?;
                continue;
            }
            seen.entry(state).or_default().push(node);
            kept.push((node, enabled));
        }
        Ok(kept)
    }

    /// Of a branch that goes on in others, the runs at rest.
    fn keep_rest(
        &mut self,
        node: NodeId,
        rest: TermId,
        resting: &mut Layer,
        oracle: &mut dyn Oracle,
    ) -> Result<(), Stop> {
        let path = self.core.arena.and(self.core.graph.get(node).path, rest);
        if self.core.arena.as_bool(rest).is_none() && self.ask(path, oracle)? {
            let node = self.junction(self.core.graph.get(node).state, vec![(node, rest)]);
            resting.nodes.push(node);
        }
        Ok(())
    }

    fn enabled(&mut self) -> Enabled {
        let in_order = self.core.system.interleaving == Interleaving::Settled;
        let mut events = Vec::new();
        let mut rest = self.core.arena.bool(true);
        for index in 0..self.schedule.events().len() {
            let event = self.schedule.events()[index];
            let guard = self.core.guard(event);
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
                Some(true) => true,
                _ => due && !self.may_go_on(node, enabled.rest, oracle)?,
            };
            let never = self.core.arena.as_bool(enabled.rest) == Some(false);
            if !rests {
                going.push((node, enabled));
            } else if !never {
                resting.nodes.push(node);
            }
            // Otherwise no run is left here: those that never rest were left aside.
        }
        Ok(going)
    }

    fn may_go_on(&mut self, node: NodeId, rest: TermId, oracle: &mut dyn Oracle) -> Result<bool, Stop> {
        let busy = self.core.arena.not(rest);
        let condition = self.core.arena.and(self.core.graph.get(node).path, busy);
        self.ask(condition, oracle)
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

    fn expand_all(
        &mut self,
        going: Vec<(NodeId, Enabled)>,
        resting: &mut Layer,
        oracle: &mut dyn Oracle,
    ) -> Result<(), Stop> {
        self.core.place.layer += 1;
        self.core.place.step += 1;
        let mut layer = Layer::default();
        for (node, enabled) in going {
            self.core.enter(node);
            let may_split = self.may_split(node, layer.nodes.len());
            let drafts = match may_split {
                true => self.split_events(node, &enabled),
                false => self.merge_events(node, &enabled).into_iter().collect(),
            };
            if may_split {
                self.keep_rest(node, enabled.rest, resting, oracle)?;
            }
            for draft in drafts {
                self.core.admit(&mut layer, node, draft, (!self.is_plain, may_split));
            }
            if oracle.should_stop() {
                return Err(Stop::Interrupted);
            }
        }
        self.drop_impossible(&mut layer, true, oracle)?;
        self.remember(&layer.nodes);
        self.active = layer;
        Ok(())
    }

    /// The next step of a branch, each event in its own branch.
    fn split_events(&mut self, node: NodeId, enabled: &Enabled) -> Vec<Draft> {
        let in_order = self.core.system.interleaving == Interleaving::Settled;
        let mut nobody_yet = self.core.arena.bool(true);
        let mut drafts = Vec::new();
        for &(event, guard) in &enabled.events {
            let turn = self.core.arena.and(nobody_yet, guard);
            drafts.extend(self.core.fire(node, event, turn, true));
            if in_order {
                let other = self.core.arena.not(guard);
                nobody_yet = self.core.arena.and(nobody_yet, other);
            }
        }
        drafts
    }

    /// The next step of a branch, all events in one branch.
    fn merge_events(&mut self, node: NodeId, enabled: &Enabled) -> Option<Draft> {
        if self.core.system.interleaving == Interleaving::Settled || enabled.events.len() == 1 {
            return self.core.fire_first(node, &enabled.events);
        }
        let (alternatives, someone) = self.race(enabled);
        let draft = self.core.fire_first(node, &alternatives)?;
        Some(Draft { when: self.core.arena.and(draft.when, someone), ..draft })
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
