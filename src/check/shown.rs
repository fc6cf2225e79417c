//! What people read of results has nothing hidden in it ([`crate::input::visible`]): names and labels of the input may be
//! any text. Traces keep names as they are, for they are looked up again.

use crate::cluster::view::story::Line;
use crate::input::visible::make_visible;
use crate::reduce::explain::Explanation;

use super::narrative::Block;
use super::{Answer, CheckResult, Narrative};

impl Narrative {
    /// The same, visible.
    #[must_use]
    pub(super) fn visible(mut self) -> Self {
        self.blocks.iter_mut().for_each(show_block);
        self.diagnosis.iter_mut().for_each(|Line { text, .. }| make_visible(text));
        self.timeline.names_mut().for_each(make_visible);
        self
    }
}

impl CheckResult {
    /// The same, visible; its story is so from the beginning.
    #[must_use]
    pub(super) fn visible(mut self) -> Self {
        make_visible(&mut self.subject);
        self.without.iter_mut().for_each(make_visible);
        show_reason(&mut self.answer);
        self.reduction.iter_mut().for_each(show_reduction);
        if let Some(family) = &mut self.family {
            family.dimensions.iter_mut().for_each(|dimension| make_visible(&mut dimension.name));
            family.omitted.iter_mut().for_each(make_visible);
            family.lift.iter_mut().for_each(|lift| show_reason(&mut lift.answer));
        }
        for (subject, _, story) in self.focus.iter_mut().flat_map(|focus| &mut focus.lines) {
            make_visible(subject);
            story.iter_mut().for_each(make_visible);
        }
        self
    }
}

fn show_block(block: &mut Block) {
    make_visible(&mut block.title);
    for step in &mut block.steps {
        make_visible(&mut step.told.actor);
        make_visible(&mut step.told.text);
        step.told.why.iter_mut().for_each(make_visible);
    }
    block.summary.workloads.iter_mut().chain(&mut block.summary.nodes).for_each(make_visible);
}

fn show_reason(answer: &mut Answer) {
    if let Answer::Unknown { reason, .. } = answer {
        make_visible(reason);
    }
}

fn show_reduction(explanation: &mut Explanation) {
    for class in &mut explanation.classes {
        class.nodes.iter_mut().for_each(make_visible);
        for (subject, value) in &mut class.reading {
            make_visible(subject);
            make_visible(value);
        }
    }
    explanation.totals.iter_mut().for_each(make_visible);
    explanation.passes.iter_mut().flat_map(|pass| &mut pass.notes).for_each(make_visible);
}
