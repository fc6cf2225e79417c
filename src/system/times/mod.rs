//! The moments of a run: when its steps take place, at the earliest, and why there may be no such moments at all.
//!
//! A lasso goes on for ever, and time with it: all its rounds take equally long, a second at least. How long is found by raising
//! it as far as circles of demands ask for.

pub mod demands;
pub mod solve;

use std::collections::BTreeSet;

use super::model::System;
use super::pace::Bound;
use super::replay::ReplayError;
use super::trace::Trace;
use demands::{Demands, Reason};
use solve::{Difference, earliest};

/// How often the length of a round is raised before that is taken for no solution.
const RAISES: usize = 64;

/// When steps take place, in seconds since the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moments {
    /// By step: the earliest moment.
    pub steps: Vec<i64>,
    /// Of a lasso: the seconds that a round of the loop takes.
    pub round: Option<i64>,
}

/// Why no moments keep to all demands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Demands of paces that contradict each other, in the order of the run.
    pub bounds: BTreeSet<Bound>,
    /// Whether they do so only because a loop takes time.
    pub lasts: bool,
}

/// The earliest moments of a run.
///
/// # Errors
///
/// If the trace is none of the system.
pub fn moments(system: &System, trace: &Trace) -> Result<Result<Moments, Conflict>, ReplayError> {
    Ok(solve(&Demands::of(system, trace)?, |bound| bound.seconds(system)))
}

/// The earliest moments under demands, of which a bound is so many seconds, or none at all.
pub fn solve(demands: &Demands, seconds: impl Fn(Bound) -> Option<i64>) -> Result<Moments, Conflict> {
    let (kept, differences): (Vec<usize>, Vec<(Difference, i64)>) =
        demands.all.iter().enumerate().filter_map(|(at, it)| Some((at, difference(it, &seconds)?))).unzip();
    let mut conflict = Conflict { bounds: BTreeSet::new(), lasts: false };
    let mut round = i64::from(demands.is_lasso);
    for _ in 0..RAISES {
        let fixed: Vec<Difference> =
            differences.iter().map(|(it, rounds)| Difference { least: it.least - rounds * round, ..*it }).collect();
        let circle = match earliest(demands.points, &fixed) {
            Ok(moments) => {
                return Ok(Moments { steps: moments[1..].to_vec(), round: demands.is_lasso.then_some(round) });
            }
            Err(circle) => circle,
        };
        conflict.bounds.extend(circle.iter().filter_map(|&it| bound(demands.all[kept[it]].why)));
        let total: i64 = circle.iter().map(|&it| differences[it].0.least).sum();
        let rounds: i64 = circle.iter().map(|&it| differences[it].1).sum();
        // Without the rounds it is a contradiction by itself, or one that longer rounds make worse.
        if rounds <= 0 {
            conflict.lasts |= rounds < 0 || demands.all[kept[circle[0]]].why.is_starvation();
            break;
        }
        round = round.max(total.div_euclid(rounds) + i64::from(total.rem_euclid(rounds) > 0));
    }
    Err(conflict)
}

/// A demand as a difference, without its rounds, and these; none where its bound demands nothing.
pub fn difference(demand: &demands::Demand, seconds: &impl Fn(Bound) -> Option<i64>) -> Option<(Difference, i64)> {
    let least = match demand.why {
        Reason::Order => 0,
        Reason::Bound(bound @ (Bound::Most(_) | Bound::Within(_))) => -seconds(bound)?,
        Reason::Bound(bound) => seconds(bound)?,
        Reason::Starved(action) => seconds(Bound::Most(action)).map(|_| 1)?,
    };
    Some((Difference { from: demand.from, to: demand.to, least }, demand.rounds))
}

fn bound(why: Reason) -> Option<Bound> {
    match why {
        Reason::Order => None,
        Reason::Bound(bound) => Some(bound),
        Reason::Starved(action) => Some(Bound::Most(action)),
    }
}

impl Reason {
    fn is_starvation(self) -> bool {
        matches!(self, Reason::Starved(_))
    }
}
