//! Whole rollouts: the environment settles pods between reconciles as the record describes.

use serde_json::{Value, json};

use super::objects::{Objects, Set};
use super::{by_name, differences, events, probe, resolved};

/// How pods become available.
enum Environment {
    /// All at once.
    Instant,
    /// Those of the present template at most so many more per reconcile, and so many at all.
    Limited { per_sync: i64, cap: i64 },
}

impl Environment {
    fn of(record: &Value) -> Result<Self, String> {
        let environment = &record["environment"];
        let number = |key: &str| environment[key].as_i64().ok_or(format!("malformed record: no {key}"));
        Ok(match environment["kind"].as_str() {
            Some("instant") => Environment::Instant,
            Some("never") => Environment::Limited { per_sync: 0, cap: i64::MAX },
            Some("slow") => Environment::Limited { per_sync: number("perSync")?, cap: i64::MAX },
            Some("capped") => Environment::Limited { per_sync: i64::MAX, cap: number("cap")? },
            other => return Err(format!("malformed record: environment {other:?}")),
        })
    }

    /// Settles one ReplicaSet; those that shrink lose unavailable pods first.
    fn settle(&self, set: &mut Set, is_present: bool) {
        set.replicas = set.size;
        let kept = set.available.min(set.size);
        set.available = match self {
            Environment::Instant => set.size,
            Environment::Limited { per_sync, cap } if is_present => {
                kept.saturating_add(*per_sync).min(set.size).min(*cap)
            }
            Environment::Limited { .. } => kept,
        };
        set.ready = set.available;
    }
}

/// Plays a sequence and compares every step.
pub fn compare(record: &Value, asks_z3: bool) -> Result<Vec<String>, String> {
    let mut objects = Objects::of(record)?;
    let environment = Environment::of(record)?;
    let expect = &record["expect"];
    let steps = expect["steps"].as_array().ok_or("malformed record: no steps")?;
    let mut created = 0;
    for (position, step) in steps.iter().enumerate() {
        edit(record, position as i64, &mut objects);
        let now = step["t"].as_i64().ok_or("malformed record: a step without time")?;
        let outcome = probe::reconcile(&objects, now, asks_z3 && position == 0);
        created += usize::from(outcome.created.is_some());
        let name = if created < 2 { "<created>".to_owned() } else { format!("<created-{created}>") };
        let names = objects.names();
        objects.take(&outcome, &name, now);
        let sizes = objects.numbers_of(|set| set.size);
        let new = objects.new_set();
        objects.sets.iter_mut().enumerate().for_each(|(at, set)| environment.settle(set, Some(at) == new));
        let found: Vec<String> = outcome
            .trouble
            .iter()
            .cloned()
            .chain(differences("sizes", &sizes, &step["sizes"]))
            .chain(differences("events", &json!(outcome.events(&name, &names)), &events(step)))
            .chain(differences("availableAfter", &objects.numbers_of(|set| set.available), &step["availableAfter"]))
            .chain(differences("progressing", &objects.progressing().unwrap_or_default(), &step["progressing"]))
            .map(|difference| format!("step {position}: {difference}"))
            .collect();
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(last(&objects, expect))
}

/// Compares what stands at the end.
fn last(objects: &Objects, expect: &Value) -> Vec<String> {
    let (limits, _) = probe::limits(objects, false);
    resolved(&limits, &expect["resolved"])
        .into_iter()
        .chain(differences("finalReplicaSets", &objects.described(), &by_name(&expect["finalReplicaSets"])))
        .chain(differences("finalStatus", &objects.status(), &expect["finalStatus"]))
        .collect()
}

/// Edits the Deployment as the record says for before a reconcile.
fn edit(record: &Value, position: i64, objects: &mut Objects) {
    let events = record["events"].as_array().map(Vec::as_slice).unwrap_or_default();
    for event in events.iter().filter(|event| event["beforeSync"] == position) {
        if let Some(replicas) = event["replicas"].as_i64() {
            objects.replicas = replicas;
        }
        if let Some(paused) = event["paused"].as_bool() {
            objects.paused = paused;
        }
        let containers = objects.template.spec.as_mut().map(|spec| &mut spec.containers);
        if let (Some(image), Some(containers)) = (event["image"].as_str(), containers) {
            containers.iter_mut().take(1).for_each(|container| container.image = Some(image.to_owned()));
        }
    }
}
