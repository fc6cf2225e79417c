//! Measured runs of cases.

use std::time::Duration;

use serde_json::{Value, json};

use crate::report::document::{Benchmarks, Measurement};

/// All runs, and where they decide differently.
pub fn value(benchmarks: &Benchmarks<'_>) -> Value {
    let rows: Vec<Value> = benchmarks.rows.iter().map(row).collect();
    json!({"rows": rows, "contradictions": benchmarks.contradictions})
}

fn row(row: &Measurement) -> Value {
    let verdicts = row.verdicts.iter().map(|(verdict, k)| json!({"verdict": verdict, "k": k}));
    json!({
        "case": row.case,
        "scale": row.scale,
        "fixed": row.fixed,
        "engine": row.engine,
        "verdicts": verdicts.collect::<Vec<Value>>(),
        "seconds": row.times.iter().map(Duration::as_secs_f64).collect::<Vec<f64>>(),
        "median_seconds": row.median().map(|time| time.as_secs_f64()),
        "peak_memory_bytes": row.bytes,
        "failure": row.failure,
    })
}
