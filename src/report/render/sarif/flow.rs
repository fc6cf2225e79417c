//! A story as a code flow: one thread, whose locations are steps at the manifests of those who act.

use serde_json::{Value, json};

use super::place::location;
use super::rules::Taxonomy;
use crate::check::narrative::Step;
use crate::check::{Counterexample, Site, Sites};

/// The story of a violation. Who has no manifest acts where the violation is.
pub fn value(found: &Counterexample, sites: Option<&Sites>, otherwise: Option<&Site>, taxonomy: &Taxonomy) -> Value {
    let place = |actor: &str| sites.and_then(|sites| sites.of_actor(actor)).or(otherwise);
    let mut locations: Vec<Value> = Vec::new();
    let mut before: &[String] = &[];
    for block in &found.narrative.blocks {
        locations.push(at(otherwise, block.title.clone(), 0));
        for step in &block.steps {
            let mut value = at(place(&step.told.actor), sentence(step), 1);
            let rules = taxonomy.references(&step.told.rules);
            if !rules.is_empty() {
                value["taxa"] = json!(rules);
            }
            locations.push(value);
        }
        let news: Vec<&str> =
            block.summary.workloads.iter().filter(|it| !before.contains(it)).map(|it| &**it).collect();
        if !news.is_empty() {
            locations.push(at(otherwise, format!("then {}", news.join("; ")), 1));
        }
        before = &block.summary.workloads;
    }
    if let Some(first) = found.narrative.repeats_from {
        locations.push(at(otherwise, format!("from here the run repeats from step {first}"), 0));
    }
    for line in &found.narrative.diagnosis {
        locations.push(at(otherwise, line.text.clone(), 0));
    }
    for (order, location) in (1..).zip(&mut locations) {
        location["executionOrder"] = json!(order);
    }
    json!({"threadFlows": [{"locations": locations}]})
}

fn at(site: Option<&Site>, text: String, level: u32) -> Value {
    let mut place = site.map_or(json!({}), location);
    place["message"] = json!({"text": text});
    json!({"location": place, "nestingLevel": level})
}

fn sentence(step: &Step) -> String {
    let times = if step.told.times > 1 { format!(" ({} times)", step.told.times) } else { String::new() };
    let why: String = step.told.why.iter().map(|line| format!("; {line}")).collect();
    format!("{}. {}: {}{times}{why}", step.number, step.told.actor, step.told.text)
}
