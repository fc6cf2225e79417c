//! The descheduler's cycles: all outcomes of the model's cycle, against all outcomes that were seen.
//!
//! A record's cluster is read as any input is; the system holds the descheduler's actions alone. From the recorded state,
//! every way through a cycle is followed, and the numbers of pods that each node loses of each kind are compared with the
//! recorded ones: sets of pods where they were always the same, else all the shapes; and the orders of eviction where they
//! were recorded and a cycle takes several steps. In rounds, cycle follows on cycle.
//!
//! Of a sample, every step is repeated by the reference interpreter, and the outcomes are confirmed by Z3.
//!
//! Totals, totals by node and numbers of rounds and survivors follow from these and are not compared again.

mod compare;
mod confirm;
mod explore;
mod situation;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::cluster::object::spec::CacheView;

use super::{Source, Subject, Verdict};

use compare::{Expected, Path};
use explore::Explorer;
use situation::Situation;

/// The recordings of the descheduler.
pub const SUBJECT: Subject = Subject {
    name: "descheduler",
    version: "v0.36 (7d2b28bf2b6a)",
    sources: &[
        Source {
            file: "descheduler/cases.jsonl",
            family,
            compare: |record, thorough| differences(record, 1, thorough),
        },
        Source {
            file: "descheduler/rounds.jsonl",
            family,
            compare: |record, thorough| differences(record, compare::MOST_ROUNDS, thorough),
        },
    ],
};

fn family(record: &Value) -> String {
    match record["family"].as_str() {
        Some(family) => family.replace("rounds_", "rounds "),
        None => "rounds".to_owned(),
    }
}

/// What differs between the model and a record, in each of the ways in which the cache was seen.
fn differences(record: &Value, cycles: usize, thorough: bool) -> Verdict {
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
        views.map(|(cache, expected)| difference(record, cache, expected, cycles, thorough)).collect();
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
    thorough: bool,
) -> Result<Option<String>, String> {
    let situation = Situation::read(record, cache)?;
    let built = situation.build()?;
    let expected = Expected::read(expected, &situation, &built)?;
    let explorer = Explorer::new(&built, thorough)?;
    let found: Vec<Path> = if cycles == 1 { explorer.outcomes()? } else { explorer.paths(cycles)? };
    if let Some(difference) = expected.difference(&found, &built) {
        return Ok(Some(difference));
    }
    if thorough && let Some(difference) = confirm::difference(&built, &explorer.ends()?)? {
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
