//! Keeps the number of branches small: equal ones are joined, and of too many symbolic ones similar ones are merged.

use rustc_hash::FxHashMap;

use crate::term::TermId;

use super::advance::Unroller;
use super::graph::{Edge, Node, NodeId};
use super::step::Layer;
use super::vectors::VectorId;

/// Light branches are merged when there are more of them than this many times those that may be split.
const OVERFULL: usize = 4;

impl Unroller<'_> {
    /// Joins branches of equal states.
    pub(super) fn join_equal(&mut self, layer: Layer) -> Layer {
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
            let node = match members.as_slice() {
                [only] => *only,
                several => {
                    let certain = self.core.arena.bool(true);
                    self.junction(state, several.iter().map(|&node| (node, certain)).collect())
                }
            };
            joined.nodes.push(node);
        }
        joined
    }

    /// A node that continues several under conditions.
    pub(super) fn junction(&mut self, state: VectorId, members: Vec<(NodeId, TermId)>) -> NodeId {
        let core = &mut self.core;
        let mut paths = Vec::new();
        let mut edges = Vec::new();
        for (parent, when) in members {
            paths.push(core.arena.and(core.graph.get(parent).path, when));
            edges.push(Edge { parent, when, moves: Vec::new() });
        }
        let path = core.any(paths);
        let node = core.graph.push(Node { state, path, edges, depth: core.place.depth });
        self.remember(&[node]);
        node
    }

    /// Merges similar branches until there are no more than the limit; light ones only if there are very many.
    pub(super) fn limit(&mut self, layer: Layer) -> Layer {
        let (splits, branches) = (self.splits(), self.limits.branches.max(1));
        let (mut light, mut heavy): (Vec<NodeId>, Vec<NodeId>) =
            layer.nodes.iter().partition(|&&node| self.is_light(node));
        if light.len() > OVERFULL * splits {
            heavy.extend(self.merge_down(light, branches));
            light = Vec::new();
        }
        light.extend(self.merge_down(heavy, branches));
        Layer { nodes: light, ..Layer::default() }
    }

    fn merge_down(&mut self, mut nodes: Vec<NodeId>, limit: usize) -> Vec<NodeId> {
        while nodes.len() > limit {
            nodes.sort_by(|&a, &b| self.terms(a).cmp(self.terms(b)));
            let closest = self.closest(&nodes, nodes.len() - limit);
            let mut merged = Vec::new();
            let mut index = 0;
            while index < nodes.len() {
                let pair = closest.get(index).copied().unwrap_or(false);
                merged.push(if pair { self.merge(nodes[index], nodes[index + 1]) } else { nodes[index] });
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
    fn merge(&mut self, a: NodeId, b: NodeId) -> NodeId {
        let is_a = self.core.inputs.merge(&mut self.core.arena);
        let is_b = self.core.arena.not(is_a);
        let before = self.core.vectors.get(self.core.graph.get(a).state).clone();
        let other = self.core.vectors.get(self.core.graph.get(b).state).clone();
        let pairs = before.iter().zip(other.iter());
        let vector: Vec<TermId> = pairs.map(|(&x, &y)| self.core.arena.ite(is_a, x, y)).collect();
        let (state, _) = self.core.vectors.intern(&self.core.arena, vector);
        self.junction(state, vec![(a, is_a), (b, is_b)])
    }
}
