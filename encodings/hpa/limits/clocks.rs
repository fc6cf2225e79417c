//! When windows and periods end.
//!
//! Part of the rules `hpa/stabilisation` and `hpa/rates`.
//!
//! | timer | begins | waited for |
//! | --- | --- | --- |
//! | a window | a size is recommended that holds it shut | the size goes in its direction |
//! | a period, since the size first was `n` or more | the autoscaler goes to `n` or more for the first time | a period began with `n` or more |
//! | a period, since the size last was less than `n` | the autoscaler goes to `n` or more | no later: a period began with less than `n`, of a size of `n` or more |
//!
//! and the same of periods the other way round. What others do to the size, neither knows anything of, so that makes timers be
//! forgotten. Of a size that went up and down within a period, both say less than there is to know, which allows more.
//! So do levels of size that have no timer because there are many.

use crate::cluster::view::{Cluster, WorkloadVars};
use crate::encodings::paces;
use crate::system::{ActionId, TimerConditions};
use crate::term::{Bool, Int};

use super::Bounds;
use super::memory::{Memory, Recalled};
use super::periods::Begun;

/// Levels of size of one autoscaler that have timers.
const LEVELS: i64 = 16;

/// One look of an autoscaler.
#[derive(Clone, Copy)]
pub struct Look<'c> {
    /// Whether metrics decide.
    pub by_metrics: Bool<'c>,
    /// What they propose.
    pub proposal: Int<'c>,
    /// The size before.
    pub current: Int<'c>,
    /// The size afterwards.
    pub desired: Int<'c>,
}

/// Adds the timers of an autoscaler, whose action is given.
pub fn add<'c>(
    cluster: &Cluster<'c>,
    (memory, recalled, bounds): (&Memory, &Recalled<'c>, Bounds),
    target: &WorkloadVars,
    (id, name): (ActionId, &str),
    look: Look<'c>,
) {
    let timer = |what: String, seconds: i64, conditions: TimerConditions<'c>| {
        if let Some(seconds) = paces::window(cluster, seconds) {
            cluster.timer((format!("{what} of {name}"), seconds), id, target.replicas, conditions);
        }
    };
    let never = cluster.ctx().bool(false);
    for (what, seconds, begins, asks) in windows(memory.windows(), look) {
        timer(what.to_owned(), seconds, TimerConditions { begins, asks, within: never });
    }
    let Some(periods) = &memory.periods else { return };
    let distances = periods.distances(&cluster.state());
    for begun in &recalled.begun {
        for level in levels(bounds) {
            for conditions in [rise(level, begun, distances, look), fall(level, begun, distances, look)] {
                let [first, last] = conditions;
                let what = format!("policy period of {} s", begun.seconds);
                timer(what.clone(), begun.seconds, first);
                timer(what, begun.seconds, last);
            }
        }
    }
}

/// A size that was recommended holds the window against the other direction shut.
fn windows<'c>((up, down): (i64, i64), look: Look<'c>) -> [(&'static str, i64, Bool<'c>, Bool<'c>); 2] {
    let Look { by_metrics, proposal, current, desired } = look;
    let (falls, rises) = (desired.lt(current), desired.gt(current));
    [
        ("scale-down window", down, by_metrics & proposal.ge(desired), by_metrics & falls),
        ("scale-up window", up, by_metrics & proposal.le(desired), by_metrics & rises),
    ]
}

/// Sizes between the bounds.
fn levels(Bounds { min, max }: Bounds) -> impl Iterator<Item = i64> {
    let step = (max - min + LEVELS - 1).max(LEVELS) / LEVELS;
    (min + 1..=max).step_by(usize::try_from(step).unwrap_or(1))
}

/// Since the size first was so large, and since it last was smaller.
fn rise<'c>(level: i64, begun: &Begun<'c>, (_, below): (Int<'c>, Int<'c>), look: Look<'c>) -> [TimerConditions<'c>; 2] {
    let crosses = look.current.lt(level) & look.desired.ge(level);
    let is_first = (look.current + below).lt(level);
    let smaller = begun.size.lt(level);
    since(begun, crosses, is_first, smaller, look.current.ge(level))
}

/// Since the size first was so small, and since it last was larger.
fn fall<'c>(level: i64, begun: &Begun<'c>, (above, _): (Int<'c>, Int<'c>), look: Look<'c>) -> [TimerConditions<'c>; 2] {
    let crosses = look.current.ge(level) & look.desired.lt(level);
    let is_first = look.current.ge(above + level);
    let larger = begun.size.ge(level);
    since(begun, crosses, is_first, larger, look.current.lt(level))
}

/// A period that began on this side of a level began after the first crossing; one that began on the other side, and is on this
/// side now, no earlier than the last one.
fn since<'c>(
    begun: &Begun<'c>,
    crosses: Bool<'c>,
    is_first: Bool<'c>,
    beyond: Bool<'c>,
    is_here: Bool<'c>,
) -> [TimerConditions<'c>; 2] {
    let never = begun.size.ctx().bool(false);
    [
        TimerConditions { begins: crosses & is_first, asks: begun.counts & !beyond, within: never },
        TimerConditions { begins: crosses, asks: never, within: begun.counts & beyond & is_here },
    ]
}
