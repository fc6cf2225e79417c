//! Conformance: what the encodings compute, against recordings of what the real components computed.
//!
//! One runner per component. Each builds the situation of a recorded case, evaluates the terms of the encoding itself
//! with the reference evaluator (every n-th case through Z3 as well) and compares everything that was recorded.
//! `kubound conformance` prints the table; the test of the same name requires it to be without differences.
//!
//! The recordings are facts about upstream programs; no encoding knows them, and no runner computes an answer itself.

mod deployment;
mod descheduler;
mod driver;
mod horizontal_pod_autoscaler;
mod json;
mod kube_scheduler;
mod node_lifecycle;
pub mod probe;
pub mod recordings;
mod replicaset;
mod runner;
mod taint_eviction;
pub mod tally;
mod whole_runs;

pub use recordings::{RecordingError, Recordings};
pub use tally::{Component, Family, Report, Verdict};

use runner::{Source, Subject};

/// How thoroughly a run asks.
#[derive(Clone, Copy, Debug)]
pub struct Depth {
    /// Every n-th record is put to Z3 as well; 0: none.
    pub z3_every: usize,
}

impl Default for Depth {
    fn default() -> Self {
        Depth { z3_every: 25 }
    }
}

impl Depth {
    /// Whether the record at this position is put to Z3.
    pub fn asks_z3(&self, position: usize) -> bool {
        self.z3_every > 0 && position.is_multiple_of(self.z3_every)
    }
}

/// All components, in the order of the table.
const SUBJECTS: [&Subject; 7] = [
    &kube_scheduler::SUBJECT,
    &deployment::SUBJECT,
    &replicaset::SUBJECT,
    &horizontal_pod_autoscaler::SUBJECT,
    &taint_eviction::SUBJECT,
    &node_lifecycle::SUBJECT,
    &descheduler::SUBJECT,
];

/// Compares every component with its recordings.
pub fn run(recordings: &Recordings, depth: Depth) -> Result<Report, RecordingError> {
    let components = SUBJECTS.iter().map(|subject| runner::run(subject, recordings, depth));
    let mut components = components.collect::<Result<Vec<_>, _>>()?;
    components.extend(whole_runs::run(recordings)?);
    Ok(Report { components })
}
