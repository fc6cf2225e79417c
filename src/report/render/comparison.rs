//! Engines side by side, for people: what each says of each property, then what each took, then who contradicts whom.

use super::layout::{indented, mebibytes, seconds};
use super::table::grid;
use crate::input::visible::visible;
use crate::workbench::comparison::{Answered, Comparison, Side};

/// All of it.
pub fn text(comparison: &Comparison) -> String {
    let answers = comparison.engines.iter().flat_map(|side| side.answers.iter().map(move |answer| (side, answer)));
    let mut rows: Vec<(&Side, &Answered)> = answers.collect();
    let order = |property: &str| {
        let all = comparison.engines.iter().flat_map(|side| &side.answers);
        all.map(|answer| answer.found.property.as_str()).position(|name| name == property)
    };
    rows.sort_by_key(|(_, answer)| order(&answer.found.property));
    let header = ["PROPERTY", "ENGINE", "VERDICT", "STATES", "CLAUSES", "TIME", "REPLAYED"];
    let mut out = String::new();
    if !rows.is_empty() {
        out += &grid(header, rows.into_iter().map(answer), &[3, 4, 5]);
        out.push('\n');
    }
    out += &grid(["ENGINE", "WHOLE RUN", "MIB", ""], comparison.engines.iter().map(whole), &[1, 2]);
    let lines = comparison.contradictions.iter().map(|line| indented(&visible(line), "", "  ") + "\n");
    out.extend(lines);
    out
}

fn answer((side, answer): (&Side, &Answered)) -> [String; 7] {
    let found = &answer.found;
    let replayed = answer.replayed.map_or("-", |replayed| if replayed { "yes" } else { "no" });
    [
        found.property.clone(),
        side.engine.clone(),
        found.words.clone(),
        found.states.to_string(),
        found.clauses.to_string(),
        found.seconds.map_or("-".to_owned(), seconds),
        replayed.to_owned(),
    ]
}

fn whole(side: &Side) -> [String; 4] {
    let memory = side.bytes.map_or("-".to_owned(), |bytes| mebibytes(bytes).to_string());
    let failure = side.failure.as_ref().map(|why| format!("failed: {}", visible(why))).unwrap_or_default();
    [side.engine.clone(), seconds(side.seconds), memory, failure]
}
