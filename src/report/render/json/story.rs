//! Stories: blocks with their steps and states.

use serde_json::{Value, json};

use crate::check::Narrative;

/// A story.
pub fn value(story: &Narrative) -> Value {
    let blocks: Vec<Value> = story
        .blocks
        .iter()
        .map(|block| {
            let steps = block.steps.iter().map(|step| {
                json!({
                    "step": step.number,
                    "actor": step.told.actor,
                    "text": step.told.text,
                    "times": step.told.times,
                    "why": step.told.why,
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
    json!({"blocks": blocks, "repeats_from_step": story.repeats_from, "diagnosis": story.diagnosis})
}
