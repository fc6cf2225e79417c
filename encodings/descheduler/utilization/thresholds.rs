//! Thresholds of node utilization: fixed percentages, or deviations from the mean of all nodes.
//!
//! Percentages are doubles upstream. Each comparison with a fixed one is a comparison of whole units with the largest use
//! that passes; the mean is a fraction of whole numbers, rounded once, and what follows from it is tabulated. Upstream sums
//! percentages in any order: ties that only rounding decides may differ, and so may means too fine for a table.

use std::collections::HashMap;

use crate::cluster::arithmetic::utilization::{largest_within, share};
use crate::term::{Bool, Ctx, Int};

use super::super::sight::Sight;
use super::{Kind, Utilization, capacity};

/// Tables larger than this are not made.
const MOST_ENTRIES: u64 = 1 << 18;

/// What the thresholds make of every node and resource.
pub struct Thresholds<'c> {
    low: HashMap<(usize, String), Bool<'c>>,
    high: HashMap<(usize, String), Bool<'c>>,
    caps: HashMap<(usize, String), Int<'c>>,
    ctx: &'c Ctx,
}

/// The mean of the nodes' shares of a resource: `numerator / (nodes * unit)`.
struct Mean<'c> {
    numerator: Int<'c>,
    nodes: Int<'c>,
    unit: i64,
}

impl<'c> Thresholds<'c> {
    /// Assesses all nodes.
    pub fn new(plugin: &Utilization<'_>, sight: &Sight<'_, 'c>) -> Self {
        let mut thresholds =
            Thresholds { low: HashMap::new(), high: HashMap::new(), caps: HashMap::new(), ctx: sight.ctx() };
        for name in plugin.names() {
            let low = plugin.arguments.thresholds.get(&name).copied();
            let high = match plugin.kind {
                Kind::Low => plugin.arguments.targets.get(&name).copied(),
                Kind::High => low.map(|_| 100.0),
            };
            let mean = low.filter(|_| plugin.arguments.deviation).and_then(|_| Mean::of(plugin, sight, &name));
            for at in 0..sight.cells.len() {
                thresholds.assess(plugin, sight, (at, &name), (low, high), mean.as_ref());
            }
        }
        thresholds
    }

    fn assess(
        &mut self,
        plugin: &Utilization<'_>,
        sight: &Sight<'_, 'c>,
        (at, name): (usize, &str),
        (low, high): (Option<f64>, Option<f64>),
        mean: Option<&Mean<'c>>,
    ) {
        let key = (at, name.to_owned());
        let capacity = capacity(sight, at, name);
        let used = plugin.usage(sight, at, name);
        let (Some(low), Some(high), Some(amount)) = (low, high, capacity) else {
            self.caps.insert(key, self.ctx.int(capacity.unwrap_or(0)));
            return;
        };
        let within = |limit: Option<i64>| limit.map_or(self.ctx.bool(true), |limit| used.le(limit));
        let (is_low, is_high, cap) = match mean {
            Some(mean) => {
                let most = used.range().hi;
                let limit = |percent: f64| largest_within(percent, amount).map_or(most, |limit| limit.min(most));
                let is_low = used.le(mean.map(|mean| limit((mean - low).clamp(0.0, 100.0))));
                let is_high = used.le(mean.map(|mean| limit((mean + high).clamp(0.0, 100.0))));
                (is_low, is_high, mean.map(|mean| share((mean + high).clamp(0.0, 100.0), amount)))
            }
            // Without any node that has the resource there is no mean, and no threshold.
            None if plugin.arguments.deviation => (self.ctx.bool(true), self.ctx.bool(true), self.ctx.int(amount)),
            None => {
                let cap = self.ctx.int(share(high, amount));
                (within(largest_within(low, amount)), within(largest_within(high, amount)), cap)
            }
        };
        self.low.insert(key.clone(), is_low);
        self.high.insert(key.clone(), is_high);
        self.caps.insert(key, cap);
    }

    /// Whether a node uses no more of a resource than the lower threshold; a node without it uses nothing.
    pub fn is_within_low(&self, at: usize, name: &str) -> Bool<'c> {
        self.low.get(&(at, name.to_owned())).copied().unwrap_or_else(|| self.ctx.bool(true))
    }

    /// The same with the upper threshold.
    pub fn is_within_high(&self, at: usize, name: &str) -> Bool<'c> {
        self.high.get(&(at, name.to_owned())).copied().unwrap_or_else(|| self.ctx.bool(true))
    }

    /// What a node may use of a resource in the end.
    pub fn cap(&self, at: usize, name: &str) -> Int<'c> {
        self.caps.get(&(at, name.to_owned())).copied().unwrap_or_else(|| self.ctx.int(0))
    }
}

impl<'c> Mean<'c> {
    /// The mean over nodes in play that have the resource.
    fn of(plugin: &Utilization<'_>, sight: &Sight<'_, 'c>, name: &str) -> Option<Self> {
        let ctx = sight.ctx();
        let all = (0..sight.cells.len()).filter_map(|at| Some((at, capacity(sight, at, name)?)));
        let nodes: Vec<(usize, i64)> = all.filter(|&(_, amount)| amount > 0).collect();
        let amounts = sight.cluster.templates.iter().map(|template| template.requests.get(name));
        let fixed = sight.cluster.classes.iter().map(|class| class.used.get(name));
        let grain = nodes.iter().map(|&(_, amount)| amount).chain(amounts).chain(fixed).fold(0, gcd).max(1);
        let exact = nodes.iter().try_fold(1_i64, |unit, &(_, amount)| lcm(unit, amount / grain));
        let unit = exact.filter(|&unit| unit <= 1 << 24).unwrap_or(1 << 20);
        let share = |&(at, amount): &(usize, i64)| {
            let used = plugin.usage(sight, at, name).div(grain);
            let share = (used * ctx.int(unit)).div(amount / grain);
            sight.in_play(at).ite(share, 0)
        };
        let numerator = ctx.sum(nodes.iter().map(share));
        let counted = (0..sight.cells.len()).filter(|&at| capacity(sight, at, name).is_some());
        let number = ctx.sum(counted.map(|at| sight.in_play(at).to_int()));
        (number.range().hi > 0).then_some(Mean { numerator, nodes: number, unit })
    }

    /// A function of the mean in percent.
    fn map(&self, entry: impl Fn(f64) -> i64) -> Int<'c> {
        let numbers = self.nodes.range().size();
        let mut grain = 1;
        while (self.numerator.range().size() / grain as u64 + 1).saturating_mul(numbers) > MOST_ENTRIES {
            grain *= 2;
        }
        let coarse = self.numerator.div(grain);
        self.numerator.ctx().table(&[coarse, self.nodes], |it| {
            let whole = (it[1].max(1) * self.unit) as f64;
            entry(100.0 * (it[0] * grain) as f64 / whole)
        })
    }
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a.abs() } else { gcd(b, a % b) }
}

fn lcm(a: i64, b: i64) -> Option<i64> {
    (a / gcd(a, b).max(1)).checked_mul(b)
}
