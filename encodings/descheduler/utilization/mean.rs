//! The mean of the nodes' percentages of a resource: `normalizer/normalizer.go`.
//!
//! Part of the rule `descheduler/NodeUtilization`.
//!
//! A sum of doubles is a position among all sums that can arise, and adding a node's percentage to it is a table: what is
//! rounded is rounded as upstream rounds it. Upstream adds nodes up in any order, here it is that of the input: means may
//! differ in their last digit. Where there are too many sums for a table they are rounded more coarsely.

use crate::cluster::arithmetic::gcd;
use crate::cluster::arithmetic::utilization::percent;
use crate::term::{Int, Range};

use super::super::sight::Sight;
use super::{Utilization, capacity};

/// Entries of all tables of one mean.
const MOST_ENTRIES: usize = 1 << 21;

/// The mean over nodes in play that have the resource; each weighs the same whatever its size.
pub struct Mean<'c> {
    /// Position of the sum in `sums`.
    sum: Int<'c>,
    sums: Vec<f64>,
    /// Number of nodes.
    nodes: Int<'c>,
}

impl<'c> Mean<'c> {
    /// The mean, if some node has the resource.
    pub fn of(plugin: &Utilization<'_, 'c>, sight: &Sight<'_, 'c>, name: &str) -> Option<Self> {
        let ctx = sight.ctx();
        let nodes = (0..sight.cells.len()).filter_map(|at| Some((at, capacity(sight, at, name)?)));
        let nodes: Vec<(usize, i64)> = nodes.collect();
        let grain = grain(sight, name);
        let most = MOST_ENTRIES / nodes.len().max(1);
        let mut mean = Mean { sum: ctx.int(0), sums: vec![0.0], nodes: ctx.int(0) };
        for &(at, amount) in &nodes {
            let in_play = sight.in_play(at).to_int();
            if in_play.range().hi > 0 {
                mean.add(plugin.usage(sight, at, name), (grain, amount), in_play, most);
            }
        }
        (mean.nodes.range().hi > 0).then_some(mean)
    }

    /// Adds a node: what it uses, in multiples of a grain, of an amount.
    fn add(&mut self, used: Int<'c>, (grain, amount): (i64, i64), in_play: Int<'c>, most: usize) {
        let steps = used.range().hi / grain;
        let coarse = grain * (steps / 256 + 1);
        let used = used.div(coarse);
        let shares: Vec<f64> = (0..=used.range().hi).map(|step| percent(step * coarse, amount)).collect();
        let all = self.sums.iter().flat_map(|sum| shares.iter().map(move |share| sum + share));
        let unit = unit(all.clone().chain(self.sums.iter().copied()), most / shares.len());
        let rounded = |sum: f64| if unit > 0.0 { (sum / unit).round() * unit } else { sum };
        let mut sums: Vec<f64> = all.chain(self.sums.iter().copied()).map(rounded).collect();
        sums.sort_by(f64::total_cmp);
        sums.dedup();
        let position = |sum: f64| sums.partition_point(|&other| other < rounded(sum)) as i64;
        let ctx = self.sum.ctx();
        self.sum = ctx.table(&[self.sum, used, in_play], |it| match it {
            [sum, _, 0] => position(self.sums[*sum as usize]),
            [sum, used, _] => position(self.sums[*sum as usize] + shares[*used as usize]),
            _ => 0,
        });
        self.nodes = self.nodes + in_play;
        self.sums = sums;
    }

    /// A function of the mean, in percent.
    pub fn map(&self, entry: impl Fn(f64) -> i64) -> Int<'c> {
        let Range { lo, .. } = self.nodes.range();
        self.sum.ctx().table(&[self.sum, self.nodes], |it| {
            let nodes = it[1].max(lo.max(1));
            entry(self.sums[it[0] as usize] / nodes as f64)
        })
    }
}

/// How coarsely sums are to be rounded so that no more than `most` remain; 0 if they are not.
fn unit(sums: impl Iterator<Item = f64>, most: usize) -> f64 {
    let mut all: Vec<f64> = sums.collect();
    all.sort_by(f64::total_cmp);
    all.dedup();
    let largest = all.last().copied().unwrap_or(0.0);
    if all.len() <= most.max(2) { 0.0 } else { largest / most.max(2) as f64 }
}

/// A number that divides all that pods request of a resource.
fn grain(sight: &Sight<'_, '_>, name: &str) -> i64 {
    let requests = sight.cluster.templates.iter().map(|template| template.requests.get(name));
    let fixed = sight.cluster.classes().map(|class| class.used().get(name));
    requests.chain(fixed).fold(0, gcd).max(1)
}
