//! All terms of a system, to be read or replaced.

use crate::system::{PropertyKind, System};
use crate::term::{Arena, TermId};

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
    }
    for property in &system.properties {
        if let PropertyKind::Invariant { holds, .. } = property.kind {
            copy(holds);
        }
    }
    roots
}

/// Replaces every term of the system.
pub fn replace(system: &mut System, mut image: impl FnMut(&mut Arena, TermId) -> TermId) {
    let System { arena, init, actions, properties, .. } = system;
    let mut put = |term: &mut TermId| *term = image(arena, *term);
    init.iter_mut().for_each(&mut put);
    for action in actions {
        put(&mut action.guard);
        put(&mut action.choice);
        action.updates.iter_mut().for_each(|(_, term)| put(term));
        action.marks.iter_mut().for_each(|(_, term)| put(term));
        action.obligations.iter_mut().for_each(&mut put);
    }
    for property in properties {
        if let PropertyKind::Invariant { holds, .. } = &mut property.kind {
            put(holds);
        }
    }
}
