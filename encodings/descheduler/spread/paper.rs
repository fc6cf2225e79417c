//! What a cycle finds out about one constraint on the placement that it starts with: domains, what each loses, and
//! which pods at the end of its list that means.
//!
//! Part of the rule `descheduler/RemovePodsViolatingTopologySpreadConstraint`.

use itertools::Itertools;

use crate::cluster::view::View;
use crate::cluster::{Cell, Phase, TemplateId};
use crate::encodings::descheduler::evictor::{self, fit};
use crate::encodings::descheduler::sight::Sight;
use crate::term::{Bool, Ctx, Int};

use super::balance::{Domains, Shares};
use super::constraint::{Constraint, rank};

/// The place of a pod in the list of its domain, without what fits where.
type Rank = (bool, Option<i32>);

/// A placement under one constraint, on cells that are single nodes.
pub struct Paper<'p, 'c> {
    sight: &'p Sight<'p, 'c>,
    constraint: &'p Constraint,
    /// The domain of each cell.
    domain: Vec<Option<usize>>,
    /// Pods that count, by position among the counted templates, then by cell.
    pods: Vec<Vec<Int<'c>>>,
    /// Whether they fit a node of a domain below the average other than their own; ordered alike.
    fits: Vec<Vec<Bool<'c>>>,
    /// Sizes.
    domains: Domains<'c>,
    /// `topologyBalanceNodeFit`: pods that do not fit stay, although they count as moved.
    node_fit: bool,
}

/// What becomes of a template's pods on a node, as far as one constraint is concerned.
pub struct Fate<'c> {
    /// All of them go.
    pub all: Bool<'c>,
    /// It depends on the order in which nodes and pods are listed.
    pub open: Bool<'c>,
}

/// Pods of a domain's list that are equal as far as it is sorted.
pub struct Part<'c> {
    rank: Rank,
    /// Whether they fit a node of a domain below the average.
    fits: bool,
    /// How many there are, and how many of them are taken.
    size: Int<'c>,
    taken: Int<'c>,
}

/// The values of a constraint's key, in order.
pub fn values(cluster: &View<'_>, constraint: &Constraint) -> Vec<String> {
    let values = (0..cluster.classes().len()).filter_map(|class| constraint.value(cluster, class));
    values.map(str::to_owned).sorted().dedup().collect()
}

impl<'p, 'c> Paper<'p, 'c> {
    /// The placement in the state that is in sight.
    pub fn new(sight: &'p Sight<'p, 'c>, constraint: &'p Constraint, node_fit: bool) -> Self {
        let values = values(sight.cluster, constraint);
        let place = |cell: &Cell<'c>| {
            let value = constraint.value(sight.cluster, cell.class)?;
            values.iter().position(|known| known == value)
        };
        let domain: Vec<Option<usize>> = sight.cells.iter().map(place).collect();
        let here = |&template: &TemplateId| {
            let count = |at: usize| match domain[at] {
                Some(_) => seen(sight, at, template),
                None => sight.ctx().int(0),
            };
            (0..domain.len()).map(count).collect()
        };
        let pods: Vec<Vec<Int<'c>>> = constraint.counted.iter().map(here).collect();
        let domains = domains(sight, constraint, values.len(), &domain, &pods);
        let mut paper = Paper { sight, constraint, domain, pods, fits: Vec::new(), domains, node_fit };
        paper.fits = constraint.counted.iter().map(|&template| paper.fitting(template)).collect();
        paper
    }

    fn ctx(&self) -> &'c Ctx {
        self.sight.ctx()
    }

    /// What the domains lose.
    pub fn shares(&self) -> Shares<'c> {
        self.domains.shares(self.constraint.max_skew)
    }

    /// The largest and the smallest domain.
    pub fn extremes(&self) -> (Int<'c>, Int<'c>) {
        self.domains.extremes()
    }

    /// The domain of a cell.
    pub fn domain(&self, at: usize) -> Option<usize> {
        self.domain[at]
    }

    /// For every cell whether a template's pods on it fit another node of a domain below the average.
    fn fitting(&self, template: TemplateId) -> Vec<Bool<'c>> {
        let cells = &self.sight.cells;
        let considered = |to: usize| match self.domain[to] {
            Some(domain) if self.constraint.is_eligible(self.sight.cluster, cells[to].class) => {
                self.sight.in_play(to) & self.domains.is_below_average(domain)
            }
            _ => self.ctx().bool(false),
        };
        (0..cells.len()).map(|at| fit::elsewhere(self.sight, at, template, &considered)).collect()
    }

    fn rank(&self, counted: usize) -> Rank {
        rank(&self.sight.cluster.templates[self.constraint.counted[counted].0])
    }

    /// The pods of a domain that share a rank and either fit elsewhere or do not.
    fn size(&self, domain: usize, rank: Rank, fits: bool) -> Int<'c> {
        let ctx = self.ctx();
        let alike = (0..self.pods.len()).filter(|&counted| self.rank(counted) == rank);
        let cells = (0..self.domain.len()).filter(|&cell| self.domain[cell] == Some(domain));
        ctx.sum(alike.cartesian_product(cells).map(|(counted, cell)| {
            let suits = if fits { self.fits[counted][cell] } else { !self.fits[counted][cell] };
            suits.ite(self.pods[counted][cell], 0)
        }))
    }

    /// The lists of all domains, each from its end in parts, given what each domain loses.
    pub fn lists(&self, lost: &[Int<'c>]) -> Vec<Vec<Part<'c>>> {
        lost.iter().enumerate().map(|(domain, &lost)| self.parts(domain, lost)).collect()
    }

    fn parts(&self, domain: usize, lost: Int<'c>) -> Vec<Part<'c>> {
        let ranks: Vec<Rank> = (0..self.pods.len()).map(|counted| self.rank(counted)).sorted().dedup().collect();
        let mut left = lost;
        let mut parts = Vec::new();
        for (fits, rank) in [true, false].into_iter().cartesian_product(ranks.into_iter().rev()) {
            let size = self.size(domain, rank, fits);
            let taken = left.min(size);
            left = left.minus_or_zero(taken);
            parts.push(Part { rank, fits, size, taken });
        }
        parts
    }

    /// What becomes of a template's pods on a cell.
    pub fn fate(&self, at: usize, template: TemplateId, lists: &[Vec<Part<'c>>]) -> Fate<'c> {
        let ctx = self.ctx();
        let (mut all, mut open) = (ctx.bool(false), ctx.bool(false));
        let counted = self.constraint.counted.iter().position(|&other| other == template);
        if let (Some(counted), Some(domain)) = (counted, self.domain[at]) {
            for part in lists[domain].iter().filter(|part| part.rank == self.rank(counted)) {
                let fits = self.fits[counted][at];
                let belongs = if part.fits { fits } else { !fits };
                let goes = belongs & part.taken.ge(1) & ctx.bool(part.fits || !self.node_fit);
                all = all | (goes & part.taken.eq(part.size));
                open = open | (goes & part.is_open());
            }
        }
        Fate { all, open }
    }

    /// Whether the next listed pod of a template goes, and the quota afterwards.
    pub fn next(&self, template: TemplateId, quota: Int<'c>) -> (Bool<'c>, Int<'c>) {
        let goes = if is_reversed(rank(&self.sight.cluster.templates[template.0])) { quota.ge(1) } else { quota.eq(0) };
        (goes, quota.minus_or_zero(1))
    }
}

/// Where the part of which some pods go and some stay begins or ends. Pods of equal priority are listed in reverse: the
/// first ones go. Pods without priority stay in order: the first ones stay.
pub fn quota<'c>(ctx: &'c Ctx, parts: &[Part<'c>]) -> Int<'c> {
    let quotas = parts.iter().map(|part| {
        let stay = part.size.minus_or_zero(part.taken);
        part.is_open().ite(if is_reversed(part.rank) { part.taken } else { stay }, 0)
    });
    ctx.max(quotas, 0)
}

impl<'c> Part<'c> {
    /// Whether some of its pods go and some stay.
    fn is_open(&self) -> Bool<'c> {
        self.taken.ge(1) & self.taken.lt(self.size)
    }
}

/// The sort of upstream turns pods of equal priority round, and leaves those without priority as they are.
fn is_reversed((_, priority): Rank) -> bool {
    priority.is_some()
}

/// Pods of a template on a node that the plugin counts: those that may go and are not being deleted.
pub fn seen<'c>(sight: &Sight<'_, 'c>, at: usize, template: TemplateId) -> Int<'c> {
    let terminating = sight.cluster.pods(&sight.cells[at], template, Phase::Terminating);
    let staying = sight.visible(at, template).minus_or_zero(terminating);
    (sight.in_play(at) & evictor::filter(sight, template)).ite(staying, 0)
}

/// Whether some pod that the plugin sees states the constraint, on whatever node; one that is being deleted may, too.
fn is_stated<'c>(sight: &Sight<'_, 'c>, constraint: &Constraint) -> Bool<'c> {
    let stating = constraint.carriers.iter().cartesian_product(0..sight.cells.len());
    sight.ctx().any(
        stating.map(|(&template, at)| {
            sight.in_play(at) & evictor::filter(sight, template) & sight.active(at, template).ge(1)
        }),
    )
}

/// A value is a domain where an eligible node has it or pods that count run.
fn domains<'c>(
    sight: &Sight<'_, 'c>,
    constraint: &Constraint,
    number: usize,
    domain: &[Option<usize>],
    pods: &[Vec<Int<'c>>],
) -> Domains<'c> {
    let ctx = sight.ctx();
    let stated = is_stated(sight, constraint);
    let of = |index: usize| {
        let cells = || (0..domain.len()).filter(move |&at| domain[at] == Some(index));
        let size = ctx.sum(cells().flat_map(|at| pods.iter().map(move |pods| pods[at])));
        let eligible = cells().filter(|&at| constraint.is_eligible(sight.cluster, sight.cells[at].class));
        let present = ctx.any(eligible.map(|at| sight.in_play(at))) | size.ge(1);
        (stated & present, size)
    };
    Domains::new(ctx, (0..number).map(of).collect())
}
