//! HorizontalPodAutoscaler: proposals of metrics, and what limits and history make of them.

mod normalise;
mod proposals;
mod record;
mod sequence;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::probe::Probe;
use super::{Component, Depth, RecordingError, Recordings, Verdict};
use crate::term::{Bool, Int};

const REPLICAS: &str = "controllers/hpa_replicas.jsonl";
const NORMALIZE: &str = "controllers/hpa_normalize.jsonl";

/// Compares all recordings of the component.
pub fn run(recordings: &Recordings, depth: Depth) -> Result<Component, RecordingError> {
    let mut component = Component::new("horizontal-pod-autoscaler", "v1.34.9");
    for (position, value) in recordings.read(REPLICAS)?.iter().enumerate() {
        let record: record::Replicas = parse(REPLICAS, position, value)?;
        let verdict = proposals::compare(&record, depth.asks_z3(position));
        component.count(&record.family(), &record.id, verdict);
    }
    for (position, value) in recordings.read(NORMALIZE)?.iter().enumerate() {
        let confirm = depth.asks_z3(position);
        if value["kind"] == "sequence" {
            let record: record::Sequence = parse(NORMALIZE, position, value)?;
            component.count("hpa_normalize sequence", &record.id, sequence::compare(&record, confirm));
        } else {
            let record: record::Single = parse(NORMALIZE, position, value)?;
            component.count("hpa_normalize single", &record.id, normalise::compare(&record, confirm));
        }
    }
    Ok(component)
}

fn parse<T: DeserializeOwned>(file: &str, position: usize, value: &Value) -> Result<T, RecordingError> {
    serde_json::from_value(value.clone()).map_err(|error| RecordingError::Malformed {
        file: file.to_owned(),
        line: position + 1,
        reason: error.to_string(),
    })
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
