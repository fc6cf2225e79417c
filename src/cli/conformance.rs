//! `kubound conformance`.

use serde_json::{Value, json};

use crate::conformance::{Depth, Family, RecordingError, Recordings, Report, run as compare};
use crate::report::table;

use super::CliError;
use super::args::{Conformance, Format};
use super::output::{Output, remark};

/// Exit code where some record differs.
const DIFFERS: u8 = 1;

/// Compares the encodings with recordings of the real components.
pub fn run(arguments: &Conformance, quiet: bool) -> Result<u8, CliError> {
    let recordings = match &arguments.recordings {
        Some(root) => Recordings::in_directory(root.clone())?,
        None => Recordings::embedded(),
    };
    if !quiet {
        remark(&format!("comparing with {}\n", recordings.describe()));
    }
    let report = compare(&recordings, Depth { z3_every: arguments.z3_every })?;
    let mut output = Output::open(None)?;
    match arguments.format {
        Format::Text => output.write(&text(&report, arguments.show))?,
        Format::Json => output.json(&document(&report))?,
    }
    Ok(if report.failed() == 0 { 0 } else { DIFFERS })
}

fn text(report: &Report, shown: usize) -> String {
    let rows = report.components.iter().flat_map(|component| {
        component.families.iter().map(|family| {
            let numbers = [family.agree, family.differ.len(), family.not_modelled.len()].map(|it| it.to_string());
            let [agree, differ, not_modelled] = numbers;
            [format!("{} {}", component.name, component.version), family.name.clone(), agree, differ, not_modelled]
        })
    });
    let header = ["COMPONENT", "FAMILY", "AGREE", "DIFFER", "NOT MODELLED"];
    let mut text = table::grid(header, rows, &[2, 3, 4]);
    for family in report.components.iter().flat_map(|component| &component.families) {
        text.extend(details(family, shown));
    }
    text.push_str(&format!("{} passed, {} failed\n", report.passed(), report.failed()));
    text
}

/// The first records of a family that do not agree.
fn details(family: &Family, shown: usize) -> Vec<String> {
    let differ = family.differ.iter().take(shown).map(|(id, what)| format!("differs: {id}: {what}\n"));
    let omitted = family.not_modelled.iter().take(shown).map(|(id, why)| format!("not modelled: {id}: {why}\n"));
    differ.chain(omitted).collect()
}

fn document(report: &Report) -> Value {
    let records = |list: &[(String, String)]| -> Vec<Value> {
        list.iter().map(|(id, text)| json!({"id": id, "text": text})).collect()
    };
    let family = |family: &Family| {
        json!({
            "name": family.name,
            "agree": family.agree,
            "differ": records(&family.differ),
            "notModelled": records(&family.not_modelled),
        })
    };
    let components: Vec<Value> = report
        .components
        .iter()
        .map(|component| {
            let families: Vec<Value> = component.families.iter().map(family).collect();
            json!({"name": component.name, "version": component.version, "families": families})
        })
        .collect();
    json!({"components": components, "passed": report.passed(), "failed": report.failed()})
}

impl From<RecordingError> for CliError {
    fn from(error: RecordingError) -> Self {
        CliError::Usage(error.to_string())
    }
}
