//! Rows of suites: each task, with all its engines, is in one shard. Shards take the tasks in turn, so that in turn is how they
//! are put together.

use itertools::Itertools;
use serde_json::{Map, Value, json};

use crate::check::Shard;

use super::{Merged, Named};

/// Puts rows in the order of the suites, and adds up what is said of all of them. Times of different machines are not
/// those of one: then none is named.
pub fn finish(merged: &mut Map<String, Value>, documents: &[Named]) {
    merged.insert("rows".to_owned(), in_order(documents).into());
    let scores = documents.iter().filter_map(|(_, document)| document["scores"].as_object());
    if let Some(sum) = scores.cloned().reduce(sum) {
        merged.insert("scores".to_owned(), sum.into());
    }
    if !documents.iter().map(|(_, document)| &document["machine"]).all_equal() {
        merged.insert("machine".to_owned(), Value::Null);
    }
}

fn in_order(documents: &[Named]) -> Vec<Value> {
    let shard = |(_, document): &&Named| document["shard"].as_str().and_then(|text| text.parse::<Shard>().ok());
    let sorted: Vec<&Named> = documents.iter().sorted_by_key(shard).collect();
    let tasks: Vec<Vec<Vec<Value>>> = sorted.into_iter().map(tasks).collect();
    let most = tasks.iter().map(Vec::len).max().unwrap_or(0);
    let rounds = (0..most).flat_map(|round| tasks.iter().filter_map(move |own| own.get(round)));
    rounds.flatten().cloned().collect()
}

/// Rows by task.
fn tasks((_, document): &Named) -> Vec<Vec<Value>> {
    let rows = document["rows"].as_array().cloned().unwrap_or_default();
    let groups = rows.into_iter().chunk_by(|row| json!([row["suite"], row["task"]]));
    groups.into_iter().map(|(_, rows)| rows.collect()).collect()
}

fn sum(mut one: Map<String, Value>, other: Map<String, Value>) -> Map<String, Value> {
    for (name, number) in other {
        let known = one.get(&name).and_then(Value::as_u64).unwrap_or(0);
        one.insert(name, json!(known + number.as_u64().unwrap_or(0)));
    }
    one
}

/// Whether a verdict is wrong, or two contradict each other.
pub fn are_wrong(merged: &Merged) -> bool {
    let has_contradictions = merged.document["contradictions"].as_array().is_some_and(|all| !all.is_empty());
    has_contradictions || merged.rows().iter().any(|row| row["score"] == "wrong")
}

/// Whether every row has a verdict, and none is unknown.
pub fn are_decided(merged: &Merged) -> bool {
    let is_decided = |row: &Value| {
        let verdicts = row["verdicts"].as_array().map(Vec::as_slice).unwrap_or_default();
        !verdicts.is_empty() && row["failure"].is_null() && verdicts.iter().all(|it| it["verdict"] != "unknown")
    };
    merged.rows().iter().all(is_decided)
}
