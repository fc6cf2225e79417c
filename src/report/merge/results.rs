//! Results of checks: what several shards say of a property becomes one result, where they say the same.

use itertools::Itertools;
use serde_json::{Value, json};

use crate::property::NAMES;

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

/// Results that say the same of different workloads as one; by input, property and verdict.
pub fn grouped(results: Vec<Value>) -> Vec<Value> {
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
