//! Whether the pods of a node fit elsewhere.
//!
//! Part of the rules `cluster-autoscaler/simulation`, `karpenter/consolidation` and `karpenter/replacement`.
//!
//! Upstream looks for a place for one pod after the other, any node that passes the scheduler's filters, scores or not. What
//! comes of that depends on orders, so it is said here what has to be so if it comes out well in any of them: each pod passes
//! the filters on some other node, and together they fit the room there, as far as sums over nodes and, for pods of each size,
//! the numbers that nodes have room for can tell.

use std::collections::BTreeSet;

use crate::cluster::counting::layout::requested;
use crate::cluster::view::Cluster;
use crate::cluster::view::usage::Counted;
use crate::cluster::{Cell, Presence, TemplateId};
use crate::encodings::kube_scheduler::{self, Filters, fit, inter_pod_affinity, node_ports, spread};
use crate::encodings::kubelet;
use crate::term::{Bool, Int};

use super::holds::Holds;
use super::is_topological;

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
pub struct Places<'a, 'c> {
    cluster: &'a Cluster<'c>,
    /// Those that there are, then fresh nodes, one by one, that there might be.
    cells: Vec<Cell<'c>>,
    /// How many there are.
    real: usize,
    movers: Vec<Mover<'c>>,
    /// How the node that goes is still seen, empty; not at all if `None`.
    ghost: Option<Presence>,
    /// Whether pods keep others away, so that the filters depend on who is gone.
    is_topological: bool,
}

impl<'a, 'c> Places<'a, 'c> {
    /// Looks at all cells once, and at fresh nodes that there might be.
    pub fn new(cluster: &'a Cluster<'c>, holds: &Holds<'a, 'c>, ghost: Option<Presence>, fresh: &[Cell<'c>]) -> Self {
        let mut cells = cluster.cells(&cluster.state());
        let real = cells.len();
        cells.extend_from_slice(fresh);
        let in_time = holds.moving().take_while(|_| !cluster.is_stopped());
        let movers = in_time.map(|template| Mover::new(cluster, &cells, real, template)).collect();
        Places { cluster, cells, real, movers, ghost, is_topological: is_topological(cluster) }
    }

    /// Whether the pods on one node of a cell fit others.
    pub fn fit_elsewhere(&self, at: usize) -> Bool<'c> {
        self.fit(at, None)
    }

    /// Whether the pods on one node of a cell fit others and a fresh node, the one of this number.
    pub fn fit_with(&self, at: usize, fresh: usize) -> Bool<'c> {
        self.fit(at, Some(self.real + fresh))
    }

    /// The positions of cells that are in play.
    fn used(&self, fresh: Option<usize>) -> impl Iterator<Item = usize> {
        (0..self.real).chain(fresh)
    }

    fn fit(&self, at: usize, fresh: Option<usize>) -> Bool<'c> {
        let ctx = self.cluster.ctx();
        let there: Vec<&Mover<'c>> = self.movers.iter().filter(|mover| self.number(mover, at).range().hi > 0).collect();
        let each = there.iter().map(|mover| {
            let number = self.number(mover, at);
            let places = self.elsewhere(at, fresh, &|cell| mover.places(cell));
            number.eq(0) | (self.passes_elsewhere(mover, at, fresh) & number.le(places))
        });
        let together = if there.len() > 1 { self.fit_together((at, fresh), &there) } else { ctx.bool(true) };
        ctx.all(each) & together
    }

    /// Pods of a template on each node of a cell.
    fn number(&self, mover: &Mover<'c>, at: usize) -> Int<'c> {
        self.cluster.active_on(&self.cells[at], mover.template)
    }

    /// The sum of `value` over all nodes that are no candidates themselves, but for one of a cell.
    fn elsewhere(&self, at: usize, fresh: Option<usize>, value: &dyn Fn(usize) -> Int<'c>) -> Int<'c> {
        let each = self.used(fresh).map(|cell| self.cells[cell].multiplicity * value(cell));
        self.cluster.ctx().sum(each).minus_or_zero(value(at))
    }

    /// Whether one of the pods passes all filters on some other node, once its own is empty.
    fn passes_elsewhere(&self, mover: &Mover<'c>, at: usize, fresh: Option<usize>) -> Bool<'c> {
        let ctx = self.cluster.ctx();
        let is_left = self.cells[at].multiplicity.ge(2);
        if !self.is_topological {
            let others = self.used(fresh).filter(|&cell| cell != at).map(|cell| mover.passes[cell]);
            return ctx.any(others.chain([is_left & mover.passes[at]]));
        }
        let mut cells: Vec<Cell<'c>> = self.used(fresh).map(|cell| self.cells[cell].clone()).collect();
        cells[at].multiplicity = cells[at].multiplicity.minus_or_zero(1);
        cells[at].exists = is_left;
        cells.extend(self.ghost.map(|presence| self.cluster.supposed(cells[at].class, presence, &[])));
        let filters = Filters::new(self.cluster, &cells, mover.template);
        let passes = |(position, cell): (usize, usize)| match mover.open[cell].constant() {
            Some(false) => ctx.bool(false),
            _ => mover.open[cell] & filters.verdict(position).passes(),
        };
        ctx.any(self.used(fresh).enumerate().map(passes))
    }

    /// Whether pods of several templates fit together, as far as one resource at a time can tell.
    fn fit_together(&self, at: (usize, Option<usize>), there: &[&Mover<'c>]) -> Bool<'c> {
        let requests = |mover: &Mover<'c>| {
            let template = &self.cluster.templates[mover.template.0];
            requested(template).filter(|&(_, amount)| amount > 0).map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
        };
        let resources: BTreeSet<String> = there.iter().flat_map(|mover| requests(mover)).collect();
        self.cluster.ctx().all(resources.iter().map(|resource| self.fit_in(at, there, resource)))
    }

    fn fit_in(&self, (at, fresh): (usize, Option<usize>), there: &[&Mover<'c>], resource: &str) -> Bool<'c> {
        let (cluster, ctx) = (self.cluster, self.cluster.ctx());
        let unit = cluster.usage.unit(cluster, &Counted::Requested(resource.to_owned()));
        let each = |mover: &Mover<'c>| cluster.templates[mover.template.0].requests.get(resource) / unit;
        let is_open = |cell: usize, least: i64| {
            ctx.any(there.iter().filter(|mover| each(mover) >= least).map(|mover| mover.open[cell]))
        };
        let free = |cell: usize| self.free(cell, resource, unit);
        let asked = ctx.sum(there.iter().map(|mover| self.number(mover, at) * ctx.int(each(mover))));
        let offered = self.elsewhere(at, fresh, &|cell| is_open(cell, 1).ite(free(cell), 0));
        let sizes: BTreeSet<i64> = there.iter().map(|mover| each(mover)).filter(|&size| size > 0).collect();
        let by_size = sizes.into_iter().map(|size| {
            let large = there.iter().filter(|mover| each(mover) >= size);
            let large = ctx.sum(large.map(|mover| self.number(mover, at)));
            large.le(self.elsewhere(at, fresh, &|cell| is_open(cell, size).ite(free(cell).div(size), 0)))
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
    /// Looks at the first `real` cells together, and at each of the others beside these.
    fn new(cluster: &Cluster<'c>, cells: &[Cell<'c>], real: usize, template: TemplateId) -> Self {
        let mut mover = Mover { template, open: Vec::new(), passes: Vec::new(), room: Vec::new() };
        let filters = Filters::new(cluster, &cells[..real], template);
        (0..real).for_each(|cell| mover.look(cluster, &filters, (cell, &cells[cell])));
        for fresh in &cells[real..] {
            let beside: Vec<Cell<'c>> = cells[..real].iter().chain([fresh]).cloned().collect();
            mover.look(cluster, &Filters::new(cluster, &beside, template), (real, fresh));
        }
        mover
    }

    /// Notes what a cell offers, which filters have at a position.
    fn look(&mut self, cluster: &Cluster<'c>, filters: &Filters<'_, 'c>, (position, cell): (usize, &Cell<'c>)) {
        let of_others = [fit::RULE.id, spread::RULE.id, inter_pod_affinity::RULE.id];
        let refusals = filters.refusals(position, &kube_scheduler::Change::default());
        let own = refusals.iter().filter(|refusal| !of_others.contains(&refusal.rule.id));
        let is_open = !cluster.ctx().any(own.map(|refusal| refusal.refuses));
        let is_here = cell.exists & cluster.is_in(cell, Presence::Here);
        let fitting = kubelet::room(cluster, cell, self.template);
        let has_ports = !node_ports::rivals(cluster, self.template).is_empty();
        self.open.push(is_here & is_open);
        self.passes.push(is_here & filters.verdict(position).passes());
        self.room.push(if has_ports { fitting.min(1) } else { fitting });
    }

    /// How many of the pods each node of a cell takes.
    fn places(&self, cell: usize) -> Int<'c> {
        self.open[cell].ite(self.room[cell], 0)
    }
}
