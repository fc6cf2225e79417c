//! Domains of counted nodes.
//!
//! Part of the rule `descheduler/RemovePodsViolatingTopologySpreadConstraint`.

use crate::encodings::descheduler::evictor::{self, fit};
use crate::encodings::descheduler::sight::Sight;
use crate::encodings::descheduler::spread::balance::Domains;
use crate::term::{Bool, Int};

use super::Group;

/// Domains up to which the number of moves is exact.
const MOST_EXACT: usize = 16;

/// Where pods are, as one constraint sees it.
pub struct Placement<'p, 'c> {
    sight: &'p Sight<'p, 'c>,
    group: &'p Group,
    /// Matching pods on each node of a cell that has the key.
    pub pods: Vec<Int<'c>>,
    /// Position of each cell's domain among the values.
    pub domain: Vec<Option<usize>>,
    /// Domains: how many there are, and how large they are; by cell where every node is a domain, else by value.
    sizes: Vec<(Int<'c>, Int<'c>)>,
}

/// How many moves there are.
pub enum Moves<'c> {
    /// So many.
    Exactly(Int<'c>),
    /// Between these.
    Between(Int<'c>, Int<'c>),
}

impl<'p, 'c> Placement<'p, 'c> {
    /// The placement that is in sight.
    pub fn new(sight: &'p Sight<'p, 'c>, group: &'p Group) -> Self {
        let value = |at: usize| group.constraint.value(sight.cluster, sight.cells[at].class);
        let cells = 0..sight.cells.len();
        let domain: Vec<Option<usize>> =
            cells.map(|at| group.values.iter().position(|known| Some(known.as_str()) == value(at))).collect();
        let pods = domain.iter().enumerate().map(|(at, domain)| match domain {
            Some(_) => pods(sight, group, at),
            None => sight.ctx().int(0),
        });
        let mut placement = Placement { sight, group, pods: pods.collect(), domain, sizes: Vec::new() };
        placement.sizes = if group.singleton { placement.nodes() } else { placement.by_value() };
        placement
    }

    /// Whether a node is a domain: it is eligible, or matching pods run there.
    fn counts(&self, at: usize) -> Bool<'c> {
        let eligible = self.group.constraint.is_eligible(self.sight.cluster, self.sight.cells[at].class);
        self.sight.in_play(at) & (self.sight.ctx().bool(eligible) | self.pods[at].ge(1))
    }

    fn nodes(&self) -> Vec<(Int<'c>, Int<'c>)> {
        let with_key = (0..self.domain.len()).filter(|&at| self.domain[at].is_some());
        with_key.map(|at| (self.counts(at).ite(self.sight.cells[at].multiplicity, 0), self.pods[at])).collect()
    }

    fn by_value(&self) -> Vec<(Int<'c>, Int<'c>)> {
        let ctx = self.sight.ctx();
        let of_value = |value: usize| {
            let cells = || (0..self.domain.len()).filter(move |&at| self.domain[at] == Some(value));
            let size = ctx.sum(cells().map(|at| self.sight.cells[at].multiplicity * self.pods[at])).min(self.most());
            (ctx.any(cells().map(|at| self.counts(at))).to_int(), size)
        };
        (0..self.group.values.len()).map(of_value).collect()
    }

    fn most(&self) -> i64 {
        self.sight.state.get(self.group.moves).range().hi
    }

    /// How many domains there are.
    pub fn number(&self) -> Int<'c> {
        let number = self.sight.ctx().sum(self.sizes.iter().map(|&(number, _)| number));
        self.sight.cluster.at_most_nodes(number)
    }

    /// Matching pods in all domains.
    pub fn total(&self) -> Int<'c> {
        self.sight.ctx().sum(self.sizes.iter().map(|&(number, size)| number * size)).min(self.most())
    }

    /// The largest and the smallest domain.
    pub fn extremes(&self) -> (Int<'c>, Int<'c>) {
        let (ctx, most) = (self.sight.ctx(), self.most());
        let sizes = || self.sizes.iter().map(|&(number, size)| (number.ge(1), size));
        let largest = ctx.max(sizes().map(|(there, size)| there.ite(size, 0)), 0);
        (largest, ctx.min(sizes().map(|(there, size)| there.ite(size, most)), 0))
    }

    /// The size of the domain of a cell's nodes.
    fn size(&self, at: usize) -> Int<'c> {
        match self.domain[at] {
            Some(value) if !self.group.singleton => self.sizes[value].1,
            _ => self.pods[at],
        }
    }

    /// Sizes of named domains.
    pub fn named(&self) -> impl Iterator<Item = Int<'c>> {
        self.sizes.iter().map(|&(_, size)| size)
    }

    /// How many pods move, the domains being out of balance.
    pub fn moves(&self) -> Moves<'c> {
        let (ctx, skew) = (self.sight.ctx(), self.group.constraint.max_skew);
        let nodes = self.sight.cluster.most_nodes() as usize;
        let domains = if self.group.singleton { nodes } else { self.sizes.len() };
        if domains > MOST_EXACT {
            if self.group.singleton {
                let why = "where there are many nodes, bounds say how many pods the descheduler moves";
                self.sight.cluster.differs_by_size(why);
            }
            return self.bounds();
        }
        let domains = match self.group.singleton {
            true => Domains::of_sizes(ctx, &self.sizes, nodes),
            false => Domains::new(ctx, self.sizes.iter().map(|&(number, size)| (number.ge(1), size)).collect()),
        };
        Moves::Exactly(domains.moves(skew).min(self.most()))
    }

    fn bounds(&self) -> Moves<'c> {
        let (ctx, most) = (self.sight.ctx(), self.most());
        let (number, total) = (self.number().max(1), self.total());
        let (below, above) = (total.div(number), (total + number - 1).div(number));
        let sum = |amount: &dyn Fn(Int<'c>) -> Int<'c>| {
            ctx.sum(self.sizes.iter().map(|&(number, size)| number * amount(size)))
        };
        let give = sum(&|size| size.minus_or_zero(below));
        let take = sum(&|size| above.minus_or_zero(size));
        let sure = sum(&|size| size.minus_or_zero(above)).min(sum(&|size| below.minus_or_zero(size)));
        let highest = give.min(take).min(most);
        let lowest = match self.group.constraint.max_skew {
            1 => above.eq(below).ite(highest, sure.max(1)),
            _ => ctx.int(1),
        };
        Moves::Between(lowest, highest)
    }

    /// Whether some pod states the constraint.
    pub fn is_stated(&self) -> Bool<'c> {
        let carriers = &self.group.constraint.carriers;
        let stating = (0..self.sight.cells.len()).flat_map(|at| carriers.iter().map(move |&id| (at, id)));
        self.sight.ctx().any(stating.map(|(at, id)| {
            let there = self.sight.active(at, id).ge(1) & evictor::filter(self.sight, id);
            self.sight.in_play(at) & there
        }))
    }

    /// Whether a pod fits some node of a domain below the average (`topologyBalanceNodeFit`).
    pub fn is_placeable(&self) -> Bool<'c> {
        let ctx = self.sight.ctx();
        if !self.group.node_fit {
            return ctx.bool(true);
        }
        let (number, total) = (self.number(), self.total());
        let eligible = |at: &usize| {
            let class = self.sight.cells[*at].class;
            self.domain[*at].is_some() && self.group.constraint.is_eligible(self.sight.cluster, class)
        };
        ctx.any((0..self.domain.len()).filter(eligible).map(|at| {
            let some = self.group.constraint.counted.iter().map(|&id| fit::fits(self.sight, at, id, false));
            self.sight.in_play(at) & (self.size(at) * number).lt(total) & ctx.any(some)
        }))
    }
}

/// Matching pods on each node of a cell.
fn pods<'c>(sight: &Sight<'_, 'c>, group: &Group, at: usize) -> Int<'c> {
    let pods = group.constraint.counted.iter().map(|&id| {
        let there = sight.cluster.active_on(&sight.cells[at], id);
        evictor::filter(sight, id).ite(there, 0)
    });
    sight.in_play(at).ite(sight.ctx().sum(pods), 0)
}
