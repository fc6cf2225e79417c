//! For programs: JSON, schema `kubound/v1` (`docs/json.md`).

mod benchmarks;
mod comparison;
mod conformance;
mod family;
mod focus;
mod reduction;
mod repair;
mod result;
mod rules;
pub mod schema;
mod story;

use serde_json::{Map, Value, json};

use super::{Format, Needs, Writer};
use crate::cases::Case;
use crate::check::{Fingerprint, InputName, Narrative, Novelties};
use crate::check::{Replayed, Simulation};
use crate::input::{Diagnostic, visible};
use crate::report::document::{Check, Document};

/// JSON.
pub static FORMAT: Format = Format {
    name: "json",
    help: "For programs: schema kubound/v1",
    suffixes: &[".json"],
    needs: Needs::Nothing,
    writer: Writer::Whole(document),
};

/// The version of the schema.
pub(super) const SCHEMA: &str = "kubound/v1";

fn document(document: &Document<'_>) -> String {
    let value = match document {
        Document::Check(it) => check(it),
        Document::Replay(replayed) => {
            json!({"schema": SCHEMA, "replays": replayed.iter().map(replay).collect::<Vec<Value>>()})
        }
        Document::Simulation(it) => simulation(it),
        Document::Repaired(it) => repair::value(it),
        Document::Cases(cases) => json!({"schema": SCHEMA, "cases": cases.iter().map(case).collect::<Vec<Value>>()}),
        Document::Emitted(directories) => json!({"schema": SCHEMA, "directories": directories}),
        Document::Benchmarks(it) => benchmarks::value(it),
        Document::Compared(it) => comparison::value(it),
        Document::Conformance(it) => conformance::value(it.report),
        Document::Rules(all) => {
            json!({"schema": SCHEMA, "rules": all.iter().map(|rule| rules::value(rule)).collect::<Vec<Value>>()})
        }
        Document::Rule(rule) => json!({"schema": SCHEMA, "rule": rules::value(rule)}),
        Document::Merged(merged) => merged.document.clone(),
    };
    written(&value)
}

/// JSON as it is printed: nothing in it is hidden, or lost.
pub fn written(value: &Value) -> String {
    visible::json(&format!("{value:#}\n")).into_owned()
}

fn check(check: &Check<'_>) -> Value {
    let mut document = json!({"schema": SCHEMA, "results": check.results().map(result::value).collect::<Vec<Value>>()});
    if let Some(shard) = check.shard {
        document["shard"] = shard.to_string().into();
    }
    if let Some(diagnostics) = &check.diagnostics {
        document["diagnostics"] = diagnostics.iter().copied().map(diagnostic).collect();
    }
    if let Some(novelties) = check.baseline {
        document["baseline"] = since(novelties);
    }
    let hints: Vec<Value> = check.inputs.iter().filter_map(|input| input.hint).map(repair::hint).collect();
    if !hints.is_empty() {
        document["hints"] = hints.into();
    }
    document
}

fn since(novelties: &Novelties) -> Value {
    let Novelties { file, known, new, gone, open } = novelties;
    let all = |of: &[Fingerprint]| of.iter().map(ToString::to_string).collect::<Vec<String>>();
    json!({"file": file, "known": all(known), "new": all(new), "gone": all(gone), "open": all(open)})
}

fn diagnostic(diagnostic: &Diagnostic) -> Value {
    json!({
        "severity": diagnostic.severity,
        "file": diagnostic.origin.file,
        "line": diagnostic.origin.line,
        "column": diagnostic.origin.column,
        "text": diagnostic.line_text,
        "message": diagnostic.message,
        "help": diagnostic.help,
    })
}

/// What names an input.
fn input(name: &InputName) -> Map<String, Value> {
    let fields = match name {
        InputName::Case { case, scale, fixed } => {
            vec![("case", json!(case)), ("scale", json!(scale)), ("fixed", json!(fixed))]
        }
        InputName::Paths { paths, sizes, config } => {
            let sizes = (!sizes.is_empty()).then(|| ("sizes", json!(sizes)));
            let config = config.as_ref().map(|config| ("config", json!(config)));
            [("input", json!(paths))].into_iter().chain(sizes).chain(config).collect()
        }
    };
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn replay(replayed: &Replayed) -> Value {
    let mut object = input(&replayed.input);
    object.insert("same_input".to_owned(), json!(replayed.is_same_input));
    object.insert("property".to_owned(), json!(replayed.trace.property));
    object.insert("subject".to_owned(), json!(replayed.trace.subject));
    object.insert("violated".to_owned(), json!(replayed.told.is_ok()));
    told(&mut object, &replayed.told);
    object.into()
}

fn simulation(simulation: &Simulation) -> Value {
    let mut object = Map::from_iter([("schema".to_owned(), json!(SCHEMA))]);
    object.extend(input(&simulation.input));
    object.insert("seed".to_owned(), json!(simulation.seed));
    told(&mut object, &simulation.told);
    object.insert("cut".to_owned(), json!(simulation.cut));
    object.into()
}

/// Adds a story, and why there is none.
fn told(object: &mut Map<String, Value>, told: &Result<Narrative, String>) {
    object.insert("reason".to_owned(), json!(told.as_ref().err()));
    object.insert("story".to_owned(), told.as_ref().map_or(Value::Null, story::value));
}

fn case(case: &Case) -> Value {
    json!({"id": case.id, "title": case.title, "properties": case.properties})
}
