//! For spreadsheets and scripts: what `bench` and `compare` answer as comma-separated values (RFC 4180), a header and a line
//! for each row. What is not known is an empty field; several values in a field are separated by semicolons.
//!
//! Programs that calculate take a text that begins with `=`, `+`, `-` or `@` for a formula, so texts from input do not.

use csv::{Terminator, WriterBuilder};
use itertools::Itertools;

use super::{Format, Needs, Writer};
use crate::report::document::Document;
use crate::workbench::comparison::{Answered, Comparison, Side};
use crate::workbench::measurement::{Benchmarks, Measurement};
use crate::workbench::task::{Expected, Score};

/// Comma-separated values.
pub static FORMAT: Format = Format {
    name: "csv",
    help: "For spreadsheets: a line for each measured row",
    suffixes: &[".csv"],
    needs: Needs::Nothing,
    writer: Writer::Rows(document),
};

fn document(document: &Document<'_>) -> String {
    match document {
        Document::Benchmarks(it) => benchmarks(it),
        Document::Compared(it) => comparison(it),
        _ => String::new(),
    }
}

fn benchmarks(benchmarks: &Benchmarks) -> String {
    let header = [
        "suite",
        "task",
        "engine",
        "verdict",
        "k",
        "expected",
        "expected_k",
        "score",
        "runs",
        "seconds",
        "median_seconds",
        "min_seconds",
        "max_seconds",
        "mad_seconds",
        "peak_memory_bytes",
        "states",
        "variables",
        "clauses",
        "failure",
    ];
    lines(header, benchmarks.rows.iter().map(measurement))
}

fn measurement(row: &Measurement) -> [String; 19] {
    let (task, seconds, claim) = (&row.row.task, row.seconds(), row.claim());
    let k = match task.expected {
        Some(Expected::Violated(k)) => k,
        _ => None,
    };
    let figures = |of: fn(&crate::workbench::found::Found) -> u64| known(claim.as_ref().map(|_| row.sum(of)));
    [
        text(&task.suite),
        text(&task.name),
        row.row.engine.clone(),
        known(claim.as_ref().map(|claim| claim.word())),
        row.found.iter().map(|found| found.k).join(";"),
        known(task.expected.map(|expected| expected.claim().word())),
        known(k),
        known(row.score().map(Score::name)),
        seconds.len().to_string(),
        seconds.iter().join(";"),
        known(row.median().map(|time| time.as_secs_f64())),
        known(seconds.iter().copied().reduce(f64::min)),
        known(seconds.iter().copied().reduce(f64::max)),
        known(row.scatter().map(|time| time.as_secs_f64())),
        known(row.bytes),
        figures(|found| found.states),
        figures(|found| found.variables),
        figures(|found| found.clauses),
        text(row.failure.as_deref().unwrap_or_default()),
    ]
}

fn comparison(comparison: &Comparison) -> String {
    let header = [
        "property",
        "engine",
        "verdict",
        "k",
        "states",
        "variables",
        "clauses",
        "seconds",
        "replayed",
        "run_seconds",
        "peak_memory_bytes",
        "failure",
    ];
    let of = |side: &Side| match side.answers.as_slice() {
        [] => vec![answer(side, None)],
        answers => answers.iter().map(|it| answer(side, Some(it))).collect::<Vec<_>>(),
    };
    lines(header, comparison.engines.iter().flat_map(of))
}

fn answer(side: &Side, answer: Option<&Answered>) -> [String; 12] {
    let found = answer.map(|answer| &answer.found);
    [
        text(found.map_or("", |found| &found.property)),
        side.engine.clone(),
        known(found.map(|found| found.claim.word())),
        known(found.map(|found| found.k)),
        known(found.map(|found| found.states)),
        known(found.map(|found| found.variables)),
        known(found.map(|found| found.clauses)),
        known(found.and_then(|found| found.seconds)),
        known(answer.and_then(|answer| answer.replayed)),
        side.seconds.to_string(),
        known(side.bytes),
        text(side.failure.as_deref().unwrap_or_default()),
    ]
}

fn known(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// A text that no program takes for a formula.
fn text(text: &str) -> String {
    let shown = crate::input::visible::visible(text);
    if shown.starts_with(['=', '+', '-', '@']) { format!("'{shown}") } else { shown.into_owned() }
}

fn lines<const N: usize>(header: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let mut writer = WriterBuilder::new().terminator(Terminator::Any(b'\n')).from_writer(Vec::new());
    let written = writer.write_record(header).and_then(|()| {
        let mut rows = rows;
        rows.try_for_each(|row| writer.write_record(row))
    });
    // Nothing that is written to memory can fail, and all records are as long as the header.
    written
        .ok()
        .and_then(|()| writer.into_inner().ok())
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_and_no_formulas() {
        let row = [text("a, \"b\""), text("=1+1"), text("x\ny")];
        assert_eq!(lines(["one", "two", "three"], [row].into_iter()), "one,two,three\n\"a, \"\"b\"\"\",'=1+1,x\\ny\n");
    }
}
