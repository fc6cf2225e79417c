//! From runs of a model with node classes and counted cells to runs of one in which every node is told apart.
//!
//! Merging nodes is a bisimulation: every step of the merged model is one of the other, with some node of the cell that was
//! chosen. The lift finds that node step by step and trusts nothing: each step is fired by the reference
//! interpreter, and must lead to a state that, nodes counted, is the merged model's next.
//!
//! A loop of the merged model may come back to the same numbers with other nodes. It is gone round until the nodes are the
//! same, too; there are finitely many, and the choice among equal nodes is always the same.
//!
//! Reference: Emerson and Sistla, "Symmetry and model checking", Formal Methods in System Design 9, 1996, on runs of
//! the quotient and runs of the system.

use std::collections::HashMap;

use itertools::Itertools;
use thiserror::Error;

use crate::cluster::counting::cells::Representation;
use crate::cluster::view::Parts;
use crate::system::replay::{Interpreter, Replayed};
use crate::system::{LiftError, Property, ReplayError, Slice, Step, System, Trace, replay};

/// Times that a loop is gone round before giving up.
const MOST_ROUNDS: usize = 64;

/// A whole system, and the cluster that it was built from.
#[derive(Clone, Copy)]
pub struct Modelled<'a> {
    /// All of it, not sliced.
    pub system: &'a System,
    /// Classes and cells.
    pub parts: &'a Parts,
}

/// Why a run cannot be carried over. Each means that a reduction is wrong.
#[derive(Debug, Error)]
pub enum Unlifted {
    /// The two models are not of one cluster.
    #[error("the models differ in `{0}`")]
    Shape(String),
    /// The reduced run is none of the whole merged model.
    #[error(transparent)]
    Slice(#[from] LiftError),
    /// No node makes the step possible.
    #[error("step {0}, {1}: no node does what its cell does")]
    Step(usize, String),
    /// The loop does not close.
    #[error("the loop does not close within {MOST_ROUNDS} rounds")]
    Open,
    /// The lifted run is no counterexample.
    #[error(transparent)]
    Replay(#[from] ReplayError),
}

/// Carries a counterexample over and replays it: `trace` is one of `slice`, a part of `merged`; the result is one of
/// `target`, the part of `single` that the property needs.
pub fn counterexample(
    (merged, slice, trace): (Modelled<'_>, &Slice, &Trace),
    (single, target): (Modelled<'_>, &Slice),
    property: &Property,
) -> Result<(Trace, Replayed), Unlifted> {
    let lift = Lift::new(merged, single)?;
    let mut rounds = 1;
    loop {
        let unrolled = unroll(trace, rounds);
        let (steps, states) = lift.run(slice, &unrolled, target)?;
        let mut lifted = Trace { initial: states[0].clone(), steps, loop_start: None };
        match trace.loop_start {
            None => return Ok((lifted.clone(), replay(&target.system, &lifted, property)?)),
            Some(start) => {
                let length = trace.steps.len() - start;
                let turns = (0..=rounds).map(|round| start + round * length);
                let found = turns.tuple_combinations().find(|&(from, to)| states[from] == states[to]);
                if let Some((from, to)) = found {
                    lifted.steps.truncate(to);
                    lifted.loop_start = Some(from);
                    return Ok((lifted.clone(), replay(&target.system, &lifted, property)?));
                }
            }
        }
        rounds *= 2;
        if rounds > MOST_ROUNDS {
            return Err(Unlifted::Open);
        }
    }
}

/// The run that goes round the loop so many times; without a loop, the run.
fn unroll(trace: &Trace, rounds: usize) -> Trace {
    let mut steps = trace.steps.clone();
    if let Some(start) = trace.loop_start {
        (1..rounds).for_each(|_| steps.extend_from_slice(&trace.steps[start..]));
    }
    Trace { initial: trace.initial.clone(), steps, loop_start: None }
}

/// How states and choices of the two models belong together.
struct Lift<'a> {
    merged: Modelled<'a>,
    single: Modelled<'a>,
    /// Class and slot of each cell of the merged model.
    cells: Vec<(usize, usize)>,
    /// For each class of the merged model, the classes of its members in the other.
    members: Vec<Vec<usize>>,
    /// Positions of variables that belong to no cell and are no total, in both models.
    common: Vec<(usize, usize)>,
    /// The other model's action for each of the merged one's.
    actions: Vec<usize>,
}

impl<'a> Lift<'a> {
    fn new(merged: Modelled<'a>, single: Modelled<'a>) -> Result<Self, Unlifted> {
        let place: HashMap<&str, usize> =
            single.parts.classes.iter().enumerate().map(|(at, class)| (class.names[0].as_str(), at)).collect();
        let find = |name: &String| place.get(name.as_str()).copied().ok_or_else(|| Unlifted::Shape(name.clone()));
        let members = merged.parts.classes.iter().map(|class| class.names.iter().map(find).collect());
        let members = members.collect::<Result<Vec<Vec<usize>>, Unlifted>>()?;
        let cells = (0..merged.parts.classes.len())
            .flat_map(|class| (0..merged.parts.cells.representation(class).len()).map(move |slot| (class, slot)));
        Ok(Lift {
            cells: cells.collect(),
            members,
            common: common_variables(merged, single)?,
            actions: common_actions(merged.system, single.system)?,
            merged,
            single,
        })
    }

    /// The steps and states of a run in terms of `target`.
    fn run(&self, slice: &Slice, trace: &Trace, target: &Slice) -> Result<(Vec<Step>, Vec<Vec<i64>>), Unlifted> {
        let whole = slice.lift(self.merged.system, trace)?;
        let from = Interpreter::new(self.merged.system);
        let to = Interpreter::new(self.single.system);
        let mut before = whole.initial.clone();
        let mut state = self.start(&before);
        let project = |state: &[i64]| target.kept.iter().map(|&index| state[index]).collect::<Vec<i64>>();
        let (mut steps, mut states) = (Vec::new(), vec![project(&state)]);
        for (number, step) in whole.steps.iter().enumerate() {
            let action = &self.merged.system.actions[step.action];
            let fired = from.fire(number + 1, &before, action, step)?;
            let found = self.step(&to, (&state, &before), step, &fired);
            let (step_there, next) = found.ok_or_else(|| Unlifted::Step(number + 1, action.name.clone()))?;
            before = fired.0;
            state = next;
            if !is_left_out(slice, step.action) {
                steps.push(step_there);
                states.push(project(&state));
            }
        }
        Ok((steps, states))
    }

    /// The state of single nodes at the start: as the input has it, where the merged model agrees.
    fn start(&self, merged: &[i64]) -> Vec<i64> {
        let mut state: Vec<i64> =
            self.single.system.state.iter().map(|variable| variable.initial.unwrap_or(variable.range.lo)).collect();
        for &(here, there) in &self.common {
            state[there] = merged[here];
        }
        if self.counted(&state) != self.cells_of(merged) {
            self.assign(merged, &mut state);
        }
        state
    }

    /// Gives the members of each class the attributes that the merged state has, in order.
    fn assign(&self, merged: &[i64], state: &mut [i64]) {
        for (class, members) in self.members.iter().enumerate() {
            let mut values = self.values_by_node(class, merged).into_iter();
            for &member in members {
                let values = values.next().unwrap_or_default();
                let attributes = &self.merged.parts.cells.layout(class).attributes;
                let own = self.single.parts.cells.layout(member);
                let Representation::Individual(nodes) = self.single.parts.cells.representation(member) else {
                    continue;
                };
                for (attribute, value) in attributes.iter().zip(values) {
                    if let Some(position) = own.position(*attribute) {
                        state[nodes[0][position].index()] = value;
                    }
                }
            }
        }
    }

    fn values_by_node(&self, class: usize, merged: &[i64]) -> Vec<Vec<i64>> {
        match self.merged.parts.cells.representation(class) {
            Representation::Individual(nodes) => {
                nodes.iter().map(|vars| vars.iter().map(|var| merged[var.index()]).collect()).collect()
            }
            Representation::Counted { keys, multiplicity, .. } => {
                let copies = |(key, var): (&Vec<i64>, &crate::system::IntVar)| {
                    vec![key.clone(); usize::try_from(merged[var.index()]).unwrap_or(0)]
                };
                keys.iter().zip(multiplicity).flat_map(copies).collect()
            }
        }
    }

    /// Attributes of a node, as the merged model's class orders them.
    fn attributes(&self, class: usize, member: usize, state: &[i64]) -> Vec<i64> {
        let layout = self.single.parts.cells.layout(member);
        let Representation::Individual(nodes) = self.single.parts.cells.representation(member) else {
            return Vec::new();
        };
        let value = |attribute| layout.position(attribute).map_or(0, |position| state[nodes[0][position].index()]);
        self.merged.parts.cells.layout(class).attributes.iter().map(|&attribute| value(attribute)).collect()
    }

    /// What the merged model would say of the cells, class by class.
    fn counted(&self, state: &[i64]) -> Vec<Vec<Vec<i64>>> {
        let of_class = |(class, members): (usize, &Vec<usize>)| {
            let mut nodes: Vec<Vec<i64>> =
                members.iter().map(|&member| self.attributes(class, member, state)).collect();
            self.sort_if_counted(class, &mut nodes);
            nodes
        };
        self.members.iter().enumerate().map(of_class).collect()
    }

    fn cells_of(&self, merged: &[i64]) -> Vec<Vec<Vec<i64>>> {
        let of_class = |class: usize| {
            let mut nodes = self.values_by_node(class, merged);
            self.sort_if_counted(class, &mut nodes);
            nodes
        };
        (0..self.members.len()).map(of_class).collect()
    }

    fn sort_if_counted(&self, class: usize, nodes: &mut [Vec<i64>]) {
        if matches!(self.merged.parts.cells.representation(class), Representation::Counted { .. }) {
            nodes.sort();
        }
    }

    /// The step of single nodes that does what `step` does, and where it leads.
    fn step(
        &self,
        interpreter: &Interpreter<'_>,
        (state, merged): (&[i64], &[i64]),
        step: &Step,
        (after, marks): &(Vec<i64>, crate::system::MarkSet),
    ) -> Option<(Step, Vec<i64>)> {
        let position = self.actions[step.action];
        if !interpreter.candidates(state).actions.iter().any(|id| id.0 == position) {
            return None;
        }
        let action = &self.single.system.actions[position];
        let inputs = self.merged.system.actions[step.action].inputs.iter().zip(&step.inputs);
        let choices = inputs.map(|(var, &value)| match self.merged.parts.cell_inputs.contains(var) {
            true => self.nodes_of(value, state, merged),
            false => vec![value],
        });
        let combinations: Vec<Vec<i64>> = match step.inputs.is_empty() {
            true => vec![Vec::new()],
            false => choices.multi_cartesian_product().collect(),
        };
        combinations.into_iter().find_map(|inputs| {
            let step = Step { action: position, inputs };
            let (next, carried) = interpreter.fire(0, state, action, &step).ok()?;
            let agrees = carried == *marks && self.agrees(&next, after);
            agrees.then_some((step, next))
        })
    }

    /// Nodes that are in the cell at that position, as positions of the other model's cells.
    fn nodes_of(&self, cell: i64, state: &[i64], merged: &[i64]) -> Vec<i64> {
        let Some(&(class, slot)) = usize::try_from(cell).ok().and_then(|cell| self.cells.get(cell)) else {
            return Vec::new();
        };
        let members = &self.members[class];
        let found: Vec<i64> = match self.merged.parts.cells.representation(class) {
            Representation::Individual(_) => vec![members[slot] as i64],
            Representation::Counted { keys, .. } => {
                let is_there = |member: &&usize| self.attributes(class, **member, state) == keys[slot];
                members.iter().filter(is_there).map(|&member| member as i64).collect()
            }
        };
        debug_assert_eq!(merged.len(), self.merged.system.state.len());
        // A position that the step does not look at may name a cell without nodes.
        if found.is_empty() { vec![0] } else { found }
    }

    fn agrees(&self, state: &[i64], merged: &[i64]) -> bool {
        self.common.iter().all(|&(here, there)| merged[here] == state[there])
            && self.counted(state) == self.cells_of(merged)
    }
}

/// Whether the slice left a passive action out, so that only the lift to the whole system put it in.
fn is_left_out(slice: &Slice, action: usize) -> bool {
    let action = &slice.system.actions[action];
    action.passive && slice.system.arena.as_bool(action.guard) == Some(false)
}

/// Variables that belong to no cell come in the same order in both models.
fn common_variables(merged: Modelled<'_>, single: Modelled<'_>) -> Result<Vec<(usize, usize)>, Unlifted> {
    let others = |it: Modelled<'_>| -> Vec<usize> {
        let mut of_cells = vec![false; it.system.state.len()];
        let representations = (0..it.parts.classes.len()).map(|class| it.parts.cells.representation(class));
        let totals = it.parts.cells.totals.all().map(|(_, var)| var);
        representations.flat_map(Representation::variables).chain(totals).for_each(|var| of_cells[var.index()] = true);
        (0..of_cells.len()).filter(|&index| !of_cells[index]).collect()
    };
    let (here, there) = (others(merged), others(single));
    let name = |system: &System, index: usize| system.state[index].name.clone();
    let differ = here.iter().zip(&there).find(|&(&a, &b)| name(merged.system, a) != name(single.system, b));
    match differ {
        Some((&a, _)) => Err(Unlifted::Shape(name(merged.system, a))),
        None if here.len() != there.len() => Err(Unlifted::Shape("the number of variables".to_owned())),
        None => Ok(here.into_iter().zip(there).collect()),
    }
}

/// Actions by name, those of one name in order.
fn common_actions(merged: &System, single: &System) -> Result<Vec<usize>, Unlifted> {
    let mut waiting: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, action) in single.actions.iter().enumerate().rev() {
        waiting.entry(&action.name).or_default().push(index);
    }
    let mut find = |action: &crate::system::Action| {
        let found = waiting.get_mut(action.name.as_str()).and_then(Vec::pop);
        found.ok_or_else(|| Unlifted::Shape(action.name.clone()))
    };
    merged.actions.iter().map(&mut find).collect()
}
