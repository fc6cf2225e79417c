//! One layer of an unrolling: what a branch may do next, as drafts of the branches after it.

use rustc_hash::FxHashMap;

use crate::system::model::{Action, ActionId};
use crate::term::{Substitution, TermId};

use crate::engine::unroll::block::concrete::{First, Leave, Look, Way, Ways};
use crate::engine::unroll::block::forced::{Forced, Run};
use crate::engine::unroll::block::go_on;
use crate::engine::unroll::block::inputs::{Case, bind};
use crate::engine::unroll::branch::graph::{Crossing, Edge, Move, Node, NodeId};
use crate::engine::unroll::core::{Core, Layer};
use crate::engine::unroll::finding::Hazard;
use crate::engine::unroll::{Oracle, Stop};

/// A branch to be: an edge from its parent and what changes.
pub(in crate::engine::unroll) struct Draft {
    pub when: TermId,
    pub moves: Vec<Move>,
    pub updates: Vec<(usize, TermId)>,
    pub run: Option<Run>,
    /// What is known of the state, if it was executed.
    pub look: Option<Look>,
}

/// One action with one case of inputs: what it would do.
struct Firing {
    moved: Move,
    choice: TermId,
    updates: Vec<(usize, TermId)>,
}

impl Core<'_> {
    /// All ways in which actions that may fire go on from a concrete node to what is not known yet; `None` if they are
    /// left to substitution, because there are more than `most` of one or because the node is symbolic.
    pub fn ways(
        &mut self,
        node: NodeId,
        actions: &[ActionId],
        most: usize,
        should_stop: &dyn Fn() -> bool,
    ) -> Result<Option<Vec<Draft>>, Stop> {
        let Some((state, concrete)) = self.packed(node).zip(self.concrete.as_mut()) else { return Ok(None) };
        let Ways { ways, faulty } = match concrete.ways(&state, actions, most, should_stop) {
            Err(Leave::Stopped) => return Err(Stop::Interrupted),
            Err(Leave::Wide) => return Ok(None),
            Ok(found) => found,
        };
        let condition = self.graph.get(node).path;
        self.hazards.extend(faulty.into_iter().map(|action| Hazard { condition, action }));
        let new = ways.into_iter().filter(|way| !self.crosses(node, way)).collect::<Vec<Way>>();
        Ok(Some(new.into_iter().map(|way| self.way(&state, way)).collect()))
    }

    /// Whether a way leads to a known state.
    fn crosses(&mut self, from: NodeId, way: &Way) -> bool {
        let Some(&to) = self.known.as_ref().and_then(|known| known.get(way.forced.end.as_slice())) else {
            return false;
        };
        if let Some(crossings) = &mut self.crossings {
            crossings.push(Crossing { from, to, marks: way.first.marks.union(way.forced.run.marks) });
        }
        true
    }

    fn way(&mut self, before: &[u8], way: Way) -> Draft {
        let system = self.system;
        let (First { action, inputs, marks }, Forced { run, end, look }) = (way.first, way.forced);
        let when = self.arena.bool(true);
        let layout = self.concrete.as_ref().map(|concrete| &concrete.machine.layout);
        let changes = layout.into_iter().flat_map(|layout| {
            let pairs = layout.values(before).into_iter().zip(layout.values(&end)).enumerate();
            pairs.filter(|(_, (before, after))| before != after).map(|(index, (_, after))| (index, after))
        });
        let sort = |index: usize| system.arena.variable(system.state[index].var).sort;
        let updates = changes.map(|(index, value)| (index, self.arena.constant(sort(index), value))).collect();
        let sorts = system.action(action).inputs.iter().map(|&var| system.arena.variable(var).sort);
        let inputs = sorts.zip(inputs).map(|(sort, value)| self.arena.constant(sort, value)).collect();
        let carried = system.action(action).marks.iter().map(|&(mark, _)| mark);
        let marks = carried.filter(|&mark| marks.contains(mark)).map(|mark| (mark, when)).collect();
        let run = (run.steps > 0).then_some(run);
        Draft { when, moves: vec![Move { action, when, inputs, marks }], updates, run, look }
    }

    /// The guard of an action in a state.
    pub fn guard(&mut self, frame: &mut Substitution, action: ActionId) -> TermId {
        frame.apply(&mut self.arena, self.system.action(action).guard)
    }

    /// All ways in which one action may fire in `node`, given the condition under which it is this action's turn.
    pub fn fire(
        &mut self,
        node: NodeId,
        frame: &mut Substitution,
        action: ActionId,
        turn: TermId,
        may_split: bool,
    ) -> Vec<Draft> {
        let may_split = may_split && self.is_concrete(node);
        let cases = self.cases(frame, action, may_split);
        let firings = cases.into_iter().map(|case| self.firing(node, frame, action, turn, case));
        let firings: Vec<Firing> = firings.collect();
        firings.into_iter().map(|firing| self.certain(firing, turn)).collect()
    }

    fn certain(&mut self, firing: Firing, turn: TermId) -> Draft {
        let when = self.arena.and(turn, firing.choice);
        let certain = self.arena.bool(true);
        let moved = Move { when: certain, ..firing.moved };
        Draft { when, moves: vec![moved], updates: firing.updates, run: None, look: None }
    }

    fn cases(&mut self, frame: &mut Substitution, action: ActionId, may_split: bool) -> Vec<Case> {
        let parts = (&mut self.arena, &self.reads, frame);
        self.inputs.cases(parts, self.place, self.system.action(action), may_split)
    }

    fn firing(&mut self, node: NodeId, frame: &mut Substitution, id: ActionId, turn: TermId, case: Case) -> Firing {
        let action = self.system.action(id);
        bind(&self.arena, &self.reads, frame, action, Some(&case.inputs));
        self.watch(node, frame, id, turn, case.choice);
        let mut image = |term: TermId| frame.apply(&mut self.arena, term);
        let updates = action.updates.iter().map(|&(index, term)| (index, image(term))).collect();
        let asked = action.marks.iter().filter(|(mark, _)| self.marks.contains(*mark));
        let marks = asked.map(|&(mark, when)| (mark, image(when))).collect();
        self.transitions += 1;
        let moved = Move { action: id, when: turn, inputs: case.inputs, marks };
        Firing { moved, choice: case.choice, updates }
    }

    /// Records the condition under which the action would break its obligations.
    fn watch(&mut self, node: NodeId, frame: &mut Substitution, id: ActionId, turn: TermId, choice: TermId) {
        let action: &Action = self.system.action(id);
        for &obligation in &action.obligations {
            let kept = frame.apply(&mut self.arena, obligation);
            if self.arena.as_bool(kept) == Some(true) {
                continue;
            }
            let broken = self.arena.not(kept);
            let path = self.graph.get(node).path;
            let condition = self.all([path, turn, choice, broken]);
            if self.arena.as_bool(condition) != Some(false) {
                self.hazards.push(Hazard { condition, action: id });
            }
        }
    }

    /// One step of a branch in which it is open which action fires: of the alternatives the first whose condition
    /// holds, and nothing if none holds.
    pub fn fire_first(
        &mut self,
        node: NodeId,
        frame: &mut Substitution,
        alternatives: &[(ActionId, TermId)],
        oracle: &dyn Oracle,
    ) -> Result<Option<Draft>, Stop> {
        let mut firings = Vec::new();
        let mut nobody_yet = self.arena.bool(true);
        for &(action, condition) in alternatives {
            go_on(oracle)?;
            let turn = self.arena.and(nobody_yet, condition);
            let later = self.arena.not(condition);
            nobody_yet = self.arena.and(nobody_yet, later);
            let firing = match self.cases(frame, action, false).pop() {
                Some(case) => self.firing(node, frame, action, turn, case),
                None => self.impossible(action, turn),
            };
            firings.push((condition, firing));
        }
        Ok(self.combine(node, firings))
    }

    /// An action whose turn it is but that has no allowed choice: no run goes on here.
    fn impossible(&mut self, action: ActionId, turn: TermId) -> Firing {
        let moved = Move { action, when: turn, inputs: Vec::new(), marks: Vec::new() };
        Firing { moved, choice: self.arena.bool(false), updates: Vec::new() }
    }

    fn combine(&mut self, node: NodeId, firings: Vec<(TermId, Firing)>) -> Option<Draft> {
        let state = self.vectors.get(self.graph.get(node).state).clone();
        let mut next: FxHashMap<usize, TermId> = FxHashMap::default();
        let mut when = self.arena.bool(true);
        let mut moves = Vec::new();
        let mut written: Vec<usize> = firings.iter().flat_map(|(_, f)| f.updates.iter().map(|u| u.0)).collect();
        written.sort_unstable();
        written.dedup();
        for (condition, firing) in firings.into_iter().rev() {
            let own: FxHashMap<usize, TermId> = firing.updates.into_iter().collect();
            let allowed = self.implies(firing.moved.when, firing.choice);
            when = self.arena.and(allowed, when);
            for &index in &written {
                let otherwise = next.get(&index).copied().unwrap_or(state[index]);
                let then = own.get(&index).copied().unwrap_or(state[index]);
                next.insert(index, self.arena.ite(condition, then, otherwise));
            }
            moves.push(firing.moved);
        }
        let mut updates: Vec<(usize, TermId)> = next.into_iter().collect();
        updates.sort_unstable();
        (self.arena.as_bool(when) != Some(false)).then_some(Draft { when, moves, updates, run: None, look: None })
    }

    fn implies(&mut self, a: TermId, b: TermId) -> TermId {
        let not_a = self.arena.not(a);
        self.arena.or(not_a, b)
    }

    /// Turns a draft into a node of the layer, or (if it `may_join`) into one more edge of the node that has the same
    /// state.
    pub fn admit(
        &mut self,
        layer: &mut Layer,
        parent: NodeId,
        frame: Option<&Substitution>,
        draft: Draft,
        may_join: bool,
    ) {
        let before = self.vectors.get(self.graph.get(parent).state).clone();
        let mut after = before.to_vec();
        draft.updates.iter().for_each(|&(index, term)| after[index] = term);
        let path = self.arena.and(self.graph.get(parent).path, draft.when);
        if self.arena.as_bool(path) == Some(false) {
            return;
        }
        let (state, _) = self.vectors.intern(&self.arena, after);
        let edge = Edge { parent, when: draft.when, moves: draft.moves, run: draft.run };
        if let Some(&known) = layer.index.get(&state)
            && may_join
        {
            let node = self.graph.get_mut(known);
            node.edges.push(edge);
            node.path = self.arena.or(node.path, path);
            return;
        }
        let node = self.graph.push(Node { state, path, edges: vec![edge], depth: self.place.depth });
        layer.index.insert(state, node);
        self.looks.extend(draft.look.map(|look| (node, look)));
        let frame = frame.filter(|_| !self.is_concrete(node));
        layer.put(node, frame.map(|frame| self.moved_frame(frame, &before, state)));
    }
}
