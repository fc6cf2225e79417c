//! How workloads were decided in the company of others.

use crate::check::focus::{FocusReport, Tally};
use crate::report::render::layout::indented;

/// Lines for people: a summary, and, where somebody wants to know, how each workload was decided.
pub fn lines(report: &FocusReport, k: Option<u32>) -> Vec<String> {
    let mut lines: Vec<String> = smallest(report, k).into_iter().collect();
    lines.push(summary(report));
    for (subject, tally, story) in report.told() {
        lines.push(format!("{subject}: {}", words(*tally)));
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

/// The ways in one line: `18 workloads alone, as there is always room; 2 …`.
fn summary(report: &FocusReport) -> String {
    let part = |(tally, count): (&Tally, &usize)| {
        let noun = if *count == 1 { "workload" } else { "workloads" };
        format!("{count} {noun} {}", words(*tally))
    };
    report.tallies.iter().map(part).collect::<Vec<String>>().join("; ")
}

/// A way in a few words.
fn words(tally: Tally) -> &'static str {
    match tally {
        Tally::Alone => "alone, as there is always room",
        Tally::Crowded => "alone, whatever room others leave",
        Tally::Apart => "on the real nodes, where room never lacks",
        Tally::ApartCrowded => "on the real nodes, whatever room others leave",
        Tally::Rehearsed => "by a run of the whole cluster",
        Tally::Whole => "by a search of the whole cluster",
        Tally::Open => "undecided",
    }
}
