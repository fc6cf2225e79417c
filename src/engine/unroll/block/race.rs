//! Whose turn it is in a symbolic branch.
//!
//! Guards that are terms tell under which conditions an event is enabled; the schedule tells who of the enabled goes first.
//! So events are put in order: those that go alone (all in `settled`, observers, and where events race, what leads),
//! those that continue a step, and the others. Where several race, a free selector chooses.

use crate::system::interleaving::Interleaving;
use crate::system::model::ActionId;
use crate::term::{Arena, Substitution, TermId};

use crate::engine::unroll::block::{Enabled, go_on};
use crate::engine::unroll::block::step::Draft;
use crate::engine::unroll::branch::graph::NodeId;
use crate::engine::unroll::{Oracle, Stop};
use crate::engine::unroll::unroller::Unroller;

/// Events and their guards.
type Guards = Vec<(ActionId, TermId)>;

impl Unroller<'_> {
    /// What may be enabled in a symbolic branch, in the order in which it is asked.
    pub(in crate::engine::unroll) fn enabled_symbolic(&mut self, frame: &mut Substitution) -> Enabled {
        let (events, rest) = self.guards(frame);
        let is_possible = |arena: &Arena, guard: TermId| arena.as_bool(guard) != Some(false);
        let possible =
            events.into_iter().filter(|&(_, guard)| is_possible(&self.core.arena, guard)).collect::<Guards>();
        if self.core.system.interleaving != Interleaving::Racing || self.core.system.guided {
            let events = self.in_order(possible);
            return Enabled { alone: events.len(), first: 0, events, rest };
        }
        let (passive, others): (Vec<_>, Vec<_>) =
            possible.into_iter().partition(|&(event, _)| self.schedule.is_passive(event));
        let (continuing, others): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|&(event, _)| self.core.system.action(event).kind.is_continuation());
        let (leading, others) = if continuing.is_empty() { self.leading(frame, others) } else { (Vec::new(), others) };
        let (alone, first) = (passive.len() + leading.len(), continuing.len());
        let events = passive.into_iter().chain(leading).chain(continuing).chain(others).collect();
        self.cut(Enabled { events, alone, first, rest })
    }

    /// Guards of the events that belong to a block, in the order of the schedule, as far as they matter; and that none holds.
    fn guards(&mut self, frame: &mut Substitution) -> (Guards, TermId) {
        let interleaving = self.core.system.interleaving;
        let mut guards = Vec::new();
        let mut rest = self.core.arena.bool(true);
        for index in 0..self.schedule.events().len() {
            let event = self.schedule.events()[index];
            if interleaving == Interleaving::Async && !self.schedule.is_passive(event) {
                continue;
            }
            let guard = self.core.guard(frame, event);
            guards.push((event, guard));
            let quiet = self.core.arena.not(guard);
            rest = self.core.arena.and(rest, quiet);
            if interleaving == Interleaving::Settled && self.core.arena.as_bool(rest) == Some(false) {
                break;
            }
        }
        (guards, rest)
    }

    /// Observers first, then what continues a step, then the others.
    fn in_order(&self, mut events: Guards) -> Guards {
        if self.core.system.interleaving != Interleaving::Settled {
            events.sort_by_key(|&(event, _)| !self.schedule.is_passive(event));
        }
        events
    }

    /// Takes out what leads wherever it is enabled.
    fn leading(&mut self, frame: &mut Substitution, events: Guards) -> (Guards, Guards) {
        let Some(order) = self.order.clone() else { return (Vec::new(), events) };
        let ids: Vec<ActionId> = events.iter().map(|&(event, _)| event).collect();
        let core = &mut self.core;
        let leading = order.leading(&ids, &mut |condition| {
            let image = frame.apply(&mut core.arena, condition);
            core.arena.as_bool(image) == Some(false)
        });
        events.into_iter().partition(|(event, _)| leading.contains(event))
    }

    /// Leaves out what comes after an event that is certainly enabled.
    fn cut(&self, mut enabled: Enabled) -> Enabled {
        let is_certain = |&(_, guard): &(ActionId, TermId)| self.core.arena.as_bool(guard) == Some(true);
        let (alone, racing) = enabled.events.split_at(enabled.alone);
        if let Some(certain) = alone.iter().position(is_certain) {
            enabled.events.truncate(certain + 1);
            return Enabled { alone: certain + 1, first: 0, ..enabled };
        }
        if racing[..enabled.first].iter().any(is_certain) {
            enabled.events.truncate(enabled.alone + enabled.first);
        }
        enabled
    }

    /// The next step of a branch in which something depends on conditions, or inputs are left to symbols.
    pub(in crate::engine::unroll) fn symbolic_drafts(
        &mut self,
        node: NodeId,
        frame: &mut Substitution,
        enabled: Enabled,
        (certain, racing, may_split): (bool, bool, bool),
        oracle: &dyn Oracle,
    ) -> Result<Vec<Draft>, Stop> {
        if certain && (!racing || may_split) {
            let mut drafts = Vec::new();
            for &(event, turn) in &enabled.events {
                go_on(oracle)?;
                drafts.extend(self.core.fire(node, frame, event, turn, may_split));
            }
            return Ok(drafts);
        }
        if !racing {
            return Ok(self.core.fire_first(node, frame, &enabled.events, oracle)?.into_iter().collect());
        }
        let (alternatives, someone) = self.race(&enabled);
        let draft = self.core.fire_first(node, frame, &alternatives, oracle)?;
        let among = |draft: Draft| Draft { when: self.core.arena.and(draft.when, someone), ..draft };
        Ok(draft.map(among).into_iter().collect())
    }

    /// Events with the conditions under which it is their turn, those before them being disabled; and that it is somebody's
    /// turn, if anybody is enabled: where several race a free choice falls on one that is.
    fn race(&mut self, enabled: &Enabled) -> (Guards, TermId) {
        let core = &mut self.core;
        let (alone, racing) = enabled.events.split_at(enabled.alone);
        let selector = core.inputs.selector(&mut core.arena, core.place, racing.len());
        let mut alternatives = alone.to_vec();
        let first = core.any(racing[..enabled.first].iter().map(|&(_, guard)| guard));
        let later = core.arena.not(first);
        for (index, &(event, guard)) in racing.iter().enumerate() {
            let number = core.arena.int(index as i64);
            let chosen = core.arena.eq(selector, number);
            let turn = core.arena.and(chosen, guard);
            let turn = if index < enabled.first { turn } else { core.arena.and(turn, later) };
            alternatives.push((event, turn));
        }
        let someone = core.any(alternatives.iter().map(|&(_, turn)| turn));
        let someone = core.arena.or(enabled.rest, someone);
        (alternatives, someone)
    }
}
