//! From values of the inputs back to a run.

use rustc_hash::FxHashSet;

use crate::system::model::{MarkSet, PropertyId, PropertyKind};
use crate::system::trace::{Step, Trace};
use crate::term::{Evaluator, Valuation};

use crate::engine::unroll::branch::graph::{Edge, Move, NodeId};
use crate::engine::unroll::branch::vectors::VectorId;
use crate::engine::unroll::finding::Finding;
use crate::engine::unroll::loops::Carry;
use crate::engine::unroll::unroller::Unroller;

/// Follows edges that hold under one valuation.
struct Walk<'a, 's> {
    unroller: &'a Unroller<'s>,
    values: Evaluator<'a>,
}

/// A way back: edges from the last to the first.
type Way = Vec<(NodeId, usize)>;

impl Unroller<'_> {
    /// The finding among `findings` that holds under a valuation, and its run. `None` if there is none, which would
    /// be an error of the unroller or the solver.
    pub fn extract(&self, findings: &[Finding], valuation: &Valuation) -> Option<(Finding, Trace)> {
        let values = Evaluator::new(&self.core.arena, valuation);
        let mut walk = Walk { unroller: self, values };
        let finding = findings.iter().copied().find(|finding| walk.values.holds(finding.condition))?;
        let trace = walk.trace(&finding)?;
        Some((finding, trace))
    }
}

impl<'a> Walk<'a, '_> {
    fn trace(&mut self, finding: &Finding) -> Option<Trace> {
        let around = match finding.loop_to {
            Some(key) => self.around(finding.node, key, self.carry(finding.property)?)?,
            None => Way::new(),
        };
        let entry = around.last().map_or(finding.node, |&last| self.edge(last).parent);
        let stem = self.back(entry)?;
        let start = stem.last().map_or(entry, |&last| self.edge(last).parent);
        let mut steps = self.steps(&stem);
        let loop_start = finding.loop_to.map(|_| steps.len());
        steps.extend(self.steps(&around));
        Some(Trace { initial: self.state(start), steps, loop_start })
    }

    fn carry(&self, property: PropertyId) -> Option<Carry> {
        let asked = self.unroller.tracked.iter().find(|tracked| tracked.property == Some(property));
        match self.unroller.core.system.property(property).kind {
            PropertyKind::Settles => Some(Carry::Events),
            _ => asked.map(|tracked| tracked.carry),
        }
    }

    fn edge(&self, (node, index): (NodeId, usize)) -> &'a Edge {
        &self.unroller.core.graph.get(node).edges[index]
    }

    /// Edges into a node that hold.
    fn open(&mut self, node: NodeId) -> Vec<usize> {
        let graph = &self.unroller.core.graph;
        let edges = graph.get(node).edges.iter().enumerate();
        let open =
            edges.filter(|(_, edge)| self.values.holds(edge.when) && self.values.holds(graph.get(edge.parent).path));
        open.map(|(index, _)| index).collect()
    }

    /// Edges that hold into a node and into what it covers.
    fn open_with_repeats(&mut self, node: NodeId) -> Vec<(NodeId, usize)> {
        let unroller = self.unroller;
        let all = unroller.core.graph.with_repeats(node);
        all.flat_map(|node| self.open(node).into_iter().map(move |index| (node, index))).collect()
    }

    /// A way back to the root.
    fn back(&mut self, mut node: NodeId) -> Option<Way> {
        let mut way = Way::new();
        while !self.unroller.core.graph.get(node).edges.is_empty() {
            let index = self.open(node).first().copied()?;
            way.push((node, index));
            node = self.edge((node, index)).parent;
        }
        Some(way)
    }

    /// A way back to a node of state `key` that carries something and no excuse, with as few edges as possible.
    fn around(&mut self, node: NodeId, key: VectorId, carry: Carry) -> Option<Way> {
        let mut visited: FxHashSet<(NodeId, bool)> = FxHashSet::default();
        // Edges by their distance: which one comes after each in time, and whether something was carried after it.
        let mut edges: Vec<(Option<usize>, (NodeId, usize), bool)> = Vec::new();
        edges.extend(self.open_with_repeats(node).into_iter().map(|at| (None, at, false)));
        let mut index = 0;
        while let Some(&(_, at, carried)) = edges.get(index) {
            let (matters, excused) = self.carried(self.edge(at), carry);
            let (parent, carried) = (self.edge(at).parent, carried | matters);
            if !excused && visited.insert((parent, carried)) {
                if carried && self.unroller.core.graph.get(parent).state == key {
                    let after = std::iter::successors(Some(index), |&index| edges[index].0);
                    let mut way: Way = after.map(|index| edges[index].1).collect();
                    way.reverse();
                    return Some(way);
                }
                edges.extend(self.open_with_repeats(parent).into_iter().map(|at| (Some(index), at, carried)));
            }
            index += 1;
        }
        None
    }

    /// Whether an edge carries something that matters, and an excuse.
    fn carried(&mut self, edge: &Edge, carry: Carry) -> (bool, bool) {
        let run = edge.run.as_ref().map_or((false, false), |run| carry.on_run(run));
        let step = self.carried_by_step(edge, carry);
        (run.0 | step.0, run.1 | step.1)
    }

    fn carried_by_step(&mut self, edge: &Edge, carry: Carry) -> (bool, bool) {
        let Some(moved) = self.fired(edge) else { return (false, false) };
        match carry {
            Carry::Events => {
                let is_event = self.unroller.core.system.action(moved.action).kind.is_event();
                (is_event, !is_event)
            }
            Carry::Marks { any_of, none_of } => {
                let held = moved.marks.iter().filter(|&&(_, when)| self.values.holds(when));
                let marks = held.fold(MarkSet::default(), |all, &(mark, _)| all.union(MarkSet::of(mark)));
                (marks.meets(any_of), marks.meets(none_of))
            }
        }
    }

    /// The move that fired on an edge.
    fn fired<'e>(&mut self, edge: &'e Edge) -> Option<&'e Move> {
        edge.moves.iter().find(|moved| self.values.holds(moved.when))
    }

    /// The steps along a way back, in the order of time.
    fn steps(&mut self, way: &Way) -> Vec<Step> {
        let mut steps = Vec::new();
        for &at in way.iter().rev() {
            let edge = self.edge(at);
            if let Some(moved) = self.fired(edge) {
                let inputs = moved.inputs.iter().map(|&input| self.values.value(input)).collect();
                steps.push(Step { action: moved.action.0, inputs });
            }
            if let Some((run, concrete)) = edge.run.as_ref().zip(self.unroller.core.concrete.as_ref()) {
                steps.extend(run.retrace(&concrete.machine));
            }
        }
        steps
    }

    fn state(&mut self, node: NodeId) -> Vec<i64> {
        let core = &self.unroller.core;
        core.vectors.get(core.graph.get(node).state).iter().map(|&term| self.values.value(term)).collect()
    }
}
