//! One layer of an unrolling: what a branch may do next, as drafts of the branches after it.

use rustc_hash::FxHashMap;

use crate::system::model::{Action, ActionId, MarkSet, System};
use crate::term::{Arena, TermId};

use super::graph::{Edge, Graph, Move, Node, NodeId};
use super::cursor::Cursor;
use super::inputs::{Case, Inputs, Place};
use super::split::by_values;
use super::vectors::{VectorId, Vectors};

/// An action may leave a variable's range under a condition.
#[derive(Clone, Copy, Debug)]
pub struct Hazard {
    /// The condition.
    pub condition: TermId,
    /// The action.
    pub action: ActionId,
}

/// Everything that steps work on.
pub(super) struct Core<'s> {
    pub system: &'s System,
    pub arena: Arena,
    pub cursor: Cursor<'s>,
    pub vectors: Vectors,
    pub graph: Graph,
    pub inputs: Inputs,
    pub place: Place,
    pub hazards: Vec<Hazard>,
    pub transitions: u64,
    /// Marks that some property asks for.
    pub marks: MarkSet,
}

/// A branch to be: an edge from its parent and what changes.
pub(super) struct Draft {
    pub when: TermId,
    pub moves: Vec<Move>,
    pub updates: Vec<(usize, TermId)>,
}

/// One action with one case of inputs: what it would do.
struct Firing {
    moved: Move,
    choice: TermId,
    updates: Vec<(usize, TermId)>,
}

/// The nodes of one layer, by state.
#[derive(Default, Clone)]
pub(super) struct Layer {
    pub nodes: Vec<NodeId>,
    pub index: FxHashMap<VectorId, NodeId>,
}

impl<'s> Core<'s> {
    /// Whether all values of a node's state are constants.
    pub fn is_concrete(&self, node: NodeId) -> bool {
        self.vectors.is_concrete(self.graph.get(node).state)
    }

    /// Moves the cursor to the state of a node.
    pub fn enter(&mut self, node: NodeId) {
        self.cursor.enter(self.vectors.get(self.graph.get(node).state));
    }

    /// The image of a term in the state of the cursor.
    pub fn image(&mut self, term: TermId) -> TermId {
        self.cursor.apply(&mut self.arena, term)
    }

    /// The guard of an action in a state.
    pub fn guard(&mut self, action: ActionId) -> TermId {
        self.image(self.system.action(action).guard)
    }

    /// All ways in which one action may fire in `node`, given the condition under which it is this action's turn.
    pub fn fire(
        &mut self,
        node: NodeId,
        action: ActionId,
        turn: TermId,
        may_split: bool,
    ) -> Vec<Draft> {
        let cases = self.cases(action, may_split);
        let firings = cases.into_iter().map(|case| self.firing(node, action, turn, case));
        let firings: Vec<Firing> = firings.collect();
        firings.into_iter().map(|firing| self.certain(firing, turn)).collect()
    }

    fn certain(&mut self, firing: Firing, turn: TermId) -> Draft {
        let when = self.arena.and(turn, firing.choice);
        let certain = self.arena.bool(true);
        let moved = Move { when: certain, ..firing.moved };
        Draft { when, moves: vec![moved], updates: firing.updates }
    }

    fn cases(&mut self, action: ActionId, may_split: bool) -> Vec<Case> {
        let parts = (&mut self.arena, &mut self.cursor);
        self.inputs.cases(parts, self.place, self.system.action(action), may_split)
    }

    fn firing(
        &mut self,
        node: NodeId,
        id: ActionId,
        turn: TermId,
        case: Case,
    ) -> Firing {
        let action = self.system.action(id);
        self.cursor.bind(&self.arena, &action.inputs, Some(&case.inputs));
        self.watch(node, id, turn, case.choice);
        let mut image = |term: TermId| self.cursor.apply(&mut self.arena, term);
        let updates = action.updates.iter().map(|&(index, term)| (index, image(term))).collect();
        let asked = action.marks.iter().filter(|(mark, _)| self.marks.contains(*mark));
        let marks = asked.map(|&(mark, when)| (mark, image(when))).collect();
        self.transitions += 1;
        let moved = Move { action: id, when: turn, inputs: case.inputs, marks };
        Firing { moved, choice: case.choice, updates }
    }

    /// Records the condition under which the action would break its obligations.
    fn watch(&mut self, node: NodeId, id: ActionId, turn: TermId, choice: TermId) {
        let action: &Action = self.system.action(id);
        for &obligation in &action.obligations {
            let kept = self.image(obligation);
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

    /// The conjunction of some conditions.
    pub fn all(&mut self, conditions: impl IntoIterator<Item = TermId>) -> TermId {
        let start = self.arena.bool(true);
        conditions.into_iter().fold(start, |all, condition| self.arena.and(all, condition))
    }

    /// The disjunction of some conditions.
    pub fn any(&mut self, conditions: impl IntoIterator<Item = TermId>) -> TermId {
        let start = self.arena.bool(false);
        conditions.into_iter().fold(start, |any, condition| self.arena.or(any, condition))
    }

    /// One step of a branch in which it is open which action fires: of the alternatives the first whose condition
    /// holds, and nothing if none holds.
    pub fn fire_first(
        &mut self,
        node: NodeId,
        alternatives: &[(ActionId, TermId)],
    ) -> Option<Draft> {
        let mut firings = Vec::new();
        let mut nobody_yet = self.arena.bool(true);
        for &(action, condition) in alternatives {
            let turn = self.arena.and(nobody_yet, condition);
            let later = self.arena.not(condition);
            nobody_yet = self.arena.and(nobody_yet, later);
            let firing = match self.cases(action, false).pop() {
                Some(case) => self.firing(node, action, turn, case),
                None => self.impossible(action, turn),
            };
            firings.push((condition, firing));
        }
        self.combine(node, firings)
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
        (self.arena.as_bool(when) != Some(false)).then_some(Draft { when, moves, updates })
    }

    fn implies(&mut self, a: TermId, b: TermId) -> TermId {
        let not_a = self.arena.not(a);
        self.arena.or(not_a, b)
    }

    /// Turns a draft into nodes of the layer: more than one if it `may_split` by the values of small terms. A node of
    /// the same state takes one more edge instead, if it `may_join`.
    pub fn admit(&mut self, layer: &mut Layer, parent: NodeId, draft: Draft, (may_join, may_split): (bool, bool)) {
        let mut after = self.vectors.get(self.graph.get(parent).state).to_vec();
        draft.updates.iter().for_each(|&(index, term)| after[index] = term);
        let cases = match may_split {
            true => by_values(&mut self.arena, draft.when, after, &draft.updates),
            false => vec![(draft.when, after)],
        };
        for (when, vector) in cases {
            let edge = Edge { parent, when, moves: draft.moves.clone() };
            self.admit_case(layer, edge, vector, may_join);
        }
    }

    fn admit_case(&mut self, layer: &mut Layer, edge: Edge, vector: Vec<TermId>, may_join: bool) {
        let path = self.arena.and(self.graph.get(edge.parent).path, edge.when);
        if self.arena.as_bool(path) == Some(false) {
            return;
        }
        let (state, _) = self.vectors.intern(&self.arena, vector);
        match layer.index.get(&state) {
            Some(&known) if may_join => {
                let node = self.graph.get_mut(known);
                node.edges.push(edge);
                node.path = self.arena.or(node.path, path);
            }
            _ => {
                let node = self.graph.push(Node { state, path, edges: vec![edge], depth: self.place.depth });
                layer.index.insert(state, node);
                layer.nodes.push(node);
            }
        }
    }
}
