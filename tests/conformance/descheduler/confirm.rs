//! The outcomes of a cycle, confirmed by the symbolic engine with Z3.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::engine::smt::Smt;
use crate::engine::{Budget, Engine, Silent, UnknownReason, Verdict};
use crate::system::{Checkpoint, Property, PropertyId, PropertyKind, System};
use crate::term::{Bool, Ctx};

use super::explore::State;
use super::situation::Built;

/// Z3 is not asked for longer about one claim.
const LONGEST: Duration = Duration::from_secs(2);

/// What the symbolic engine finds that the exploration did not, or the other way round.
pub fn difference(built: &Built, outcomes: &BTreeSet<State>) -> Result<Option<String>, String> {
    let initial = built.system.fixed_initial_state().unwrap_or_default();
    let start = built.pods(&initial);
    let known: Vec<&State> = outcomes.iter().chain([&initial]).collect();
    if is_violated(&claim(built, &known, true))? == Some(true) {
        return Ok(Some("Z3 finds another outcome".to_owned()));
    }
    let changed = outcomes.iter().find(|outcome| built.pods(outcome) != start);
    match changed {
        Some(outcome) if is_violated(&claim(built, &[outcome], false))? == Some(false) => {
            Ok(Some("Z3 does not find an outcome".to_owned()))
        }
        _ => Ok(None),
    }
}

/// The system with the claim that settled states have the pods of one of these states, or of none of them.
fn claim(built: &Built, states: &[&State], one_of_them: bool) -> System {
    let mut system = built.system.clone();
    let ctx = Ctx::with_arena(std::mem::take(&mut system.arena));
    let variables = built.pod_variables();
    let is = |state: &&State| {
        let equal = |&index: &usize| -> Bool<'_> {
            let term = ctx.read(|arena| arena.variable(system.state[index].var).term);
            ctx.as_int(term).eq(state[index])
        };
        ctx.all(variables.iter().map(equal))
    };
    let some = ctx.any(states.iter().map(is));
    let holds = if one_of_them { some } else { !some }.id();
    system.arena = ctx.into_arena();
    let kind = PropertyKind::Invariant { holds, at: Checkpoint::Settled };
    system.properties =
        vec![Property { name: "outcome".to_owned(), subject: String::new(), kind, sees: Default::default() }];
    system
}

/// Whether a run of one cycle breaks the claim; `None` if that takes too long to find out.
fn is_violated(system: &System) -> Result<Option<bool>, String> {
    let budget = Budget { time: Some(LONGEST), ..Budget::bound(1) };
    match Smt::default().check(system, &[PropertyId(0)], &budget, &Silent).verdict {
        Verdict::Holds(_) => Ok(Some(false)),
        Verdict::Violated { .. } => Ok(Some(true)),
        Verdict::Unknown { reason: UnknownReason::Time, .. } => Ok(None),
        Verdict::Unknown { reason, .. } => Err(format!("Z3: {reason:?}")),
    }
}
