//! kube-scheduler: scheduling cycles of single pods, sequences of them.

mod cases;
pub mod cluster;
mod outcome;
mod preemption;
mod sequences;

use serde_json::Value;

use super::{Component, Depth, RecordingError, Recordings, Verdict};

/// A record's verdict.
type Compare = fn(&Value, bool) -> Verdict;

/// The files, each with what compares one of its records.
const FILES: [(&str, Compare); 3] = [
    ("kube-scheduler/cases.jsonl", cases::compare),
    ("kube-scheduler/sequences.jsonl", sequences::compare),
    ("kube-scheduler/preemption.jsonl", preemption::compare),
];

/// Compares all records.
pub fn run(recordings: &Recordings, depth: Depth) -> Result<Component, RecordingError> {
    let mut component = Component::new("kube-scheduler", "v1.34.1");
    for (file, compare) in FILES {
        for (position, record) in recordings.read(file)?.iter().enumerate() {
            let text = |field: &str| record[field].as_str().unwrap_or_default();
            component.count(text("family"), text("id"), compare(record, depth.asks_z3(position)));
        }
    }
    Ok(component)
}
