//! Stories: blocks with their steps and states.

use serde_json::{Value, json};

use crate::check::Narrative;
use crate::cluster::view::rule::Rule;

/// A story.
pub fn value(story: &Narrative) -> Value {
    let blocks: Vec<Value> = story
        .blocks
        .iter()
        .map(|block| {
            let steps = block.steps.iter().map(|step| {
                json!({
                    "step": step.number,
                    "seconds": step.told.at,
                    "actor": step.told.actor,
                    "text": step.told.text,
                    "times": step.told.times,
                    "why": step.told.why,
                    "rules": ids(&step.told.rules),
                })
            });
            json!({
                "title": block.title,
                "steps": steps.collect::<Vec<Value>>(),
                "workloads": block.summary.workloads,
                "nodes": block.summary.nodes,
            })
        })
        .collect();
    let diagnosis: Vec<&str> = story.diagnosis.iter().map(|line| line.text.as_str()).collect();
    json!({
        "blocks": blocks,
        "repeats_from_step": story.repeats_from,
        "diagnosis": diagnosis,
        "diagnosis_rules": ids(&story.deciding()),
    })
}

fn ids(rules: &[&Rule]) -> Vec<&'static str> {
    rules.iter().map(|rule| rule.id).collect()
}
