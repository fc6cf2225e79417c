//! Which actions may fire next: the interleaving models, defined once over a test for being enabled.

use super::interleaving::Interleaving;
use super::model::{ActionId, System};

/// The actions that may fire in a state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidates {
    /// May fire next.
    pub actions: Vec<ActionId>,
    /// Whether no event-driven action is enabled.
    pub settled: bool,
}

/// The order of actions, computed once per system.
#[derive(Clone, Debug)]
pub struct Schedule {
    interleaving: Interleaving,
    events: Vec<ActionId>,
    slow: Vec<ActionId>,
}

impl Schedule {
    /// The schedule of a system.
    pub fn new(system: &System) -> Self {
        Schedule { interleaving: system.interleaving, events: system.events_in_order(), slow: system.slow_actions() }
    }

    /// Event-driven actions in the documented order.
    pub fn events(&self) -> &[ActionId] {
        &self.events
    }

    /// Periodic and environment actions.
    pub fn slow(&self) -> &[ActionId] {
        &self.slow
    }

    /// What may fire in a state in which `enabled` tells which guards hold.
    ///
    /// `settled`: the first enabled event, else all enabled slow actions. `racing`: all enabled events, else all
    /// enabled slow actions. `async`: everything that is enabled.
    pub fn candidates(&self, enabled: impl FnMut(ActionId) -> bool) -> Candidates {
        let mut candidates = Candidates::default();
        self.candidates_into(&mut candidates, enabled);
        candidates
    }

    /// [`Schedule::candidates`] into a value that is used again and again. Guards are asked in order: events as in
    /// [`Schedule::events`], then slow actions as in [`Schedule::slow`], never one before its predecessors.
    pub fn candidates_into(&self, into: &mut Candidates, mut enabled: impl FnMut(ActionId) -> bool) {
        let actions = &mut into.actions;
        actions.clear();
        for &event in &self.events {
            if enabled(event) {
                actions.push(event);
                if self.interleaving == Interleaving::Settled {
                    break;
                }
            }
        }
        into.settled = actions.is_empty();
        if into.settled || self.interleaving == Interleaving::Async {
            actions.extend(self.slow.iter().copied().filter(|&action| enabled(action)));
        }
    }
}
