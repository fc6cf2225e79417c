//! Engines side by side.

use serde_json::{Value, json};

use super::SCHEMA;
use crate::workbench::comparison::{Answered, Comparison, Side};

/// All of it.
pub fn value(comparison: &Comparison) -> Value {
    json!({
        "schema": SCHEMA,
        "input": comparison.input,
        "engines": comparison.engines.iter().map(side).collect::<Vec<Value>>(),
        "contradictions": comparison.contradictions,
    })
}

fn side(side: &Side) -> Value {
    json!({
        "engine": side.engine,
        "results": side.answers.iter().map(answer).collect::<Vec<Value>>(),
        "seconds": side.seconds,
        "peak_memory_bytes": side.bytes,
        "failure": side.failure,
    })
}

fn answer(answer: &Answered) -> Value {
    let found = &answer.found;
    json!({
        "property": found.property,
        "verdict": found.claim.word(),
        "words": found.words,
        "k": found.k,
        "states": found.states,
        "variables": found.variables,
        "clauses": found.clauses,
        "seconds": found.seconds,
        "replayed": answer.replayed,
    })
}
