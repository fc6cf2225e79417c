//! One question for a whole layer of a block: does a run break something as soon as it rests, or does one go on?
//!
//! That all branches rest is the hardest thing to prove about a long block, and it is not worth proving once a violation
//! is at hand. So the runs that rest by now are treated as if the block ended here: if what is asked at its end breaks, the
//! search is over, at the same depth as if the block had been finished. Both questions are put as one, so that a block
//! in which nothing breaks costs no more proofs than before: when the answer is no, all branches rest.

use crate::term::{Evaluator, TermId};

use crate::engine::unroll::block::Enabled;
use crate::engine::unroll::branch::graph::NodeId;
use crate::engine::unroll::core::Layer;
use crate::engine::unroll::unroller::Unroller;
use crate::engine::unroll::{Answer, Oracle, Stop};

/// What is known of a layer of a block.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::engine::unroll) enum Foresight {
    /// Some run breaks a property when it rests; that is among the findings.
    Broken,
    /// Every run rests.
    Rests,
    /// In these branches some run goes on; of others nothing is known.
    GoOn(Vec<NodeId>),
}

impl Unroller<'_> {
    /// Looks ahead to the end of the block, for symbolic branches: others need no solver.
    pub(in crate::engine::unroll) fn foresee(
        &mut self,
        enabled: &[(NodeId, Enabled)],
        resting: &Layer,
        oracle: &mut dyn Oracle,
    ) -> Result<Foresight, Stop> {
        let before = self.findings.len();
        self.inspect_resting(enabled, resting);
        let broken: Vec<TermId> = self.findings[before..].iter().map(|finding| finding.condition).collect();
        let any_broken = self.core.any(broken);
        let going =
            enabled.iter().map(|(node, enabled)| (*node, self.going_on(*node, enabled.rest))).collect::<Vec<_>>();
        let foresight = self.ask_together(any_broken, &going, oracle)?;
        if foresight != Foresight::Broken {
            self.findings.truncate(before);
        }
        Ok(foresight)
    }

    /// Asks what is asked at the end of a block of all symbolic runs that rest by now.
    fn inspect_resting(&mut self, enabled: &[(NodeId, Enabled)], resting: &Layer) {
        for &node in &resting.nodes {
            if !self.core.is_concrete(node) {
                self.inspect_end(node, None);
            }
        }
        for &(node, Enabled { rest, .. }) in enabled {
            if !self.core.is_concrete(node) && self.core.arena.as_bool(rest) != Some(false) {
                let ended = self.junction(self.core.graph.get(node).state, vec![(node, rest)]);
                self.inspect_end(ended, None);
            }
        }
    }

    fn ask_together(
        &mut self,
        broken: TermId,
        going: &[(NodeId, TermId)],
        oracle: &mut dyn Oracle,
    ) -> Result<Foresight, Stop> {
        let someone_goes_on = self.core.any(going.iter().map(|&(_, condition)| condition));
        let either = self.core.arena.or(broken, someone_goes_on);
        let arena = &self.core.arena;
        match arena.as_bool(either) {
            Some(false) => return Ok(Foresight::Rests),
            Some(true) => return Ok(Foresight::GoOn(Vec::new())),
            None => {}
        }
        match oracle.is_possible(arena, either) {
            Answer::Impossible => Ok(Foresight::Rests),
            Answer::Unknown => Err(Stop::Interrupted),
            Answer::Possible => {
                let valuation = oracle.model(arena);
                let mut values = Evaluator::new(arena, &valuation);
                if values.holds(broken) {
                    return Ok(Foresight::Broken);
                }
                let shown = going.iter().filter(|&&(_, condition)| values.holds(condition));
                Ok(Foresight::GoOn(shown.map(|&(node, _)| node).collect()))
            }
        }
    }
}
