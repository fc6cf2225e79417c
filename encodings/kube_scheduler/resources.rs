//! NodeResourcesFit and NodeResourcesBalancedAllocation of kube-scheduler v1.34:
//! `pkg/scheduler/framework/plugins/noderesources/{fit, resource_allocation, least_allocated, balanced_allocation}.go`.
//!
//! Scores are tabulated by running upstream's arithmetic over the occupancies of a node.

use crate::cluster::arithmetic::node_score::{self, ResourceUse};
use crate::cluster::layout::requested;
use crate::cluster::spec::{FitStrategy, SchedulerProfile};
use crate::cluster::view::Cluster;
use crate::cluster::{Cell, NodeClass, TemplateId};
use crate::term::Int;

use super::filters::{Reason, Refusal, Stage};
use super::nominations::Change;

/// Largest table of resource scores, in entries; beyond, [`coarse`] stands in.
const LARGEST_TABLE: u64 = 1 << 17;

/// NodeResourcesFit: requests of the pods on the node and of the new one within allocatable; requests of 0 always fit.
///
/// Preempting pods helps if the node would have enough without any.
pub fn refusal<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>, template: TemplateId, change: &Change<'c>) -> Refusal<'c> {
    let ctx = cluster.ctx();
    let pod = &cluster.templates[template.0];
    let mut reasons = Vec::new();
    let mut hopeless = Vec::new();
    for (resource, amount) in requested(pod).filter(|&(_, amount)| amount > 0) {
        let short = is_short(cluster, cell, resource, amount, change);
        let message = if resource == "pods" { "Too many pods".to_owned() } else { format!("Insufficient {resource}") };
        reasons.push(Reason::new(short, message));
        if resource != "pods" && amount > cluster.classes[cell.class].allocatable.get(resource) {
            hopeless.push(short);
        }
    }
    Refusal {
        refuses: ctx.any(reasons.iter().map(|reason| reason.applies)),
        plugin: "NodeResourcesFit",
        stage: Stage::Filter,
        resolvable: !ctx.any(hopeless),
        reasons,
    }
}

fn is_short<'c>(
    cluster: &Cluster<'c>,
    cell: &Cell<'c>,
    resource: &str,
    amount: i64,
    change: &Change<'c>,
) -> crate::term::Bool<'c> {
    let request = |id: TemplateId| cluster.templates[id.0].requests.get(resource);
    let unit = cluster.movable().map(request).filter(|&other| other > 0).fold(amount, gcd);
    let used =
        cluster.movable().map(|other| cluster.holding_on(cell, other) * cluster.ctx().int(request(other) / unit));
    let used = cluster.ctx().sum(used) + change.sum(cluster.ctx(), |other| request(other) / unit);
    used.gt(cluster.classes[cell.class].free(resource).div_euclid(unit) - amount / unit)
}

/// Greatest common divisor of two positive numbers.
fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// NodeResourcesFit's score of a cell.
pub fn fit<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>, template: TemplateId) -> Int<'c> {
    let scorer = Scorer::new(cluster, cell, template);
    scorer.tabulated(&|pods| scorer.fit(pods)).unwrap_or_else(|| coarse(cluster, cell, template))
}

/// NodeResourcesBalancedAllocation's score of a cell; 0 where no table holds all combinations of pods.
pub fn balanced<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>, template: TemplateId) -> Int<'c> {
    let scorer = Scorer::new(cluster, cell, template);
    scorer.tabulated(&|pods| scorer.balanced(pods)).unwrap_or_else(|| cluster.ctx().int(0))
}

/// Whether NodeResourcesBalancedAllocation skips pods of the template: those that request neither cpu nor memory.
pub fn is_balance_skipped(cluster: &Cluster<'_>, template: TemplateId) -> bool {
    let requests = &cluster.templates[template.0].requests;
    (requests.cpu, requests.memory) == (0, 0)
}

/// Both scores, weighted, in one table.
pub fn both<'c>(
    cluster: &Cluster<'c>,
    cell: &Cell<'c>,
    template: TemplateId,
    fit_weight: i64,
    balance_weight: i64,
) -> Int<'c> {
    let scorer = Scorer::new(cluster, cell, template);
    let balance_weight = if is_balance_skipped(cluster, template) { 0 } else { balance_weight };
    let score = |pods: &[i64]| fit_weight * scorer.fit(pods) + balance_weight * scorer.balanced(pods);
    let stand_in = || coarse(cluster, cell, template) * cluster.ctx().int(fit_weight);
    scorer.tabulated(&score).unwrap_or_else(stand_in)
}

/// Scores of one cell's nodes by the numbers of pods on them.
struct Scorer<'a, 'c> {
    cluster: &'a Cluster<'c>,
    class: &'a NodeClass,
    template: TemplateId,
    profile: &'a SchedulerProfile,
    /// The pods whose numbers can change.
    pods: Vec<(TemplateId, Int<'c>)>,
}

impl<'a, 'c> Scorer<'a, 'c> {
    fn new(cluster: &'a Cluster<'c>, cell: &Cell<'c>, template: TemplateId) -> Self {
        let numbers = cluster.movable().map(|id| (id, cluster.holding_on(cell, id)));
        Scorer {
            cluster,
            class: &cluster.classes[cell.class],
            template,
            profile: cluster.profile(template),
            pods: numbers.filter(|(_, pods)| pods.constant() != Some(0)).collect(),
        }
    }

    /// The table of a score, unless it is too large.
    fn tabulated(&self, score: &dyn Fn(&[i64]) -> i64) -> Option<Int<'c>> {
        let indices: Vec<Int<'c>> = self.pods.iter().map(|&(_, pods)| pods).collect();
        let size = indices.iter().fold(1u64, |size, index| size.saturating_mul(index.range().size()));
        (size <= LARGEST_TABLE).then(|| self.cluster.ctx().table(&indices, score))
    }

    fn fit(&self, pods: &[i64]) -> i64 {
        let uses: Vec<ResourceUse> = self
            .profile
            .fit_resources
            .iter()
            .map(|(resource, weight)| ResourceUse {
                allocatable: self.class.allocatable.get(resource),
                requested: self.scored_use(resource, pods),
                weight: *weight,
            })
            .collect();
        match &self.profile.fit_strategy {
            FitStrategy::LeastAllocated => node_score::least_allocated_node(&uses),
            FitStrategy::MostAllocated => node_score::most_allocated_node(&uses),
            FitStrategy::RequestedToCapacityRatio(shape) => node_score::requested_to_capacity_node(shape, &uses),
        }
    }

    /// What NodeResourcesFit takes to be used of a resource, with the new pod.
    fn scored_use(&self, resource: &str, pods: &[i64]) -> i64 {
        let templates = &self.cluster.templates;
        let (base, new) = match resource {
            "cpu" => (self.class.used_scoring.0, templates[self.template.0].placing.0),
            "memory" => (self.class.used_scoring.1, templates[self.template.0].placing.1),
            _ => (self.class.used.get(resource), templates[self.template.0].requests.get(resource)),
        };
        self.sum(base + new, pods, |id| match resource {
            "cpu" => templates[id.0].scoring.0,
            "memory" => templates[id.0].scoring.1,
            _ => templates[id.0].requests.get(resource),
        })
    }

    fn balanced(&self, pods: &[i64]) -> i64 {
        let request = |id: TemplateId, resource: &str| self.cluster.templates[id.0].requests.get(resource);
        let balance = ["cpu", "memory"].map(|resource| {
            let base = self.class.used.get(resource) + request(self.template, resource);
            (self.class.allocatable.get(resource), self.sum(base, pods, |id| request(id, resource)))
        });
        node_score::balanced_allocation(&balance)
    }

    fn sum(&self, base: i64, pods: &[i64], of: impl Fn(TemplateId) -> i64) -> i64 {
        self.pods.iter().zip(pods).fold(base, |sum, (&(id, _), &count)| sum + of(id) * count)
    }
}

/// LeastAllocated over cpu and memory in exact integers: for nodes on which so many kinds of pods can meet that no table
/// holds all their combinations. Listed in `docs/semantics.md`.
fn coarse<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>, template: TemplateId) -> Int<'c> {
    let (ctx, class) = (cluster.ctx(), &cluster.classes[cell.class]);
    let share = |allocatable: i64, base: i64, request: &dyn Fn(TemplateId) -> i64| {
        if allocatable == 0 {
            return ctx.int(0);
        }
        let used = cluster.movable().map(|id| cluster.holding_on(cell, id) * ctx.int(request(id)));
        let free = (ctx.int(allocatable - base) - ctx.sum(used)).max(0);
        (free * ctx.int(100)).div(allocatable)
    };
    let pod = &cluster.templates[template.0];
    let cpu =
        share(class.allocatable.cpu, class.used_scoring.0 + pod.placing.0, &|id| cluster.templates[id.0].scoring.0);
    let memory =
        share(class.allocatable.memory, class.used_scoring.1 + pod.placing.1, &|id| cluster.templates[id.0].scoring.1);
    (cpu + memory).div(2)
}
