//! DoNotSchedule constraints: `filtering.go`.
//!
//! Part of the rule `scheduler/PodTopologySpread`.

use std::collections::BTreeMap;

use crate::cluster::counting::sizes::BySize;
use crate::cluster::view::Cluster;
use crate::cluster::{Cell, TemplateId};
use crate::encodings::kube_scheduler::nominations::Change;
use crate::encodings::kube_scheduler::refusal::{Reason, Refusal, Stage};
use crate::term::{Bool, Int};

use super::{Constraint, Domain, RULE};

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
    /// By class: whether its nodes may take part in counting.
    included: Vec<bool>,
    /// By cell: whether its nodes do.
    counts: Vec<Bool<'c>>,
    /// Whether all nodes that may always do, so that no domain comes or goes.
    is_steady: bool,
    /// Domains by value; unused where every node is its own.
    domains: BTreeMap<String, Domain<'c>>,
    /// Whether there are fewer domains than `minDomains`.
    too_few: Bool<'c>,
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
        let counts = constraint.counts(cluster, cells, template, &|class| included[class]);
        let domains = match constraint.singleton {
            true => BTreeMap::new(),
            false => constraint.by_domain(cluster, cells, &counts),
        };
        let always = |(cell, counts): (&Cell<'c>, &Bool<'c>)| !included[cell.class] || counts.constant() == Some(true);
        let is_steady = cells.iter().zip(&counts).all(always);
        let matches_itself = constraint.matching.contains(&template);
        let mut rule = Rule {
            too_few: cluster.ctx().bool(false),
            smallest: cluster.ctx().int(0),
            limit: constraint.max_skew - i64::from(matches_itself),
            constraint,
            included,
            counts,
            is_steady,
            domains,
        };
        rule.too_few = rule.too_few(cluster, cells);
        rule.smallest = rule.smallest(cluster, cells, None);
        rule
    }

    /// Whether there are fewer domains than `minDomains`: a constant where no node can stop taking part.
    fn too_few(&self, cluster: &Cluster<'c>, cells: &[Cell<'c>]) -> Bool<'c> {
        let (ctx, least) = (cluster.ctx(), self.constraint.min_domains);
        if self.is_steady {
            let numbers = match self.constraint.singleton {
                true => cluster.numbers(|class| self.included[class]),
                false => BySize::same(self.domains.len() as i64),
            };
            let too_few = numbers.map(|number| number < least);
            return ctx.bool(cluster.constant(&too_few, "some of them have fewer domains than minDomains"));
        }
        let number = match self.constraint.singleton {
            true => ctx.sum(cells.iter().zip(&self.counts).map(|(cell, counts)| counts.ite(cell.multiplicity, 0))),
            false => ctx.sum(self.domains.values().map(|domain| domain.exists.to_int())),
        };
        number.lt(least)
    }

    /// Pods in the smallest domain, after a change on one node of a cell.
    fn smallest(&self, cluster: &Cluster<'c>, cells: &[Cell<'c>], change: Option<(usize, Int<'c>)>) -> Int<'c> {
        let ctx = cluster.ctx();
        if self.too_few.constant() == Some(true) {
            return ctx.int(0);
        }
        let most = self.constraint.most(cluster);
        let mut counts: Vec<Int<'c>> = Vec::new();
        if self.constraint.singleton {
            for (index, cell) in cells.iter().enumerate().filter(|(_, cell)| self.included[cell.class]) {
                let (pods, takes_part) = (self.constraint.on_cell(cluster, cell), self.counts[index]);
                let changed = change.filter(|(at, _)| *at == index);
                counts.extend(changed.map(|(_, more)| takes_part.ite(pods + more, most)));
                let others = cell.multiplicity.ge(if changed.is_some() { 2 } else { 1 });
                counts.push((others & takes_part).ite(pods, most));
            }
        } else {
            let value = change.and_then(|(at, _)| cluster.node(&cells[at]).label(&self.constraint.key));
            let more = change.map_or_else(|| ctx.int(0), |(_, more)| more);
            let count = |(name, domain): (&String, &Domain<'c>)| {
                let pods = if Some(name.as_str()) == value { domain.pods + more } else { domain.pods };
                if self.is_steady { pods } else { domain.exists.ite(pods, most) }
            };
            counts.extend(self.domains.iter().map(count));
        }
        self.too_few.ite(0, ctx.min(counts, 0))
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
                domain.map_or_else(|| ctx.int(0), |domain| domain.pods)
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
