//! One action as a relation between two states: when it may fire, and what becomes of a term.
//!
//! Which enabled actions hold another one back is not written here again: the schedule says whose turn it is when.

use crate::system::schedule::Schedule;
use crate::system::{ActionId, System, images};
use crate::term::{Arena, Substitution, TermId};

/// The steps of a system, over a growing arena that continues the system's.
pub struct Relation<'s> {
    /// The system.
    pub system: &'s System,
    /// Its terms, and those that are made here.
    pub arena: Arena,
    /// By action: when it may fire, over state and inputs.
    fires: Vec<TermId>,
    /// By action: its updates.
    next: Vec<Substitution>,
    /// That no event-driven action is enabled.
    pub rest: TermId,
}

impl<'s> Relation<'s> {
    /// The steps of a system, with an arena that continues its own.
    pub fn new(system: &'s System, mut arena: Arena) -> Self {
        let schedule = Schedule::new(system);
        let rest = images::silence(system, &mut arena, schedule.events());
        let mut fires = vec![arena.bool(false); system.actions.len()];
        for turn in schedule.turns() {
            let enabled = images::may_fire(system, &mut arena, &turn);
            fires[turn.action.0] = arena.and(enabled, system.action(turn.action).choice);
        }
        let next = system.actions.iter().map(|action| images::after(system, action)).collect();
        Relation { system, arena, fires, next, rest }
    }

    /// When an action fires, over state and inputs.
    pub fn fires(&self, action: ActionId) -> TermId {
        self.fires[action.0]
    }

    /// Actions that may fire at all, as far as constants tell.
    pub fn possible(&self) -> Vec<ActionId> {
        let may = |id: &ActionId| self.arena.as_bool(self.fires(*id)) != Some(false);
        self.system.action_ids().map(|(id, _)| id).filter(may).collect()
    }

    /// What a term over the state is after an action, over the state before and the inputs.
    pub fn after(&mut self, action: ActionId, term: TermId) -> TermId {
        self.next[action.0].apply(&mut self.arena, term)
    }

    /// The initial values of variables that have one.
    pub fn start(&mut self) -> Substitution {
        images::at_start(self.system, &mut self.arena)
    }

    /// The conjunction of some terms.
    pub fn all(&mut self, terms: impl IntoIterator<Item = TermId>) -> TermId {
        let start = self.arena.bool(true);
        terms.into_iter().fold(start, |all, term| self.arena.and(all, term))
    }

    /// Whether some of these terms does not hold.
    pub fn some_fails(&mut self, terms: impl IntoIterator<Item = TermId>) -> TermId {
        let all = self.all(terms);
        self.arena.not(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::{ActionDraft, ActionKind, Builder, Interleaving};
    use crate::term::Ctx;

    fn system(interleaving: Interleaving) -> System {
        let ctx = Ctx::new();
        let unbound = {
            let builder = Builder::new(&ctx);
            let on = builder.bool("on", Some(true));
            let state = builder.state();
            let kinds = [
                ActionKind::Event { rank: 0 },
                ActionKind::Event { rank: 4 },
                ActionKind::Event { rank: 5 },
                ActionKind::Periodic,
            ];
            for (number, kind) in kinds.into_iter().enumerate() {
                let mut next = state.clone();
                next.set_bool(on, !state.is(on));
                builder.action(ActionDraft::new(format!("a{number}"), kind, state.is(on), next));
            }
            builder.finish(interleaving)
        };
        unbound.bind(ctx)
    }

    #[test]
    fn actions_wait_for_those_that_the_schedule_puts_before_them() {
        let waits = |interleaving| {
            let system = system(interleaving);
            let schedule = Schedule::new(&system);
            let mut turns = schedule.turns();
            turns.sort_by_key(|turn| turn.action);
            turns.iter().map(|turn| turn.unless.iter().map(|id| id.0).collect()).collect::<Vec<Vec<_>>>()
        };
        assert_eq!(waits(Interleaving::Settled), [vec![], vec![0], vec![0, 1], vec![0, 1, 2]]);
        assert_eq!(waits(Interleaving::Racing), [vec![], vec![0], vec![0], vec![0, 1, 2]]);
        assert_eq!(waits(Interleaving::Async), vec![Vec::<usize>::new(); 4]);
    }
}
