//! Builds traces: explores the blocks on the way once more, without leaps, and finds out which actions made their steps.

use crate::system::compiled::{Label, Machine, Stepper};
use crate::system::{Step, Trace};

use super::block::{Block, Exit, Part};
use super::graph::Graph;
use super::lasso::Lasso;
use super::pulse::{Halt, Pulse};
use super::states::{Root, States};

/// The beginning of a trace: packed initial state and steps.
pub(super) struct Run {
    initial: Vec<u8>,
    steps: Vec<Step>,
}

impl Run {
    /// The trace of a finite run.
    pub fn finite(self, machine: &Machine<'_>) -> Trace {
        Trace { initial: machine.layout.values(&self.initial), steps: self.steps, loop_start: None }
    }

    fn lasso(self, machine: &Machine<'_>, loop_start: usize) -> Trace {
        Trace { loop_start: Some(loop_start), ..self.finite(machine) }
    }
}

/// Makes traces of what a search has found. Its block makes steps one by one.
pub(super) struct Tracer<'t, 'm, 'p> {
    pub block: &'t mut Block<'m>,
    pub states: &'t mut States,
    pub pulse: &'t mut Pulse<'p>,
}

impl Tracer<'_, '_, '_> {
    /// Explores a block that was explored before.
    pub fn explore(&mut self, root: Root<'_>) -> Result<(), Halt> {
        self.block.explore(root, self.states, self.pulse)
    }

    /// The way to the node of the block from `root` that breaks an invariant.
    pub fn way_to_broken(&mut self, root: Root<'_>) -> Result<Run, Halt> {
        match self.explore(root) {
            Err(Halt::Broken { node, .. }) => self.way_to_node(root, node),
            Err(halt) => Err(halt),
            Ok(()) => Err(lost()),
        }
    }

    /// The way to a node of the block that was explored last, and started from `root`.
    fn way_to_node(&mut self, root: Root<'_>, node: u32) -> Result<Run, Halt> {
        let inside = self.steps_to(node)?;
        let mut run = self.way_to_root(root)?;
        run.steps.extend(inside);
        Ok(run)
    }

    /// The way to a cycle inside the block that was explored last, and around it.
    pub fn around_inside(&mut self, root: Root<'_>, lasso: &Lasso, labels: &[Label]) -> Result<Trace, Halt> {
        let mut cycle = Vec::new();
        for (&(from, edge), &label) in lasso.edges.iter().zip(labels) {
            let (from, to) = (self.block.state(from), self.block.state(edge.to));
            cycle.push(step_between(self.block.machine(), from, to, self.pulse, &|step| step == label)?);
        }
        let mut run = self.way_to_node(root, lasso.entry)?;
        let loop_start = run.steps.len();
        run.steps.extend(cycle);
        Ok(run.lasso(self.block.machine(), loop_start))
    }

    /// The way to a cycle of states between blocks, and around it.
    pub fn around(&mut self, lasso: &Lasso, graph: &Graph) -> Result<Trace, Halt> {
        let mut run = self.way_to_state(lasso.entry)?;
        let loop_start = run.steps.len();
        for &(from, edge) in &lasso.edges {
            let steps = self.across(Root::State(from), edge.to, Some(graph.label(edge.label)))?;
            run.steps.extend(steps);
        }
        Ok(run.lasso(self.block.machine(), loop_start))
    }

    fn way_to_root(&mut self, root: Root<'_>) -> Result<Run, Halt> {
        match root {
            Root::Initial(state) => Ok(Run { initial: state.to_vec(), steps: Vec::new() }),
            Root::State(state) => self.way_to_state(state),
        }
    }

    fn way_to_state(&mut self, state: u32) -> Result<Run, Halt> {
        let way = self.states.ancestry(state);
        let initial = self.states.origin(way[0]).to_vec();
        let mut steps = self.across(Root::Initial(&initial), way[0], None)?;
        for pair in way.windows(2) {
            steps.extend(self.across(Root::State(pair[0]), pair[1], None)?);
        }
        Ok(Run { initial, steps })
    }

    /// The steps of the block from `root` that ends in `state`, with `label` if that is asked for.
    fn across(&mut self, root: Root<'_>, state: u32, label: Option<Label>) -> Result<Vec<Step>, Halt> {
        let part = self.block.part;
        let found = self.exit(root, state, label);
        self.block.part = part;
        self.steps_to(found?)
    }

    /// The node of the block from `root` that is this exit. Only those parts of the block are explored that were explored before.
    fn exit(&mut self, root: Root<'_>, state: u32, label: Option<Label>) -> Result<u32, Halt> {
        let parts: &[Part] = match (self.block.part, label) {
            (Part::All, _) => &[Part::All],
            (_, Some(label)) if label.slow => &[Part::Slow],
            (_, Some(_)) => &[Part::Events],
            (_, None) => &[Part::Events, Part::Slow],
        };
        for &part in parts {
            self.block.part = part;
            self.explore(root)?;
            let fits = |exit: &&Exit| exit.state == state && label.is_none_or(|label| label == exit.label);
            if let Some(exit) = self.block.exits.iter().find(fits) {
                return Ok(exit.node);
            }
        }
        Err(lost())
    }

    fn steps_to(&mut self, node: u32) -> Result<Vec<Step>, Halt> {
        let way = self.block.way(node);
        let mut steps = Vec::new();
        for pair in way.windows(2) {
            let (before, after) = (self.block.label(pair[0]), self.block.label(pair[1]));
            let (from, to) = (self.block.state(pair[0]), self.block.state(pair[1]));
            let fits = |step: Label| before.union(step) == after;
            steps.push(step_between(self.block.machine(), from, to, self.pulse, &fits)?);
        }
        Ok(steps)
    }
}

/// The first step from one state to another whose label fits.
fn step_between(
    machine: &Machine<'_>,
    from: &[u8],
    to: &[u8],
    pulse: &mut Pulse<'_>,
    fits: &dyn Fn(Label) -> bool,
) -> Result<Step, Halt> {
    let mut stepper = Stepper::new(machine);
    let mut found = None;
    stepper.load(from);
    stepper.schedule();
    stepper.fire_all(pulse, &mut |fired, _| {
        if found.is_none() && fired.state == to && fits(fired.label) {
            found = Some(Step { action: fired.action.0, inputs: fired.inputs() });
        }
        Ok(())
    })?;
    found.ok_or_else(lost)
}

fn lost() -> Halt {
    Halt::engine("internal error: a step of the search cannot be found again")
}
