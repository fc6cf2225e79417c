//! Measured runs, and what changed since earlier ones.

use serde_json::{Map, Value, json};

use super::SCHEMA;
use crate::workbench::changes::{Change, Changes, LEAST_SECONDS, LEAST_SHARE, LEVEL};
use crate::workbench::claim::Standing;
use crate::workbench::found::Found;
use crate::workbench::measurement::{Benchmarks, Measurement, Scores, scores};
use crate::workbench::task::{Expected, Score, Target};

/// All runs, and where they decide differently.
pub fn value(benchmarks: &Benchmarks) -> Value {
    let mut document = json!({
        "schema": SCHEMA,
        "machine": benchmarks.machine,
        "rows": benchmarks.rows.iter().map(row).collect::<Vec<Value>>(),
        "scores": scores(&benchmarks.rows).map(|Scores { right, wrong, unknown }| {
            json!({"right": right, "wrong": wrong, "unknown": unknown})
        }),
        "contradictions": benchmarks.contradictions,
        "changes": benchmarks.changes.as_ref().map(changes),
    });
    if let Some(shard) = benchmarks.shard {
        document["shard"] = shard.to_string().into();
    }
    document
}

fn row(row: &Measurement) -> Value {
    let task = &row.row.task;
    let seconds = row.seconds();
    let mut object = Map::new();
    if !task.suite.is_empty() {
        object.insert("suite".to_owned(), json!(task.suite));
    }
    object.insert("task".to_owned(), json!(task.name));
    object.extend(target(&task.target));
    let rest = json!({
        "properties": task.properties,
        "engine": row.row.engine,
        "options": task.options.arguments(),
        "timeout_seconds": task.limits.timeout.as_secs_f64(),
        "memory_limit_bytes": task.limits.memory,
        "expected": task.expected.map(expected),
        "score": row.score().map(Score::name),
        "verdicts": row.found.iter().map(found).collect::<Vec<Value>>(),
        "seconds": seconds,
        "median_seconds": row.median().map(|time| time.as_secs_f64()),
        "min_seconds": seconds.iter().copied().reduce(f64::min),
        "max_seconds": seconds.iter().copied().reduce(f64::max),
        "mad_seconds": row.scatter().map(|time| time.as_secs_f64()),
        "peak_memory_bytes": row.bytes,
        "failure": row.failure,
    });
    if let Value::Object(rest) = rest {
        object.extend(rest);
    }
    object.into()
}

fn target(target: &Target) -> Map<String, Value> {
    let range = |(least, most): &(usize, usize)| match least == most {
        true => json!(least),
        false => json!({"min": least, "max": most}),
    };
    let fields = match target {
        Target::Case { case, scale, fixed } => {
            vec![("case", json!(case)), ("scale", range(scale)), ("fixed", json!(fixed))]
        }
        Target::Paths { named, sizes, .. } => {
            let sizes: Map<String, Value> = sizes.iter().map(|(name, size)| (name.clone(), range(size))).collect();
            vec![("input", json!(named)), ("sizes", json!(sizes))]
        }
    };
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn expected(expected: Expected) -> Value {
    let verdict = expected.claim().word();
    match expected {
        Expected::Violated(Some(k)) => json!({"verdict": verdict, "k": k}),
        Expected::Violated(None) | Expected::Holds | Expected::Unknown => json!({"verdict": verdict}),
    }
}

/// A verdict, in the fields of a result of `check`.
fn found(found: &Found) -> Value {
    let bound = |k: &u64| json!({"kind": "bound", "k": k});
    let (extent, shortest) = match &found.claim.standing {
        Standing::Violated { shortest, .. } => (bound(&found.k), Some(*shortest)),
        Standing::Holds(None) => (json!({"kind": "complete", "k": found.k}), None),
        Standing::Holds(Some(k)) => (bound(k), None),
        Standing::Unknown(k) => (k.as_ref().map_or(Value::Null, bound), None),
    };
    json!({
        "property": found.property,
        "verdict": found.claim.word(),
        "k": found.k,
        "extent": extent,
        "shortest": shortest,
        "size": found.claim.size,
        "complete": found.claim.complete,
        "states": found.states,
        "variables": found.variables,
        "clauses": found.clauses,
    })
}

fn changes(changes: &Changes) -> Value {
    json!({
        "machine": changes.before,
        "incomparable": changes.incomparable,
        "test": {
            "name": "Mann-Whitney U, one-sided, Holm",
            "level": LEVEL,
            "least_share": LEAST_SHARE,
            "least_seconds": LEAST_SECONDS,
        },
        "rows": changes.rows.iter().map(change).collect::<Vec<Value>>(),
        "added": changes.added,
        "gone": changes.gone,
        "runs_needed": changes.runs_needed,
        "slower": changes.slower(),
        "faster": changes.faster(),
        "worse_verdicts": changes.worse(),
    })
}

fn change(change: &Change) -> Value {
    json!({
        "suite": change.suite,
        "task": change.task,
        "engine": change.engine,
        "verdict": change.verdict.as_ref().map(|it| json!({"change": it.kind.name(), "before": it.before, "now": it.now})),
        "time": change.time.as_ref().map(|it| json!({
            "change": it.pace.name(),
            "before_seconds": it.before,
            "now_seconds": it.now,
            "p": it.p,
        })),
    })
}
