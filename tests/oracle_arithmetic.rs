//! Compares `kubound::cluster::arithmetic` with recordings of the real controllers and scheduler.
//!
//! The recordings are looked for in `$KUBOUND_ORACLE`, else in `../shared/oracle` beside the package; without them the
//! tests say that they are skipped. Each test prints how many records it compared and requires a minimum, so that
//! it cannot pass by comparing nothing.

#[path = "oracle_arithmetic/limits.rs"]
mod limits;
#[path = "oracle_arithmetic/pods.rs"]
mod pods;
#[path = "oracle_arithmetic/quantity.rs"]
mod quantity;
#[path = "oracle_arithmetic/replicas.rs"]
mod replicas;
#[path = "oracle_arithmetic/rollout.rs"]
mod rollout;

use std::path::PathBuf;

use serde_json::Value;

/// The records of one file, or `None` (with a note) when the recordings are not there.
fn records(file: &str) -> Option<Vec<Value>> {
    let root = std::env::var_os("KUBOUND_ORACLE")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/oracle"), PathBuf::from);
    let path = root.join(file);
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: no recording at {}", path.display());
        return None;
    };
    Some(text.lines().map(|line| serde_json::from_str(line).expect("a JSON object a line")).collect())
}

/// Counts agreement and keeps the first disagreements.
#[derive(Default)]
struct Tally {
    compared: usize,
    skipped: usize,
    wrong: Vec<String>,
}

impl Tally {
    fn compare<T: PartialEq + std::fmt::Debug>(&mut self, id: &str, got: &T, want: &T) {
        self.compared += 1;
        if got != want {
            self.wrong.push(format!("{id}: got {got:?}, recorded {want:?}"));
        }
    }

    fn finish(self, what: &str, floor: usize) {
        println!("{what}: {} compared, {} differ, {} skipped", self.compared, self.wrong.len(), self.skipped);
        let shown = self.wrong.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
        assert!(self.wrong.is_empty(), "{what}: {} differ\n{shown}", self.wrong.len());
        assert!(self.compared >= floor, "{what}: only {} compared, expected {floor}", self.compared);
    }
}

/// The elements of an array field; none if it is absent.
fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// An integer field.
fn int(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("not an integer: {value}"))
}

/// A string field, empty if absent.
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}
