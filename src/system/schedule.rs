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
    /// Whether only the first candidate fires.
    guided: bool,
    events: Vec<ActionId>,
    slow: Vec<ActionId>,
    /// By action: whether it is passive.
    passive: Vec<bool>,
    /// By action: whether it continues a step that began.
    continues: Vec<bool>,
}

impl Schedule {
    /// The schedule of a system.
    pub fn new(system: &System) -> Self {
        Schedule {
            interleaving: system.interleaving,
            guided: system.guided,
            events: system.events_in_order(),
            slow: system.slow_actions(),
            passive: system.actions.iter().map(|action| action.passive).collect(),
            continues: system.actions.iter().map(|action| action.kind.is_continuation()).collect(),
        }
    }

    /// Event-driven actions in the documented order.
    pub fn events(&self) -> &[ActionId] {
        &self.events
    }

    /// Periodic and environment actions.
    pub fn slow(&self) -> &[ActionId] {
        &self.slow
    }

    /// Whether an action only observes.
    pub fn is_passive(&self, action: ActionId) -> bool {
        self.passive[action.0]
    }

    /// What may fire in a state in which `enabled` tells which guards hold.
    ///
    /// `settled`: the first enabled event, else all enabled slow actions. `racing`: the first enabled event that only
    /// observes, else all that continue a step, else all enabled events, else all enabled slow actions. `async`: the first
    /// enabled event that only observes, else everything that is enabled.
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
        self.keep_urgent(actions);
        let is_free = self.interleaving == Interleaving::Async && !self.observes(actions);
        if into.settled || is_free {
            actions.extend(self.slow.iter().copied().filter(|&action| enabled(action)));
        }
    }

    /// Whether what may fire only observes.
    pub fn observes(&self, actions: &[ActionId]) -> bool {
        actions.first().is_some_and(|&action| self.is_passive(action))
    }

    /// Of enabled events, those that go before all others.
    fn keep_urgent(&self, events: &mut Vec<ActionId>) {
        if self.interleaving == Interleaving::Settled {
            return;
        }
        if let Some(&observer) = events.iter().find(|&&event| self.is_passive(event)) {
            *events = vec![observer];
        } else if self.interleaving == Interleaving::Racing {
            if events.iter().any(|event| self.continues[event.0]) {
                events.retain(|event| self.continues[event.0]);
            }
            if self.guided {
                events.truncate(1);
            }
        }
    }
}
