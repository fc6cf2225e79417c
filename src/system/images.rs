//! Terms over the state at the start and after an action, as substitutions: for whoever reasons about single steps.

use crate::term::{Arena, Substitution, TermId};

use super::model::{Action, ActionId, System};
use super::schedule::Turn;

/// The initial values of variables that have one, in an arena that continues the system's.
pub fn at_start(system: &System, arena: &mut Arena) -> Substitution {
    let mut start = Substitution::new();
    for variable in &system.state {
        if let Some(value) = variable.initial {
            let sort = arena.variable(variable.var).sort;
            let value = arena.constant(sort, value);
            start.map(variable.var, value);
        }
    }
    start
}

/// The updates of an action.
pub fn after(system: &System, action: &Action) -> Substitution {
    let mut next = Substitution::new();
    action.updates.iter().for_each(|&(index, term)| next.map(system.state[index].var, term));
    next
}

/// That none of some actions is enabled.
pub fn silence(system: &System, arena: &mut Arena, actions: &[ActionId]) -> TermId {
    let start = arena.bool(true);
    actions.iter().fold(start, |all, &action| {
        let silent = arena.not(system.action(action).guard);
        arena.and(all, silent)
    })
}

/// That it is the turn of an action which is enabled.
pub fn may_fire(system: &System, arena: &mut Arena, turn: &Turn) -> TermId {
    let silent = silence(system, arena, &turn.unless);
    arena.and(system.action(turn.action).guard, silent)
}
