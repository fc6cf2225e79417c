//! Resource scores: those of NodeResourcesFit, whose rule stands with the filter in `fit`, and of
//! NodeResourcesBalancedAllocation.
//!
//! Upstream's arithmetic is tabulated over the numbers of pods on a node, those that use the same together; where that
//! makes too large a table, over what they use together.

use crate::cluster::arithmetic::gcd;
use crate::cluster::arithmetic::node_score::{self, ResourceUse};
use crate::cluster::object::spec::{FitStrategy, SchedulerProfile};
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::usage::Counted;
use crate::cluster::view::{Cluster, NodeView};
use crate::cluster::{Cell, TemplateId};
use crate::term::Int;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "scheduler/NodeResourcesBalancedAllocation",
    component: Scheduler,
    upstream: [
        "pkg/scheduler/framework/plugins/noderesources/balanced_allocation.go" => [
            "PreScore", "Score", "balancedResourceScorer",
        ],
    ],
    decides: "Nodes of which cpu and memory would be requested in more even shares are better; pods that request \
        neither are not scored.",
    parts: [
        "the score" => "exact: tabulated by running upstream's arithmetic",
        "the score on nodes where so many kinds of pods can meet that no table holds all that they may use" =>
            "approximate: whole numbers instead of doubles, which may differ by one where the exact score is whole",
    ],
};

/// Largest table of resource scores, in entries.
const LARGEST_TABLE: u64 = 1 << 17;
/// What BalancedAllocation looks at.
const BALANCED: [&str; 2] = ["cpu", "memory"];

/// NodeResourcesFit's score of a cell.
pub fn fit<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>, template: TemplateId) -> Int<'c> {
    let scorer = Scorer::new(cluster, cell, template);
    scorer.tabulated(&scorer.scored(), &|used| scorer.fit(used)).unwrap_or_else(|| scorer.least_allocated())
}

/// NodeResourcesBalancedAllocation's score of a cell.
pub fn balanced<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>, template: TemplateId) -> Int<'c> {
    let scorer = Scorer::new(cluster, cell, template);
    scorer.tabulated(&scorer.requested(), &|used| scorer.balanced(used)).unwrap_or_else(|| scorer.nearly_balanced())
}

/// Whether NodeResourcesBalancedAllocation skips pods of the template: those that request neither cpu nor memory.
pub fn is_balance_skipped(cluster: &Cluster<'_>, template: TemplateId) -> bool {
    let requests = &cluster.templates[template.0].requests;
    (requests.cpu, requests.memory) == (0, 0)
}

/// Both scores, weighted: in one table if that is not too large.
pub fn both<'c>(
    cluster: &Cluster<'c>,
    cell: &Cell<'c>,
    template: TemplateId,
    fit_weight: i64,
    balance_weight: i64,
) -> Int<'c> {
    let scorer = Scorer::new(cluster, cell, template);
    let balance_weight = if is_balance_skipped(cluster, template) { 0 } else { balance_weight };
    let (scored, requested) = (scorer.scored(), scorer.requested());
    let score = |used: &[i64]| {
        let (scored, requested) = used.split_at(scored.len());
        fit_weight * scorer.fit(scored) + balance_weight * scorer.balanced(requested)
    };
    let together: Vec<Load> = scored.iter().chain(&requested).cloned().collect();
    let apart = || {
        let balance = if balance_weight == 0 { cluster.ctx().int(0) } else { balanced(cluster, cell, template) };
        fit(cluster, cell, template) * fit_weight + balance * balance_weight
    };
    scorer.by_number(&together, &score).unwrap_or_else(apart)
}

/// What is used of a resource, by one way of counting.
#[derive(Clone)]
struct Load {
    /// By pods that stay, and the new one.
    base: i64,
    /// How the pods are counted whose numbers can change.
    counted: Counted,
}

/// Scores of one cell's nodes by the numbers of pods on them.
struct Scorer<'a, 'c> {
    cluster: &'a Cluster<'c>,
    cell: &'a Cell<'c>,
    node: NodeView<'a, 'c>,
    template: TemplateId,
    profile: &'a SchedulerProfile,
}

impl<'a, 'c> Scorer<'a, 'c> {
    fn new(cluster: &'a Cluster<'c>, cell: &'a Cell<'c>, template: TemplateId) -> Self {
        let (node, profile) = (cluster.node(cell), cluster.profile(template));
        Scorer { cluster, cell, node, template, profile }
    }

    /// What NodeResourcesFit takes to be used of the resources that it scores.
    fn scored(&self) -> Vec<Load> {
        let new = &self.cluster.templates[self.template.0];
        let load = |resource: &str| match resource {
            "cpu" => Load { base: self.node.used_scoring().0 + new.placing.0, counted: Counted::ScoredCpu },
            "memory" => Load { base: self.node.used_scoring().1 + new.placing.1, counted: Counted::ScoredMemory },
            _ => self.requested_of(resource),
        };
        self.profile.fit_resources.iter().map(|(resource, _)| load(resource)).collect()
    }

    /// What is requested of the resources that are balanced.
    fn requested(&self) -> Vec<Load> {
        BALANCED.iter().map(|resource| self.requested_of(resource)).collect()
    }

    fn requested_of(&self, resource: &str) -> Load {
        let new = &self.cluster.templates[self.template.0];
        let base = self.node.used().get(resource) + new.requests.get(resource);
        Load { base, counted: Counted::Requested(resource.to_owned()) }
    }

    /// The table of a score of what is used, unless it is too large.
    fn tabulated(&self, loads: &[Load], score: &dyn Fn(&[i64]) -> i64) -> Option<Int<'c>> {
        self.by_number(loads, score).or_else(|| self.by_use(loads, score))
    }

    /// The table over the numbers of pods that use the same.
    fn by_number(&self, loads: &[Load], score: &dyn Fn(&[i64]) -> i64) -> Option<Int<'c>> {
        let ways: Vec<Counted> = loads.iter().map(|load| load.counted.clone()).collect();
        let groups = self.cluster.usage.groups(self.cluster, self.cell, &ways);
        let used = |numbers: &[i64], load: usize| {
            groups.each.iter().zip(numbers).fold(loads[load].base, |sum, (each, &number)| sum + each[load] * number)
        };
        let entry = |numbers: &[i64]| score(&(0..loads.len()).map(|load| used(numbers, load)).collect::<Vec<i64>>());
        is_small(&groups.numbers).then(|| self.cluster.ctx().table(&groups.numbers, entry))
    }

    /// The table over what the pods use, in the largest units that divide it.
    fn by_use(&self, loads: &[Load], score: &dyn Fn(&[i64]) -> i64) -> Option<Int<'c>> {
        let units: Vec<i64> = loads.iter().map(|load| self.unit(load)).collect();
        let sums: Vec<Int<'c>> = loads.iter().zip(&units).map(|(load, &unit)| self.sum(load, unit)).collect();
        let entry = |sums: &[i64]| {
            let used = sums.iter().zip(&units).zip(loads).map(|((&sum, &unit), load)| load.base + sum * unit);
            score(&used.collect::<Vec<i64>>())
        };
        is_small(&sums).then(|| self.cluster.ctx().table(&sums, entry))
    }

    /// The largest unit that divides what any of the pods uses that can be here.
    fn unit(&self, load: &Load) -> i64 {
        let groups = self.cluster.usage.groups(self.cluster, self.cell, std::slice::from_ref(&load.counted));
        groups.each.iter().map(|each| each[0]).fold(0, gcd).max(1)
    }

    /// What the pods whose numbers can change use, in units that divide it.
    fn sum(&self, load: &Load, unit: i64) -> Int<'c> {
        self.cluster.usage.sum(self.cluster, self.cell, &load.counted, unit)
    }

    fn fit(&self, used: &[i64]) -> i64 {
        let resources = self.profile.fit_resources.iter().zip(used);
        let uses = resources.map(|((resource, weight), &requested)| ResourceUse {
            allocatable: self.node.allocatable().get(resource),
            requested,
            weight: *weight,
        });
        let uses: Vec<ResourceUse> = uses.collect();
        match &self.profile.fit_strategy {
            FitStrategy::LeastAllocated => node_score::least_allocated_node(&uses),
            FitStrategy::MostAllocated => node_score::most_allocated_node(&uses),
            FitStrategy::RequestedToCapacityRatio(shape) => node_score::requested_to_capacity_node(shape, &uses),
        }
    }

    fn balanced(&self, used: &[i64]) -> i64 {
        let pairs: Vec<(i64, i64)> =
            BALANCED.iter().zip(used).map(|(resource, &used)| (self.node.allocatable().get(resource), used)).collect();
        node_score::balanced_allocation(&pairs)
    }

    /// LeastAllocated, which is made of whole numbers only: for nodes on which so many kinds of pods can meet that no
    /// table holds all that they may use. Listed in `docs/semantics.md`, as it stands in for other strategies too.
    fn least_allocated(&self) -> Int<'c> {
        let ctx = self.cluster.ctx();
        let resources = self.profile.fit_resources.iter().zip(self.scored());
        let present = resources.filter_map(|((resource, weight), load)| {
            let allocatable = self.node.allocatable().get(resource);
            let free = (ctx.int(allocatable - load.base) - self.sum(&load, 1)).max(0);
            (allocatable > 0).then(|| ((free * ctx.int(100)).div(allocatable) * *weight, *weight))
        });
        let (scores, weights): (Vec<Int<'c>>, Vec<i64>) = present.unzip();
        ctx.sum(scores).div(weights.iter().sum::<i64>().max(1))
    }

    /// BalancedAllocation in whole numbers: one more than in doubles where the exact value is whole and doubles fall short
    /// of it. Listed in `docs/semantics.md`.
    fn nearly_balanced(&self) -> Int<'c> {
        let ctx = self.cluster.ctx();
        let fractions = BALANCED.iter().zip(self.requested());
        let fractions: Vec<(Int<'c>, i64)> =
            fractions.filter_map(|(resource, load)| self.fraction(resource, &load)).collect();
        let [(cpu, cpus), (memory, memories)] = fractions[..] else { return ctx.int(100) };
        let (left, right, whole) = (cpu * memories, memory * cpus, cpus * memories);
        let apart = (left - right).max(right - left).max(0) * ctx.int(50);
        ctx.int(100) - (apart + (whole - 1)).div(whole)
    }

    /// What is used of a resource and what there is of it, in the largest unit that divides both; in a larger one where
    /// products of two of them would not fit.
    fn fraction(&self, resource: &str, load: &Load) -> Option<(Int<'c>, i64)> {
        const MOST: i64 = 1 << 26;
        let allocatable = self.node.allocatable().get(resource);
        let unit = gcd(gcd(allocatable, load.base), self.unit(load)).max(1);
        let shrink = allocatable / unit / MOST + 1;
        let used = (self.sum(load, unit) + load.base / unit).div(shrink);
        let all = allocatable / unit / shrink;
        (all > 0).then(|| (used.min(all), all))
    }
}

/// Whether a table over these indices is not too large.
fn is_small(indices: &[Int<'_>]) -> bool {
    let size = indices.iter().fold(1u64, |size, index| size.saturating_mul(index.range().size()));
    size <= LARGEST_TABLE
}
