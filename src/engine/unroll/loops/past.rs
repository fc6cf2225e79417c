//! How histories are carried from branch to branch.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::term::TermId;

use crate::engine::unroll::branch::graph::{Edge, Node, NodeId, plainly_implies};
use crate::engine::unroll::branch::vectors::VectorId;
use crate::engine::unroll::core::Core;
use crate::engine::unroll::loops::{History, Past, Tracked};
use crate::engine::unroll::unroller::Unroller;

impl Unroller<'_> {
    /// Computes the histories of new nodes from those of their parents.
    pub(in crate::engine::unroll) fn remember(&mut self, nodes: &[NodeId]) {
        for &node in nodes {
            let histories = self.kept(node).unwrap_or_else(|| self.extended(node));
            let Node { depth, edges, .. } = self.core.graph.get(node);
            let is_single = match edges.as_slice() {
                [edge] => self.histories.get(&edge.parent).is_some_and(|past| past.is_single),
                _ => false,
            };
            let is_start = edges.iter().all(|edge| self.core.graph.get(edge.parent).depth < *depth);
            self.histories.insert(node, Past { histories, is_single: is_single || is_start });
        }
    }

    /// The histories of a node, if they are those of all its parents.
    fn kept(&mut self, node: NodeId) -> Option<Rc<[History]>> {
        let Core { graph, arena, system, .. } = &mut self.core;
        let edges = &graph.get(node).edges;
        let before = |edge: &Edge| self.histories.get(&edge.parent).map(|past| &past.histories);
        let common = before(edges.first()?)?;
        let mut is_kept = |edge: &Edge| {
            before(edge).is_some_and(|own| Rc::ptr_eq(own, common))
                && common.iter().zip(&self.tracked).all(|(own, kind)| own.is_kept_by(kind.carry, system, arena, edge))
        };
        edges.iter().all(&mut is_kept).then(|| Rc::clone(common))
    }

    fn extended(&mut self, node: NodeId) -> Rc<[History]> {
        let Core { graph, arena, system, .. } = &mut self.core;
        let mut own = vec![History::default(); self.tracked.len()];
        for edge in &graph.get(node).edges {
            let Some(before) = self.histories.get(&edge.parent) else { continue };
            for ((own, before), tracked) in own.iter_mut().zip(before.histories.iter()).zip(&self.tracked) {
                own.extend(before, tracked.carry, system, arena, edge);
            }
        }
        own.into()
    }

    /// Whether whatever follows from `node` plainly follows from `earlier`, which has the same state.
    pub(in crate::engine::unroll) fn is_covered(&self, node: NodeId, earlier: NodeId) -> bool {
        let arena = &self.core.arena;
        let (own, other) = (self.core.graph.get(node), self.core.graph.get(earlier));
        let (Some(mine), Some(theirs)) = (self.histories.get(&node), self.histories.get(&earlier)) else {
            return false;
        };
        if Rc::ptr_eq(&mine.histories, &theirs.histories) {
            return plainly_implies(arena, own.path, other.path);
        }
        let mut pairs = mine.histories.iter().zip(theirs.histories.iter()).zip(&self.tracked);
        plainly_implies(arena, own.path, other.path)
            && pairs.all(|((mine, theirs), tracked)| tracked.property.is_none() || mine.is_within(arena, theirs))
    }

    /// Whether nothing that arrived before a branch at the end of a block covers it. What a covered branch would break at
    /// this end, the branch that covers it breaks, too.
    pub(in crate::engine::unroll) fn arrives(
        &mut self,
        node: NodeId,
        arrived: &mut FxHashMap<VectorId, Vec<NodeId>>,
    ) -> bool {
        let before = arrived.entry(self.core.graph.get(node).state).or_default();
        let earlier = before.iter().copied().find(|&earlier| self.is_covered(node, earlier));
        let Some(earlier) = earlier.or_else(|| self.seen_before(node)) else {
            before.push(node);
            return true;
        };
        self.pass_by(node, earlier);
        false
    }

    /// An earlier end of a block with the same state and all that led here.
    pub(in crate::engine::unroll) fn seen_before(&self, node: NodeId) -> Option<NodeId> {
        let known = self.seen.get(&self.core.graph.get(node).state)?;
        known.iter().copied().find(|&earlier| self.is_covered(node, earlier))
    }

    /// Notes that the runs of a branch end a block in a state.
    pub(in crate::engine::unroll) fn visit_end(&mut self, node: NodeId, state: VectorId, path: TermId) {
        if self.core.crossings.is_some() {
            return;
        }
        let Some(past) =
            self.histories.get_mut(&node).filter(|_| self.tracked.iter().any(Tracked::is_asked_across_blocks))
        else {
            return;
        };
        let histories = Rc::make_mut(&mut past.histories).iter_mut().zip(&self.tracked);
        for (history, _) in histories.filter(|pair| pair.1.is_asked_across_blocks()) {
            history.visit_end(&mut self.core.arena, state, path);
        }
    }

    /// Forgets what a branch went through within the block that it ends.
    pub(in crate::engine::unroll) fn forget_circles(&mut self, node: NodeId) {
        let Some(past) = self.histories.get_mut(&node) else { return };
        if past.histories.iter().any(|history| !history.inner.is_empty()) {
            Rc::make_mut(&mut past.histories).iter_mut().for_each(|history| history.inner.clear());
        }
    }

    /// Only ends of blocks are needed after their block.
    pub(in crate::engine::unroll) fn forget_all_but_ends(&mut self) {
        let kept: FxHashSet<NodeId> = self.seen.values().flatten().copied().collect();
        self.histories.retain(|node, _| kept.contains(node));
    }
}
