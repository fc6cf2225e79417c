//! The result of one property.

use serde_json::{Value, json};

use super::{family, focus, input, reduction, story};
use crate::check::{Answer, CheckResult, Fingerprint, Ignored, Novelty, reason_text};
use crate::engine::{Attempt, Certificate, Extent, Induction};
use crate::report::render::words;

/// One result.
pub fn value(result: &CheckResult) -> Value {
    let mut object = input(&result.input);
    let (extent, k) = extent(&result.answer);
    let fields = json!({
        "property": result.property,
        "subject": result.subject,
        "verdict": result.answer.word(),
        "words": words::verdict(result),
        "without": result.without,
        "interleaving": result.interleaving.name(),
        "extent": extent,
        "engine": result.engine,
        "k": k,
        "shortest": if let Answer::Violated(found) = &result.answer { Some(found.shortest) } else { None },
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
        "timing": result.timing,
        "beside": result.beside.iter().map(attempt).collect::<Vec<Value>>(),
        "reason": reason(&result.answer),
        "finding": finding(&result.answer),
        "fingerprint": Fingerprint::of(result).map(|it| it.to_string()),
        "story": story(&result.answer),
        "trace": trace(&result.answer),
    });
    if let Value::Object(fields) = fields {
        object.extend(fields);
    }
    if let Some(ignored) = &result.regard.ignored {
        object.insert("ignored".to_owned(), self::ignored(ignored));
    }
    if let Some(novelty) = result.regard.novelty {
        let word = match novelty {
            Novelty::Known => "known",
            Novelty::New => "new",
        };
        object.insert("baseline".to_owned(), json!(word));
    }
    if let Some(explanation) = &result.reduction {
        object.insert("reduction".to_owned(), reduction::value(explanation));
    }
    if let Some(family) = &result.family {
        object.insert("family".to_owned(), family::value(family));
    }
    if let Some(focus) = &result.focus {
        object.insert("focus".to_owned(), focus::value(focus));
    }
    Value::Object(object)
}

fn ignored(ignored: &Ignored) -> Value {
    json!({
        "reason": ignored.reason,
        "by": if ignored.in_source { "annotation" } else { "configuration" },
        "file": ignored.origin.file,
        "line": ignored.origin.line,
    })
}

fn extent(answer: &Answer) -> (Value, u32) {
    let bound = |k: u32| json!({"kind": "bound", "k": k});
    match answer {
        Answer::Holds(Extent::Bound(k)) => (bound(*k), *k),
        Answer::Holds(Extent::Complete(k)) => (json!({"kind": "complete", "k": k}), *k),
        Answer::Holds(Extent::Inductive(Induction { depth, invariants })) => {
            (json!({"kind": "inductive", "depth": depth, "invariants": invariants}), 0)
        }
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
    if let Answer::Violated(found) = answer { story::value(&found.narrative) } else { Value::Null }
}
