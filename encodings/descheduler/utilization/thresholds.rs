//! Thresholds of node utilization: fixed percentages, or deviations from the mean of all nodes.
//!
//! Part of the rule `descheduler/NodeUtilization`.
//!
//! Percentages are doubles upstream. Each comparison with a fixed one is a comparison of whole units with the largest use
//! that passes; for the mean, see `mean`.

use std::collections::HashMap;

use crate::cluster::arithmetic::utilization::{largest_within, share};
use crate::term::{Bool, Ctx, Int};

use super::super::sight::Sight;
use super::mean::Mean;
use super::{Kind, Utilization, capacity};

/// What the thresholds make of every node and resource.
pub struct Thresholds<'c> {
    low: HashMap<(usize, String), Bool<'c>>,
    high: HashMap<(usize, String), Bool<'c>>,
    caps: HashMap<(usize, String), Int<'c>>,
    ctx: &'c Ctx,
}

impl<'c> Thresholds<'c> {
    /// Assesses all nodes.
    pub fn new(plugin: &Utilization<'_, 'c>, sight: &Sight<'_, 'c>) -> Self {
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
        plugin: &Utilization<'_, 'c>,
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
