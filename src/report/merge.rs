//! Answers of several shards become one: JSON documents in, a JSON document out.
//!
//! Shards ask the same model different questions ([`crate::check::scope`]), so their answers are put side by side. What
//! holds in all of them holds as far as it does in the weakest; violations stay by themselves. A shard that is missing is
//! questions without an answer: they are unknown, and never hold.
//!
//! Documents are values, not types: whatever a version of Kubound adds to a result stays in it.

use std::collections::BTreeMap;

use itertools::Itertools;
use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::check::Shard;
use crate::property::NAMES;

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

/// Fields of results that add up.
const SUMS: [&str; 11] = [
    "seconds",
    "states",
    "transitions",
    "accelerated",
    "leaps",
    "terms",
    "queries",
    "folded",
    "gates",
    "variables",
    "clauses",
];

/// Merges answers to the same input.
///
/// # Errors
///
/// If one of them is something else, answers other questions, or is there twice.
pub fn merge(documents: &[Named]) -> Result<Merged, MergeError> {
    let missing = missing(documents)?;
    let mut merged = Map::new();
    for (name, document) in documents {
        let fields = document.as_object().filter(|it| it.get("results").is_some_and(Value::is_array));
        let fields = fields.ok_or_else(|| MergeError::NoAnswer(name.clone()))?;
        fields
            .iter()
            .filter(|(field, _)| *field != "shard")
            .for_each(|(field, value)| gather(&mut merged, field, value));
    }
    if let Some(Value::Array(results)) = merged.get_mut("results") {
        *results = grouped(std::mem::take(results));
    }
    if !missing.is_empty() {
        merged.insert("missing_shards".to_owned(), missing.iter().map(Shard::to_string).collect());
    }
    Ok(Merged { document: merged.into(), missing })
}

impl Merged {
    /// The results, violations of a property before what holds.
    pub fn results(&self) -> &[Value] {
        self.document["results"].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    /// The exit code: violated before unknown before holds. Violations that are ignored do not count.
    pub fn exit_code(&self) -> u8 {
        let has = |verdict: &str, counts: fn(&Value) -> bool| {
            self.results().iter().any(|result| result["verdict"] == verdict && counts(result))
        };
        match () {
            () if has("violated", |result| result.get("ignored").is_none()) => 1,
            () if has("unknown", |_| true) || !self.missing.is_empty() => 3,
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
                if field == "results" || !all.contains(one) {
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

/// Results that say the same of different workloads as one; by input, property and verdict.
fn grouped(results: Vec<Value>) -> Vec<Value> {
    let inputs: Vec<Value> = results.iter().map(input).unique_by(Value::to_string).collect();
    let place = |result: &Value| {
        let of = input(result);
        let property = NAMES.iter().position(|name| result["property"] == *name);
        (inputs.iter().position(|it| *it == of), property, rank(result))
    };
    let mut groups: Vec<Vec<Value>> = Vec::new();
    for result in results.into_iter().sorted_by_key(place) {
        match groups.iter_mut().find(|group| is_alike(&group[0], &result)) {
            Some(group) => group.push(result),
            None => groups.push(vec![result]),
        }
    }
    groups.into_iter().filter_map(joined).collect()
}

fn input(result: &Value) -> Value {
    json!([result["input"], result["case"], result["scale"], result["fixed"], result["sizes"]])
}

/// Violations first, then what holds, then what is open.
fn rank(result: &Value) -> usize {
    ["violated", "holds", "unknown"].iter().position(|verdict| result["verdict"] == *verdict).unwrap_or(3)
}

fn is_alike(one: &Value, other: &Value) -> bool {
    let fields = ["property", "verdict", "without", "interleaving", "reason", "family", "ignored"];
    one["verdict"] != "violated"
        && input(one) == input(other)
        && fields.iter().all(|field| one[*field] == other[*field])
}

/// One result for several: the weakest, with the subjects and figures of all.
fn joined(group: Vec<Value>) -> Option<Value> {
    let subjects = group.iter().filter_map(|result| result["subject"].as_str()).filter(|it| !it.is_empty()).join(", ");
    let sum = |field: &str| group.iter().filter_map(|result| result[field].as_number()).fold(json!(0), add);
    let sums: Vec<(&str, Value)> = SUMS.iter().map(|&field| (field, sum(field))).collect();
    let memory = group.iter().filter_map(|result| result["peak_memory_bytes"].as_u64()).max();
    let focus = group.iter().filter_map(|result| result.get("focus")).cloned().reduce(joined_focus);
    let mut weakest = group.into_iter().min_by_key(strength)?;
    weakest["subject"] = subjects.into();
    weakest["peak_memory_bytes"] = json!(memory);
    sums.into_iter().for_each(|(field, value)| weakest[field] = value);
    if let Some(focus) = focus {
        weakest["focus"] = focus;
    }
    Some(weakest)
}

/// Bounds are weaker than proofs, and small ones than large ones. Of proofs, the one that looked furthest tells its depth.
fn strength(result: &Value) -> (bool, i64) {
    let is_proved = result["extent"]["kind"].as_str().is_some_and(|kind| kind != "bound");
    let k = result["extent"]["k"].as_i64().unwrap_or(-1);
    (is_proved, if is_proved { -k } else { k })
}

fn add(sum: Value, number: &serde_json::Number) -> Value {
    match (sum.as_u64(), number.as_u64()) {
        (Some(sum), Some(number)) => json!(sum.saturating_add(number)),
        _ => json!(sum.as_f64().unwrap_or(0.0) + number.as_f64().unwrap_or(0.0)),
    }
}

/// How workloads were decided: numbers add up, lists go on.
fn joined_focus(one: Value, other: Value) -> Value {
    match (one, other) {
        (Value::Object(mut one), Value::Object(other)) => {
            for (field, value) in other {
                let joined = match one.remove(&field) {
                    Some(known) => joined_focus(known, value),
                    None => value,
                };
                one.insert(field, joined);
            }
            one.into()
        }
        (Value::Array(one), Value::Array(other)) => one.into_iter().chain(other).collect(),
        (one @ Value::Number(_), Value::Number(other)) => add(one, &other),
        (one, _) => one,
    }
}

#[cfg(test)]
mod tests {
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
}
