//! What a model remembers of earlier changes of size, which periods of policies count.
//!
//! Part of the rule `hpa/rates`.
//!
//! A period counts the changes since it began. What matters is the size at that moment, which is between the smallest and the
//! largest since the start: these two are remembered, relative to the present size, because changes by others count in no
//! period. They are never forgotten; when a period can have begun with which size is for timers ([`super::clocks`]) to say.
//!
//! Only policies of the direction in which the size is to go are asked, so a period of the other one begins now.
//! Where the period of a policy is no longer than the sync period, it sees no change.

use crate::cluster::object::spec::Autoscaler;
use crate::cluster::view::{Cluster, Declaring};
use crate::system::{IntVar, State};
use crate::term::{Bool, Int, VarId};

use super::Bounds;
use super::rules::{Direction, Rules};

/// The input that says with which size a period began.
pub const BEGUN: &str = "begun";

/// The periods of an autoscaler's policies that count earlier changes.
pub struct Periods {
    /// How far the present size is above the smallest that a period may begin with.
    above: IntVar,
    /// How far it is below the largest.
    below: IntVar,
    /// Each length once, the shortest first.
    all: Vec<Period>,
}

/// A period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Period {
    seconds: i64,
    /// Whether a policy of it limits scaling up, and down.
    limits: [bool; 2],
}

/// With which size a period began.
#[derive(Clone, Copy)]
pub struct Begun<'c> {
    /// The period's length.
    pub seconds: i64,
    /// The input.
    pub input: VarId,
    /// The size; the present one, where the period limits nothing.
    pub size: Int<'c>,
    /// Its allowed values.
    pub possible: Bool<'c>,
    /// Whether it limits anything.
    pub counts: Bool<'c>,
}

/// Declares what is remembered; `None` if no period counts an earlier change.
pub fn declare(
    cluster: &Declaring<'_>,
    autoscaler: &Autoscaler,
    rules: &Rules,
    sync_period: i64,
    bounds: Bounds,
) -> Option<Periods> {
    let lengths = |direction: &Direction| -> Vec<i64> {
        direction.policies.iter().map(|policy| policy.period).filter(|&period| period > sync_period).collect()
    };
    let (up, down) = (lengths(&rules.up), lengths(&rules.down));
    let mut all: Vec<i64> = up.iter().chain(&down).copied().collect();
    all.sort_unstable();
    all.dedup();
    let period = |seconds: i64| Period { seconds, limits: [up.contains(&seconds), down.contains(&seconds)] };
    let far = |what: &str| cluster.int(format!("hpa {} {what}", autoscaler.key), 0, bounds.max, Some(0));
    (!all.is_empty()).then(|| Periods {
        above: far("above smallest"),
        below: far("below largest"),
        all: all.into_iter().map(period).collect(),
    })
}

impl Periods {
    /// How far the present size is above the smallest and below the largest so far.
    pub fn distances<'c>(&self, state: &State<'c>) -> (Int<'c>, Int<'c>) {
        (state.get(self.above), state.get(self.below))
    }

    /// With which sizes periods began when a proposal is made for a workload of the present size.
    pub fn recall<'c>(
        &self,
        cluster: &Cluster<'c>,
        state: &State<'c>,
        (current, proposal): (Int<'c>, Int<'c>),
        max: i64,
    ) -> Vec<Begun<'c>> {
        let ctx = cluster.ctx();
        let (above, below) = self.distances(state);
        let begun = |period: &Period| {
            let (input, size) = cluster.input(BEGUN, -max, 2 * max);
            let [up, down] = period.limits.map(|limits| ctx.bool(limits));
            let counts = current.le(max) & ((up & proposal.gt(current)) | (down & proposal.lt(current)));
            let may_begin = (size + above).ge(current) & size.le(current + below);
            let possible = counts.ite_bool(may_begin, size.eq(current.min(max)));
            Begun { seconds: period.seconds, input, size, possible, counts }
        };
        self.all.iter().map(begun).collect()
    }

    /// Records a change of size.
    pub fn remember<'c>(&self, state: &State<'c>, next: &mut State<'c>, (current, desired): (Int<'c>, Int<'c>)) {
        let moved = |far: IntVar, grown: Int<'c>, shrunk: Int<'c>| {
            let far = state.get(far);
            (far + grown).minus_or_zero(shrunk).min(far.range().hi)
        };
        let (added, removed) = (desired.minus_or_zero(current), current.minus_or_zero(desired));
        next.set(self.above, moved(self.above, added, removed));
        next.set(self.below, moved(self.below, removed, added));
    }
}
