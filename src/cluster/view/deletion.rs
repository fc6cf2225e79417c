//! Deleting active pods of a cell's nodes: they go on terminating there.

use crate::term::Int;

use super::cluster::Cluster;
use crate::cluster::{Attribute, Cell, Phase, TemplateId};

impl<'c> Cluster<'c> {
    /// The attributes of a cell's nodes after `count(template)` of its active pods were deleted, ready ones last.
    pub fn without(&self, cell: &Cell<'c>, count: impl Fn(TemplateId) -> Int<'c>) -> Vec<Int<'c>> {
        let steps = self.movable().map(|template| (template, count(template)));
        self.without_each(cell, steps)
    }

    /// The attributes of a cell's nodes after `count` active pods of one template were deleted, ready ones last.
    pub fn without_of(&self, cell: &Cell<'c>, template: TemplateId, count: Int<'c>) -> Vec<Int<'c>> {
        self.without_each(cell, std::iter::once((template, count)))
    }

    fn without_each(&self, cell: &Cell<'c>, counts: impl Iterator<Item = (TemplateId, Int<'c>)>) -> Vec<Int<'c>> {
        let mut result = cell.clone();
        for (template, count) in counts.filter(|(_, count)| count.constant() != Some(0)) {
            let starting = count.min(self.pods(cell, template, Phase::Starting));
            self.delete(&mut result, template, |phase| match phase {
                Phase::Starting => starting,
                _ => (count - starting).min(self.pods(cell, template, phase)),
            });
        }
        result.attributes
    }

    /// The attributes of a cell's nodes after `count(template, phase)` of its pods, which are active, were deleted.
    pub fn deleting(&self, cell: &Cell<'c>, count: impl Fn(TemplateId, Phase) -> Int<'c>) -> Vec<Int<'c>> {
        let mut result = cell.clone();
        for template in self.movable() {
            self.delete(&mut result, template, |phase| count(template, phase));
        }
        result.attributes
    }

    /// Deletes `count(phase)` active pods of a template.
    fn delete(&self, cell: &mut Cell<'c>, template: TemplateId, count: impl Fn(Phase) -> Int<'c>) {
        let mut deleted = self.ctx().int(0);
        for phase in [Phase::Starting, Phase::Running] {
            let taken = count(phase);
            if taken.constant() == Some(0) {
                continue;
            }
            deleted = deleted + taken;
            cell.attributes = self.with(cell, Attribute::Pods(template, phase), |pods| pods.minus_or_zero(taken));
        }
        if deleted.constant() != Some(0) {
            let terminating = Attribute::Pods(template, Phase::Terminating);
            cell.attributes = self.with(cell, terminating, |pods| pods + deleted);
        }
    }
}
