//! The smallest pause between things from outside with which a property holds: what a user can do about a counterexample that needs
//! them to follow each other soon.
//!
//! A counterexample says which pauses rule it out; with the smallest of these the property is asked again, and so on, until it holds.
//! Each smaller pause is refuted by one of these counterexamples, which is a run with any smaller pause, too. So what is found is the smallest
//! whole number of seconds.

use std::time::Duration;

use crate::engine::{Budget, Verdict, timed};
use crate::system::{Bound, PropertyId, System};

use super::clock::{Clock, shown};
use super::plan::Plan;

/// How long is looked for a pause: at least, and at most; between, a few times as long as finding the counterexample took.
const PATIENCE: [Duration; 2] =
    [Duration::from_millis(if cfg!(debug_assertions) { 10_000 } else { 1_000 }), Duration::from_secs(10)];
/// So many times.
const TIMES: u32 = 8;

/// What there is to say of pauses after a counterexample that was found in so much time, if there is one that helps; so much time is
/// left, if it is limited.
pub fn advice(
    plan: &Plan<'_>,
    system: &System,
    (property, clock): (PropertyId, &Clock),
    (took, left): (Duration, Option<Duration>),
) -> Option<String> {
    let (pause, enough) = clock.pauses.first().copied()?;
    let time = (took * TIMES).clamp(PATIENCE[0], PATIENCE[1]);
    let time = left.map_or(time, |left| left.min(time));
    let search = Search { plan, property, pause, budget: Budget { time: Some(time), ..plan.budget.clone() } };
    let (seconds, extent) = search.smallest(system, enough)?;
    let name = pause.name(system)?;
    let property = &system.property(property).name;
    Some(format!("with {} or more between two {name}, {property} holds{extent}", shown(seconds)))
}

struct Search<'a> {
    plan: &'a Plan<'a>,
    property: PropertyId,
    pause: Bound,
    budget: Budget,
}

impl Search<'_> {
    /// The smallest pause of at least so many seconds, and how far the property holds with it; `None` if there is none, or no time to find it.
    fn smallest(&self, system: &System, enough: i64) -> Option<(i64, String)> {
        let watch = self.budget.start();
        let mut paused = system.clone();
        let mut pause = enough;
        loop {
            self.put(&mut paused, u32::try_from(pause).ok()?);
            let budget = Budget { time: watch.time_left(), ..self.budget.clone() };
            let decision = timed::decide(self.plan.engine, &paused, &[self.property], &budget, self.plan.progress);
            match decision.outcome.verdict {
                Verdict::Unknown { .. } => return None,
                Verdict::Holds(extent) => {
                    let how =
                        if extent.is_proved() { String::new() } else { format!(" up to k = {}", self.budget.bound) };
                    return Some((pause, how));
                }
                Verdict::Violated { trace, .. } => {
                    let longer = Clock::of(&paused, &trace)?.pauses;
                    pause = longer.into_iter().find(|&(pause, _)| pause == self.pause)?.1;
                }
            }
        }
    }

    /// Gives the pause so many seconds.
    fn put(&self, system: &mut System, seconds: u32) {
        match self.pause {
            Bound::Apart(pace) => system.paces[pace.0].apart = seconds,
            Bound::Timer(timer) => system.timers[timer.0].seconds = seconds,
            Bound::Least(_) | Bound::Most(_) | Bound::Within(_) => {}
        }
    }
}
