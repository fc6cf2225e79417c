//! The encodings, compared with recordings: a table, and the first records that do not agree.

use crate::conformance::Family;
use crate::report::document::Conformance;
use crate::report::render::table;

/// The table, the first records of each family that do not agree, and the sums.
pub fn text(conformance: &Conformance<'_>) -> String {
    let Conformance { report, shown } = conformance;
    let mut text = table::conformance(report);
    for family in report.components.iter().flat_map(|component| &component.families) {
        text.extend(details(family, *shown));
    }
    if report.demands() > 0 {
        text.push_str(&format!("recorded times keep to {} demands of paces and timers\n", report.demands()));
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
