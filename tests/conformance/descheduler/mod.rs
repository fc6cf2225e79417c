//! The descheduler's cycles: all outcomes of the model's cycle, against all outcomes that were seen.
//!
//! A record's cluster is read as any input is; the system holds the descheduler's actions alone. From the recorded state,
//! every way through a cycle is followed, and the numbers of pods that each node loses of each kind are compared with the
//! recorded ones: sets of pods where they were always the same, else all the shapes; and the orders of eviction where they
//! were recorded and a cycle takes several steps. In rounds, cycle follows on cycle.
//!
//! Totals, totals by node and numbers of rounds and survivors follow from these and are not compared again.

mod compare;
mod explore;
mod situation;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::cluster::spec::CacheView;

use super::Depth;
use super::recordings::{RecordingError, Recordings};
use super::tally::{Component, Verdict};

use compare::{Expected, Path};
use explore::Explorer;
use situation::Situation;

/// Compares all recorded cycles.
pub fn run(recordings: &Recordings, depth: Depth) -> Result<Component, RecordingError> {
    let mut component = Component::new("descheduler", "v0.36 (7d2b28bf2b6a)");
    for (file, cycles) in [("descheduler/cases.jsonl", 1), ("descheduler/rounds.jsonl", compare::MOST_ROUNDS)] {
        for (position, record) in recordings.read(file)?.iter().enumerate() {
            let text = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
            let family = match text("family") {
                family if family.is_empty() => "rounds".to_owned(),
                family => family.replace("rounds_", "rounds "),
            };
            let verdict = differences(record, cycles, depth.asks_z3(position));
            component.count(&family, &text("id"), verdict);
        }
    }
    Ok(component)
}

/// What differs between the model and a record, in each of the ways in which the cache was seen.
fn differences(record: &Value, cycles: usize, replay: bool) -> Verdict {
    let recorded = match record["mode"].as_str() {
        Some("live") => CacheView::Live,
        _ => CacheView::Snapshot,
    };
    let other = match recorded {
        CacheView::Live => CacheView::Snapshot,
        CacheView::Snapshot => CacheView::Live,
    };
    let expected = record.get("expect").unwrap_or(&record["rounds"]);
    let views = [(recorded, Some(expected)), (other, record.get("expect_live"))];
    let views = views.into_iter().filter_map(|(cache, expected)| Some((cache, expected?)));
    let found: Result<Vec<Option<String>>, String> =
        views.map(|(cache, expected)| difference(record, cache, expected, cycles, replay)).collect();
    match found {
        Ok(found) => Verdict::from_differences(found.into_iter().flatten().collect()),
        Err(why) => Verdict::Differs(why),
    }
}

fn difference(
    record: &Value,
    cache: CacheView,
    expected: &Value,
    cycles: usize,
    replay: bool,
) -> Result<Option<String>, String> {
    let situation = Situation::read(record, cache)?;
    let built = situation.build()?;
    let expected = Expected::read(expected, &situation, &built)?;
    let explorer = Explorer::new(&built, replay)?;
    let found: Vec<Path> = if cycles == 1 { explorer.outcomes()? } else { explorer.paths(cycles)? };
    if let Some(difference) = expected.difference(&found, &built) {
        return Ok(Some(difference));
    }
    // A cycle in one step has no order.
    match expected.has_sequences() && built.has_order() {
        true => Ok(expected.difference_in_order(&explorer.sequences()?)),
        false => Ok(None),
    }
}

/// Pods lost, by node and template.
type Losses = BTreeMap<(usize, usize), i64>;
