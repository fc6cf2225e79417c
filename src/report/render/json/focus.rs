//! How workloads were decided in the company of others.

use serde_json::{Value, json};

use crate::check::focus::FocusReport;

/// By which models workloads were decided.
pub fn value(report: &FocusReport) -> Value {
    let ways: serde_json::Map<String, Value> =
        report.tallies.iter().map(|(tally, count)| (tally.name().to_owned(), json!(count))).collect();
    let workloads: Vec<Value> = report
        .told()
        .iter()
        .map(|(subject, tally, story)| json!({"subject": subject, "way": tally.name(), "story": story}))
        .collect();
    json!({"ways": ways, "models": report.models, "smallest_possible_k": report.smallest, "workloads": workloads})
}
