//! The Deployment controller: `controllers/rollout.jsonl`.
//!
//! A reconcile is put to the encoding as it was recorded: the Deployment and its ReplicaSets become variables with the
//! recorded values. A sequence feeds what the encoding computed back through the environment that the record describes.

mod objects;
mod probe;
mod sequence;

use serde_json::{Value, json};

use super::{Source, Subject, Verdict};
use objects::Objects;

/// The recordings of the Deployment controller.
pub const SUBJECT: Subject = Subject {
    name: "deployment",
    version: "v1.34.9",
    sources: &[Source { file: "controllers/rollout.jsonl", family, compare }],
};

fn kind(record: &Value) -> &str {
    record["kind"].as_str().unwrap_or("reconcile")
}

fn family(record: &Value) -> String {
    format!("rollout {}", kind(record))
}

fn compare(record: &Value, asks_z3: bool) -> Verdict {
    let differences = match kind(record) {
        "resolve" => resolve(record, asks_z3),
        "sequence" => sequence::compare(record, asks_z3),
        _ => reconcile(record, asks_z3),
    };
    differences.map_or_else(Verdict::Differs, Verdict::from_differences)
}

/// What the strategy allows.
fn resolve(record: &Value, asks_z3: bool) -> Result<Vec<String>, String> {
    let objects = Objects::of(record)?;
    let expect = &record["expect"];
    let (mut limits, trouble) = probe::limits(&objects, asks_z3);
    limits.retain(|key, _| expect.get(key).is_some());
    Ok(differences("limits", &limits.into(), expect).into_iter().chain(trouble).collect())
}

/// One reconcile.
fn reconcile(record: &Value, asks_z3: bool) -> Result<Vec<String>, String> {
    let mut objects = Objects::of(record)?;
    let expect = &record["expect"];
    let mut found = Vec::new();
    let (limits, trouble) = probe::limits(&objects, false);
    found.extend(trouble);
    found.extend(resolved(&limits, &expect["resolved"]));
    let outcome = probe::reconcile(&objects, 0, asks_z3);
    found.extend(outcome.trouble.clone());
    if let Some(scales) = expect["scalingEvent"].as_bool() {
        found.extend(differences("scalingEvent", &json!(outcome.scales), &json!(scales)));
    }
    let names = objects.names();
    found.extend(differences("events", &json!(outcome.events("<created>", &names)), &events(expect)));
    objects.take(&outcome, "<created>", 0);
    found.extend(differences("replicaSets", &objects.described(), &by_name(&expect["replicaSets"])));
    found.extend(differences("status", &objects.status(), &expect["status"]));
    Ok(found)
}

fn resolved(limits: &serde_json::Map<String, Value>, expect: &Value) -> Vec<String> {
    let compare = |key: &str| differences(key, &limits[key], &expect[key]);
    ["maxSurge", "maxUnavailable", "minAvailable"].into_iter().flat_map(compare).collect()
}

/// Events of a record, an absent list being an empty one.
fn events(expect: &Value) -> Value {
    if expect["events"].is_null() { json!([]) } else { expect["events"].clone() }
}

/// A list of ReplicaSets as an object by name.
fn by_name(sets: &Value) -> Value {
    let sets = sets.as_array().map(Vec::as_slice).unwrap_or_default();
    let named = |set: &Value| {
        let mut set = set.clone();
        let name = set.as_object_mut().and_then(|fields| fields.remove("name"));
        (name.as_ref().and_then(Value::as_str).unwrap_or("?").to_owned(), set)
    };
    sets.iter().map(named).collect::<serde_json::Map<_, _>>().into()
}

/// What differs between two values, if anything.
fn differences(what: &str, computed: &Value, recorded: &Value) -> Option<String> {
    (computed != recorded).then(|| format!("{what}: computed {computed}, recorded {recorded}"))
}
