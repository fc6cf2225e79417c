//! The scores of all plugins, and their weighted sum.
//!
//! Part of the rule `scheduler/binding`.

use crate::cluster::arithmetic::node_score;
use crate::cluster::view::rule::Rule;
use crate::cluster::view::{Cluster, NodeView};
use crate::cluster::{Cell, TemplateId};
use crate::term::{Bool, Int};

use super::{fit, image_locality, inter_pod_affinity, node_affinity, resources, spread, taint_toleration};

/// What one plugin says of every cell.
pub struct Column<'c> {
    /// The plugin, by its rule.
    pub rule: &'static Rule,
    /// Its weight.
    pub weight: i64,
    /// Whether it skips itself for this pod, and counts nothing.
    pub skipped: Bool<'c>,
    /// Its scores.
    pub raw: Vec<Int<'c>>,
    /// Its scores after NormalizeScore, where it has one.
    pub normalized: Vec<Int<'c>>,
}

impl<'c> Column<'c> {
    /// What it adds to the total of a cell.
    pub fn weighted(&self, cell: usize) -> Int<'c> {
        self.skipped.ite(0, self.normalized[cell] * self.weight)
    }

    /// Whether it tells some cells from others.
    pub(super) fn tells_apart(&self) -> bool {
        let same = self.normalized.windows(2).all(|pair| pair[0].id() == pair[1].id());
        self.skipped.constant() != Some(true) && !same
    }
}

/// What each enabled plugin says of every cell, but for those that score resources.
pub fn simple_columns<'c>(
    cluster: &Cluster<'c>,
    cells: &[Cell<'c>],
    template: TemplateId,
    feasible: &[Bool<'c>],
) -> Vec<Column<'c>> {
    let mut columns = Scoring { cluster, cells, template, feasible }.simple_columns();
    columns.retain(|column| column.weight > 0);
    columns
}

/// Totals of every cell up to a number that all cells share: only differences matter to the choice.
pub fn totals<'c>(
    cluster: &Cluster<'c>,
    cells: &[Cell<'c>],
    template: TemplateId,
    simple: &[Column<'c>],
) -> Vec<Int<'c>> {
    let (fit, balance) = (weight(cluster, template, &fit::RULE), weight(cluster, template, &resources::RULE));
    let resources = cells.iter().map(|cell| resources::both(cluster, cell, template, fit, balance));
    let columns: Vec<&Column<'c>> = simple.iter().filter(|column| column.tells_apart()).collect();
    let total = |(cell, resources): (usize, Int<'c>)| {
        cluster.ctx().sum([resources].into_iter().chain(columns.iter().map(|column| column.weighted(cell))))
    };
    resources.enumerate().map(total).collect()
}

/// What the plugins that score resources say of every cell, each by itself.
pub fn resource_columns<'c>(cluster: &Cluster<'c>, cells: &[Cell<'c>], template: TemplateId) -> Vec<Column<'c>> {
    let fit = cells.iter().map(|cell| resources::fit(cluster, cell, template)).collect();
    let balance = cells.iter().map(|cell| resources::balanced(cluster, cell, template)).collect();
    let skipped = resources::is_balance_skipped(cluster, template);
    let column = |rule, skipped, scores| unnormalized(cluster, template, rule, skipped, scores);
    let mut columns = vec![column(&fit::RULE, false, fit), column(&resources::RULE, skipped, balance)];
    columns.retain(|column| column.weight > 0);
    columns
}

/// The total of a cell.
pub fn total<'c>(cluster: &Cluster<'c>, columns: &[Column<'c>], cell: usize) -> Int<'c> {
    cluster.ctx().sum(columns.iter().map(|column| column.weighted(cell)))
}

/// One cycle's scoring.
struct Scoring<'a, 'c> {
    cluster: &'a Cluster<'c>,
    cells: &'a [Cell<'c>],
    template: TemplateId,
    feasible: &'a [Bool<'c>],
}

impl<'c> Scoring<'_, 'c> {
    /// All plugins but those that score resources.
    fn simple_columns(&self) -> Vec<Column<'c>> {
        let columns = [self.taint_toleration(), self.node_affinity(), self.image_locality()];
        columns.into_iter().chain(self.topology_spread()).chain(self.inter_pod_affinity()).collect()
    }

    /// TaintToleration: fewer untolerated PreferNoSchedule taints are better.
    fn taint_toleration(&self) -> Column<'c> {
        let tolerations = self.cluster.templates[self.template.0].tolerations();
        let count = |class: NodeView<'_, 'c>| taint_toleration::unpreferred(tolerations, class);
        self.by_highest(&taint_toleration::RULE, false, &count, &node_score::taint_score)
    }

    /// NodeAffinity: a larger sum of preferred weights is better.
    fn node_affinity(&self) -> Column<'c> {
        let spec = &self.cluster.templates[self.template.0].spec;
        let sum = |class: NodeView<'_, 'c>| class.preference(spec);
        let skipped = !node_affinity::has_preferences(spec);
        self.by_highest(&node_affinity::RULE, skipped, &sum, &node_score::node_affinity_score)
    }

    fn image_locality(&self) -> Column<'c> {
        let scores = image_locality::scores(self.cluster, self.cells, self.template);
        let scores = scores.into_iter().map(|score| self.cluster.ctx().int(score)).collect();
        self.unnormalized(&image_locality::RULE, false, scores)
    }

    fn topology_spread(&self) -> Option<Column<'c>> {
        let scores = spread::soft_scores(self.cluster, self.cells, self.template, self.feasible)?;
        Some(Column { normalized: scores.normalized, ..self.unnormalized(&spread::RULE, false, scores.raw) })
    }

    fn inter_pod_affinity(&self) -> Option<Column<'c>> {
        let scores = inter_pod_affinity::preferred(self.cluster, self.cells, self.template, self.feasible)?;
        let (skipped, normalized) = (scores.skipped, scores.normalized);
        Some(Column { skipped, normalized, ..self.unnormalized(&inter_pod_affinity::RULE, false, scores.raw) })
    }

    fn unnormalized(&self, rule: &'static Rule, skipped: bool, scores: Vec<Int<'c>>) -> Column<'c> {
        unnormalized(self.cluster, self.template, rule, skipped, scores)
    }

    /// Scores that depend on the class and on the largest raw value among feasible nodes.
    fn by_highest(
        &self,
        rule: &'static Rule,
        skipped: bool,
        raw: &dyn Fn(NodeView<'_, 'c>) -> i64,
        score: &dyn Fn(i64, i64) -> i64,
    ) -> Column<'c> {
        let ctx = self.cluster.ctx();
        let raw: Vec<i64> = self.cells.iter().map(|cell| raw(self.cluster.node(cell))).collect();
        let highest = ctx.max(self.feasible.iter().zip(&raw).map(|(&feasible, &raw)| feasible.ite(raw, 0)), 0);
        let value = |&raw: &i64| {
            highest.map(|highest| if highest == 0 { score(0, 0) } else { score(raw.min(highest), highest) })
        };
        let normalized = raw.iter().map(value).collect();
        let raw = raw.iter().map(|&raw| ctx.int(raw)).collect();
        Column { normalized, ..self.unnormalized(rule, skipped, raw) }
    }
}

/// The weight of a plugin for pods of a template; 0 where it is not enabled.
pub(super) fn weight(cluster: &Cluster<'_>, template: TemplateId, rule: &Rule) -> i64 {
    let scores = &cluster.profile(template).scores;
    scores.iter().find(|(name, _)| name == rule.name()).map_or(0, |&(_, weight)| weight)
}

fn unnormalized<'c>(
    cluster: &Cluster<'c>,
    template: TemplateId,
    rule: &'static Rule,
    skipped: bool,
    scores: Vec<Int<'c>>,
) -> Column<'c> {
    let weight = weight(cluster, template, rule);
    Column { rule, weight, skipped: cluster.ctx().bool(skipped), normalized: scores.clone(), raw: scores }
}
