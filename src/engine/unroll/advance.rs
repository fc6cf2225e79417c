//! How a block begins, is executed group by group, and ends.

use rustc_hash::FxHashMap;

use crate::system::model::ActionId;
use crate::term::Substitution;

use crate::engine::unroll::block::go_on;
use crate::engine::unroll::branch::graph::{Node, NodeId};
use crate::engine::unroll::core::Layer;
use crate::engine::unroll::unroller::Unroller;
use crate::engine::unroll::{Answer, Oracle, Stop};

impl Unroller<'_> {
    /// Brings the initial states to rest: depth 0.
    pub fn start(&mut self, oracle: &mut dyn Oracle) -> Result<(), Stop> {
        let is_symbolic = |&node: &NodeId| !self.core.is_concrete(node);
        if self.core.concrete.is_none() || self.active.nodes.iter().any(is_symbolic) {
            self.become_symbolic()?;
        }
        self.finish_block(oracle)
    }

    /// Executes the next block of every branch: in `async` an action and what observes it.
    pub fn advance(&mut self, oracle: &mut dyn Oracle) -> Result<(), Stop> {
        self.core.place.depth += 1;
        self.core.place.step = 0;
        self.core.place.layer += 1;
        let counted = |&&id: &&ActionId| self.core.system.counts(self.core.system.action(id));
        let all = self.schedule.events().iter().chain(self.schedule.slow());
        let actions: Vec<ActionId> = all.filter(counted).copied().collect();
        let before = std::mem::take(&mut self.frontier);
        let (mut rested, mut arrived) = (Layer::default(), FxHashMap::default());
        for group in self.groups(before) {
            let so_far = rested.nodes.len();
            let Some(mut resting) = self.advance_group(group, &actions, so_far, oracle)? else { return Ok(()) };
            resting.nodes.retain(|&node| self.arrives(node, &mut arrived));
            resting.nodes.iter().for_each(|&node| self.core.note_rest(node));
            rested.append(resting);
            self.keep_limits(rested.nodes.len())?;
        }
        self.close(rested);
        Ok(())
    }

    /// Branches whose next block is executed together: concrete ones on their own, so that a violation is found before
    /// all others were expanded.
    fn groups(&self, mut before: Layer) -> Vec<Layer> {
        if self.is_async() || self.core.concrete.is_none() {
            return vec![before];
        }
        let nodes = std::mem::take(&mut before.nodes);
        let (concrete, symbolic): (Vec<NodeId>, Vec<NodeId>) =
            nodes.into_iter().partition(|&node| self.core.is_concrete(node));
        let alone = |node| Layer { nodes: vec![node], ..Layer::default() };
        let mut groups: Vec<Layer> = concrete.into_iter().map(alone).collect();
        if !symbolic.is_empty() {
            groups.push(Layer { nodes: symbolic, ..before });
        }
        groups
    }

    /// Executes the next block of a group, after others left `so_far` branches; `None` if a violation that needs no
    /// solver was found.
    fn advance_group(
        &mut self,
        mut before: Layer,
        actions: &[ActionId],
        so_far: usize,
        oracle: &mut dyn Oracle,
    ) -> Result<Option<Layer>, Stop> {
        self.core.place.layer += 1;
        self.core.enter_block();
        self.so_far = so_far;
        let mut layer = Layer::default();
        for node in std::mem::take(&mut before.nodes) {
            let frame = before.frames.remove(&node);
            self.fire_each(&mut layer, node, frame, actions, oracle)?;
            go_on(oracle)?;
        }
        self.remember(&layer.nodes);
        self.drop_impossible(&mut layer, oracle)?;
        self.active = self.limit(layer);
        let rested = self.settle(oracle)?;
        Ok(rested.filter(|rested| !self.breaks_at_rest(rested)))
    }

    /// Whether a violation that needs no solver is found among branches at rest.
    fn breaks_at_rest(&mut self, rested: &Layer) -> bool {
        for &node in &rested.nodes {
            self.inspect_rest(node);
        }
        self.is_certain()
    }

    /// Every action in its own branch.
    pub(in crate::engine::unroll) fn fire_each(
        &mut self,
        layer: &mut Layer,
        node: NodeId,
        mut frame: Option<Substitution>,
        actions: &[ActionId],
        oracle: &dyn Oracle,
    ) -> Result<(), Stop> {
        let candidates = self.core.look(node).map(|look| look.candidates);
        for &action in candidates.as_deref().unwrap_or(actions) {
            let most = self.limits.splits.saturating_sub(self.so_far + layer.nodes.len()).max(1);
            if let Some(drafts) = self.core.ways(node, &[action], most, &|| oracle.should_stop())? {
                drafts.into_iter().for_each(|draft| self.core.admit(layer, node, None, draft, true));
                continue;
            }
            self.become_symbolic()?;
            let frame = frame.get_or_insert_with(|| self.core.frame(node));
            let guard = self.core.guard(frame, action);
            if self.core.arena.as_bool(guard) == Some(false) {
                continue;
            }
            let may_split = self.so_far + layer.nodes.len() < self.limits.splits;
            for draft in self.core.fire(node, frame, action, guard, may_split) {
                self.core.admit(layer, node, Some(frame), draft, true);
            }
        }
        Ok(())
    }

    /// Asks about branches whose conditions became stronger.
    fn drop_impossible(&mut self, layer: &mut Layer, oracle: &mut dyn Oracle) -> Result<(), Stop> {
        for node in std::mem::take(&mut layer.nodes) {
            let path = self.core.graph.get(node).path;
            let edges = &self.core.graph.get(node).edges;
            let inherited = edges.iter().any(|edge| self.core.arena.as_bool(edge.when) == Some(true));
            if self.core.arena.as_bool(path) == Some(true) || inherited {
                layer.nodes.push(node);
                continue;
            }
            match oracle.is_possible(&self.core.arena, path) {
                Answer::Impossible => {}
                Answer::Unknown if oracle.should_stop() => return Err(Stop::Interrupted),
                _ => layer.nodes.push(node),
            }
        }
        Ok(())
    }

    fn finish_block(&mut self, oracle: &mut dyn Oracle) -> Result<(), Stop> {
        self.so_far = 0;
        if let Some(resting) = self.settle(oracle)? {
            self.close(resting);
        }
        Ok(())
    }

    /// Ends a block: joins branches at rest, asks what is asked of them, and forgets those seen before.
    fn close(&mut self, resting: Layer) {
        let joined = self.join_equal(resting);
        let mut layer = self.limit(joined);
        self.branches += layer.nodes.len() as u64;
        for node in layer.nodes.clone() {
            let frame = layer.frames.remove(&node);
            let frame = self.inspect_end(node, frame);
            layer.frames.extend(frame.map(|frame| (node, frame)));
            self.forget_circles(node);
            self.core.note_rest(node);
        }
        layer.nodes.retain(|&node| match self.seen_before(node) {
            Some(earlier) => {
                self.pass_by(node, earlier);
                false
            }
            None => true,
        });
        for &node in &layer.nodes {
            self.note_end(node);
        }
        self.forget_all_but_ends();
        self.frontier = layer;
        self.is_plain = false;
        self.circles.clear();
    }

    fn note_end(&mut self, node: NodeId) {
        let Node { state, path, depth, .. } = *self.core.graph.get(node);
        let known = self.seen.entry(state).or_default();
        if known.is_empty() {
            self.last_new = depth;
        }
        known.push(node);
        self.visit_end(node, state, path);
    }
}
