//! Score plugins of kube-scheduler v1.34: `pkg/scheduler/framework/plugins/{noderesources, tainttoleration, nodeaffinity,
//! podtopologyspread}`, weighted and summed.
//!
//! Only differences between nodes matter, so a plugin that gives all classes the same score adds nothing. Resource
//! scores are tabulated by running upstream's arithmetic over the occupancies of a node.

use k8s_openapi::api::core::v1::PodSpec;

use crate::cluster::arithmetic::node_score::{self, ResourceUse};
use crate::cluster::selector;
use crate::cluster::spec::{FitStrategy, SchedulerProfile};
use crate::cluster::view::Cluster;
use crate::cluster::{Cell, NodeClass, TemplateId};
use crate::term::{Bool, Int};

use super::spread;

/// Largest table of resource scores, in entries; beyond, [`coarse_resource_score`] stands in.
const LARGEST_TABLE: u64 = 1 << 17;

/// Weighted total of every cell.
pub fn totals<'c>(
    cluster: &Cluster<'c>,
    cells: &[Cell<'c>],
    template: TemplateId,
    feasible: &[Bool<'c>],
) -> Vec<Int<'c>> {
    let ctx = cluster.ctx();
    let profile = cluster.profile(template);
    let weight = |plugin: &str| profile.scores.iter().find(|(name, _)| name == plugin).map_or(0, |&(_, weight)| weight);
    let mut columns: Vec<(i64, Vec<Int<'c>>)> = vec![(1, resource_scores(cluster, cells, template, profile))];
    columns.push((weight("TaintToleration"), taint_scores(cluster, cells, template, feasible)));
    columns.push((weight("NodeAffinity"), affinity_scores(cluster, cells, template, feasible)));
    if let Some(scores) = spread::soft_scores(cluster, cells, template, feasible) {
        columns.push((weight("PodTopologySpread"), scores));
    }
    let total = |cell: usize| ctx.sum(columns.iter().map(|(weight, scores)| scores[cell] * ctx.int(*weight)));
    (0..cells.len()).map(total).collect()
}

/// TaintToleration: fewer untolerated PreferNoSchedule taints are better.
fn taint_scores<'c>(
    cluster: &Cluster<'c>,
    cells: &[Cell<'c>],
    template: TemplateId,
    feasible: &[Bool<'c>],
) -> Vec<Int<'c>> {
    let tolerations = cluster.templates[template.0].tolerations();
    let count =
        |class: &NodeClass| selector::untolerated(tolerations, class.taints(), &["PreferNoSchedule"]).count() as i64;
    normalised(cluster, cells, feasible, &count, &node_score::taint_score)
}

/// NodeAffinity: a larger sum of preferred weights is better.
fn affinity_scores<'c>(
    cluster: &Cluster<'c>,
    cells: &[Cell<'c>],
    template: TemplateId,
    feasible: &[Bool<'c>],
) -> Vec<Int<'c>> {
    let spec: &PodSpec = &cluster.templates[template.0].spec;
    let sum = |class: &NodeClass| selector::preferred_node_score(spec, &class.node);
    normalised(cluster, cells, feasible, &sum, &node_score::node_affinity_score)
}

/// Scores that depend on the class and on the largest raw value among feasible nodes.
fn normalised<'c>(
    cluster: &Cluster<'c>,
    cells: &[Cell<'c>],
    feasible: &[Bool<'c>],
    raw: &dyn Fn(&NodeClass) -> i64,
    score: &dyn Fn(i64, i64) -> i64,
) -> Vec<Int<'c>> {
    let ctx = cluster.ctx();
    let raw: Vec<i64> = cells.iter().map(|cell| raw(&cluster.classes[cell.class])).collect();
    if raw.iter().all(|&value| value == raw[0]) {
        return vec![ctx.int(0); cells.len()];
    }
    let highest = ctx.max(feasible.iter().zip(&raw).map(|(&feasible, &raw)| feasible.ite(raw, 0)), 0);
    let value =
        |&raw: &i64| highest.map(|highest| if highest == 0 { score(0, 0) } else { score(raw.min(highest), highest) });
    raw.iter().map(value).collect()
}

/// NodeResourcesFit and NodeResourcesBalancedAllocation, weighted.
fn resource_scores<'c>(
    cluster: &Cluster<'c>,
    cells: &[Cell<'c>],
    template: TemplateId,
    profile: &SchedulerProfile,
) -> Vec<Int<'c>> {
    cells.iter().map(|cell| resource_score(cluster, cell, template, profile)).collect()
}

fn resource_score<'c>(
    cluster: &Cluster<'c>,
    cell: &Cell<'c>,
    template: TemplateId,
    profile: &SchedulerProfile,
) -> Int<'c> {
    let class = &cluster.classes[cell.class];
    let present: Vec<(TemplateId, Int<'c>)> = cluster
        .movable()
        .map(|id| (id, cluster.holding_on(cell, id)))
        .filter(|(_, pods)| pods.constant() != Some(0))
        .collect();
    let indices: Vec<Int<'c>> = present.iter().map(|&(_, pods)| pods).collect();
    let size = indices.iter().fold(1u64, |size, index| size.saturating_mul(index.range().size()));
    if size > LARGEST_TABLE {
        return coarse_resource_score(cluster, class, template, profile, &present);
    }
    let ids: Vec<TemplateId> = present.iter().map(|&(id, _)| id).collect();
    cluster.ctx().table(&indices, |pods| {
        let on_node = ids.iter().copied().zip(pods.iter().copied());
        exact_score(cluster, class, template, profile, &on_node.collect::<Vec<_>>())
    })
}

fn weight_of(profile: &SchedulerProfile, plugin: &str) -> i64 {
    profile.scores.iter().find(|(name, _)| name == plugin).map_or(0, |&(_, weight)| weight)
}

/// The weighted resource score of a node that holds the given numbers of pods, with one more of `template`.
fn exact_score(
    cluster: &Cluster<'_>,
    class: &NodeClass,
    template: TemplateId,
    profile: &SchedulerProfile,
    pods: &[(TemplateId, i64)],
) -> i64 {
    let request = |id: TemplateId, resource: &str| cluster.templates[id.0].requests.get(resource);
    let scoring = |id: TemplateId, resource: &str| match resource {
        "cpu" => cluster.templates[id.0].scoring.0,
        "memory" => cluster.templates[id.0].scoring.1,
        _ => request(id, resource),
    };
    let sum = |base: i64, of: &dyn Fn(TemplateId) -> i64| {
        pods.iter().fold(base + of(template), |sum, &(id, count)| sum + of(id) * count)
    };
    let fit: Vec<ResourceUse> = profile
        .fit_resources
        .iter()
        .map(|(resource, weight)| {
            let base = match resource.as_str() {
                "cpu" => class.used_scoring.0,
                "memory" => class.used_scoring.1,
                _ => class.used.get(resource),
            };
            let requested = sum(base, &|id| scoring(id, resource));
            ResourceUse { allocatable: class.allocatable.get(resource), requested, weight: *weight }
        })
        .collect();
    let fit_score = match &profile.fit_strategy {
        FitStrategy::LeastAllocated => node_score::least_allocated_node(&fit),
        FitStrategy::MostAllocated => node_score::most_allocated_node(&fit),
        FitStrategy::RequestedToCapacityRatio(shape) => node_score::requested_to_capacity_node(shape, &fit),
    };
    let balance = ["cpu", "memory"].map(|resource| {
        let requested = sum(class.used.get(resource), &|id| request(id, resource));
        (class.allocatable.get(resource), requested)
    });
    let skipped = request(template, "cpu") == 0 && request(template, "memory") == 0;
    let balance_score = if skipped { 0 } else { node_score::balanced_allocation(&balance) };
    weight_of(profile, "NodeResourcesFit") * fit_score
        + weight_of(profile, "NodeResourcesBalancedAllocation") * balance_score
}

/// LeastAllocated over cpu and memory in exact integers, without BalancedAllocation: for nodes on which so many kinds
/// of pods can meet that no table holds all their combinations. Listed in `docs/semantics.md`.
fn coarse_resource_score<'c>(
    cluster: &Cluster<'c>,
    class: &NodeClass,
    template: TemplateId,
    profile: &SchedulerProfile,
    pods: &[(TemplateId, Int<'c>)],
) -> Int<'c> {
    let ctx = cluster.ctx();
    let share = |allocatable: i64, base: i64, request: &dyn Fn(TemplateId) -> i64| {
        if allocatable == 0 {
            return ctx.int(0);
        }
        let used = pods.iter().map(|&(id, count)| count * ctx.int(request(id)));
        let free = (ctx.int(allocatable - base - request(template)) - ctx.sum(used)).max(0);
        (free * ctx.int(100)).div(allocatable)
    };
    let cpu = share(class.allocatable.cpu, class.used_scoring.0, &|id| cluster.templates[id.0].scoring.0);
    let memory = share(class.allocatable.memory, class.used_scoring.1, &|id| cluster.templates[id.0].scoring.1);
    (cpu + memory).div(2) * ctx.int(weight_of(profile, "NodeResourcesFit"))
}
