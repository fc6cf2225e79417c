//! Cone of influence: the part of a system that can influence given properties.
//!
//! A variable is in the cone if a property reads it, if it takes part in the guard, choice, obligations or relevant
//! marks of an action that writes into the cone, or if such an action's update of a cone variable reads it. Because
//! event-driven actions delay others, all their guards belong to the cone unless the action neither writes into the
//! cone nor carries a relevant mark and comes to rest by itself, which this pass does not try to show: it keeps every
//! event-driven action that is enabled by cone variables only, and drops variables that nothing kept reads.

use crate::term::{Arena, Node, TermId};

use super::model::{MarkSet, PropertyId, PropertyKind, System};

/// Which state variables a set of properties needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cone {
    /// By position in [`System::state`].
    pub variables: Vec<bool>,
    /// Marks that some property asks for.
    pub marks: MarkSet,
}

/// The cone of the given properties.
pub fn cone(system: &System, properties: &[PropertyId]) -> Cone {
    let mut roots: Vec<TermId> = system.init.clone();
    let mut marks = MarkSet::default();
    for &id in properties {
        match &system.property(id).kind {
            PropertyKind::Invariant { holds, .. } => roots.push(*holds),
            PropertyKind::NoLoop { any_of, none_of } => marks = marks.union(*any_of).union(*none_of),
            PropertyKind::Settles => {}
        }
    }
    for action in &system.actions {
        roots.extend([action.guard, action.choice]);
        roots.extend(&action.obligations);
        roots.extend(action.marks.iter().filter(|(mark, _)| marks.contains(*mark)).map(|&(_, when)| when));
    }
    Cone { variables: close(system, roots), marks }
}

/// Closes a set of read variables under "its update reads".
fn close(system: &System, mut roots: Vec<TermId>) -> Vec<bool> {
    loop {
        let variables = read_variables(system, &roots);
        let before = roots.len();
        let updates = system.actions.iter().flat_map(|action| &action.updates);
        roots.extend(updates.filter(|(index, _)| variables[*index]).map(|&(_, term)| term));
        roots.sort_unstable();
        roots.dedup();
        if roots.len() == before || read_variables(system, &roots) == variables {
            return variables;
        }
    }
}

fn read_variables(system: &System, roots: &[TermId]) -> Vec<bool> {
    let arena: &Arena = &system.arena;
    let reachable = arena.reachable(roots.iter().copied());
    let is_read = |term: TermId| reachable.get(term.index()).copied().unwrap_or(false);
    debug_assert!(system.state.iter().all(|v| matches!(arena.node(arena.variable(v.var).term), Node::Var(_))));
    system.state.iter().map(|variable| is_read(arena.variable(variable.var).term)).collect()
}

impl System {
    /// The system restricted to what `properties` need: other variables are neither kept nor written, other properties
    /// and marks are gone. Traces of the result become traces of `self` by [`Slice::lift`].
    pub fn slice(&self, properties: &[PropertyId]) -> Slice {
        let cone = cone(self, properties);
        let kept: Vec<usize> = (0..self.state.len()).filter(|&index| cone.variables[index]).collect();
        let mut position = vec![None; self.state.len()];
        for (new, &old) in kept.iter().enumerate() {
            position[old] = Some(new);
        }
        let mut system = self.clone();
        system.state = kept.iter().map(|&index| self.state[index].clone()).collect();
        system.properties = properties.iter().map(|&id| self.property(id).clone()).collect();
        for action in &mut system.actions {
            action.updates.retain_mut(|(index, _)| position[*index].map(|new| *index = new).is_some());
            action.marks.retain(|(mark, _)| cone.marks.contains(*mark));
        }
        Slice { system, kept }
    }
}

/// A smaller system and how its states sit in the whole one.
#[derive(Clone, Debug)]
pub struct Slice {
    /// The sliced system.
    pub system: System,
    /// For each of its variables: the position in the whole system's state.
    pub kept: Vec<usize>,
}

impl Slice {
    /// A trace of the whole system: dropped variables start at their initial value (or the smallest one).
    pub fn lift(&self, whole: &System, trace: super::trace::Trace) -> super::trace::Trace {
        let mut initial: Vec<i64> =
            whole.state.iter().map(|variable| variable.initial.unwrap_or(variable.range.lo)).collect();
        for (&position, &value) in self.kept.iter().zip(&trace.initial) {
            initial[position] = value;
        }
        super::trace::Trace { initial, ..trace }
    }
}
