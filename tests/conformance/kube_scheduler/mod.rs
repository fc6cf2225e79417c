//! kube-scheduler: scheduling cycles of single pods, sequences of them.

mod cases;
pub mod cluster;
mod outcome;
mod preemption;
mod sequences;

use serde_json::Value;

use super::{Source, Subject};

/// The scheduler's recordings.
pub const SUBJECT: Subject = Subject {
    name: "kube-scheduler",
    version: "v1.34.1",
    sources: &[
        Source { file: "kube-scheduler/cases.jsonl", family, compare: cases::compare },
        Source { file: "kube-scheduler/sequences.jsonl", family, compare: sequences::compare },
        Source { file: "kube-scheduler/preemption.jsonl", family, compare: preemption::compare },
    ],
};

fn family(record: &Value) -> String {
    record["family"].as_str().unwrap_or_default().to_owned()
}
