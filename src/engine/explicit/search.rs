//! The search over blocks: breadth-first, so that the first violation is a shortest one.

use crate::engine::{Budget, Extent, Outcome, Progress, Statistics, UnknownReason, Verdict};
use crate::system::compiled::{Label, Machine, Uncompiled};
use crate::system::{Interleaving, PropertyId, System, Trace};

use super::block::{Block, Part};
use super::graph::{Cycles, Goal};
use super::lasso::{self, Lasso};
use super::loops::Loops;
use super::pulse::{Halt, Pulse, Violation};
use super::states::{Root, States};
use super::trace::Tracer;

/// Most values that the enumeration of initial states may try.
const MOST_INITIAL: u64 = 1 << 24;

/// Checks a system.
pub(super) fn check(system: &System, properties: &[PropertyId], budget: &Budget, progress: &dyn Progress) -> Outcome {
    let watch = budget.start();
    // Compiling is work, too: where it is too much, that is noticed soon.
    watch.may_work(system.arena.len() as u64 / 2);
    let machine = Machine::compile(system, properties, &|| watch.exhausted().is_some());
    let why = watch.exhausted().unwrap_or(UnknownReason::Stopped);
    let mut pulse = Pulse::new(watch, progress, system.arena.len() as u64);
    let verdict = match machine {
        Ok(machine) => Search::new(&machine, properties, budget.bound).run(&mut pulse),
        Err(Uncompiled::Rule(why)) => Verdict::Unknown { reason: UnknownReason::Engine(why), covered: 0 },
        Err(Uncompiled::Stopped) => Verdict::Unknown { reason: why, covered: 0 },
    };
    Outcome { verdict, statistics: pulse.statistics, certificate: None, demands: Vec::new() }
}

/// A search under way.
struct Search<'m> {
    machine: &'m Machine<'m>,
    bound: u32,
    block: Block<'m>,
    states: States,
    /// Cycles to look for inside blocks.
    inside: Vec<Goal>,
    loops: Loops,
}

impl<'m> Search<'m> {
    fn new(machine: &'m Machine<'m>, properties: &[PropertyId], bound: u32) -> Self {
        let inside = Goal::inside(machine.system, properties);
        Search {
            machine,
            bound,
            block: Block::new(machine, !inside.is_empty()),
            states: States::new(machine.layout.width()),
            inside,
            loops: Loops::new(Goal::across(machine.system, properties)),
        }
    }

    fn run(mut self, pulse: &mut Pulse<'_>) -> Verdict {
        let covered = |search: &Self| search.loops.covered;
        match self.explore(pulse) {
            Ok(extent) => Verdict::Holds(extent),
            Err(Halt::Violated(found)) => {
                Verdict::Violated { property: found.property, trace: found.trace, k: found.k, shortest: true }
            }
            Err(Halt::Unknown(reason)) => Verdict::Unknown { reason, covered: covered(&self) },
            Err(Halt::Broken { .. }) => {
                let reason = UnknownReason::Engine("internal error: a violation came out of place".to_owned());
                Verdict::Unknown { reason, covered: covered(&self) }
            }
        }
    }

    fn explore(&mut self, pulse: &mut Pulse<'_>) -> Result<Extent, Halt> {
        pulse.enter(0)?;
        self.start(pulse)?;
        self.go_on(pulse)?;
        self.look_across(0, pulse)?;
        for depth in 1_u32.. {
            let layer = self.states.next_layer();
            if layer.is_empty() {
                return self.finish(depth.saturating_sub(2), pulse);
            }
            if depth > self.bound {
                break;
            }
            pulse.enter(depth)?;
            for state in layer {
                self.expand(Root::State(state), pulse)?;
            }
            self.go_on(pulse)?;
            self.look_across(depth, pulse)?;
        }
        self.report_lasso(self.bound, pulse)?;
        Ok(Extent::Bound(self.bound))
    }

    /// Where blocks overlap: fires event-driven actions until they lead to no new state of the present depth. What follows a depth
    /// begins with the others.
    fn go_on(&mut self, pulse: &mut Pulse<'_>) -> Result<(), Halt> {
        if self.machine.system.interleaving != Interleaving::Overlapping {
            return Ok(());
        }
        self.block.part = Part::Events;
        let mut state = self.states.layer();
        while state < self.states.len() {
            self.expand(Root::State(state), pulse)?;
            state += 1;
        }
        self.block.part = Part::Slow;
        Ok(())
    }

    /// Every state was seen, the last new one at depth `last`; what remains are lassos longer than that.
    fn finish(&mut self, last: u32, pulse: &mut Pulse<'_>) -> Result<Extent, Halt> {
        self.report_lasso(self.bound, pulse)?;
        Ok(if self.loops.has_cycle { Extent::Bound(self.bound) } else { Extent::Complete(last) })
    }

    /// Depth 0: the blocks of all initial states.
    fn start(&mut self, pulse: &mut Pulse<'_>) -> Result<(), Halt> {
        let machine = self.machine;
        let mut slots = machine.slots.clone();
        let mut is_contradictory = true;
        if machine
            .system
            .state
            .iter()
            .all(|variable| variable.initial.is_none_or(|value| variable.range.contains(value)))
        {
            for (slot, variable) in slots.iter_mut().zip(&machine.system.state) {
                *slot = variable.initial.unwrap_or(0);
            }
            machine.initial.each(
                &machine.system.arena,
                slots.as_mut_slice(),
                pulse,
                MOST_INITIAL,
                &mut |slots, pulse| {
                    is_contradictory = false;
                    let packed = machine.layout.pack(&slots[..machine.system.state.len()]).unwrap_or_default();
                    self.expand(Root::Initial(&packed), pulse)
                },
            )?;
        }
        if is_contradictory {
            return Err(Halt::engine("contradictory assumptions: there is no initial state"));
        }
        Ok(())
    }

    /// Explores one block and looks for violations in it.
    fn expand(&mut self, root: Root<'_>, pulse: &mut Pulse<'_>) -> Result<(), Halt> {
        match self.block.explore(root, &mut self.states, pulse) {
            Ok(()) => {}
            Err(Halt::Broken { property, .. }) => return Err(self.broken(root, property, pulse)),
            Err(halt) => return Err(halt),
        }
        self.look_inside(root, pulse)?;
        if let Root::State(state) = root {
            self.loops.record(state, &self.block.exits);
        }
        Ok(())
    }

    fn broken(&mut self, root: Root<'_>, property: PropertyId, pulse: &mut Pulse<'_>) -> Halt {
        let trace = self.trace(pulse, |tracer| tracer.way_to_broken(root));
        let machine = self.machine;
        self.violated(property, trace.map(|run| run.finite(machine)), pulse)
    }

    /// A violation at the present depth, unless there is a shorter one that nobody has looked for yet.
    fn violated(&mut self, property: PropertyId, trace: Result<Trace, Halt>, pulse: &mut Pulse<'_>) -> Halt {
        let k = pulse.depth;
        let shorter = k.checked_sub(1).map_or(Ok(()), |limit| self.report_lasso(limit, pulse));
        match (shorter, trace) {
            (Err(halt), _) | (_, Err(halt)) => halt,
            (Ok(()), Ok(trace)) => Halt::Violated(Box::new(Violation { property, trace, k })),
        }
    }

    /// Looks for cycles in the block that was explored last.
    fn look_inside(&mut self, root: Root<'_>, pulse: &mut Pulse<'_>) -> Result<(), Halt> {
        if !self.has_cycle_inside(pulse)? {
            return Ok(());
        }
        // The length of a lasso is its number of steps, which leaps hide.
        self.trace(pulse, |tracer| tracer.explore(root))?;
        let (property, lasso, labels) = self.lasso_inside(pulse)?;
        let trace = self.trace(pulse, |tracer| tracer.around_inside(root, &lasso, &labels));
        Err(self.violated(property, trace, pulse))
    }

    /// Whether the block that was explored last has a cycle that meets a goal.
    fn has_cycle_inside(&self, pulse: &mut Pulse<'_>) -> Result<bool, Halt> {
        let Some(graph) = self.block.cyclic_graph() else { return Ok(false) };
        for goal in &self.inside {
            if Cycles::new(graph, self.block.len(), goal, pulse)?.any() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The lasso in the block that was explored last, step by step, and the labels of its loop.
    fn lasso_inside(&self, pulse: &mut Pulse<'_>) -> Result<(PropertyId, Lasso, Vec<Label>), Halt> {
        let lost = || Halt::engine("internal error: a cycle of the search cannot be found again");
        let graph = self.block.cyclic_graph().ok_or_else(lost)?;
        let depth = |node: u32| self.block.depth(node) as u32;
        for goal in &self.inside {
            let cycles = Cycles::new(graph, self.block.len(), goal, pulse)?;
            if let Some(lasso) = lasso::shortest(&cycles, self.block.len(), &depth, 0..=u32::MAX, pulse)? {
                let labels = lasso.edges.iter().map(|(_, edge)| graph.label(edge.label)).collect();
                return Ok((goal.property, lasso, labels));
            }
        }
        Err(lost())
    }

    /// Looks for cycles across blocks at the end of a depth, if it is time to.
    fn look_across(&mut self, depth: u32, pulse: &mut Pulse<'_>) -> Result<(), Halt> {
        if self.loops.is_due(depth) {
            self.loops.look(&self.states, self.bound, pulse)?;
        }
        if self.loops.pending_total() <= depth {
            return self.report_pending(pulse);
        }
        self.loops.complete(depth);
        Ok(())
    }

    /// Ends the search with a lasso of at most `limit` blocks, if there is one.
    fn report_lasso(&mut self, limit: u32, pulse: &mut Pulse<'_>) -> Result<(), Halt> {
        self.loops.look(&self.states, limit, pulse)?;
        self.report_pending(pulse)
    }

    fn report_pending(&mut self, pulse: &mut Pulse<'_>) -> Result<(), Halt> {
        let Some((property, lasso)) = self.loops.pending.take() else { return Ok(()) };
        let graph = std::mem::take(&mut self.loops.graph);
        let trace = self.trace(pulse, |tracer| tracer.around(&lasso, &graph))?;
        Err(Halt::Violated(Box::new(Violation { property, trace, k: lasso.total })))
    }

    /// Makes a trace, step by step; what that costs does not count.
    fn trace<T>(
        &mut self,
        pulse: &mut Pulse<'_>,
        make: impl FnOnce(&mut Tracer<'_, 'm, '_>) -> Result<T, Halt>,
    ) -> Result<T, Halt> {
        let statistics = pulse.statistics.clone();
        let stepwise = std::mem::replace(&mut self.block.stepwise, true);
        let made = make(&mut Tracer { block: &mut self.block, states: &mut self.states, pulse });
        self.block.stepwise = stepwise;
        pulse.statistics = Statistics { states: pulse.statistics.states, ..statistics };
        made
    }
}
