//! HorizontalPodAutoscaler: proposals of metrics, and what limits and history make of them.

mod normalise;
mod proposals;
mod record;
mod sequence;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::probe::Probe;
use super::{Source, Subject, Verdict};
use crate::term::{Bool, Int};

/// The recordings of the HorizontalPodAutoscaler.
pub const SUBJECT: Subject = Subject {
    name: "horizontal-pod-autoscaler",
    version: "v1.34.9",
    sources: &[
        Source { file: "controllers/hpa_replicas.jsonl", family: by_metric, compare: compare_proposals },
        Source { file: "controllers/hpa_normalize.jsonl", family: normalise_family, compare: compare_limits },
    ],
};

/// By the type of its metric.
fn by_metric(record: &Value) -> String {
    match record["hpa"]["metrics"].as_array().map(Vec::as_slice) {
        Some([metric]) => format!("hpa_replicas {}", metric["type"].as_str().unwrap_or_default()),
        _ => "hpa_replicas several metrics".to_owned(),
    }
}

fn is_sequence(record: &Value) -> bool {
    record["kind"] == "sequence"
}

fn normalise_family(record: &Value) -> String {
    format!("hpa_normalize {}", if is_sequence(record) { "sequence" } else { "single" })
}

fn compare_proposals(record: &Value, asks_z3: bool) -> Verdict {
    parsed(record, |record| proposals::compare(&record, asks_z3))
}

fn compare_limits(record: &Value, asks_z3: bool) -> Verdict {
    match is_sequence(record) {
        true => parsed(record, |record| sequence::compare(&record, asks_z3)),
        false => parsed(record, |record| normalise::compare(&record, asks_z3)),
    }
}

fn parsed<T: DeserializeOwned>(record: &Value, compare: impl FnOnce(T) -> Verdict) -> Verdict {
    match serde_json::from_value(record.clone()) {
        Ok(record) => compare(record),
        Err(error) => Verdict::Differs(format!("not a record of its kind: {error}")),
    }
}

/// Collects what differs.
#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn expect<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, computed: T, recorded: T) {
        if computed != recorded {
            self.0.push(format!("{what}: {computed:?} instead of {recorded:?}"));
        }
    }

    /// Asks Z3 as well.
    fn confirm<'c>(&mut self, probe: &Probe<'c>, numbers: &[Int<'c>], conditions: &[Bool<'c>]) {
        self.0.extend(probe.confirm(numbers, conditions));
    }

    fn verdict(self) -> Verdict {
        Verdict::from_differences(self.0)
    }
}
