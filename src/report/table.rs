//! Many results as a table of at most 80 columns.

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};

use crate::engine::Extent;

use super::text::{WIDTH, mebibytes, seconds};
use crate::check::family::FamilyReport;
use crate::check::{Answer, CheckResult, InputName};

const NUMBERS: [usize; 4] = [3, 5, 6, 7];

/// One row for each result.
pub fn results<'a>(results: impl IntoIterator<Item = &'a CheckResult>) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_width(WIDTH as u16).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["CASE", "PROPERTY", "VERDICT", "K", "ENGINE", "STATES", "TIME", "MIB"]);
    for result in results {
        table.add_row(row(result));
    }
    align(&mut table, &NUMBERS);
    lines(&table)
}

/// Ids and what they stand for.
pub fn glossary(rows: impl IntoIterator<Item = [String; 3]>) -> String {
    grid(["CASE", "WHAT GOES WRONG", "PROPERTIES"], rows, &[])
}

/// Any table; `numbers` are the columns to be aligned to the right.
pub fn grid<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
    numbers: &[usize],
) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_width(WIDTH as u16).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header);
    for row in rows {
        table.add_row(row);
    }
    align(&mut table, numbers);
    lines(&table)
}

fn align(table: &mut Table, numbers: &[usize]) {
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 1));
        if numbers.contains(&index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

fn lines(table: &Table) -> String {
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn row(result: &CheckResult) -> Vec<Cell> {
    let sizes = |family: &FamilyReport| match (family.coverage.violated(), family.dimensions.as_slice()) {
        (Some(size), _) => format!(" at {}", size.iter().map(i64::to_string).collect::<Vec<String>>().join(", ")),
        (None, [only]) => format!(" {}..{}", only.min, only.max),
        (None, _) => format!(" at {} sizes", family.coverage.decided()),
    };
    let sizes = result.family.as_deref().map(sizes).unwrap_or_default();
    let case = match &result.input {
        InputName::Case { case, .. } => case.clone(),
        InputName::Paths { paths, .. } => paths.join(" "),
    };
    let (verdict, k) = match &result.answer {
        Answer::Holds(Extent::Complete(k)) => ("holds (proved)".to_owned(), k.to_string()),
        Answer::Holds(Extent::Bound(k)) => ("holds up to k".to_owned(), k.to_string()),
        Answer::Violated(found) => (format!("violated ({})", found.finding.name()), found.k.to_string()),
        Answer::Unknown { reason, covered } => (format!("unknown: {reason}"), covered.saturating_sub(1).to_string()),
    };
    let memory = result.peak_memory_bytes.map_or("-".to_owned(), |bytes| mebibytes(bytes).to_string());
    [
        case + &sizes,
        result.property.clone(),
        verdict,
        k,
        result.engine.clone(),
        result.statistics.states.to_string(),
        seconds(result.seconds),
        memory,
    ]
    .into_iter()
    .map(Cell::new)
    .collect()
}
