//! Range tightening: a fix-point of intervals over all actions that can fire.
//!
//! The result is inductive: the initial states lie within the intervals, and no action leads out of them. So a variable
//! with a single value is a constant, an action whose guard is never true never fires, and every other variable needs
//! only as many bits as its interval. Variables keep their meaning: the lift is the identity on values.
//!
//! Reference: Cousot and Cousot, "Abstract interpretation: a unified lattice model for static analysis of programs by
//! construction or approximation of fixpoints", POPL 1977.

use crate::system::{Slice, System};
use crate::term::{Guarded, Range, Sort, Substitution, TermId};

use super::intervals::Intervals;
use super::terms;

/// Rounds in which intervals may grow freely; what still grows then gets its declared range.
const PATIENCE: usize = 12;

/// Tightens ranges, folds constants, and disables what never fires. Says what it did.
pub fn tighten(slice: &mut Slice, limit: &Guarded) -> Vec<String> {
    let system = &mut slice.system;
    let late = || vec!["no time for it".to_owned()];
    let Some((ranges, fires)) = fixpoint(system, limit) else { return late() };
    let mut notes = disable(system, &fires);
    match substitute(system, &ranges, limit) {
        None => notes.extend(late()),
        Some(substituted) => {
            notes.extend(substituted);
            drop_constants(slice, &ranges);
        }
    }
    notes
}

/// Intervals of the state variables, and which actions can fire within them; `None` if the limit comes first.
fn fixpoint(system: &System, limit: &Guarded) -> Option<(Vec<Range>, Vec<bool>)> {
    let start = |variable: &crate::system::StateVar| variable.initial.map_or(variable.range, |it| Range::new(it, it));
    let mut ranges: Vec<Range> = system.state.iter().map(start).collect();
    let reachable = system.arena.reachable(terms::roots(system));
    let mut position = vec![None; system.arena.variables().len()];
    for (index, variable) in system.state.iter().enumerate() {
        position[variable.var.index()] = Some(index);
    }
    let mut round = 0;
    loop {
        let interval = |var: crate::term::VarId| match position[var.index()] {
            Some(index) => ranges[index],
            None => system.arena.variable(var).sort.range(),
        };
        let intervals = Intervals::of(&system.arena, &reachable, &interval, limit)?;
        let may_fire = |guard: TermId, choice: TermId| intervals.may_hold(guard) && intervals.may_hold(choice);
        let fires: Vec<bool> = system.actions.iter().map(|it| may_fire(it.guard, it.choice)).collect();
        let mut next = ranges.clone();
        for (action, _) in system.actions.iter().zip(&fires).filter(|(_, fires)| **fires) {
            for &(index, term) in &action.updates {
                next[index] = next[index].hull(intervals.get(term));
            }
        }
        if next == ranges {
            return Some((ranges, fires));
        }
        round += 1;
        if round > PATIENCE {
            let grown = next.iter_mut().zip(&ranges).zip(&system.state).filter(|((next, range), _)| next != range);
            grown.for_each(|((next, _), variable)| *next = variable.range);
        }
        ranges = next;
    }
}

fn disable(system: &mut System, fires: &[bool]) -> Vec<String> {
    let never = system.arena.bool(false);
    let mut notes = Vec::new();
    for (action, _) in system.actions.iter_mut().zip(fires).filter(|(_, fires)| !**fires) {
        if action.guard != never {
            notes.push(format!("action {}: never enabled", action.name));
        }
        // A guard that holds while no choice is allowed contradicts what systems are, so the guard never holds.
        action.guard = never;
        action.choice = never;
        action.updates.clear();
        action.marks.clear();
        action.obligations.clear();
    }
    notes
}

/// Puts constants and narrower variables in the place of variables; `None`, and nothing happens, if the limit comes first.
fn substitute(system: &mut System, ranges: &[Range], limit: &Guarded) -> Option<Vec<String>> {
    let mut substitution = Substitution::new();
    let mut notes = Vec::new();
    let mut narrower = Vec::new();
    for (index, (variable, &range)) in system.state.iter().zip(ranges).enumerate() {
        let sort = system.arena.variable(variable.var).sort;
        if range.size() == 1 {
            let value = system.arena.constant(sort, range.lo);
            substitution.map(variable.var, value);
            notes.push(format!("variable {}: always {}", variable.name, range.lo));
        } else if range != variable.range && sort != Sort::Bool {
            let narrow = system.arena.new_variable(variable.name.clone(), Sort::Int(range));
            substitution.map(variable.var, system.arena.variable(narrow).term);
            narrower.push((index, narrow));
            let before = variable.range;
            notes.push(format!(
                "variable {}: {}..{} instead of {}..{}",
                variable.name, range.lo, range.hi, before.lo, before.hi
            ));
        }
    }
    terms::replace_within(system, limit, |arena, term| substitution.apply(arena, term))?;
    for (index, narrow) in narrower {
        system.state[index].range = ranges[index];
        system.state[index].var = narrow;
    }
    clamp(system);
    Some(notes)
}

/// Updates lie within the new ranges wherever they happen; clamping lets their terms say so.
fn clamp(system: &mut System) {
    let System { arena, state, actions, .. } = system;
    for (index, term) in actions.iter_mut().flat_map(|action| &mut action.updates) {
        let range = state[*index].range;
        if matches!(arena.sort(*term), Sort::Int(_)) && !range.covers(arena.range(*term)) {
            let (lo, hi) = (arena.int(range.lo), arena.int(range.hi));
            let raised = arena.max(*term, lo);
            *term = arena.min(raised, hi);
        }
    }
}

fn drop_constants(slice: &mut Slice, ranges: &[Range]) {
    let left: Vec<usize> = (0..ranges.len()).filter(|&index| ranges[index].size() > 1).collect();
    let mut position = vec![None; ranges.len()];
    left.iter().enumerate().for_each(|(new, &old)| position[old] = Some(new));
    slice.kept = left.iter().map(|&index| slice.kept[index]).collect();
    let system = &mut slice.system;
    system.state = left.iter().map(|&index| system.state[index].clone()).collect();
    for action in &mut system.actions {
        action.updates.retain_mut(|(index, _)| position[*index].map(|new| *index = new).is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::{ActionDraft, ActionKind, Builder, Checkpoint, Interleaving, PropertyKind};
    use crate::term::{Ctx, Limit};
    use std::sync::atomic::Ordering;

    /// A counter that stops at 3, a constant, and an action that waits for the constant to change.
    fn counter() -> System {
        let ctx = Ctx::new();
        let unbound = {
            let builder = Builder::new(&ctx);
            let (count, fixed) = (builder.int("count", 0, 100, Some(0)), builder.int("fixed", 0, 9, Some(3)));
            let state = builder.state();
            let (now, limit) = (state.get(count), state.get(fixed));
            let (mut counted, mut waited) = (builder.state(), builder.state());
            counted.set(count, (now + 1).min(limit));
            waited.set(fixed, now.min(9));
            let drafts = [("counts", ctx.bool(true), counted), ("waits", limit.gt(5), waited)];
            for (name, guard, next) in drafts {
                let (kind, choice) = (ActionKind::Periodic, ctx.bool(true));
                let name = name.to_owned();
                builder.action(ActionDraft::new(name, kind, guard, next).choosing(vec![], choice));
            }
            let kind = PropertyKind::Invariant { holds: now.le(3).id(), at: Checkpoint::Every };
            builder.property("p", "", kind);
            builder.finish(Interleaving::Settled)
        };
        unbound.bind(ctx)
    }

    #[test]
    fn what_there_is_no_time_for_changes_nothing() {
        let limit = Limit::default();
        limit.stop.store(true, Ordering::Relaxed);
        let (mut system, before) = (counter(), counter());
        assert_eq!(substitute(&mut system, &[Range::new(0, 3), Range::new(3, 3)], &Guarded::new(limit)), None);
        let ranges = |system: &System| system.state.iter().map(|it| (it.var, it.range)).collect::<Vec<_>>();
        assert_eq!(ranges(&system), ranges(&before));
        assert_eq!(terms::roots(&system), terms::roots(&before));
    }

    #[test]
    fn constants_fold_ranges_shrink_and_what_waits_for_ever_is_disabled() {
        let mut slice = Slice { system: counter(), kept: vec![0, 1] };
        let notes = tighten(&mut slice, &Guarded::default());
        assert_eq!(slice.kept, [0]);
        assert_eq!(slice.system.state[0].range, Range::new(0, 3));
        let waits = slice.system.actions[1].guard;
        assert_eq!(slice.system.arena.as_bool(waits), Some(false));
        assert_eq!(
            notes,
            ["action waits: never enabled", "variable count: 0..3 instead of 0..100", "variable fixed: always 3"]
        );
    }
}
