//! All terms of a system, to be read or replaced.

use crate::system::{PropertyKind, System, Timer};
use crate::term::{Arena, Guarded, TermId};

/// Every term that the system is made of.
pub fn roots(system: &System) -> Vec<TermId> {
    let mut roots = Vec::new();
    let mut copy = |term: TermId| roots.push(term);
    system.init.iter().copied().for_each(&mut copy);
    for action in &system.actions {
        [action.guard, action.choice].into_iter().for_each(&mut copy);
        action.updates.iter().map(|&(_, term)| term).for_each(&mut copy);
        action.marks.iter().map(|&(_, term)| term).for_each(&mut copy);
        action.obligations.iter().copied().for_each(&mut copy);
        action.footprint.lock.iter().map(|lock| lock.open).for_each(&mut copy);
        action.footprint.calm.iter().map(|calm| calm.broken).for_each(&mut copy);
    }
    system.timers.iter().flat_map(Timer::terms).for_each(&mut copy);
    for property in &system.properties {
        if let PropertyKind::Invariant { holds, .. } = property.kind {
            copy(holds);
        }
    }
    roots
}

/// Terms between two looks at a limit.
const LOOK_EVERY: usize = 64;

/// Replaces every term of the system, or none of them: `None` if the limit comes first.
pub fn replace_within(
    system: &mut System,
    limit: &Guarded,
    mut image: impl FnMut(&mut Arena, TermId) -> TermId,
) -> Option<()> {
    let mut images = Vec::new();
    for (count, term) in roots(system).into_iter().enumerate() {
        limit.go_on(count, LOOK_EVERY)?;
        images.push(image(&mut system.arena, term));
    }
    let mut images = images.into_iter();
    replace(system, |_, term| images.next().unwrap_or(term));
    Some(())
}

/// Replaces every term of the system, in the order of [`roots`].
pub fn replace(system: &mut System, mut image: impl FnMut(&mut Arena, TermId) -> TermId) {
    let System { arena, init, actions, properties, timers, .. } = system;
    let mut put = |term: &mut TermId| *term = image(arena, *term);
    init.iter_mut().for_each(&mut put);
    for action in actions {
        put(&mut action.guard);
        put(&mut action.choice);
        action.updates.iter_mut().for_each(|(_, term)| put(term));
        action.marks.iter_mut().for_each(|(_, term)| put(term));
        action.obligations.iter_mut().for_each(&mut put);
        action.footprint.lock.iter_mut().for_each(|lock| put(&mut lock.open));
        action.footprint.calm.iter_mut().for_each(|calm| put(&mut calm.broken));
    }
    timers.iter_mut().flat_map(Timer::terms_mut).for_each(&mut put);
    for property in properties {
        if let PropertyKind::Invariant { holds, .. } = &mut property.kind {
            put(holds);
        }
    }
}
