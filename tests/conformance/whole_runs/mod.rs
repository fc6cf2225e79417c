//! Whole runs of a real control plane: `control-plane/*.jsonl`.
//!
//! A run is taken from rest to rest. Each stretch becomes an input ([`step`]); what was recorded then ([`record`],
//! [`observe`]) must be a run of its model under `async` ([`follow`]), decision by decision, and rest must look alike. Loads
//! are those of the run. When it all happened is compared afterwards ([`moments`]), with a component of its own.
//!
//! A node that fails is silent from then on; when it is seen to be down, and back, is recorded.
//!
//! A step that never came to rest is followed as far as it was recorded, and so is one that did so during a back-off ([`quotas`]).
//!
//! Not compared: what the API refused, but that what it refused was not done.

mod answers;
mod commands;
mod costs;
mod daemons;
mod evictions;
mod follow;
mod jobs;
mod kinds;
mod lens;
mod load;
mod moments;
mod objects;
mod observe;
mod phases;
mod priority;
mod quotas;
mod record;
mod rest;
mod statuses;
mod step;
mod tempo;
mod trail;
mod unready;
mod waits;
mod workload;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::system::System;

use super::runner;
use super::{Component, RecordingError, Recordings, Verdict};

use follow::{Follower, Place};
use lens::{Lens, Picture};
use moments::{Record, Times};
use observe::Seen;
use record::Stretch;
use step::Built;

/// The families that are compared.
const SOURCES: [&str; 18] = [
    "control-plane/rollout.jsonl",
    "control-plane/deadlock.jsonl",
    "control-plane/spread.jsonl",
    "control-plane/scale-down.jsonl",
    "control-plane/hpa.jsonl",
    "control-plane/statefulset.jsonl",
    "control-plane/statefulset-maxunavailable.jsonl",
    "control-plane/node-failure.jsonl",
    "control-plane/taint-eviction.jsonl",
    "control-plane/drain.jsonl",
    "control-plane/eviction.jsonl",
    "control-plane/preemption.jsonl",
    "control-plane/quota.jsonl",
    "control-plane/mixed.jsonl",
    "control-plane/daemonset.jsonl",
    "control-plane/node-deletion.jsonl",
    "control-plane/job.jsonl",
    "control-plane/job-disruption.jsonl",
];

/// Compares the recorded runs, stretch by stretch: what happened, and when.
pub fn run(recordings: &Recordings) -> Result<[Component; 2], RecordingError> {
    let mut runs = Component::new("whole runs", "v1.34.9");
    let mut times = Component::new("times of whole runs", "v1.34.9");
    for file in SOURCES {
        let mut records = Vec::new();
        for (line, run) in recordings.read(file)?.iter().enumerate() {
            let malformed = |reason| RecordingError::Malformed { file: file.to_owned(), line: line + 1, reason };
            records.extend(record::stretches(run).map_err(malformed)?);
        }
        let compared = runner::each(&records, |_, record| runner::guarded(|| compare(record)).unwrap_or_else(panicked));
        for (record, Compared { verdict, times: timed }) in records.iter().zip(compared) {
            let (family, id) = (record["family"].as_str().unwrap_or_default(), record["id"].as_str().unwrap_or("?"));
            runs.count(family, id, verdict);
            count(&mut times, (family, id), timed);
        }
    }
    Ok([runs, times])
}

fn count(component: &mut Component, (family, id): (&str, &str), times: Times) {
    match times {
        Times::Kept(demands) => component.count_demands(family, id, demands),
        Times::Refused(why) => component.count(family, id, Verdict::Differs(why)),
        Times::NotCompared(why) => component.count(family, id, Verdict::NotModelled(why)),
    }
}

/// How a stretch fared.
struct Compared {
    verdict: Verdict,
    times: Times,
}

impl Compared {
    /// Nothing is known of times.
    fn only(verdict: Verdict, why: &str) -> Self {
        Compared { verdict, times: Times::NotCompared(why.to_owned()) }
    }
}

fn panicked() -> Compared {
    Compared::only(Verdict::Differs(runner::PANICKED.to_owned()), "it was not followed")
}

fn compare(record: &Value) -> Compared {
    followed(record).unwrap_or_else(|why| Compared::only(Verdict::Differs(why), "it was not followed"))
}

fn followed(record: &Value) -> Result<Compared, String> {
    let stretch: Stretch = serde_json::from_value(record.clone()).map_err(|error| format!("malformed: {error}"))?;
    if let Some(reason) = step::not_modelled(&stretch) {
        return Ok(Compared::only(Verdict::NotModelled(reason), "it is not modelled"));
    }
    if costs::decide(&stretch) {
        costs::compare(&stretch)?;
        return Ok(Compared::only(Verdict::Agrees, "pods are told apart by their deletion costs"));
    }
    answers::compare(&stretch)?;
    answers::compare_budgets(&stretch)?;
    statuses::compare(&stretch)?;
    let phases = phases::of(&stretch).into_iter().map(|phase| Phase::of(&phase)).collect::<Result<Vec<_>, _>>()?;
    let recorded = observe::recorded(&stretch);
    let recorded = if phases.len() == 1 { vec![recorded.concat()] } else { recorded };
    let is_over = stretch.came_to_rest() && !quotas::are_tried_again(&stretch);
    let rest = is_over.then(|| Picture::recorded(&stretch));
    let known = (recorded.as_slice(), rest.as_ref(), stretch.end());
    // Few runs need the larger search.
    let prompt = follow(&phases, known, false);
    let times = match prompt {
        Ok(kept @ (Times::Kept(_) | Times::NotCompared(_))) => kept,
        Ok(refused) => follow(&phases, known, true).ok().filter(|it| matches!(it, Times::Kept(_))).unwrap_or(refused),
        Err(_) => follow(&phases, known, true)?,
    };
    Ok(Compared { verdict: Verdict::Agrees, times })
}

/// A part of a stretch with a model of its own.
struct Phase {
    built: Built,
    lens: Lens,
}

impl Phase {
    fn of(stretch: &Stretch) -> Result<Phase, String> {
        let mut built = step::build(stretch)?;
        tempo::give(&mut built.model, &built.spec, stretch);
        Ok(Phase { lens: Lens::new(&built, stretch)?, built })
    }
}

/// What was recorded: observations by phase, what rest looked like, if it came to rest, and when that was.
type Known<'r> = (&'r [Vec<(f64, Seen)>], Option<&'r Picture>, Option<f64>);

/// Follows what was recorded in each phase, to a state of rest that looks as recorded. Times are compared where there is one
/// phase.
fn follow(phases: &[Phase], (recorded, rest, until): Known<'_>, lags: bool) -> Result<Times, String> {
    let mut before: Option<(&System, BTreeSet<Place>)> = None;
    for (number, (Phase { built, lens }, seen)) in phases.iter().zip(recorded).enumerate() {
        let system = &built.model.system;
        let mut follower = Follower::new(system, lens, lags)?;
        let places = match &before {
            None => follower.start()?,
            Some((from, places)) => follower.taken_over(places, from)?,
        };
        let places = follower.follow(places, seen, &recorded[number + 1..].concat())?;
        if phases.len() == 1 {
            follower.rest(&places, rest)?;
            return Ok(moments::compare(system, &follower.trail, &Record { seen, until }));
        }
        if number + 1 == phases.len() {
            follower.rest(&places, rest)?;
        }
        before = Some((system, places));
    }
    Ok(Times::NotCompared("several models, one for each set of taints".to_owned()))
}
