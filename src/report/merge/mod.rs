//! Answers of several shards become one: JSON documents in, a JSON document out.
//!
//! Shards of a check ask the same model different questions ([`crate::check::scope`]), so their answers are put side by side
//! (`results`). What holds in all of them holds as far as it does in the weakest; violations stay by themselves. Shards of a
//! suite have different tasks (`rows`). A shard that is missing is questions without an answer: they are unknown, and never
//! hold.
//!
//! Documents are values, not types: whatever a version of Kubound adds to a result stays in it.

mod results;
mod rows;

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use thiserror::Error;

use crate::check::Shard;

/// Why documents cannot be merged.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum MergeError {
    /// It is no document with results.
    #[error("{0}: no answer of `kubound check --format json` or `kubound bench --format json`")]
    NoAnswer(String),
    /// Not everything was asked for in all of them.
    #[error("{0}: an answer to other questions than {1} is")]
    Different(String, String),
    /// Two of them are the same share.
    #[error("{0} and {1} are both shard {2}")]
    Twice(String, String, Shard),
}

/// Several answers as one.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// The document.
    pub document: Value,
    /// Shards that are missing.
    pub missing: Vec<Shard>,
}

/// A document with the name of its file.
pub type Named = (String, Value);

/// Merges answers to the same input.
///
/// # Errors
///
/// If one of them is something else, answers other questions, or is there twice.
pub fn merge(documents: &[Named]) -> Result<Merged, MergeError> {
    let missing = missing(documents)?;
    let lists = ["results", "rows"].into_iter().find(|field| documents.iter().all(|(_, it)| it[*field].is_array()));
    let Some(list) = lists else { return Err(stranger(documents)) };
    let mut merged = Map::new();
    for (_, document) in documents {
        let fields = document.as_object().into_iter().flatten();
        fields.filter(|(field, _)| *field != "shard").for_each(|(field, value)| gather(&mut merged, field, value));
    }
    match list {
        "rows" => rows::finish(&mut merged, documents),
        _ => {
            let all = merged.remove("results").and_then(|it| it.as_array().cloned()).unwrap_or_default();
            merged.insert("results".to_owned(), results::grouped(all).into());
        }
    }
    if !missing.is_empty() {
        merged.insert("missing_shards".to_owned(), missing.iter().map(Shard::to_string).collect());
    }
    Ok(Merged { document: merged.into(), missing })
}

/// What is no answer, or another one than the first.
fn stranger(documents: &[Named]) -> MergeError {
    let is_answer = |document: &Value| document["results"].is_array() || document["rows"].is_array();
    match documents.iter().find(|(_, document)| !is_answer(document)) {
        Some((name, _)) => MergeError::NoAnswer(name.clone()),
        None => MergeError::Different(
            documents.last().map(|(name, _)| name.clone()).unwrap_or_default(),
            documents.first().map(|(name, _)| name.clone()).unwrap_or_default(),
        ),
    }
}

impl Merged {
    /// The results, violations of a property before what holds.
    pub fn results(&self) -> &[Value] {
        self.document["results"].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    /// The rows of suites.
    pub fn rows(&self) -> &[Value] {
        self.document["rows"].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    /// The exit code: what is violated or wrong before what is unknown. Violations that are ignored do not count.
    pub fn exit_code(&self) -> u8 {
        let has = |verdict: &str, counts: fn(&Value) -> bool| {
            self.results().iter().any(|result| result["verdict"] == verdict && counts(result))
        };
        match () {
            () if has("violated", |result| result.get("ignored").is_none()) || rows::are_wrong(self) => 1,
            () if has("unknown", |_| true) || !rows::are_decided(self) || !self.missing.is_empty() => 3,
            () => 0,
        }
    }
}

/// The shards that are missing, if these are shards of something.
fn missing(documents: &[Named]) -> Result<Vec<Shard>, MergeError> {
    let mut seen: BTreeMap<Shard, &str> = BTreeMap::new();
    let mut first: Option<(&str, Option<usize>)> = None;
    for (name, document) in documents {
        let shard: Option<Shard> = document["shard"].as_str().and_then(|text| text.parse().ok());
        match first {
            Some((other, of)) if of != shard.map(|shard| shard.of) => {
                return Err(MergeError::Different(name.clone(), other.to_owned()));
            }
            _ => first = first.or(Some((name, shard.map(|shard| shard.of)))),
        }
        let Some(shard) = shard else { continue };
        if let Some(other) = seen.insert(shard, name) {
            return Err(MergeError::Twice(other.to_owned(), name.clone(), shard));
        }
    }
    let of = first.and_then(|(_, of)| of).unwrap_or(0);
    Ok((0..of).map(|index| Shard { index, of }).filter(|shard| !seen.contains_key(shard)).collect())
}

/// Adds a field of a document: lists go on, without what they have already; of anything else the first counts.
fn gather(merged: &mut Map<String, Value>, field: &str, value: &Value) {
    match (merged.get_mut(field), value) {
        (Some(Value::Array(all)), Value::Array(more)) => {
            for one in more {
                if field == "results" || field == "rows" || !all.contains(one) {
                    all.push(one.clone());
                }
            }
        }
        (Some(_), _) => {}
        (None, _) => {
            merged.insert(field.to_owned(), value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn result(property: &str, subject: &str, verdict: &str, extent: Value) -> Value {
        json!({
            "input": ["a"], "property": property, "subject": subject, "verdict": verdict, "extent": extent,
            "without": [], "interleaving": "racing", "reason": null, "seconds": 0.5, "states": 2,
            "peak_memory_bytes": 10,
        })
    }

    fn document(shard: &str, results: Vec<Value>) -> Named {
        (format!("{shard}.json"), json!({"schema": "kubound/v1", "shard": shard, "results": results}))
    }

    #[test]
    fn what_holds_is_one_result_as_far_as_the_weakest() {
        let bound = json!({"kind": "bound", "k": 4});
        let proved = json!({"kind": "complete", "k": 9});
        let parts = [
            document("0/2", vec![result("pods-schedulable", "a", "holds", proved)]),
            document("1/2", vec![result("pods-schedulable", "b", "holds", bound.clone())]),
        ];
        let merged = merge(&parts).unwrap();
        let all = &merged.document["results"];
        assert_eq!((all.as_array().map(Vec::len), &all[0]["subject"]), (Some(1), &json!("a, b")));
        assert_eq!((&all[0]["extent"], &all[0]["states"], &all[0]["seconds"]), (&bound, &json!(4), &json!(1.0)));
        assert_eq!((merged.exit_code(), merged.document.get("shard")), (0, None));
    }

    #[test]
    fn violations_stay_by_themselves_and_come_first() {
        let bound = json!({"kind": "bound", "k": 1});
        let parts = [
            document("0/2", vec![result("settles", "", "holds", bound.clone())]),
            document("1/2", ["a", "b"].map(|it| result("settles", it, "violated", bound.clone())).to_vec()),
        ];
        let merged = merge(&parts).unwrap();
        let verdicts = merged.document["results"].as_array().unwrap().iter().map(|it| it["verdict"].clone());
        assert_eq!(verdicts.collect::<Vec<_>>(), ["violated", "violated", "holds"]);
        assert_eq!(merged.exit_code(), 1);
    }

    #[test]
    fn a_missing_shard_is_unknown() {
        let parts = [document("0/3", Vec::new()), document("2/3", Vec::new())];
        let merged = merge(&parts).unwrap();
        assert_eq!((merged.exit_code(), merged.missing), (3, vec![Shard { index: 1, of: 3 }]));
    }

    #[test]
    fn what_does_not_belong_together_is_refused() {
        let of_two = document("0/2", Vec::new());
        let twice = merge(&[of_two.clone(), of_two.clone()]);
        assert!(matches!(twice, Err(MergeError::Twice(_, _, Shard { index: 0, of: 2 }))));
        assert!(matches!(merge(&[of_two.clone(), document("1/3", Vec::new())]), Err(MergeError::Different(..))));
        assert!(matches!(merge(&[of_two, ("x".to_owned(), json!({"cases": []}))]), Err(MergeError::Different(..))));
        assert!(matches!(merge(&[("x".to_owned(), json!({"cases": []}))]), Err(MergeError::NoAnswer(_))));
    }

    #[test]
    fn rows_of_suites_come_in_the_order_of_their_tasks() {
        let row = |task: &str, engine: &str, verdict: &str| json!({"suite": "s", "task": task, "engine": engine, "failure": null, "verdicts": [{"verdict": verdict}]});
        let part = |shard: &str, rows: Value, right: u64| {
            let document = json!({"shard": shard, "machine": {"cpu": shard}, "rows": rows, "contradictions": [],
                "scores": {"right": right, "wrong": 0, "unknown": 0}, "changes": null});
            (shard.to_owned(), document)
        };
        let first = json!([row("a", "sat", "holds"), row("a", "smt", "holds"), row("c", "sat", "violated")]);
        let parts = [part("1/2", json!([row("b", "sat", "unknown")]), 1), part("0/2", first, 2)];
        let merged = merge(&parts).unwrap();
        let order: Vec<&str> = merged.rows().iter().filter_map(|row| row["task"].as_str()).collect();
        assert_eq!((order, merged.exit_code()), (vec!["a", "a", "b", "c"], 3));
        assert_eq!((&merged.document["scores"]["right"], &merged.document["machine"]), (&json!(3), &Value::Null));
    }
}
