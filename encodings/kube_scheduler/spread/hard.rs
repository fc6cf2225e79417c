//! DoNotSchedule constraints: `filtering.go`.
//!
//! Part of the rule `scheduler/PodTopologySpread`.

use std::collections::BTreeMap;

use crate::cluster::view::Cluster;
use crate::cluster::{Cell, TemplateId};
use crate::encodings::kube_scheduler::nominations::Change;
use crate::encodings::kube_scheduler::refusal::{Reason, Refusal, Stage};
use crate::term::{Bool, Int};

use super::{Constraint, RULE};

const MESSAGE: &str = "node(s) didn't match pod topology spread constraints";

/// The hard constraints of a template over the present cells.
pub struct Hard<'a, 'c> {
    cluster: &'a Cluster<'c>,
    cells: &'a [Cell<'c>],
    rules: Vec<Rule<'c>>,
}

/// One constraint with its domains.
struct Rule<'c> {
    constraint: Constraint,
    /// By class: whether its nodes take part in counting.
    included: Vec<bool>,
    /// Matching pods by domain; unused where every node is its own.
    domains: BTreeMap<String, Int<'c>>,
    /// Whether there are fewer domains than `minDomains`.
    too_few: bool,
    /// Pods in the smallest domain.
    smallest: Int<'c>,
    /// Most that a domain may exceed the smallest by before the pod is placed.
    limit: i64,
}

impl<'a, 'c> Hard<'a, 'c> {
    /// The hard constraints of a template.
    pub fn new(cluster: &'a Cluster<'c>, cells: &'a [Cell<'c>], template: TemplateId) -> Self {
        let constraints = super::applying(cluster, template, "DoNotSchedule");
        let has_all_keys = super::has_all_keys(cluster, &constraints);
        let rules = constraints.into_iter().map(|constraint| {
            let counts = |class: usize| has_all_keys[class] && constraint.includes(cluster, template, class);
            let included = (0..cluster.classes().len()).map(counts).collect();
            Rule::new(cluster, cells, template, constraint, included)
        });
        Hard { cluster, cells, rules: rules.collect() }
    }

    /// Refusals of a node of a cell that is taken to hold other pods than it does, constraint by constraint.
    pub fn refusals(&self, index: usize, change: &Change<'c>) -> impl Iterator<Item = Refusal<'c>> {
        self.rules.iter().map(move |rule| rule.refusal(self.cluster, self.cells, index, change))
    }
}

impl<'c> Rule<'c> {
    fn new(
        cluster: &Cluster<'c>,
        cells: &[Cell<'c>],
        template: TemplateId,
        constraint: Constraint,
        included: Vec<bool>,
    ) -> Self {
        let domains = match constraint.singleton {
            true => BTreeMap::new(),
            false => constraint.by_domain(cluster, cells, &|class| included[class]),
        };
        let numbers: Vec<i64> = match constraint.singleton {
            true => cluster.numbers(|class| included[class]),
            false => vec![domains.len() as i64],
        };
        let too_few: Vec<bool> = numbers.iter().map(|&number| number < constraint.min_domains).collect();
        cluster.size.depends_on(&too_few, || "some of them have fewer domains than minDomains".to_owned());
        let matches_itself = constraint.matching.contains(&template);
        let mut rule = Rule {
            too_few: too_few.contains(&true),
            smallest: cluster.ctx().int(0),
            limit: constraint.max_skew - i64::from(matches_itself),
            constraint,
            included,
            domains,
        };
        rule.smallest = rule.smallest(cluster, cells, None);
        rule
    }

    /// Pods in the smallest domain, after a change on one node of a cell.
    fn smallest(&self, cluster: &Cluster<'c>, cells: &[Cell<'c>], change: Option<(usize, Int<'c>)>) -> Int<'c> {
        let ctx = cluster.ctx();
        if self.too_few {
            return ctx.int(0);
        }
        let most = self.constraint.most(cluster);
        let mut counts: Vec<Int<'c>> = Vec::new();
        if self.constraint.singleton {
            for (index, cell) in cells.iter().enumerate().filter(|(_, cell)| self.included[cell.class]) {
                let pods = self.constraint.on_cell(cluster, cell);
                let changed = change.filter(|(at, _)| *at == index);
                counts.extend(changed.map(|(_, more)| pods + more));
                let others = cell.multiplicity.ge(if changed.is_some() { 2 } else { 1 });
                counts.push(others.ite(pods, most));
            }
        } else {
            let value = change.and_then(|(at, _)| cluster.node(&cells[at]).label(&self.constraint.key));
            let more = change.map_or_else(|| ctx.int(0), |(_, more)| more);
            let count =
                |(domain, &pods): (&String, &Int<'c>)| if Some(domain.as_str()) == value { pods + more } else { pods };
            counts.extend(self.domains.iter().map(count));
        }
        ctx.min(counts, 0)
    }

    fn refusal(&self, cluster: &Cluster<'c>, cells: &[Cell<'c>], index: usize, change: &Change<'c>) -> Refusal<'c> {
        let (ctx, cell) = (cluster.ctx(), &cells[index]);
        let (node, key) = (cluster.node(cell), &self.constraint.key);
        if !node.has_label(key) {
            return self.without_key(ctx.bool(true), ctx.bool(false));
        }
        let more = match self.included[cell.class] {
            true => change.of(ctx, &self.constraint.matching),
            false => ctx.int(0),
        };
        let here = match self.constraint.singleton {
            true if self.included[cell.class] => self.constraint.on_cell(cluster, cell),
            true => ctx.int(0),
            false => {
                let domain = node.label(key).and_then(|value| self.domains.get(value));
                domain.copied().unwrap_or_else(|| ctx.int(0))
            }
        };
        let smallest = match more.constant() {
            Some(0) => self.smallest,
            _ => self.smallest(cluster, cells, Some((index, more))),
        };
        let skewed = (here + more - smallest).gt(self.limit);
        let hint = format!(" (maxSkew {} over {})", self.constraint.max_skew, self.constraint.key);
        let reason = Reason { applies: skewed, message: MESSAGE.to_owned(), hint };
        Refusal::new(&RULE, Stage::Filter, reason, ctx.bool(true))
    }

    fn without_key(&self, always: Bool<'c>, resolvable: Bool<'c>) -> Refusal<'c> {
        let message = format!("{MESSAGE} (missing required label)");
        let reason = Reason { applies: always, message, hint: format!(": {}", self.constraint.key) };
        Refusal::new(&RULE, Stage::Filter, reason, resolvable)
    }
}
