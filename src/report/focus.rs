//! How workloads were decided in the company of others, for people and for programs.

use serde_json::{Value, json};

use crate::check::focus::FocusReport;

use super::text::indented;

/// Lines for people: a summary, and, where somebody wants to know, how each workload was decided.
pub fn lines(report: &FocusReport, k: Option<u32>) -> Vec<String> {
    let mut lines: Vec<String> = smallest(report, k).into_iter().collect();
    lines.push(report.summary());
    for (subject, tally, story) in &report.lines {
        lines.push(format!("{subject}: {}", tally.words()));
        lines.extend(story.iter().map(|line| format!("  {line}")));
    }
    lines
}

/// What is known of shorter counterexamples than the one shown.
fn smallest(report: &FocusReport, k: Option<u32>) -> Option<String> {
    let (k, covered) = (k?, report.smallest?);
    Some(match covered {
        _ if covered >= k => format!("k = {k} is the smallest"),
        0 => "there may be shorter ones".to_owned(),
        1 => "there may be shorter ones, of at least k = 1".to_owned(),
        covered => format!("there may be shorter ones, of at least k = {covered}"),
    })
}

/// The lines as text.
pub fn text(report: &FocusReport, k: Option<u32>) -> String {
    lines(report, k)
        .iter()
        .map(|line| {
            let depth = if line.starts_with("  ") { "      " } else { "    " };
            indented(line.trim_start(), depth, &format!("{depth}  ")) + "\n"
        })
        .collect()
}

/// For programs.
pub fn json(report: &FocusReport) -> Value {
    let ways: serde_json::Map<String, Value> =
        report.tallies.iter().map(|(tally, count)| (tally.name().to_owned(), json!(count))).collect();
    let workloads: Vec<Value> = report
        .lines
        .iter()
        .map(|(subject, tally, story)| json!({"subject": subject, "way": tally.name(), "story": story}))
        .collect();
    json!({"ways": ways, "models": report.models, "smallest_possible_k": report.smallest, "workloads": workloads})
}
