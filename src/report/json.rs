//! Results as JSON, schema `kubound/v1`.

use serde_json::{Map, Value, json};

use crate::cluster::view::rule::Rule;
use crate::engine::{Attempt, Certificate, Extent};

use super::{focus, reduction};
use crate::check::narrative::Narrative;
use crate::check::{Answer, CheckResult, InputName, reason_text};

/// The version of the schema.
pub const SCHEMA: &str = "kubound/v1";

/// A whole document. `diagnostics` is what the input layer had to say.
pub fn document<'a>(results: impl IntoIterator<Item = &'a CheckResult>, diagnostics: Option<Value>) -> Value {
    let results: Vec<Value> = results.into_iter().map(result).collect();
    let mut document = json!({"schema": SCHEMA, "results": results});
    if let Some(diagnostics) = diagnostics {
        document["diagnostics"] = diagnostics;
    }
    document
}

/// One result.
pub fn result(result: &CheckResult) -> Value {
    let mut object = Map::new();
    match &result.input {
        InputName::Case { case, scale, fixed } => {
            object.insert("case".to_owned(), json!(case));
            object.insert("scale".to_owned(), json!(scale));
            object.insert("fixed".to_owned(), json!(fixed));
        }
        InputName::Paths { paths, sizes } => {
            object.insert("input".to_owned(), json!(paths));
            if !sizes.is_empty() {
                object.insert("sizes".to_owned(), json!(sizes));
            }
        }
    }
    let (extent, k) = extent(&result.answer);
    let fields = json!({
        "property": result.property,
        "subject": result.subject,
        "verdict": result.answer.word(),
        "extent": extent,
        "engine": result.engine,
        "k": k,
        "seconds": result.seconds,
        "peak_memory_bytes": result.peak_memory_bytes,
        "states": result.statistics.states,
        "transitions": result.statistics.transitions,
        "accelerated": result.statistics.accelerated,
        "leaps": result.statistics.leaps,
        "terms": result.statistics.terms,
        "queries": result.statistics.queries,
        "folded": result.statistics.folded,
        "gates": result.statistics.gates,
        "variables": result.statistics.variables,
        "clauses": result.statistics.clauses,
        "certificate": result.certificate.as_ref().map(certificate),
        "beside": result.beside.iter().map(attempt).collect::<Vec<Value>>(),
        "reason": reason(&result.answer),
        "finding": finding(&result.answer),
        "story": story(&result.answer),
        "trace": trace(&result.answer),
    });
    if let Value::Object(fields) = fields {
        object.extend(fields);
    }
    if let Some(explanation) = &result.reduction {
        object.insert("reduction".to_owned(), reduction::json(explanation));
    }
    if let Some(family) = &result.family {
        object.insert("family".to_owned(), family.to_json());
    }
    if let Some(focus) = &result.focus {
        object.insert("focus".to_owned(), focus::json(focus));
    }
    Value::Object(object)
}

fn extent(answer: &Answer) -> (Value, u32) {
    let bound = |k: u32| json!({"kind": "bound", "k": k});
    match answer {
        Answer::Holds(Extent::Bound(k)) => (bound(*k), *k),
        Answer::Holds(Extent::Complete(k)) => (json!({"kind": "complete", "k": k}), *k),
        Answer::Violated(found) => (bound(found.k), found.k),
        Answer::Unknown { covered: 0, .. } => (Value::Null, 0),
        Answer::Unknown { covered, .. } => (bound(covered - 1), covered - 1),
    }
}

fn certificate(certificate: &Certificate) -> Value {
    json!({
        "checker": certificate.checker,
        "refuted": certificate.refuted,
        "clauses": certificate.clauses,
        "proof_bytes": certificate.proof_bytes,
        "seconds": certificate.time.as_secs_f64(),
    })
}

fn attempt(attempt: &Attempt) -> Value {
    json!({
        "engine": attempt.engine,
        "k": attempt.k,
        "states": attempt.statistics.states,
        "transitions": attempt.statistics.transitions,
        "queries": attempt.statistics.queries,
        "reason": attempt.reason.as_ref().map(reason_text),
    })
}

fn reason(answer: &Answer) -> Value {
    if let Answer::Unknown { reason, .. } = answer { json!(reason) } else { Value::Null }
}

fn finding(answer: &Answer) -> Value {
    if let Answer::Violated(found) = answer { json!(found.finding.name()) } else { Value::Null }
}

fn trace(answer: &Answer) -> Value {
    if let Answer::Violated(found) = answer { json!(found.trace) } else { Value::Null }
}

fn story(answer: &Answer) -> Value {
    if let Answer::Violated(found) = answer { narrative(&found.narrative) } else { Value::Null }
}

/// A story: blocks with their steps and states.
pub fn narrative(story: &Narrative) -> Value {
    let blocks: Vec<Value> = story
        .blocks
        .iter()
        .map(|block| {
            let steps = block.steps.iter().map(|step| {
                json!({
                    "step": step.number,
                    "actor": step.told.actor,
                    "text": step.told.text,
                    "times": step.told.times,
                    "why": step.told.why,
                    "rules": ids(&step.told.rules),
                })
            });
            json!({
                "title": block.title,
                "steps": steps.collect::<Vec<Value>>(),
                "workloads": block.summary.workloads,
                "nodes": block.summary.nodes,
            })
        })
        .collect();
    let diagnosis: Vec<&str> = story.diagnosis.iter().map(|line| line.text.as_str()).collect();
    json!({
        "blocks": blocks,
        "repeats_from_step": story.repeats_from,
        "diagnosis": diagnosis,
        "diagnosis_rules": ids(&story.deciding()),
    })
}

fn ids(rules: &[&Rule]) -> Vec<&'static str> {
    rules.iter().map(|rule| rule.id).collect()
}
