//! Measurements for people: a row for each, then how many are right, what contradicts itself and what changed.

use itertools::Itertools;

use super::layout::{indented, mebibytes, seconds};
use super::table::grid;
use crate::input::visible::visible;
use crate::workbench::changes::{Change, Changes, Pace, TimeChange, VerdictChange};
use crate::workbench::measurement::{Benchmarks, Measurement, scores};
use crate::workbench::task::{Expected, Score, Target};

/// All of it.
pub fn text(benchmarks: &Benchmarks) -> String {
    let mut out = rows(&benchmarks.rows);
    out.extend(summary(benchmarks));
    out.extend(benchmarks.contradictions.iter().map(|line| paragraph(line)));
    out.extend(benchmarks.changes.iter().map(changes));
    out
}

fn paragraph(line: &str) -> String {
    indented(&visible(line), "", "  ") + "\n"
}

/// Cases that the command line names are told by their scale, tasks of suites by their names and how they are scored.
fn rows(rows: &[Measurement]) -> String {
    if rows.iter().any(|row| !row.row.task.suite.is_empty()) {
        let header = ["TASK", "ENGINE", "VERDICT", "SCORE", "RUNS", "MEDIAN", "±", "MIB"];
        return grid(header, rows.iter().map(of_suite), &[4, 5, 6, 7]);
    }
    let header = ["CASE", "SCALE", "ENGINE", "VERDICT", "RUNS", "MEDIAN", "MIB"];
    grid(header, rows.iter().map(of_case), &[1, 4, 5, 6])
}

fn of_suite(row: &Measurement) -> [String; 8] {
    let score = row.score().map_or("-", |score| score.name()).to_owned();
    let scatter = row.scatter().map_or("-".to_owned(), |time| seconds(time.as_secs_f64()));
    let [runs, median, memory] = figures(row);
    let name = visible(&row.row.task.name).into_owned();
    [name, row.row.engine.clone(), verdict(row), score, runs, median, scatter, memory]
}

fn of_case(row: &Measurement) -> [String; 7] {
    let (case, scale) = match &row.row.task.target {
        Target::Case { case, scale: (least, most), .. } if least == most => (case.clone(), most.to_string()),
        other => (other.name(), "-".to_owned()),
    };
    let [runs, median, memory] = figures(row);
    [case, scale, row.row.engine.clone(), verdict(row), runs, median, memory]
}

fn figures(row: &Measurement) -> [String; 3] {
    let median = row.median().map_or("-".to_owned(), |time| seconds(time.as_secs_f64()));
    [row.times.len().to_string(), median, row.bytes.map_or("-".to_owned(), |bytes| mebibytes(bytes).to_string())]
}

fn verdict(row: &Measurement) -> String {
    match &row.failure {
        Some(why) => format!("failed: {}", visible(why)),
        None if row.found.is_empty() => "not run".to_owned(),
        None => row.found.iter().map(|found| format!("{}, k = {}", found.claim.word(), found.k)).join("; "),
    }
}

/// How many rows are as the suite expects.
fn summary(benchmarks: &Benchmarks) -> Option<String> {
    let scores = scores(&benchmarks.rows)?;
    let (rows, right) = (benchmarks.rows.len(), scores.right);
    let mut out = format!("{rows} rows: {right} right, {} wrong, {} unknown\n", scores.wrong, scores.unknown);
    let wrong = benchmarks.rows.iter().filter(|row| row.score() == Some(Score::Wrong));
    for row in wrong {
        let expected = row.row.task.expected.map(Expected::words).unwrap_or_default();
        let said = row.claim().map(|claim| claim.words()).unwrap_or_default();
        let task = &row.row.task;
        out += &paragraph(&format!("wrong: {}, {}: {said}; expected: {expected}", task.name, row.row.engine));
    }
    Some(out)
}

/// What changed since an earlier result.
fn changes(changes: &Changes) -> String {
    let mut out = format!("\nsince the earlier result, of version {}:\n", visible(&changes.before.kubound));
    if !changes.incomparable.is_empty() {
        let why = changes.incomparable.join("; ");
        out += &paragraph(&format!("times are not compared, because it was measured on another machine ({why})"));
    }
    out.extend(changes.rows.iter().filter_map(change));
    for (what, rows) in [("new", &changes.added), ("no longer there", &changes.gone)] {
        if !rows.is_empty() {
            out += &paragraph(&format!("{what}: {}", rows.join("; ")));
        }
    }
    if let Some(runs) = changes.runs_needed {
        let compared = changes.rows.iter().filter(|row| row.time.is_some()).count();
        let text = format!(
            "note: among {compared} rows one that became slower may not be told from noise with so few runs: \
             give --runs {runs} both times"
        );
        out += &paragraph(&text);
    }
    let total = changes.rows.len();
    let (slower, faster, worse) = (changes.slower(), changes.faster(), changes.worse());
    out + &format!("{total} rows compared: {slower} slower, {faster} faster, {worse} verdicts worse\n")
}

fn change(change: &Change) -> Option<String> {
    let time = change.time.as_ref().filter(|time| time.pace != Pace::Same).map(pace);
    let verdict = change.verdict.as_ref().map(shift);
    let what = [verdict, time].into_iter().flatten().join("; ");
    (!what.is_empty()).then(|| paragraph(&format!("{}, {}: {what}", change.task, change.engine)))
}

fn pace(time: &TimeChange) -> String {
    let (before, now) = (seconds(time.before), seconds(time.now));
    format!("{}: {now} after {before} (p = {:.3})", time.pace.name(), time.p)
}

fn shift(change: &VerdictChange) -> String {
    format!("verdict {}: {} after {}", change.kind.name(), change.now, change.before)
}
