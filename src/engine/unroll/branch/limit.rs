//! Keeps the number of branches small: equal ones are joined, and of too many symbolic ones similar ones are merged.

use rustc_hash::FxHashMap;

use crate::term::{Substitution, TermId};

use crate::engine::unroll::branch::graph::{Edge, Node, NodeId};
use crate::engine::unroll::branch::vectors::VectorId;
use crate::engine::unroll::core::Layer;
use crate::engine::unroll::unroller::Unroller;

impl Unroller<'_> {
    /// Joins branches of equal states.
    pub(in crate::engine::unroll) fn join_equal(&mut self, mut layer: Layer) -> Layer {
        let mut groups: FxHashMap<VectorId, Vec<NodeId>> = FxHashMap::default();
        let mut order = Vec::new();
        for &node in &layer.nodes {
            let group = groups.entry(self.core.graph.get(node).state).or_default();
            if group.is_empty() {
                order.push(self.core.graph.get(node).state);
            }
            group.push(node);
        }
        let mut joined = Layer::default();
        for state in order {
            let members = &groups[&state];
            let frame = layer.frames.remove(&members[0]);
            let node = match members.as_slice() {
                [only] => *only,
                several => {
                    let certain = self.core.arena.bool(true);
                    self.junction(state, several.iter().map(|&node| (node, certain)).collect())
                }
            };
            joined.put(node, frame);
        }
        joined
    }

    /// A node that continues several under conditions.
    pub(in crate::engine::unroll) fn junction(&mut self, state: VectorId, members: Vec<(NodeId, TermId)>) -> NodeId {
        let core = &mut self.core;
        let mut paths = Vec::new();
        let mut edges = Vec::new();
        for (parent, when) in members {
            paths.push(core.arena.and(core.graph.get(parent).path, when));
            edges.push(Edge { parent, when, moves: Vec::new(), run: None });
        }
        let path = core.any(paths);
        let node = core.graph.push(Node { state, path, edges, depth: core.place.depth });
        self.remember(&[node]);
        node
    }

    /// Merges similar symbolic branches until there are no more than the limit; concrete ones only if there are
    /// very many.
    pub(in crate::engine::unroll) fn limit(&mut self, layer: Layer) -> Layer {
        let (splits, branches) = (self.limits.splits.max(1), self.limits.branches.max(1));
        let (concrete, symbolic): (Vec<NodeId>, Vec<NodeId>) =
            layer.nodes.iter().partition(|&&node| self.core.is_concrete(node));
        let mut frames = layer.frames;
        let concrete =
            if concrete.len() > 16 * splits { self.merge_down(concrete, splits, &mut frames) } else { concrete };
        let symbolic = self.merge_down(symbolic, branches, &mut frames);
        let mut limited = Layer::default();
        for node in concrete.into_iter().chain(symbolic) {
            limited.put(node, frames.remove(&node));
        }
        limited
    }

    fn merge_down(
        &mut self,
        mut nodes: Vec<NodeId>,
        limit: usize,
        frames: &mut FxHashMap<NodeId, Substitution>,
    ) -> Vec<NodeId> {
        while nodes.len() > limit {
            nodes.sort_by(|&a, &b| self.terms(a).cmp(self.terms(b)));
            let closest = self.closest(&nodes, nodes.len() - limit);
            let mut merged = Vec::new();
            let mut index = 0;
            while index < nodes.len() {
                let pair = closest.get(index).copied().unwrap_or(false);
                merged.push(if pair { self.merge(nodes[index], nodes[index + 1], frames) } else { nodes[index] });
                index += 1 + pair as usize;
            }
            nodes = merged;
        }
        nodes
    }

    fn terms(&self, node: NodeId) -> &[TermId] {
        self.core.vectors.get(self.core.graph.get(node).state)
    }

    fn distance(&self, a: NodeId, b: NodeId) -> usize {
        self.terms(a).iter().zip(self.terms(b)).filter(|(x, y)| x != y).count()
    }

    /// Marks up to `wanted` disjoint pairs of neighbours, the most similar first: `true` at the first of a pair.
    fn closest(&self, nodes: &[NodeId], wanted: usize) -> Vec<bool> {
        let mut pairs: Vec<(usize, usize)> =
            (1..nodes.len()).map(|second| (self.distance(nodes[second - 1], nodes[second]), second - 1)).collect();
        pairs.sort_unstable();
        let mut first = vec![false; nodes.len()];
        let mut taken = vec![false; nodes.len()];
        let mut count = 0;
        for (_, index) in pairs {
            if count < wanted && !taken[index] && !taken[index + 1] {
                (first[index], taken[index], taken[index + 1]) = (true, true, true);
                count += 1;
            }
        }
        first
    }

    /// One branch for two: a free choice tells which of the two it stands for.
    fn merge(&mut self, a: NodeId, b: NodeId, frames: &mut FxHashMap<NodeId, Substitution>) -> NodeId {
        let is_a = self.core.inputs.merge(&mut self.core.arena);
        let is_b = self.core.arena.not(is_a);
        let before = self.core.vectors.get(self.core.graph.get(a).state).clone();
        let other = self.core.vectors.get(self.core.graph.get(b).state).clone();
        let pairs = before.iter().zip(other.iter());
        let vector: Vec<TermId> = pairs.map(|(&x, &y)| self.core.arena.ite(is_a, x, y)).collect();
        let (state, _) = self.core.vectors.intern(&self.core.arena, vector);
        let node = self.junction(state, vec![(a, is_a), (b, is_b)]);
        if let Some(frame) = frames.remove(&a) {
            let moved = self.core.moved_frame(&frame, &before, state);
            frames.insert(node, moved);
        }
        frames.remove(&b);
        node
    }
}
