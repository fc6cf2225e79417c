//! Which sizes a verdict covers, and what became of the counterexample elsewhere.

use serde_json::{Value, json};

use crate::check::family::{FamilyReport, Lift, OneQuery, Run, Standing};
use crate::check::{Answer, SavedTrace};
use crate::input::Dimension;

/// The sizes behind a result.
pub fn value(family: &FamilyReport) -> Value {
    let FamilyReport { dimensions, coverage, omitted, query, lift } = family;
    json!({
        "dimensions": dimensions,
        "sizes": coverage.sizes(),
        "decided": coverage.decided(),
        "omitted": omitted,
        "coverage": coverage.runs().iter().map(|it| run(dimensions, it)).collect::<Vec<Value>>(),
        "one_query": query.as_ref().map(|it| one_query(dimensions, it)),
        "smallest_violating": coverage.violated().map(|it| size(dimensions, it)),
        "lift": lift.as_ref().map(|it| lifted(dimensions, it)),
    })
}

/// A size, by the names of its dimensions.
fn size(dimensions: &[Dimension], size: &[i64]) -> Value {
    let pairs = dimensions.iter().zip(size).map(|(it, value)| (it.name.clone(), json!(value)));
    Value::Object(pairs.collect())
}

fn run(dimensions: &[Dimension], run: &Run) -> Value {
    let (standing, k, reason) = match &run.standing {
        Standing::Proved => ("proved", None, None),
        Standing::Bounded(k) => ("bounded", Some(*k), None),
        Standing::Violated => ("violated", None, None),
        Standing::Open(reason) => ("open", None, Some(reason.as_str())),
    };
    let (from, to) = (size(dimensions, &run.first), size(dimensions, &run.last));
    json!({"from": from, "to": to, "count": run.count, "standing": standing, "k": k, "reason": reason})
}

fn one_query(dimensions: &[Dimension], query: &OneQuery) -> Value {
    match query {
        OneQuery::Covers { first, last, count } => {
            json!({"from": size(dimensions, first), "to": size(dimensions, last), "count": count, "reason": null})
        }
        OneQuery::Impossible(why) => json!({"from": null, "to": null, "count": 0, "reason": why}),
    }
}

fn lifted(dimensions: &[Dimension], lift: &Lift) -> Value {
    json!({
        "size": size(dimensions, &lift.size),
        "how": lift.how.name(),
        "verdict": lift.answer.word(),
        "k": if let Answer::Violated(found) = &lift.answer { Some(found.k) } else { None },
        "reason": if let Answer::Unknown { reason, .. } = &lift.answer { Some(reason) } else { None },
        "seconds": lift.seconds,
        "trace": trace(&lift.answer),
    })
}

fn trace(answer: &Answer) -> Option<&SavedTrace> {
    if let Answer::Violated(found) = answer { Some(&found.trace) } else { None }
}
