//! Where events race, runs in one order first: most violations show there, and such runs are few.
//!
//! A guided search fires the first event that may fire, and nothing else ([`System::guided`]), and of what commutes with
//! itself (pods that start or terminate) one order: its runs are runs of the system, so what it finds is a violation. How short it is, the whole search says, which then needs to look at smaller
//! bounds only. That takes as long as it takes or a fixed patience allows, whichever is less; a violation for whose
//! shortness there was no time is told as such. Where a guided search finds nothing, it has no say.

use std::time::{Duration, Instant};

use crate::system::{Interleaving, PropertyId, System};

use super::{Budget, Decision, Engine, Progress, Verdict};

/// How long smaller bounds are looked at after a violation was found, or as long as finding it took, if that was longer: together not
/// much more than twice what the violation costs. Of the cases of this project every one for which that is enough takes a
/// fifth of this time or less. A build for development is slower by far, and on machines that do other things.
const PATIENCE: Duration = Duration::from_millis(if cfg!(debug_assertions) { 1000 } else { 25 });

/// Asks an engine, first about runs in one order.
pub fn decide(
    engine: &dyn Engine,
    system: &System,
    properties: &[PropertyId],
    budget: &Budget,
    progress: &dyn Progress,
) -> Decision {
    let races = matches!(system.interleaving, Interleaving::Racing | Interleaving::Overlapping);
    if !races || system.all_orders || system.guided || engine.certifies() {
        return engine.decide(system, properties, budget, progress);
    }
    let watch = budget.start();
    let began = Instant::now();
    let share = Budget { time: budget.time.map(|time| time / 2), ..budget.clone() };
    let guided = System { guided: true, interleaving: Interleaving::Racing, ..system.clone() };
    let mut first = engine.decide(&guided, properties, &share, progress);
    drop(guided);
    let left = watch.time_left();
    let Verdict::Violated { k, shortest, .. } = &mut first.outcome.verdict else {
        return engine.decide(system, properties, &Budget { time: left, ..budget.clone() }, progress);
    };
    let Some(bound) = k.checked_sub(1) else { return first };
    if !budget.shortest {
        *shortest = false;
        return first;
    }
    let patience = PATIENCE.max(began.elapsed());
    let time = Some(left.map_or(patience, |left| left.min(patience)));
    let second =
        engine.decide(system, properties, &Budget { bound, time, induction: false, ..budget.clone() }, progress);
    match second.outcome.verdict {
        Verdict::Violated { .. } => second,
        Verdict::Holds(_) => first,
        Verdict::Unknown { .. } => {
            *shortest = false;
            first
        }
    }
}
