//! Whether the pods of a node fit elsewhere.
//!
//! Upstream looks for a place for one pod after the other, any node that passes the scheduler's filters, scores or not. What
//! comes of that depends on orders, so it is said here what has to be so if it comes out well in any of them: each pod passes
//! the filters on some other node, and together they fit the room there, as far as sums over nodes and, for pods of each size,
//! the numbers that nodes have room for can tell.

use std::collections::BTreeSet;

use crate::cluster::counting::layout::requested;
use crate::cluster::object::affinity;
use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::usage::Counted;
use crate::cluster::{Cell, Presence, TemplateId};
use crate::encodings::kube_scheduler::{self, Filters, fit, inter_pod_affinity, node_ports, spread};
use crate::encodings::kubelet;
use crate::term::{Bool, Int};

use super::drainability::Drainability;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "cluster-autoscaler/simulation",
    component: NodeAutoscaler,
    upstream: [
        "cluster-autoscaler/simulator/cluster.go" => [
            "SimulateNodeRemoval", "findPlaceFor", "replaceWithTaintedGhostNode",
        ],
        "cluster-autoscaler/simulator/scheduling/hinting_simulator.go" => ["TrySchedulePods"],
    ],
    decides: "A node may go whose pods each pass the scheduler's filters on some other node, and together fit the others' \
        room; the node itself stays in sight, empty and with its taint.",
    parts: [
        "a node with one pod that moves" => "exact",
        "several pods: which node each of them takes" =>
            "over: where no single pod and no kind of resource tells that they do not fit, they do, in whatever order; \
                spread constraints and affinity between the moving pods are not asked",
        "whether the node that goes counts as a domain: `countsGoingNode`" =>
            "exact; older releases did not count it",
        "nodes that are on their way are no place" => "exact",
    ],
};

/// Pods that move, as they see the nodes of the other cells.
struct Mover<'c> {
    template: TemplateId,
    /// By cell: whether its nodes are open to them, but for room and for other pods.
    open: Vec<Bool<'c>>,
    /// By cell: whether all filters pass there, while all pods are where they are.
    passes: Vec<Bool<'c>>,
    /// By cell: how many fit there.
    room: Vec<Int<'c>>,
}

/// What is asked of all cells.
pub struct Simulation<'a, 'c> {
    cluster: &'a Cluster<'c>,
    cells: Vec<Cell<'c>>,
    movers: Vec<Mover<'c>>,
    /// Whether pods keep others away, so that the filters depend on who is gone.
    is_topological: bool,
}

/// Whether some pod that is to be scheduled asks where others are.
pub fn is_topological(cluster: &Cluster<'_>) -> bool {
    cluster.movable().any(|id| {
        let pod = &cluster.templates[id.0].spec;
        spread::is_constrained(cluster, id)
            || !affinity::required(pod).is_empty()
            || !affinity::required_anti(pod).is_empty()
    })
}

impl<'a, 'c> Simulation<'a, 'c> {
    /// Looks at all cells once.
    pub fn new(cluster: &'a Cluster<'c>, drainability: &Drainability<'a, 'c>) -> Self {
        let cells = cluster.cells(&cluster.state());
        let in_time = drainability.moving().take_while(|_| !cluster.is_stopped());
        let movers = in_time.map(|template| Mover::new(cluster, &cells, template)).collect();
        Simulation { cluster, cells, movers, is_topological: is_topological(cluster) }
    }

    /// Whether the pods on one node of a cell fit others.
    pub fn fits_elsewhere(&self, at: usize) -> Bool<'c> {
        let ctx = self.cluster.ctx();
        let there: Vec<&Mover<'c>> = self.movers.iter().filter(|mover| self.number(mover, at).range().hi > 0).collect();
        let each = there.iter().map(|mover| {
            let number = self.number(mover, at);
            let places = self.elsewhere(at, &|cell| mover.places(cell));
            number.eq(0) | (self.passes_elsewhere(mover, at) & number.le(places))
        });
        let together = if there.len() > 1 { self.fit_together(at, &there) } else { ctx.bool(true) };
        ctx.all(each) & together
    }

    /// Pods of a template on each node of a cell.
    fn number(&self, mover: &Mover<'c>, at: usize) -> Int<'c> {
        self.cluster.active_on(&self.cells[at], mover.template)
    }

    /// The sum of `value` over all nodes that are no candidates themselves, but for one of a cell.
    fn elsewhere(&self, at: usize, value: &dyn Fn(usize) -> Int<'c>) -> Int<'c> {
        let sum = self.cluster.ctx().sum(self.cells.iter().enumerate().map(|(cell, it)| it.multiplicity * value(cell)));
        sum.minus_or_zero(value(at))
    }

    /// Whether one of the pods passes all filters on some other node, once its own is empty.
    fn passes_elsewhere(&self, mover: &Mover<'c>, at: usize) -> Bool<'c> {
        let ctx = self.cluster.ctx();
        let is_left = self.cells[at].multiplicity.ge(2);
        if !self.is_topological {
            let others = (0..self.cells.len()).filter(|&cell| cell != at).map(|cell| mover.passes[cell]);
            return ctx.any(others.chain([is_left & mover.passes[at]]));
        }
        let mut cells = self.cells.clone();
        cells[at].multiplicity = cells[at].multiplicity.minus_or_zero(1);
        cells[at].exists = is_left;
        if self.cluster.spec.scenario.controllers.autoscaler_options.counts_going_node {
            cells.push(self.cluster.supposed(cells[at].class, Presence::Going, &[]));
        }
        let filters = Filters::new(self.cluster, &cells, mover.template);
        let passes = |cell: usize| match mover.open[cell].constant() {
            Some(false) => ctx.bool(false),
            _ => mover.open[cell] & filters.verdict(cell).passes(),
        };
        ctx.any((0..self.cells.len()).map(passes))
    }

    /// Whether pods of several templates fit together, as far as one resource at a time can tell.
    fn fit_together(&self, at: usize, there: &[&Mover<'c>]) -> Bool<'c> {
        let requests = |mover: &Mover<'c>| {
            let template = &self.cluster.templates[mover.template.0];
            requested(template).filter(|&(_, amount)| amount > 0).map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
        };
        let resources: BTreeSet<String> = there.iter().flat_map(|mover| requests(mover)).collect();
        self.cluster.ctx().all(resources.iter().map(|resource| self.fit_in(at, there, resource)))
    }

    fn fit_in(&self, at: usize, there: &[&Mover<'c>], resource: &str) -> Bool<'c> {
        let (cluster, ctx) = (self.cluster, self.cluster.ctx());
        let unit = cluster.usage.unit(cluster, &Counted::Requested(resource.to_owned()));
        let each = |mover: &Mover<'c>| cluster.templates[mover.template.0].requests.get(resource) / unit;
        let is_open = |cell: usize, least: i64| {
            ctx.any(there.iter().filter(|mover| each(mover) >= least).map(|mover| mover.open[cell]))
        };
        let free = |cell: usize| self.free(cell, resource, unit);
        let asked = ctx.sum(there.iter().map(|mover| self.number(mover, at) * ctx.int(each(mover))));
        let offered = self.elsewhere(at, &|cell| is_open(cell, 1).ite(free(cell), 0));
        let sizes: BTreeSet<i64> = there.iter().map(|mover| each(mover)).filter(|&size| size > 0).collect();
        let by_size = sizes.into_iter().map(|size| {
            let large = there.iter().filter(|mover| each(mover) >= size);
            let large = ctx.sum(large.map(|mover| self.number(mover, at)));
            large.le(self.elsewhere(at, &|cell| is_open(cell, size).ite(free(cell).div(size), 0)))
        });
        asked.le(offered) & ctx.all(by_size)
    }

    /// What is free of a resource on each node of a cell, in units.
    fn free(&self, cell: usize, resource: &str, unit: i64) -> Int<'c> {
        let (cluster, cell) = (self.cluster, &self.cells[cell]);
        let used = cluster.usage.sum(cluster, cell, &Counted::Requested(resource.to_owned()), unit);
        cluster.ctx().int(cluster.node(cell).free(resource).max(0).div_euclid(unit)).minus_or_zero(used)
    }
}

impl<'c> Mover<'c> {
    fn new(cluster: &Cluster<'c>, cells: &[Cell<'c>], template: TemplateId) -> Self {
        let filters = Filters::new(cluster, cells, template);
        let of_others = [fit::RULE.id, spread::RULE.id, inter_pod_affinity::RULE.id];
        let has_ports = !node_ports::rivals(cluster, template).is_empty();
        let none = kube_scheduler::Change::default();
        let (mut open, mut passes, mut room) = (Vec::new(), Vec::new(), Vec::new());
        for (index, cell) in cells.iter().enumerate() {
            let refusals = filters.refusals(index, &none);
            let own = refusals.iter().filter(|refusal| !of_others.contains(&refusal.rule.id));
            let is_open = !cluster.ctx().any(own.map(|refusal| refusal.refuses));
            let is_here = cell.exists & cluster.is_in(cell, Presence::Here);
            let fitting = kubelet::room(cluster, cell, template);
            open.push(is_here & is_open);
            passes.push(is_here & filters.verdict(index).passes());
            room.push(if has_ports { fitting.min(1) } else { fitting });
        }
        Mover { template, open, passes, room }
    }

    /// How many of the pods each node of a cell takes.
    fn places(&self, cell: usize) -> Int<'c> {
        self.open[cell].ite(self.room[cell], 0)
    }
}
