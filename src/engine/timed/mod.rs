//! Verdicts about the runs that paces allow ([`crate::system::pace`]), by any engine.
//!
//! First the system is asked as if there were no clock. What holds then holds. A counterexample whose steps can be given moments is one. Of
//! one that has none, the demands that contradict each other become clocks in the state ([`clocked`]), and the
//! engine is asked again: counterexample-guided abstraction refinement, over demands.
//!
//! Soundness: a system with some demands has all runs of the one with all demands, so what holds of it holds; and k is the
//! smallest, because every counterexample that was refused had none smaller. What is found has moments
//! ([`crate::system::times`]). That there are finitely many demands ends the search. One kind of counterexample is kept although
//! it has no moments: a loop that goes round in no time at all, of steps that nothing keeps apart.
//!
//! Reference: Clarke, Grumberg, Jha, Lu and Veith, "Counterexample-guided abstraction refinement", CAV 2000.

pub mod clocked;

use std::collections::BTreeSet;

use crate::system::times::{Conflict, moments};
use crate::system::{Bound, PropertyId, System, Trace};

use super::{Budget, Decision, Engine, Outcome, Progress, Statistics, UnknownReason, Verdict, guided};
use clocked::Clocked;

/// Asks an engine about the runs that paces allow.
pub fn decide(
    engine: &dyn Engine,
    system: &System,
    properties: &[PropertyId],
    budget: &Budget,
    progress: &dyn Progress,
) -> Decision {
    let watch = budget.start();
    let mut demands: BTreeSet<Bound> = BTreeSet::new();
    let mut spent = Statistics::default();
    let mut covered = 0;
    loop {
        let left = Budget { time: watch.time_left(), ..budget.clone() };
        let clocked = match (!demands.is_empty()).then(|| Clocked::of(system, &demands, &watch)).transpose() {
            Ok(clocked) => clocked,
            Err(reason) => return late(engine, reason, covered, spent),
        };
        let asked = clocked.as_ref().map_or(system, |clocked| &clocked.system);
        let mut decision = guided::decide(engine, asked, properties, &left, progress);
        spent.add(&decision.outcome.statistics);
        decision.outcome.statistics = spent.clone();
        decision.outcome.demands = demands.iter().copied().collect();
        let Verdict::Violated { trace, k, shortest, .. } = &mut decision.outcome.verdict else { return decision };
        if let Some(clocked) = &clocked {
            *trace = clocked.without(trace);
        }
        let Some(conflict) = conflict(system, trace) else { return decision };
        let known = demands.len();
        demands.extend(refining(system, trace, conflict));
        if demands.len() == known {
            return decision;
        }
        covered = if *shortest { *k } else { covered };
        progress.begin("again, with clocks");
    }
}

/// Why a run has no moments. One that is none is refused by whoever replays it.
fn conflict(system: &System, trace: &Trace) -> Option<Conflict> {
    if system.paces.is_empty() {
        return None;
    }
    moments(system, trace).ok()?.err()
}

/// The demands that rule a run out. Where it only is that a loop takes time, its steps have to.
fn refining(system: &System, trace: &Trace, conflict: Conflict) -> BTreeSet<Bound> {
    let Conflict { mut bounds, lasts } = conflict;
    if lasts {
        let start = trace.loop_start.unwrap_or(trace.steps.len());
        let paces = trace.steps[start..].iter().filter_map(|step| system.actions[step.action].pace);
        bounds.extend(paces.map(Bound::Apart).filter(|bound| bound.seconds(system).is_some()));
    }
    bounds
}

/// That there was no time for another search: what earlier ones covered stays covered.
fn late(engine: &dyn Engine, reason: UnknownReason, covered: u32, statistics: Statistics) -> Decision {
    let verdict = Verdict::Unknown { reason, covered };
    let outcome = Outcome { verdict, statistics, certificate: None, demands: Vec::new() };
    Decision { outcome, engine: engine.name(), beside: Vec::new() }
}
