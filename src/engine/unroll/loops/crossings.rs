//! Enumeration without histories: where loops that span blocks are recognised by the graph of all branches.
//!
//! Histories tell after how many blocks a loop closes, but they keep branches of one state apart for every way that leads
//! there, which is their number times the length of the run. An enumeration does without as long as it can: a way into
//! a state that was at rest before is not followed, and only noted as a *crossing*. All branches are concrete and under no
//! condition, so the steps between them with crossings and repeats are the transitions of the system among the states
//! explored, and there is a loop that matters exactly if a strongly connected component has a step that does (as for
//! blocks, see [`crate::engine::unroll::loops::circles`]). If there is none, nothing was missed; if there is one, a property is certainly broken,
//! and who wants to know by which shortest run enumerates again, with histories.

use crate::engine::unroll::branch::graph::{Crossing, NodeId};
use crate::engine::unroll::loops::Carry;
use crate::engine::unroll::loops::circles::Steps;
use crate::engine::unroll::unroller::Unroller;

/// Looks again when the graph has grown by this fraction: a look costs as much as the graph is large.
const GROWTH: usize = 8;

impl Unroller<'_> {
    /// Notes that a branch at rest is not followed because an earlier one covers it.
    pub(in crate::engine::unroll) fn pass_by(&mut self, node: NodeId, earlier: NodeId) {
        if self.core.crossings.is_some() {
            self.core.graph.repeat(node, earlier);
        }
    }

    /// Whether a forgetful enumeration has found a loop that spans blocks. Unless it `must` know now, it looks from time
    /// to time only, and a loop may be noticed later.
    pub fn has_crossed_itself(&mut self, must: bool) -> bool {
        let Some(crossings) = &self.core.crossings else { return false };
        let size = self.core.graph.len() + crossings.len();
        let grown = size - self.looked_at;
        if grown == 0 || !must && grown * GROWTH < size {
            return false;
        }
        self.looked_at = size;
        let spanning = self.tracked.iter().filter(|tracked| tracked.is_asked_across_blocks());
        let carries: Vec<Carry> = spanning.map(|tracked| tracked.carry).collect();
        carries.into_iter().any(|carry| self.has_loop(carry))
    }

    fn has_loop(&mut self, carry: Carry) -> bool {
        let mut steps = self.listed(NodeId(0), carry);
        let crossings = self.core.crossings.iter().flatten().map(|&Crossing { from, to, marks }| {
            let (matters, excuses) = carry.on_marks(marks);
            (!excuses).then_some((to.0, from.0, matters))
        });
        steps.extend(crossings.flatten());
        !Steps::new(self.core.graph.len(), steps).circles().is_empty()
    }
}
