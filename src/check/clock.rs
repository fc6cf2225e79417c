//! The clock of a story: when its steps take place, at the earliest, and for which delays the run is possible at all.
//!
//! Moments are those of the run that was found, in the system in which it was found ([`crate::system::times`]). In a run of a whole cluster that was
//! led there from a part of it, others may wait for longer than they would; such a run is told by what it has to wait for
//! alone.

use std::collections::BTreeSet;

use crate::cluster::object::timing;
use crate::cluster::view::story::Line;
use crate::system::times::demands::{Demands, Reason};
use crate::system::times::{Moments, moments, solve};
use crate::system::{ActionKind, Bound, PaceId, System, Trace};

/// Seconds beyond which nobody is told what a pause would have to be.
const LONGEST: i64 = 24 * 3600;

/// When the steps of a run take place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    /// By step: seconds since the start, at the earliest.
    pub steps: Vec<i64>,
    /// Of a lasso: the seconds that a round of the loop takes, at least.
    pub round: Option<i64>,
    /// Delays without which there is no such run, in words.
    pub needs: Vec<String>,
    /// Pauses of what comes from outside that rule the run out: the smallest ones.
    pub pauses: Vec<(Bound, i64)>,
}

impl Clock {
    /// The clock of a run; `None` if the system has none, or the run has no moments.
    pub fn of(system: &System, trace: &Trace) -> Option<Self> {
        if system.paces.is_empty() {
            return None;
        }
        let demands = Demands::of(system, trace).ok()?;
        let exact = solve(&demands, |bound| bound.seconds(system));
        let is_exact = exact.is_ok();
        let soonest = || solve(&demands, |bound| bound.seconds(system).filter(|_| !matches!(bound, Bound::Most(_))));
        let Moments { steps, round } = exact.or_else(|_| soonest()).ok()?;
        let (waits, pauses) =
            if is_exact { (waits(system, &demands), pauses(system, &demands)) } else { Default::default() };
        let mut needs = waits;
        needs.extend(pauses.iter().filter_map(|&(bound, enough)| {
            Some(format!("{} that are {} or more apart do not lead here", bound.name(system)?, shown(enough)))
        }));
        Some(Clock { steps, round, needs, pauses })
    }

    /// What there is to say of it besides moments of steps.
    pub fn lines(&self) -> Vec<Line> {
        let round =
            self.round.filter(|&round| round > 1).map(|round| format!("each round takes {} or more", shown(round)));
        round.into_iter().chain(self.needs.iter().cloned()).map(Line::from).collect()
    }

    /// The clock of the same run with observers' steps, which take place at once.
    ///
    /// `lifted` is a run of the whole system, `trace` the one that the clock is of.
    pub fn along(mut self, lifted: &Trace, trace: &Trace) -> Self {
        let mut own = trace.steps.iter().zip(&self.steps).peekable();
        let mut now = 0;
        let moments = lifted.steps.iter().map(|step| {
            if let Some((_, moment)) = own.next_if(|(other, _)| *other == step) {
                now = *moment;
            }
            now
        });
        self.steps = moments.collect();
        self
    }
}

/// Whether the steps of a run can be given moments.
pub fn has_moments(system: &System, trace: &Trace) -> bool {
    moments(system, trace).is_ok_and(|found| found.is_ok())
}

/// Bounds that demand something of a run.
fn bounds(demands: &Demands) -> BTreeSet<Bound> {
    let bounds = demands.all.iter().filter_map(|it| match it.why {
        Reason::Bound(bound) => Some(bound),
        Reason::Order | Reason::Starved(_) => None,
    });
    bounds.collect()
}

/// Paces whose longest delay has to be so long.
fn waits(system: &System, demands: &Demands) -> Vec<String> {
    let waits = bounds(demands).into_iter().filter(|bound| matches!(bound, Bound::Most(_)));
    let paces: BTreeSet<PaceId> = waits.filter_map(|bound| bound.pace(system)).collect();
    paces.into_iter().filter_map(|pace| wait(system, demands, pace)).collect()
}

/// Pauses of what comes from outside that must not be longer.
fn pauses(system: &System, demands: &Demands) -> Vec<(Bound, i64)> {
    let is_outside = |bound: &Bound| asked(system, *bound).is_some_and(|kind| kind == ActionKind::Environment);
    let pauses = bounds(demands).into_iter().filter(is_outside);
    pauses.filter_map(|bound| Some((bound, pause(system, demands, bound)?))).collect()
}

/// What kind of action waits for a pause to end.
fn asked(system: &System, bound: Bound) -> Option<ActionKind> {
    let id = match bound {
        Bound::Apart(pace) => system.action_ids().find(|(_, it)| it.pace == Some(pace))?.0,
        Bound::Timer(timer) => system.timers[timer.0].asks.first()?.0,
        Bound::Least(_) | Bound::Most(_) | Bound::Within(_) => return None,
    };
    Some(system.action(id).kind)
}

/// That something has to take so long, if that is longer than it takes anyway.
fn wait(system: &System, demands: &Demands, id: PaceId) -> Option<String> {
    let pace = &system.paces[id.0];
    let (least, most) = (i64::from(pace.least), i64::from(pace.most?));
    let is_possible = |most: i64| {
        solve(demands, |bound| match bound {
            Bound::Most(_) if bound.pace(system) == Some(id) => Some(most),
            other => other.seconds(system),
        })
        .is_ok()
    };
    let needed = smallest(least, most, is_possible);
    (needed > least).then(|| format!("this needs the {} to take {} or more", pace.name, shown(needed)))
}

/// The smallest pause that rules the run out, if some pause does.
fn pause(system: &System, demands: &Demands, pause: Bound) -> Option<i64> {
    let is_ruled_out = |seconds: i64| {
        let of = |bound: Bound| if bound == pause { Some(seconds) } else { bound.seconds(system) };
        solve(demands, of).is_err()
    };
    let today = pause.seconds(system).unwrap_or(0);
    let enough = smallest(today + 1, LONGEST + 1, is_ruled_out);
    (enough <= LONGEST).then_some(enough)
}

/// The smallest number of a range that is as wanted, where all larger ones are, too.
fn smallest(mut least: i64, mut most: i64, is_wanted: impl Fn(i64) -> bool) -> i64 {
    while least < most {
        let middle = least + (most - least) / 2;
        if is_wanted(middle) { most = middle } else { least = middle + 1 }
    }
    least
}

/// Seconds as durations are written.
pub fn shown(seconds: i64) -> String {
    timing::shown(u32::try_from(seconds).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_number_is_found() {
        assert_eq!(smallest(0, 100, |it| it >= 42), 42);
        assert_eq!(smallest(7, 7, |_| false), 7);
        assert_eq!(smallest(0, 9, |_| false), 9);
    }
}
