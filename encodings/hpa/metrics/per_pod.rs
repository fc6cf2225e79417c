//! Resource, ContainerResource and Pods metrics.
//!
//! Usage over the ready pods is compared with the target. Where pods are missing, or unready while usage is above the
//! target, a second pass fills in what they might use so that the change becomes smaller, and keeps the present size
//! if nothing remains of it.

use crate::cluster::arithmetic::hpa_replicas::MetricTarget;
use crate::cluster::view::rule::{Rule, rule};
use crate::term::{Bool, Int};

use super::Proposal;
use super::comparison::Comparison;
use super::pods::{PodSums, Requests};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "hpa/per-pod-metrics",
    component: Autoscaler,
    upstream: [
        "pkg/controller/podautoscaler/replica_calculator.go" => ["GetResourceReplicas", "calcPlainMetricReplicas"],
        "pkg/controller/podautoscaler/metrics/utilization.go" => [],
    ],
    decides: "How many replicas a metric of single pods asks for: usage over the ready pods against the target, with \
        missing and unready pods filled in so that the change becomes smaller.",
    parts: [
        "Resource metrics (Utilization, AverageValue), Pods metrics, tolerance, unready and missing pods" =>
            "exact: upstream's arithmetic, doubles included",
    ],
    omits: [
        "percentages beyond an int32, which upstream lets wrap around; negative usage",
    ],
};

/// Which pods a pass takes into account besides the ready ones.
#[derive(Clone, Copy, PartialEq)]
enum Pass {
    /// None.
    First,
    /// Missing and unready ones, which use nothing.
    Up,
    /// Missing ones, which use their request or the target.
    Down,
}

/// Sums over the pods of a target, against a metric's target.
pub struct PerPod<'c, 'm> {
    /// The metric's target.
    pub comparison: &'m Comparison<'c>,
    /// The pods.
    pub sums: &'m PodSums<'c>,
}

impl<'c> PerPod<'c, '_> {
    fn is_utilization(&self) -> bool {
        matches!(self.comparison.target, MetricTarget::Utilization { .. })
    }

    /// The number of samples that a pass looks at.
    fn samples(&self, pass: Pass) -> Int<'c> {
        let sums = self.sums;
        let samples = sums.ready + sums.strays.0;
        match pass {
            Pass::First => samples,
            Pass::Up => samples + sums.missing + sums.unready,
            Pass::Down => samples + sums.missing,
        }
    }

    /// Usage of the samples of a pass, in milli-units. A stray sample has no request, so that utilization leaves it out.
    fn usage(&self, pass: Pass) -> Int<'c> {
        let own = self.sums.usage;
        let seen = if self.is_utilization() { own } else { own + self.sums.strays.1 };
        if pass == Pass::Down { seen + self.sums.missing_usage } else { seen }
    }

    /// Requests of the pods of a pass, at least 1.
    fn request(&self, pass: Pass) -> Int<'c> {
        match &self.sums.requests {
            Requests::Each(request) => (self.samples(pass) - self.sums.strays.0).max(1) * *request,
            Requests::Sums { ready, unready, missing, least } => match pass {
                Pass::First => *ready,
                Pass::Up => *ready + *missing + *unready,
                Pass::Down => *ready + *missing,
            }
            .max(*least),
        }
    }

    /// The number that a pass compares: percent of the requests, or the average in milli-units, truncated.
    fn compared(&self, pass: Pass) -> Int<'c> {
        let usage = self.usage(pass);
        let compared = match self.is_utilization() {
            true => (usage * 100).div(self.request(pass)),
            false => usage.div(self.samples(pass).max(1)),
        };
        self.comparison.capped(compared)
    }

    /// The number that the first pass compares.
    pub fn first(&self) -> Int<'c> {
        self.compared(Pass::First)
    }

    /// Whether there is anything to compare: a sample that is used, and requests where they matter.
    fn is_valid(&self) -> Bool<'c> {
        let sums = self.sums;
        let ctx = self.comparison.ctx();
        let sampled = self.samples(Pass::First).ge(1) & ctx.bool(sums.has_pods);
        if !self.is_utilization() {
            return sampled;
        }
        let requested = match &sums.requests {
            Requests::Each(_) => sums.ready.ge(1),
            Requests::Sums { ready, .. } => ready.ge(1),
        };
        sampled & requested & ctx.bool(sums.has_requests)
    }

    /// The proposal. `first` is [`Self::first`], or the same in simpler terms.
    pub fn propose(&self, first: Int<'c>, current: Int<'c>) -> Proposal<'c> {
        let (sums, aim) = (self.sums, self.comparison.aim());
        let (above, below) = (first.gt(aim), first.lt(aim));
        let replicas = self.comparison.replicas(first, sums.ready);
        let simple = self.comparison.is_tolerated(first).ite(current, replicas);
        let up = above & (sums.missing.ge(1) | sums.unready.ge(1));
        let down = below & sums.missing.ge(1);
        let replicas = up.ite(self.second(Pass::Up, current), down.ite(self.second(Pass::Down, current), simple));
        let average = self.usage(Pass::First).div(self.averaged());
        let utilization = self.is_utilization().then_some(first);
        Proposal { replicas, valid: self.is_valid(), utilization, amount: average }
    }

    /// What the status divides usage by: samples, with a request where those matter.
    fn averaged(&self) -> Int<'c> {
        if self.is_utilization() { self.sums.ready.max(1) } else { self.samples(Pass::First).max(1) }
    }

    /// The second pass, which keeps the present size where the change would be small or in the other direction.
    fn second(&self, pass: Pass, current: Int<'c>) -> Int<'c> {
        let aim = self.comparison.aim();
        let compared = self.compared(pass);
        let replicas = self.comparison.replicas(compared, self.samples(pass));
        let back = match pass {
            Pass::Up => compared.lt(aim) | replicas.lt(current),
            _ => compared.gt(aim) | replicas.gt(current),
        };
        (self.comparison.is_tolerated(compared) | back).ite(current, replicas)
    }
}
