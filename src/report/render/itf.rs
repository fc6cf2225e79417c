//! For tools that look at runs: one counterexample, state by state, in the Informal Trace Format of Apalache (its
//! ADR 015, revision of 2023-09-14).
//!
//! The variables are those that the property needs, under the names of `kubound show --property`. The action that led to a
//! state, and what it chose, are in the state's `#meta`. Of a loop the last state is the first one again. Where nothing is
//! violated, there are no states.

use serde_json::{Map, Value, json};

use super::json::written;
use super::{Format, Needs, Writer, words};
use crate::check::{Answer, CheckResult, SavedTrace, Unfolded};
use crate::report::document::{Check, Run};

/// ITF.
pub static FORMAT: Format = Format {
    name: "itf",
    help: "For tools that look at runs: a counterexample as Apalache's ITF",
    suffixes: &[".itf.json"],
    needs: Needs::States,
    writer: Writer::Checks(check),
};

const DESCRIPTION: &str = "https://apalache-mc.org/docs/adr/015adr-trace.html";

fn check(check: &Check<'_>) -> String {
    let verdicts: Vec<Value> = check.results().map(verdict).collect();
    let problems = check.diagnostics.iter().flatten().filter(|it| it.severity == crate::input::Severity::Error);
    let mut meta = json!({
        "format": "ITF",
        "format-description": DESCRIPTION,
        "source": concat!("kubound ", env!("CARGO_PKG_VERSION")),
        "description": "no counterexample",
        "verdicts": verdicts,
    });
    let errors: Vec<&str> = problems.map(|it| it.message.as_str()).collect();
    if !errors.is_empty() {
        meta["errors"] = json!(errors);
    }
    let run = check.inputs.iter().find_map(|input| input.run);
    let trace = run.and_then(|run| match &run.result.answer {
        Answer::Violated(found) => Some((run, &found.trace)),
        Answer::Holds(_) | Answer::Unknown { .. } => None,
    });
    written(&match trace {
        Some((run, trace)) => told(meta, &run, trace),
        None => json!({"#meta": meta, "vars": [], "states": []}),
    })
}

fn verdict(result: &CheckResult) -> Value {
    json!({"property": result.property, "subject": result.subject, "verdict": words::verdict(result)})
}

fn told(mut meta: Value, run: &Run<'_>, trace: &SavedTrace) -> Value {
    let Unfolded { variables, states } = run.unfolded;
    meta["description"] =
        json!(format!("{}{}: {}", trace.property, words::about(run.result), words::verdict(run.result)));
    let types = variables.iter().map(|(name, is_bool)| (name.clone(), json!(if *is_bool { "Bool" } else { "Int" })));
    meta["varTypes"] = Value::Object(types.collect());
    let names: Vec<&str> = variables.iter().map(|(name, _)| name.as_str()).collect();
    let states = states.iter().enumerate().map(|(index, values)| state(index, variables, values, trace));
    let states: Vec<Value> = states.collect();
    let mut document = json!({"#meta": meta, "vars": names, "states": states});
    if let Some(start) = trace.loop_start {
        document["loop"] = json!(start);
    }
    document
}

fn state(index: usize, variables: &[(String, bool)], values: &[i64], trace: &SavedTrace) -> Value {
    let mut meta = json!({"index": index});
    if let Some(step) = index.checked_sub(1).and_then(|step| trace.steps.get(step)) {
        meta["action"] = json!(step.action);
        meta["inputs"] = json!(step.inputs);
    }
    let value =
        |is_bool: bool, value: i64| if is_bool { json!(value != 0) } else { json!({"#bigint": value.to_string()}) };
    let values = variables.iter().zip(values).map(|((name, is_bool), &it)| (name.clone(), value(*is_bool, it)));
    Value::Object(std::iter::once(("#meta".to_owned(), meta)).chain(values).collect::<Map<_, _>>())
}
