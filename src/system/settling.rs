//! Runs that begin at rest although slow actions need not wait: the first of them does.
//!
//! What an input describes need not be a state in which a cluster could be for a while: pods may have no node yet, owners no pods.
//! Nobody asks what happens while that is made up for, and every order of it. So slow actions wait until the state has
//! settled once.

use super::images;
use super::model::System;
use super::schedule::Schedule;

/// Has the first slow action wait until no event-driven action is enabled.
pub fn settle_first(system: &mut System) {
    let schedule = Schedule::new(system);
    let position = system.state.len();
    let begun = system.flag("has begun");
    let mut arena = std::mem::take(&mut system.arena);
    let at_rest = images::silence(system, &mut arena, schedule.events());
    let (may_begin, yes) = (arena.or(begun, at_rest), arena.bool(true));
    for &id in schedule.slow() {
        let action = &mut system.actions[id.0];
        action.guard = arena.and(action.guard, may_begin);
        action.updates.push((position, yes));
    }
    system.arena = arena;
}

#[cfg(test)]
mod tests {
    use crate::system::replay::Interpreter;
    use crate::system::{ActionDraft, ActionKind, Builder, Interleaving};
    use crate::term::Ctx;

    use super::*;

    #[test]
    fn the_first_slow_action_waits_and_others_do_not() {
        let ctx = Ctx::new();
        let unbound = {
            let builder = Builder::new(&ctx);
            let busy = builder.bool("busy", Some(true));
            let state = builder.state();
            let with = |value: bool| {
                let mut next = state.clone();
                next.set_bool(busy, builder.ctx().bool(value));
                next
            };
            let event = ActionKind::Event { rank: 4 };
            builder.action(ActionDraft::new("event", event, state.is(busy), with(false)));
            builder.action(ActionDraft::new("slow", ActionKind::Periodic, builder.ctx().bool(true), with(true)));
            builder.finish(Interleaving::Overlapping)
        };
        let mut system = unbound.bind(ctx);
        settle_first(&mut system);
        let interpreter = Interpreter::new(&system);
        let may_fire = |state: &[i64]| interpreter.candidates(state).actions.iter().map(|id| id.0).collect::<Vec<_>>();
        assert_eq!(
            [[1, 0], [0, 0], [1, 1], [0, 1]].map(|state| may_fire(&state)),
            [vec![0], vec![1], vec![0, 1], vec![1]]
        );
    }
}
