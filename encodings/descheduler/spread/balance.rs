//! Balancing on paper: how many pods move, and which domains they leave.
//!
//! Part of the rule `descheduler/RemovePodsViolatingTopologySpreadConstraint`.
//!
//! Upstream sorts the domains by size and lets the largest give to the smallest until they meet. A domain only stops
//! giving when it is no longer above the average, so the numbers that domains lose follow from how many pods move in
//! all: the largest lose all they have above the average, rounded up, until that number is used up. Of equal domains any
//! may be the ones that lose.

use crate::term::{Bool, Ctx, Int};

/// The domains of a constraint.
pub struct Domains<'c> {
    ctx: &'c Ctx,
    /// Whether each is there.
    pub present: Vec<Bool<'c>>,
    /// Matching pods in each; 0 where it is not there.
    pub sizes: Vec<Int<'c>>,
    /// How many are there.
    number: Int<'c>,
    /// Matching pods in all.
    total: Int<'c>,
}

/// What one domain loses.
pub struct Share<'c> {
    /// What it loses for certain.
    pub lost: Int<'c>,
    /// Whether it is one of equal domains of which not all lose alike: then it may lose up to `excess`.
    pub open: Bool<'c>,
    /// What it has above the average, rounded up.
    pub excess: Int<'c>,
}

/// What all domains lose.
pub struct Shares<'c> {
    /// By domain.
    pub shares: Vec<Share<'c>>,
    /// Moves that open domains have to make.
    pub left: Int<'c>,
}

impl<'c> Domains<'c> {
    /// Domains of these sizes.
    pub fn new(ctx: &'c Ctx, domains: Vec<(Bool<'c>, Int<'c>)>) -> Self {
        let sizes: Vec<Int<'c>> = domains.iter().map(|&(present, size)| present.ite(size, 0)).collect();
        let present: Vec<Bool<'c>> = domains.into_iter().map(|(present, _)| present).collect();
        let number = ctx.sum(present.iter().map(|present| present.to_int()));
        let total = ctx.sum(sizes.iter().copied());
        Domains { ctx, present, sizes, number, total }
    }

    /// The domains of which there are so many of each size, at most `most` in all, from the largest to the smallest.
    pub fn of_sizes(ctx: &'c Ctx, sizes: &[(Int<'c>, Int<'c>)], most: usize) -> Self {
        let largest = sizes.iter().map(|(_, size)| size.range().hi).max().unwrap_or(0);
        let at_least = |least: i64| {
            let numbers = sizes.iter().map(|&(number, size)| size.ge(least).ite(number, 0));
            ctx.sum(numbers).min(most as i64)
        };
        let numbers: Vec<Int<'c>> = (0..=largest).map(at_least).collect();
        let domain = |rank: usize| {
            let reached = numbers.iter().skip(1).map(|number| number.gt(rank as i64).to_int());
            (numbers[0].gt(rank as i64), ctx.sum(reached))
        };
        Domains::new(ctx, (0..most).map(domain).collect())
    }

    /// Whether a domain is there and has fewer pods than the average.
    pub fn is_below_average(&self, domain: usize) -> Bool<'c> {
        self.present[domain] & (self.sizes[domain] * self.number).lt(self.total)
    }

    /// The largest and the smallest size.
    pub fn extremes(&self) -> (Int<'c>, Int<'c>) {
        let largest = self.ctx.max(self.sizes.iter().copied(), 0);
        let top = largest.range().hi;
        let present = self.present.iter().zip(&self.sizes);
        (largest, self.ctx.min(present.map(|(present, &size)| present.ite(size, top)), 0))
    }

    /// What a size has above the average, rounded up; 0 if it is not above.
    fn above(&self, size: Int<'c>) -> Int<'c> {
        self.rounded_up(size * self.number - self.total)
    }

    /// What a size has below the average, rounded up; 0 if it is not below.
    fn below(&self, size: Int<'c>) -> Int<'c> {
        self.rounded_up(self.total - size * self.number)
    }

    /// A difference from the average, given in parts of one per domain.
    fn rounded_up(&self, parts: Int<'c>) -> Int<'c> {
        let number = self.number.max(1);
        (parts.max(0) + number - 1).div(number)
    }

    /// What the domains lose under `maxSkew`.
    pub fn shares(&self, max_skew: i64) -> Shares<'c> {
        let moves = self.moves(max_skew);
        let excesses: Vec<Int<'c>> = self.sizes.iter().map(|&size| self.above(size)).collect();
        let sum_where = |holds: &dyn Fn(Int<'c>) -> Bool<'c>| {
            let pairs = self.sizes.iter().zip(&excesses);
            self.ctx.sum(pairs.map(|(&size, &excess)| holds(size).ite(excess, 0)))
        };
        let share = |(domain, (&size, &excess)): (usize, (&Int<'c>, &Int<'c>))| {
            let for_it = moves.minus_or_zero(sum_where(&|other| other.gt(size)));
            let all_of_its_size = sum_where(&|other| other.eq(size));
            let others = (0..self.sizes.len()).filter(|&other| other != domain);
            let alone = !self.ctx.any(others.map(|other| self.sizes[other].eq(size)));
            let settled = all_of_its_size.le(for_it) | for_it.eq(0) | alone;
            let open = !settled & excess.ge(1);
            (Share { lost: settled.ite(excess.min(for_it), 0), open, excess }, open.ite(for_it, 0))
        };
        let (shares, left): (Vec<_>, Vec<_>) = self.sizes.iter().zip(&excesses).enumerate().map(share).unzip();
        Shares { shares, left: self.ctx.max(left, 0) }
    }

    /// How many pods move in all.
    pub fn moves(&self, max_skew: i64) -> Int<'c> {
        let (largest, smallest) = self.extremes();
        (largest - smallest).gt(max_skew).ite(self.moves_of_pairs(max_skew), 0)
    }

    /// Of the domains by size, `i` goes up from the smallest, `j` down from the largest; every step moves pods or lets `i`
    /// go up, and a domain that pods left or came to is done with before more move, so that there are at most two steps
    /// for each domain.
    fn moves_of_pairs(&self, max_skew: i64) -> Int<'c> {
        let sorted = self.sorted();
        let most = self.total.range().hi;
        let last = sorted.len() as i64 - 1;
        let at = |index: Int<'c>| {
            let entries = sorted.iter().enumerate();
            entries.fold(self.ctx.int(0), |other, (slot, &size)| index.eq(slot as i64).ite(size, other))
        };
        let mut i = self.ctx.int(last + 1) - self.number;
        let mut j = self.ctx.int(last);
        let (mut low, mut high) = (at(i), at(j));
        let mut moved = self.ctx.int(0);
        for _ in 0..2 * sorted.len() {
            let under_way = i.lt(j);
            let spent = under_way & self.above(high).eq(0);
            j = (j - spent.to_int()).clamp(0, last);
            high = spent.ite(i.eq(j).ite(low, at(j)), high);
            let skew = high - low;
            let half = (skew - max_skew).max(0);
            let amount = self.above(high).min(self.below(low)).min((half + 1).div(2));
            let amount = (under_way & skew.gt(max_skew)).ite(amount, 0);
            let climbs = under_way & amount.eq(0);
            i = (i + climbs.to_int()).clamp(0, last + 1);
            low = climbs.ite(at(i), low + amount).min(most);
            high = high.minus_or_zero(amount);
            moved = (moved + amount).min(most);
        }
        moved
    }

    /// The sizes in ascending order, those of domains that are not there first.
    fn sorted(&self) -> Vec<Int<'c>> {
        let pairs = self.present.iter().zip(&self.sizes);
        let mut sorted: Vec<Int<'c>> = pairs.map(|(present, &size)| present.ite(size, -1)).collect();
        for end in (1..sorted.len()).rev() {
            for at in 0..end {
                let (a, b) = (sorted[at], sorted[at + 1]);
                (sorted[at], sorted[at + 1]) = (a.min(b), a.max(b));
            }
        }
        sorted
    }
}
