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

/// When an enabled action may fire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The action.
    pub action: ActionId,
    /// Actions that go before it: none of them may be enabled.
    pub unless: Vec<ActionId>,
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
    /// observes, else all that continue a step, else all enabled events, else all enabled slow actions. `overlapping` and `async`:
    /// the first enabled event that only observes, else everything that is enabled.
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
        let is_free = !self.interleaving.waits() && !self.observes(actions);
        if into.settled || is_free {
            actions.extend(self.slow.iter().copied().filter(|&action| enabled(action)));
        }
    }

    /// For every action, which others have to be disabled for it to fire: what [`Schedule::candidates`] says, as conditions for
    /// whoever has guards that are terms. Events come first, in their order.
    pub fn turns(&self) -> Vec<Turn> {
        let passive: Vec<ActionId> = self.events.iter().copied().filter(|&it| self.is_passive(it)).collect();
        let is_urgent = |it: &ActionId| self.is_passive(*it) || self.continues[it.0];
        let urgent: Vec<ActionId> = self.events.iter().copied().filter(is_urgent).collect();
        let mut turns = Vec::new();
        for (position, &event) in self.events.iter().enumerate() {
            let earlier = self.events[..position].iter().copied();
            let unless: Vec<ActionId> = match self.interleaving {
                Interleaving::Settled => earlier.collect(),
                _ if self.is_passive(event) => earlier.filter(|&it| self.is_passive(it)).collect(),
                Interleaving::Overlapping | Interleaving::Async => passive.clone(),
                Interleaving::Racing => {
                    let before = if self.continues[event.0] { &passive } else { &urgent };
                    let same = earlier.filter(|&it| self.guided && self.continues[it.0] == self.continues[event.0]);
                    before.iter().copied().chain(same).collect()
                }
            };
            turns.push(Turn { action: event, unless });
        }
        let before = if self.interleaving.waits() { &self.events } else { &passive };
        turns.extend(self.slow.iter().map(|&action| Turn { action, unless: before.clone() }));
        turns
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Six actions, of which two are slow, under every combination of guards.
    #[test]
    fn turns_are_conditions_for_being_a_candidate() {
        let ids = |numbers: std::ops::Range<usize>| numbers.map(ActionId).collect::<Vec<_>>();
        for (interleaving, flags) in
            Interleaving::ALL.into_iter().flat_map(|it| (0..512u32).map(move |flags| (it, flags)))
        {
            let flag = |number: usize| flags >> number & 1 == 1;
            let schedule = Schedule {
                interleaving,
                guided: flag(8),
                events: ids(0..4),
                slow: ids(4..6),
                passive: (0..6).map(|it| it < 4 && flag(it)).collect(),
                continues: (0..6).map(|it| it < 4 && flag(4 + it) && !flag(it)).collect(),
            };
            let turns = schedule.turns();
            for guards in 0..64u32 {
                let enabled = |id: ActionId| guards >> id.0 & 1 == 1;
                let fires = |turn: &&Turn| enabled(turn.action) && !turn.unless.iter().any(|&it| enabled(it));
                let mut own: Vec<ActionId> = turns.iter().filter(fires).map(|turn| turn.action).collect();
                let mut expected = schedule.candidates(enabled).actions;
                own.sort();
                expected.sort();
                assert_eq!(own, expected, "{schedule:?} {guards:b}");
            }
        }
    }
}
