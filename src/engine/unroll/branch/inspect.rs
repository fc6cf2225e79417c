//! What is asked of branches: invariants of their states, and whether they close a loop.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::system::model::PropertyId;
use crate::term::{Substitution, TermId};

use crate::engine::unroll::block::Branch;
use crate::engine::unroll::branch::graph::NodeId;
use crate::engine::unroll::branch::vectors::VectorId;
use crate::engine::unroll::finding::Finding;
use crate::engine::unroll::loops::{History, Reach};
use crate::engine::unroll::unroller::Unroller;

impl Unroller<'_> {
    pub(in crate::engine::unroll) fn find(
        &mut self,
        property: PropertyId,
        node: NodeId,
        condition: TermId,
        loop_to: Option<VectorId>,
    ) {
        if self.core.arena.as_bool(condition) != Some(false) {
            self.findings.push(Finding { property, condition, node, loop_to });
        }
    }

    /// Whether some finding needs no solver.
    pub(in crate::engine::unroll) fn is_certain(&self) -> bool {
        self.findings.iter().any(|finding| self.core.arena.as_bool(finding.condition) == Some(true))
    }

    /// Findings of invariants that programs found broken.
    fn find_all(&mut self, node: NodeId, broken: Vec<PropertyId>) {
        let path = self.core.graph.get(node).path;
        broken.into_iter().for_each(|property| self.find(property, node, path, None));
    }

    fn find_broken(&mut self, node: NodeId, frame: &mut Substitution, asked: (PropertyId, TermId), when: TermId) {
        let holds = frame.apply(&mut self.core.arena, asked.1);
        let broken = self.core.arena.not(holds);
        let path = self.core.graph.get(node).path;
        let condition = self.core.all([path, when, broken]);
        self.find(asked.0, node, condition, None);
    }

    /// Asks the invariants of every state.
    pub(in crate::engine::unroll) fn inspect_every(&mut self, node: NodeId, frame: &mut Substitution) {
        let always = self.core.arena.bool(true);
        for asked in self.asked.every.clone() {
            self.find_broken(node, frame, asked, always);
        }
    }

    /// Asks what belongs to the end of a block: invariants of states at rest, and loops that span blocks. Returns the
    /// node's substitution, if it has or needs one.
    pub(in crate::engine::unroll) fn inspect_end(
        &mut self,
        node: NodeId,
        frame: Option<Substitution>,
    ) -> Option<Substitution> {
        let frame = match self.core.broken_at_rest(node) {
            Some(broken) => {
                self.find_all(node, broken);
                None
            }
            None => {
                let mut frame = frame.unwrap_or_else(|| self.core.frame(node));
                self.inspect_end_symbolic(node, &mut frame);
                Some(frame)
            }
        };
        self.find_loops(node, |history| &history.ends);
        frame
    }

    /// Asks the invariants of states at rest, if the node's state is concrete.
    pub(in crate::engine::unroll) fn inspect_rest(&mut self, node: NodeId) {
        if let Some(broken) = self.core.broken_at_rest(node) {
            self.find_all(node, broken);
        }
    }

    fn inspect_end_symbolic(&mut self, node: NodeId, frame: &mut Substitution) {
        let mut at_rest = self.core.arena.bool(true);
        if self.is_async() && !self.asked.settled.is_empty() {
            at_rest = self.rest_condition(frame);
        }
        for asked in self.asked.settled.clone() {
            self.find_broken(node, frame, asked, at_rest);
        }
    }

    /// No event-driven action is enabled.
    fn rest_condition(&mut self, frame: &mut Substitution) -> TermId {
        let mut rest = self.core.arena.bool(true);
        for &event in self.schedule.events() {
            let guard = self.core.guard(frame, event);
            let quiet = self.core.arena.not(guard);
            rest = self.core.arena.and(rest, quiet);
        }
        rest
    }

    /// Looks for visited states that equal the branch's; for each kind of cycle the condition of having gone round one.
    fn find_loops(&mut self, node: NodeId, visits: fn(&History) -> &BTreeMap<VectorId, Reach>) -> Vec<TermId> {
        let state = self.core.graph.get(node).state;
        let mut round = Vec::new();
        for index in 0..self.tracked.len() {
            let Some(history) = self.histories.get(&node).map(|past| &past.histories[index]) else { break };
            let visited: Vec<(VectorId, Reach)> = visits(history).iter().map(|(&key, &reach)| (key, reach)).collect();
            let mut any = self.core.arena.bool(false);
            for (key, reach) in visited.into_iter().filter(|&(key, reach)| key == state || reach.compared) {
                let same = self.core.vectors.equal(&mut self.core.arena, key, state);
                let condition = self.core.arena.and(reach.after, same);
                any = self.core.arena.or(any, condition);
                if let Some(property) = self.tracked[index].property {
                    self.find(property, node, condition, Some(key));
                }
            }
            round.push(any);
        }
        round
    }

    /// Asks what is asked of states within a block. Runs that went round a circle of events are reported, if they
    /// matter, and then left aside: without the circle they reach the same state. Whether a run is left.
    pub(in crate::engine::unroll) fn inspect_inner(&mut self, branch: &mut Branch) -> bool {
        let node = branch.node;
        match &mut branch.look {
            Some(look) => {
                let broken = std::mem::take(&mut look.broken);
                self.find_all(node, broken);
            }
            None => {
                let frame = branch.frame.get_or_insert_with(|| self.core.frame(node));
                self.inspect_every(node, frame);
            }
        }
        if !self.is_watchful {
            return true;
        }
        let round = self.find_loops(node, |history| &history.inner);
        let Some(&circled) = round.first() else { return true };
        let histories_matter = self.tracked.len() > 1;
        if histories_matter && !self.histories.get(&node).is_some_and(|past| past.is_single) {
            return true;
        }
        self.exclude(node, circled);
        self.core.arena.as_bool(self.core.graph.get(node).path) != Some(false)
    }

    fn exclude(&mut self, node: NodeId, condition: TermId) {
        let arena = &mut self.core.arena;
        if arena.as_bool(condition) == Some(false) {
            return;
        }
        self.circles.push(condition);
        let other = arena.not(condition);
        let own = self.core.graph.get_mut(node);
        own.path = arena.and(own.path, other);
        if let Some(past) = self.histories.get_mut(&node) {
            let histories = Rc::make_mut(&mut past.histories);
            histories.iter_mut().for_each(|history| history.restrict(arena, other));
        }
    }

    /// Notes the present state of a branch as visited within the block, if cycles are asked about or at a checkpoint.
    /// Other states are compared with it only if it is a checkpoint.
    pub(in crate::engine::unroll) fn visit_inner(&mut self, node: NodeId, is_checkpoint: bool) {
        let (state, path) = (self.core.graph.get(node).state, self.core.graph.get(node).path);
        let Some(past) = self.histories.get_mut(&node) else { return };
        for (history, tracked) in Rc::make_mut(&mut past.histories).iter_mut().zip(&self.tracked) {
            if is_checkpoint || tracked.property.is_some() {
                history.visit_inner(&mut self.core.arena, state, path, is_checkpoint);
            }
        }
    }
}
