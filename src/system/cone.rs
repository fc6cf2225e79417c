//! Cone of influence: the part of a system that can influence given properties.
//!
//! A variable is in the cone if a property reads it, if an action's guard, choice, obligations or relevant marks read
//! it (an enabled event-driven action delays others, so all guards count), or if an update of a cone variable reads it.
//! Passive actions are the exception: they come to rest by themselves and nothing but properties reads what they write,
//! so those that write nothing in the cone never fire in the slice.
//!
//! References: Clarke, Grumberg and Peled, "Model Checking", MIT Press 1999; Weiser, "Program slicing", IEEE
//! Transactions on Software Engineering 10(4), 1984.

use thiserror::Error;

use crate::term::TermId;

use super::model::{Action, ActionId, MarkSet, PropertyId, PropertyKind, System};
use super::pace::Timer;
use super::replay::Interpreter;
use super::run::Runner;
use super::trace::{Step, Trace};

/// What a set of properties needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cone {
    /// By position in [`System::state`].
    pub variables: Vec<bool>,
    /// By position in [`System::actions`].
    pub actions: Vec<bool>,
    /// Marks that some property asks for.
    pub marks: MarkSet,
}

impl Cone {
    /// A trace of the whole system as one of the slice, in which other actions do not fire: [`Slice::lift`] backwards.
    pub fn project(&self, trace: &Trace) -> Trace {
        let fires = |step: &&Step| self.actions[step.action];
        let initial = trace.initial.iter().zip(&self.variables).filter(|&(_, &kept)| kept).map(|(&value, _)| value);
        Trace {
            initial: initial.collect(),
            steps: trace.steps.iter().filter(fires).cloned().collect(),
            loop_start: trace.loop_start.map(|start| trace.steps[..start].iter().filter(fires).count()),
        }
    }
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
    let actions: Vec<bool> = system.actions.iter().map(|action| !action.passive).collect();
    for action in system.actions.iter().filter(|action| !action.passive) {
        roots.extend(conditions(action, marks));
    }
    close(system, roots, Cone { variables: Vec::new(), actions, marks })
}

fn conditions(action: &Action, marks: MarkSet) -> Vec<TermId> {
    let marked = action.marks.iter().filter(|(mark, _)| marks.contains(*mark)).map(|&(_, when)| when);
    [action.guard, action.choice].into_iter().chain(action.obligations.iter().copied()).chain(marked).collect()
}

/// Closes the cone under "its update reads" and "a passive action writes it".
fn close(system: &System, mut roots: Vec<TermId>, mut cone: Cone) -> Cone {
    loop {
        let variables = read_variables(system, &roots);
        if variables == cone.variables {
            return cone;
        }
        cone.variables = variables;
        for (action, included) in system.actions.iter().zip(&mut cone.actions) {
            let writes: Vec<TermId> =
                action.updates.iter().filter(|(index, _)| cone.variables[*index]).map(|&(_, term)| term).collect();
            if action.passive && !writes.is_empty() && !*included {
                *included = true;
                roots.extend(conditions(action, cone.marks));
            }
            roots.extend(writes);
        }
        roots.sort_unstable();
        roots.dedup();
    }
}

fn read_variables(system: &System, roots: &[TermId]) -> Vec<bool> {
    let arena = &system.arena;
    let reachable = arena.reachable(roots.iter().copied());
    let is_read = |term: TermId| reachable.get(term.index()).copied().unwrap_or(false);
    system.state.iter().map(|variable| is_read(arena.variable(variable.var).term)).collect()
}

/// Whether a timer reads nothing but what is in the cone. Without it there are more runs.
fn is_of(system: &System, timer: &Timer, cone: &Cone) -> bool {
    let reads = read_variables(system, &timer.terms().collect::<Vec<TermId>>());
    reads.iter().zip(&cone.variables).all(|(&read, &kept)| kept || !read)
}

impl System {
    /// The system restricted to what `properties` need: other variables are neither kept nor written, passive actions
    /// outside the cone never fire, other properties and marks are gone. Actions keep their positions.
    pub fn slice(&self, properties: &[PropertyId]) -> Slice {
        let cone = cone(self, properties);
        let kept: Vec<usize> = (0..self.state.len()).filter(|&index| cone.variables[index]).collect();
        let mut position = vec![None; self.state.len()];
        for (new, &old) in kept.iter().enumerate() {
            position[old] = Some(new);
        }
        let mut system = self.clone();
        let never = system.arena.bool(false);
        system.state = kept.iter().map(|&index| self.state[index].clone()).collect();
        system.properties = properties.iter().map(|&id| self.property(id).clone()).collect();
        system.timers.retain(|timer| is_of(self, timer, &cone));
        for (action, included) in system.actions.iter_mut().zip(&cone.actions) {
            action.updates.retain_mut(|(index, _)| position[*index].map(|new| *index = new).is_some());
            action.marks.retain(|(mark, _)| cone.marks.contains(*mark));
            if !included {
                action.guard = never;
                action.obligations.clear();
            }
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

/// A trace of a slice that is none of the whole system: the slice is wrong.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("step {0} of the sliced system's run does not fit the whole system")]
pub struct LiftError(pub usize);

impl Slice {
    /// The trace as one of the whole system: dropped variables start at their initial value (or the smallest one), and
    /// passive actions that the slice left out fire as soon as it is their turn.
    pub fn lift(&self, whole: &System, trace: &Trace) -> Result<Trace, LiftError> {
        let mut initial: Vec<i64> =
            whole.state.iter().map(|variable| variable.initial.unwrap_or(variable.range.lo)).collect();
        for (&position, &value) in self.kept.iter().zip(&trace.initial) {
            initial[position] = value;
        }
        let interpreter = Interpreter::new(whole);
        let mut runner = interpreter.run(&initial);
        let mut lifted = Trace { initial, steps: Vec::new(), loop_start: None };
        self.observe(0, &mut runner, &mut lifted)?;
        for (number, step) in trace.steps.iter().enumerate() {
            if trace.loop_start == Some(number) {
                lifted.loop_start = Some(lifted.steps.len());
            }
            let lost = LiftError(number + 1);
            whole.actions.get(step.action).ok_or(lost)?;
            runner.fire(number + 1, step).map_err(|_| lost)?;
            lifted.steps.push(step.clone());
            self.observe(number + 1, &mut runner, &mut lifted)?;
        }
        Ok(lifted)
    }

    /// Fires passive actions that the slice left out, as long as it is the turn of one.
    fn observe(&self, number: usize, runner: &mut Runner<'_>, lifted: &mut Trace) -> Result<(), LiftError> {
        let is_left_out = |id: ActionId| {
            let action = self.system.action(id);
            action.passive && self.system.arena.as_bool(action.guard) == Some(false)
        };
        while let Some(&passive) = runner.candidates().actions.first().filter(|&&id| is_left_out(id)) {
            let step = Step { action: passive.0, inputs: Vec::new() };
            runner.fire(number, &step).map_err(|_| LiftError(number))?;
            lifted.steps.push(step);
        }
        Ok(())
    }
}
