//! Whole runs of a real control plane: `control-plane/*.jsonl`.
//!
//! A run is taken from rest to rest. Each stretch becomes an input ([`step`]); what was recorded then ([`record`],
//! [`observe`]) must be a run of its model under `async` ([`follow`]), decision by decision, and rest must look alike. Loads
//! are those of the run, times are free.
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
mod objects;
mod observe;
mod phases;
mod priority;
mod quotas;
mod record;
mod rest;
mod statuses;
mod step;
mod unready;
mod waits;
mod workload;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::system::System;

use super::runner::{self, Source};
use super::{Component, Depth, RecordingError, Recordings, Verdict};

use follow::{Follower, Place};
use lens::{Lens, Picture};
use observe::Seen;
use record::Stretch;
use step::Built;

/// The families that are compared.
const SOURCES: [Source; 18] = [
    source("control-plane/rollout.jsonl"),
    source("control-plane/deadlock.jsonl"),
    source("control-plane/spread.jsonl"),
    source("control-plane/scale-down.jsonl"),
    source("control-plane/hpa.jsonl"),
    source("control-plane/statefulset.jsonl"),
    source("control-plane/statefulset-maxunavailable.jsonl"),
    source("control-plane/node-failure.jsonl"),
    source("control-plane/taint-eviction.jsonl"),
    source("control-plane/drain.jsonl"),
    source("control-plane/eviction.jsonl"),
    source("control-plane/preemption.jsonl"),
    source("control-plane/quota.jsonl"),
    source("control-plane/mixed.jsonl"),
    source("control-plane/daemonset.jsonl"),
    source("control-plane/node-deletion.jsonl"),
    source("control-plane/job.jsonl"),
    source("control-plane/job-disruption.jsonl"),
];

const fn source(file: &'static str) -> Source {
    Source { file, family, compare: |record, _| verdict(record).unwrap_or_else(Verdict::Differs) }
}

fn family(record: &Value) -> String {
    record["family"].as_str().unwrap_or_default().to_owned()
}

/// Compares the recorded runs, stretch by stretch.
pub fn run(recordings: &Recordings, depth: Depth) -> Result<Component, RecordingError> {
    let mut component = Component::new("whole runs", "v1.34.9");
    for source in &SOURCES {
        let mut records = Vec::new();
        for (line, run) in recordings.read(source.file)?.iter().enumerate() {
            let malformed = |reason| RecordingError::Malformed { file: source.file.to_owned(), line: line + 1, reason };
            records.extend(record::stretches(run).map_err(malformed)?);
        }
        runner::count(&mut component, source, &records, depth);
    }
    Ok(component)
}

fn verdict(record: &Value) -> Result<Verdict, String> {
    let stretch: Stretch = serde_json::from_value(record.clone()).map_err(|error| format!("malformed: {error}"))?;
    if let Some(reason) = step::not_modelled(&stretch) {
        return Ok(Verdict::NotModelled(reason));
    }
    if costs::decide(&stretch) {
        return costs::compare(&stretch).map(|()| Verdict::Agrees);
    }
    answers::compare(&stretch)?;
    answers::compare_budgets(&stretch)?;
    statuses::compare(&stretch)?;
    let phases = phases::of(&stretch).into_iter().map(|phase| Phase::of(&phase)).collect::<Result<Vec<_>, _>>()?;
    let recorded = observe::recorded(&stretch);
    let recorded = if phases.len() == 1 { vec![recorded.concat()] } else { recorded };
    let is_over = stretch.came_to_rest() && !quotas::are_tried_again(&stretch);
    let rest = is_over.then(|| Picture::recorded(&stretch));
    // Few runs need the larger search.
    let prompt = follow(&phases, &recorded, rest.as_ref(), false);
    prompt.or_else(|_| follow(&phases, &recorded, rest.as_ref(), true)).map(|()| Verdict::Agrees)
}

/// A part of a stretch with a model of its own.
struct Phase {
    built: Built,
    lens: Lens,
}

impl Phase {
    fn of(stretch: &Stretch) -> Result<Phase, String> {
        let built = step::build(stretch)?;
        Ok(Phase { lens: Lens::new(&built, stretch)?, built })
    }
}

/// Follows what was recorded in each phase, to a state of rest that looks as recorded, if it came to rest.
fn follow(phases: &[Phase], recorded: &[Vec<(f64, Seen)>], rest: Option<&Picture>, lags: bool) -> Result<(), String> {
    let mut before: Option<(&System, BTreeSet<Place>)> = None;
    for (number, (Phase { built, lens }, seen)) in phases.iter().zip(recorded).enumerate() {
        let system = &built.model.system;
        let mut follower = Follower::new(system, lens, lags)?;
        let places = match &before {
            None => follower.start()?,
            Some((from, places)) => follower.taken_over(places, from)?,
        };
        let places = follower.follow(places, seen, &recorded[number + 1..].concat())?;
        if number + 1 == phases.len() {
            return rest.map_or(Ok(()), |rest| follower.rest(&places, rest));
        }
        before = Some((system, places));
    }
    Ok(())
}
