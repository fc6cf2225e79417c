//! For people who compare: a row for each result, at most 80 columns.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, presets};
use itertools::Itertools;
use serde_json::Value;

use super::layout::{WIDTH, mebibytes, seconds};
use super::{Format, Needs, Writer, benchmarks, comparison, words};
use crate::cases::Case;
use crate::check::Replayed;
use crate::check::family::FamilyReport;
use crate::check::{Answer, CheckResult, Narrative};
use crate::cluster::view::rule::Rule;
use crate::conformance::Report;
use crate::engine::Extent;
use crate::input::visible::visible;
use crate::repair::Repaired;
use crate::report::document::Document;
use crate::report::merge::Merged;

/// Longer ones may be broken.
const WIDEST_NAME: usize = 24;

/// Tables.
pub static FORMAT: Format = Format {
    name: "table",
    help: "For people: a row for each result",
    suffixes: &[],
    needs: Needs::Nothing,
    writer: Writer::Whole(document),
};

fn document(document: &Document<'_>) -> String {
    match document {
        Document::Check(check) if check.results().next().is_none() => String::new(),
        Document::Check(check) => results(check.results()),
        Document::Replay(replayed) => grid(["PROPERTY", "SUBJECT", "ANSWER"], replayed.iter().map(replay), &[]),
        Document::Simulation(it) => grid(["STEP", "WHO", "WHAT"], it.told.iter().flat_map(steps), &[0]),
        Document::Repaired(it) => repairs(it),
        Document::Cases(it) => cases(it),
        Document::Emitted(directories) => {
            grid(["DIRECTORY"], directories.iter().map(|it| [visible(it).into_owned()]), &[])
        }
        Document::Benchmarks(it) => benchmarks::text(it),
        Document::Compared(it) => comparison::text(it),
        Document::Conformance(it) => conformance(it.report),
        Document::Rules(all) => rules(all),
        Document::Rule(rule) => rules(&[rule]),
        Document::Merged(it) => merged(it),
    }
}

/// One row for each row of suites in several shards.
fn merged_rows(merged: &Merged) -> String {
    let text = |value: &Value| value.as_str().map_or("-".to_owned(), |text| visible(text).into_owned());
    let rows = merged.rows().iter().map(|row| {
        let verdicts = row["verdicts"].as_array().map(Vec::as_slice).unwrap_or_default();
        let verdicts = verdicts.iter().map(|it| format!("{} {}", text(&it["verdict"]), it["k"])).join(", ");
        let time = row["median_seconds"].as_f64().map_or("-".to_owned(), seconds);
        [text(&row["task"]), text(&row["engine"]), verdicts, text(&row["score"]), time]
    });
    grid(["TASK", "ENGINE", "VERDICT, K", "SCORE", "MEDIAN"], rows, &[4])
}

/// One row for each result of several shards.
pub fn merged(merged: &Merged) -> String {
    if merged.document["rows"].is_array() {
        return merged_rows(merged);
    }
    let text = |value: &Value| value.as_str().map_or("-".to_owned(), |text| visible(text).into_owned());
    let rows = merged.results().iter().map(|result| {
        let time = result["seconds"].as_f64().map_or("-".to_owned(), seconds);
        let subjects: Vec<&str> = result["subject"].as_str().unwrap_or_default().split(", ").collect();
        let subjects = visible(&words::some(&subjects)).into_owned();
        [text(&result["property"]), subjects, text(&result["words"]), text(&result["engine"]), time]
    });
    grid(["PROPERTY", "SUBJECT", "ANSWER", "ENGINE", "TIME"], rows, &[4])
}

/// One row for each edit of each repair.
fn repairs(repaired: &Repaired) -> String {
    let rows = repaired.repairs.iter().enumerate().flat_map(|(index, repair)| {
        let row = |edit: &crate::repair::Edit| {
            let number = (index + 1).to_string();
            [&number, &edit.object, &edit.field, &edit.from, &edit.to].map(|it| visible(it).into_owned())
        };
        repair.edits.iter().map(row).collect::<Vec<_>>()
    });
    grid(["REPAIR", "OBJECT", "FIELD", "FROM", "TO"], rows, &[0])
}

/// One row for each result.
pub fn results<'a>(results: impl Iterator<Item = &'a CheckResult>) -> String {
    let header = ["CASE", "PROPERTY", "VERDICT", "K", "ENGINE", "STATES", "TIME", "MIB"];
    grid(header, results.map(result), &[3, 5, 6, 7])
}

fn result(result: &CheckResult) -> [String; 8] {
    let sizes = |family: &FamilyReport| match (family.coverage.violated(), family.dimensions.as_slice()) {
        (Some(size), _) => format!(" at {}", size.iter().map(i64::to_string).collect::<Vec<String>>().join(", ")),
        (None, [only]) => format!(" {}..{}", only.min, only.max),
        (None, _) => format!(" at {} sizes", family.coverage.decided()),
    };
    let sizes = result.family.as_deref().map(sizes).unwrap_or_default();
    let holds = words::holds(result);
    let (verdict, k) = match &result.answer {
        Answer::Holds(Extent::Complete(k)) => (format!("{holds} (proved)"), k.to_string()),
        Answer::Holds(Extent::Inductive(_)) => (format!("{holds} (proved)"), "-".to_owned()),
        Answer::Holds(Extent::Bound(k)) => (format!("{holds} up to k"), k.to_string()),
        Answer::Violated(found) => (format!("violated ({})", found.finding.name()), found.k.to_string()),
        Answer::Unknown { reason, covered } => (format!("unknown: {reason}"), covered.saturating_sub(1).to_string()),
    };
    let verdict = words::regarded(result, &verdict);
    let memory = result.peak_memory_bytes.map_or("-".to_owned(), |bytes| mebibytes(bytes).to_string());
    [
        result.input.place() + &sizes,
        result.property.clone(),
        verdict,
        k,
        result.engine.clone(),
        result.statistics.states.to_string(),
        seconds(result.seconds),
        memory,
    ]
}

fn replay(replayed: &Replayed) -> [String; 3] {
    let answer = match &replayed.told {
        Ok(_) => "violated".to_owned(),
        Err(problem) => format!("no counterexample: {problem}"),
    };
    [visible(&replayed.trace.property).into_owned(), visible(&replayed.trace.subject).into_owned(), answer]
}

fn steps(story: &Narrative) -> impl Iterator<Item = [String; 3]> {
    let steps = story.blocks.iter().flat_map(|block| &block.steps);
    steps.map(|step| [step.number.to_string(), step.told.actor.clone(), step.told.text.clone()])
}

/// Ids and what they stand for.
pub fn cases(cases: &[Case]) -> String {
    let rows = cases.iter().map(|it| [it.id.to_owned(), it.title.to_owned(), it.properties.join(", ")]);
    grid(["CASE", "WHAT GOES WRONG", "PROPERTIES"], rows, &[])
}

/// One row for each family of records.
pub fn conformance(report: &Report) -> String {
    let rows = report.components.iter().flat_map(|component| {
        component.families.iter().map(|family| {
            let [agree, differ, not_modelled] =
                [family.agree, family.differ.len(), family.not_modelled.len()].map(|it| it.to_string());
            [format!("{} {}", component.name, component.version), family.name.clone(), agree, differ, not_modelled]
        })
    });
    grid(["COMPONENT", "FAMILY", "AGREE", "DIFFER", "NOT MODELLED"], rows, &[2, 3, 4])
}

/// What each rule decides, and whose decision it is.
pub fn rules(rules: &[&Rule]) -> String {
    let row = |rule: &&Rule| [rule.id, rule.component.name(), rule.gist()].map(str::to_owned);
    grid(["RULE", "COMPONENT", "WHAT IT DECIDES"], rules.iter().map(row), &[])
}

/// Any table; `numbers` are the columns to be aligned to the right.
pub fn grid<const N: usize>(header: [&str; N], rows: impl Iterator<Item = [String; N]>, numbers: &[usize]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_width(WIDTH as u16).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header);
    table.add_rows(rows);
    align(&mut table, numbers);
    keep_whole(&mut table);
    lines(&table)
}

/// Keeps names and numbers on one line, as far as that leaves room for what is longer.
fn keep_whole(table: &mut Table) {
    let is_name = |width: &u16| usize::from(*width) <= WIDEST_NAME;
    let widths = table.column_max_content_widths();
    if widths.iter().filter(|it| is_name(it)).map(|&it| usize::from(it)).sum::<usize>() > WIDTH / 4 * 3 {
        return;
    }
    for (column, _) in table.column_iter_mut().zip(&widths).filter(|(_, width)| is_name(width)) {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
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
