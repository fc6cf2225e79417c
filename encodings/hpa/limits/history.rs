//! What the controller remembers of an HPA between reconciles, with ages: `recordInitialRecommendation`,
//! `stabilizeRecommendation…`, `getReplicasChangePerPeriod` and `storeScaleEvent` of `horizontal.go`.
//!
//! Part of the rules `hpa/stabilisation` and `hpa/rates`.
//!
//! A model has no times in its state and remembers less ([`super::memory`]); this is the past as it is where times are known.

use crate::term::{Bool, Ctx, Int};

use super::reconcile::Reconciled;
use super::rules::Rules;
use super::stabilisation::Recommendation;

/// A remembered number.
#[derive(Clone, Copy)]
pub struct Entry<'c> {
    /// The recommendation, or by how much the size changed.
    pub value: Int<'c>,
    /// Seconds since.
    pub age: Int<'c>,
}

/// Everything that is remembered of one HPA.
#[derive(Clone, Default)]
pub struct History<'c> {
    /// Recommendations, before any limit.
    pub recommendations: Vec<Entry<'c>>,
    /// Replicas added by rescaling.
    pub added: Vec<Entry<'c>>,
    /// Replicas removed by rescaling.
    pub removed: Vec<Entry<'c>>,
}

/// An entry that is remembered under a condition.
pub struct Slot<'c> {
    /// What is remembered.
    pub entry: Entry<'c>,
    /// Whether it is.
    pub exists: Bool<'c>,
}

/// What is remembered after a reconcile.
pub struct Stored<'c> {
    /// Recommendations.
    pub recommendations: Vec<Slot<'c>>,
    /// Replicas added.
    pub added: Vec<Slot<'c>>,
    /// Replicas removed.
    pub removed: Vec<Slot<'c>>,
}

impl<'c> History<'c> {
    /// The first reconcile of an HPA takes the present size for a recommendation.
    pub fn begun(mut self, ctx: &'c Ctx, current: Int<'c>) -> Self {
        if self.recommendations.is_empty() {
            self.recommendations.push(Entry { value: current, age: ctx.int(0) });
        }
        self
    }

    /// Which recommendations count. Without a behavior one exactly as old as the window does, with one it does not.
    pub fn recommendations(&self, ctx: &'c Ctx, rules: Option<&Rules>, stabilization: i64) -> Vec<Recommendation<'c>> {
        let recommendation = |entry: &Entry<'c>| match rules {
            None => {
                Recommendation { value: entry.value, for_up: ctx.bool(false), for_down: entry.age.le(stabilization) }
            }
            Some(rules) => Recommendation {
                value: entry.value,
                for_up: entry.age.lt(rules.up.window),
                for_down: entry.age.lt(rules.down.window),
            },
        };
        self.recommendations.iter().map(recommendation).collect()
    }

    /// Replicas added and removed within a period; a change exactly as old as the period does not count.
    pub fn changes(&self, ctx: &'c Ctx, period: i64) -> (Int<'c>, Int<'c>) {
        let within = |entries: &[Entry<'c>]| ctx.sum(entries.iter().map(|it| it.age.lt(period).ite(it.value, 0)));
        (within(&self.added), within(&self.removed))
    }

    /// What is remembered after a reconcile of a proposal: the proposal if the metrics decided, and with a behavior also
    /// the change of size.
    pub fn after(
        &self,
        ctx: &'c Ctx,
        rules: Option<&Rules>,
        stabilization: i64,
        (current, proposal): (Int<'c>, Int<'c>),
        reconciled: &Reconciled<'c>,
    ) -> Stored<'c> {
        let longest = rules.map_or(stabilization, |rules| rules.up.window.max(rules.down.window));
        let (up, down) = rules.map_or((0, 0), |rules| (rules.up.longest_period(), rules.down.longest_period()));
        let rescales = reconciled.rescales & ctx.bool(rules.is_some());
        let grows = reconciled.desired.gt(current);
        let (more, less) = (reconciled.desired.minus_or_zero(current), current.minus_or_zero(reconciled.desired));
        Stored {
            recommendations: store(ctx, &self.recommendations, longest, proposal.max(0), reconciled.by_metrics),
            added: store(ctx, &self.added, up, more, rescales & grows),
            removed: store(ctx, &self.removed, down, less, rescales & !grows),
        }
    }
}

/// Stores a new entry, if there is one: over the last of those that are older than anything counts, else behind all.
fn store<'c>(ctx: &'c Ctx, entries: &[Entry<'c>], longest: i64, value: Int<'c>, stores: Bool<'c>) -> Vec<Slot<'c>> {
    let mut waiting = stores;
    let mut slots = Vec::new();
    for entry in entries.iter().rev() {
        let here = waiting & entry.age.gt(longest);
        waiting = waiting & !here;
        let entry = Entry { value: here.ite(value, entry.value), age: here.ite(0, entry.age) };
        slots.push(Slot { entry, exists: ctx.bool(true) });
    }
    slots.reverse();
    slots.push(Slot { entry: Entry { value, age: ctx.int(0) }, exists: waiting });
    slots
}
