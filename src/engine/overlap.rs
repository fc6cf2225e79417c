//! Blocks that overlap, for engines that bring every block to rest: a system whose blocks may end anywhere.
//!
//! Where slow actions do not wait, a block is a slow action and some of the events that may follow, not all of them. Here events
//! *pause*: an event-driven action of its own, enabled wherever an event and a slow action are, that disables all events until a
//! slow action fires. So blocks come to rest in every state from which a slow action goes on, k counts what it counted, and no
//! engine needs to know.
//!
//! Soundness: without its pauses, a run of this system is one of the other; and a run of the other becomes one of this system by pausing before every
//! slow action for which some event is enabled. States in which events pause are not settled, so that nothing is asked there. Orders are not
//! reduced, because a pause depends on every event.

use crate::system::schedule::Schedule;
use crate::system::{
    Action, ActionId, ActionKind, Checkpoint, Footprint, Interleaving, PropertyKind, System, Trace, images,
};

/// A system with pauses, and how its runs become ones of the system without.
pub struct Paused {
    /// The system.
    pub system: System,
    /// Position of the pause.
    pause: usize,
    /// Variables of the system without; whether events pause comes behind them.
    variables: usize,
}

impl Paused {
    /// The same runs, in blocks that come to rest; `None` if the system's do already, or there are none.
    pub fn of(system: &System) -> Option<Self> {
        if system.interleaving != Interleaving::Overlapping {
            return None;
        }
        let mut paused = system.clone();
        let schedule = Schedule::new(system);
        let events: Vec<ActionId> = schedule.events().iter().copied().filter(|&id| !schedule.is_passive(id)).collect();
        let pausing = paused.flag("events pause");
        let arena = &mut paused.arena;
        let (goes_on, yes, no) = (arena.not(pausing), arena.bool(true), arena.bool(false));
        let at_rest = images::silence(system, arena, &events);
        let nothing_slow = images::silence(system, arena, schedule.slow());
        let waits = arena.or(at_rest, nothing_slow);
        let asked = arena.not(waits);
        let pause = Action {
            name: "pause".to_owned(),
            kind: ActionKind::Event { rank: u32::MAX },
            guard: arena.and(goes_on, asked),
            inputs: Vec::new(),
            choice: yes,
            updates: vec![(system.state.len(), yes)],
            marks: Vec::new(),
            obligations: Vec::new(),
            passive: false,
            footprint: Footprint::default(),
            pace: None,
        };
        for id in events {
            let action = &mut paused.actions[id.0];
            action.guard = arena.and(goes_on, action.guard);
            // A step that began is not finished first.
            action.kind = ActionKind::Event { rank: 1 };
            action.footprint = Footprint::default();
        }
        for &id in schedule.slow() {
            paused.actions[id.0].updates.push((system.state.len(), no));
        }
        for property in &mut paused.properties {
            if let PropertyKind::Invariant { holds, at: Checkpoint::Settled } = &mut property.kind {
                *holds = arena.or(*holds, pausing);
            }
        }
        paused.actions.push(pause);
        (paused.interleaving, paused.all_orders) = (Interleaving::Racing, true);
        Some(Paused { system: paused, pause: system.actions.len(), variables: system.state.len() })
    }

    /// The same run without pauses.
    pub fn without(&self, trace: &Trace) -> Trace {
        let initial = trace.initial[..self.variables].to_vec();
        let is_step = |position: &usize| trace.steps[*position].action != self.pause;
        let kept = |positions: std::ops::Range<usize>| positions.filter(is_step);
        let steps = kept(0..trace.steps.len()).map(|position| trace.steps[position].clone()).collect();
        let loop_start = trace.loop_start.map(|start| kept(0..start).count());
        Trace { initial, steps, loop_start }
    }
}
