//! A usage against a target, as upstream's doubles decide it.
//!
//! Usages are whole numbers (percent, or milli-units), so those within the tolerance are an interval, found by running
//! the doubles. The pods that a usage asks for are tabulated where the table is small. Beyond that they are the ceiling of
//! an exact quotient, plus one where the product of doubles, which should be whole, comes out a hair above: that depends
//! on the resulting replicas and the number of pods alone. As long as usage × pods stays below 2⁵², no other quotient is
//! near enough to a whole number to be rounded to it. The correction is left out for more replicas than its own table
//! covers.

use crate::cluster::arithmetic::hpa_replicas::{MetricTarget, Tolerance, is_rounded_up, replicas_for};
use crate::cluster::view::rule::{Rule, rule};
use crate::term::{Bool, Ctx, Int};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "hpa/tolerance",
    component: Autoscaler,
    upstream: [
        "pkg/controller/podautoscaler/replica_calculator.go" => [
            "getUsageRatioReplicaCount", "calcPlainMetricReplicas",
        ],
    ],
    decides: "Whether a usage is near enough to the target to leave the size alone, and how many pods it asks for if \
        not.",
    parts: [
        "usage and pods beyond a table of 2¹⁶ entries" =>
            "exact while usage × pods is below 2⁵² and replicas × pods below 2¹⁶; beyond, differs where a product of \
                doubles that should be whole comes out a hair above it",
        "`tolerance` of a behavior" => "out of the model: its feature gate is off by default",
    ],
};

/// Largest table over usage and pods, in entries.
const LARGEST_TABLE: u64 = 1 << 16;
/// Largest table of corrections over replicas and pods, in entries.
const LARGEST_CORRECTION: i64 = 1 << 16;

/// Compares usages with one target.
pub struct Comparison<'c> {
    ctx: &'c Ctx,
    /// What they should be.
    pub target: MetricTarget,
    /// The smallest and largest usage within the tolerance.
    tolerated: (i64, i64),
    /// Usages beyond this are not told apart.
    ceiling: Option<i64>,
}

impl<'c> Comparison<'c> {
    /// With the given tolerance. Usages beyond `ceiling`, if there is one, count as that much.
    pub fn new(ctx: &'c Ctx, target: MetricTarget, tolerance: &Tolerance, ceiling: Option<i64>) -> Self {
        Comparison { ctx, target, tolerated: tolerance.usages(target.value(), 1), ceiling }
    }

    /// The context of terms.
    pub fn ctx(&self) -> &'c Ctx {
        self.ctx
    }

    /// The target, in the unit of usages.
    pub fn aim(&self) -> i64 {
        self.target.value()
    }

    /// The usage that counts instead of this one.
    pub fn capped(&self, usage: Int<'c>) -> Int<'c> {
        match self.ceiling {
            Some(ceiling) => usage.min(ceiling),
            None => usage,
        }
    }

    /// Whether a usage calls for no change.
    pub fn is_tolerated(&self, usage: Int<'c>) -> Bool<'c> {
        usage.ge(self.tolerated.0) & usage.le(self.tolerated.1)
    }

    /// The pods that `pods` pods of this usage each call for.
    pub fn replicas(&self, usage: Int<'c>, pods: Int<'c>) -> Int<'c> {
        let aim = self.aim();
        let entries = usage.range().size().saturating_mul(pods.range().size());
        if entries <= LARGEST_TABLE {
            return self.ctx.table(&[usage, pods], |it| replicas_for(it[0], aim, it[1]));
        }
        let product = usage * pods;
        let whole = (product + (aim - 1)).div(aim);
        as_int32(self.ctx, whole + self.correction(product, whole, pods))
    }

    fn correction(&self, product: Int<'c>, whole: Int<'c>, pods: Int<'c>) -> Int<'c> {
        let most = LARGEST_CORRECTION / (pods.range().size() as i64).clamp(1, LARGEST_CORRECTION);
        let near = whole.min(most);
        let hair = self.ctx.table(&[near, pods], |it| i64::from(it[0] < most && is_rounded_up(it[0], it[1])));
        (whole * self.aim()).eq(product).ite(hair, 0)
    }
}

/// The smallest int32 stands for what does not fit one, as upstream converts on amd64.
pub fn as_int32<'c>(ctx: &'c Ctx, value: Int<'c>) -> Int<'c> {
    value.gt(i64::from(i32::MAX)).ite(ctx.int(i32::MIN.into()), value)
}
