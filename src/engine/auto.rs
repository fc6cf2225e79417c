//! The engine that picks an engine.
//!
//! Explicit search goes first where it can start from few states, with a share of the budget; what it cannot finish
//! goes to the solver.

use std::time::Duration;

use crate::system::{PropertyId, System};

use super::explicit::Explicit;
use super::smt::Smt;
use super::{Budget, Engine, Outcome, Progress, UnknownReason, Verdict, available_bytes};

/// More initial states than this are not enumerated.
const MOST_INITIAL_STATES: u64 = 10_000;
/// What explicit search gets where time is not limited.
const EXPLICIT_TIME: Duration = Duration::from_secs(120);

/// Explicit search first, then the solver.
#[derive(Clone, Copy, Debug, Default)]
pub struct Auto;

impl Engine for Auto {
    fn name(&self) -> &'static str {
        "auto"
    }

    fn check(&self, system: &System, properties: &[PropertyId], budget: &Budget, progress: &dyn Progress) -> Outcome {
        self.decide(system, properties, budget, progress).0
    }

    fn decide(
        &self,
        system: &System,
        properties: &[PropertyId],
        budget: &Budget,
        progress: &dyn Progress,
    ) -> (Outcome, &'static str) {
        if initial_states(system) > MOST_INITIAL_STATES {
            return Smt::default().decide(system, properties, budget, progress);
        }
        let watch = budget.start();
        let first = Explicit.decide(system, properties, &share(budget), progress);
        if !left_open(&first.0.verdict) || budget.stop.load(std::sync::atomic::Ordering::Relaxed) {
            return first;
        }
        let rest = Budget { time: watch.time_left(), ..budget.clone() };
        let second = Smt::default().decide(system, properties, &rest, progress);
        better(first, second)
    }
}

/// An upper bound on the number of initial states.
fn initial_states(system: &System) -> u64 {
    let free = system.state.iter().filter(|variable| variable.initial.is_none());
    free.fold(1, |product: u64, variable| product.saturating_mul(variable.range.size()))
}

/// What explicit search may use before the solver takes over.
fn share(budget: &Budget) -> Budget {
    let half_of_free = || available_bytes().map(|free| free / 2);
    Budget {
        time: Some(budget.time.map_or(EXPLICIT_TIME, |time| time / 2)),
        memory: budget.memory.map(|limit| limit / 4 * 3).or_else(half_of_free),
        ..budget.clone()
    }
}

/// Whether another engine may still decide.
fn left_open(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Unknown { reason, .. } if *reason != UnknownReason::Stopped)
}

/// The second answer, unless the first one covers more.
fn better(first: (Outcome, &'static str), second: (Outcome, &'static str)) -> (Outcome, &'static str) {
    match (&first.0.verdict, &second.0.verdict) {
        (Verdict::Unknown { covered: a, .. }, Verdict::Unknown { covered: b, .. }) if a >= b => first,
        _ => second,
    }
}
