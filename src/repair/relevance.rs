//! Which edits may matter for a counterexample: those of fields that a rule reads by which it came about, of objects that
//! it speaks of.
//!
//! This is a guess that makes the search short, not a proof: what is not relevant is tried as well, later.

use std::collections::BTreeSet;

use crate::check::{Answer, CheckResult, Narrative};

use super::edit::Edit;

/// What a counterexample is about.
#[derive(Clone, Debug, Default)]
pub struct Relevance {
    /// Ids of rules.
    rules: BTreeSet<&'static str>,
    /// Ids of those that decided what the diagnosis says, or the last block where it names none.
    deciding: BTreeSet<&'static str>,
    /// All that is said.
    text: String,
}

impl Relevance {
    /// Of all counterexamples among results.
    pub fn of<'r>(results: impl IntoIterator<Item = &'r CheckResult>) -> Self {
        let mut relevance = Relevance::default();
        for result in results {
            if let Answer::Violated(found) = &result.answer {
                relevance.text.push_str(&result.subject);
                relevance.add(&found.narrative);
            }
        }
        relevance
    }

    fn add(&mut self, story: &Narrative) {
        let diagnosed = story.deciding();
        for (index, block) in story.blocks.iter().enumerate() {
            let decides = diagnosed.is_empty() && index + 1 == story.blocks.len();
            for step in &block.steps {
                let ids = step.told.rules.iter().map(|rule| rule.id);
                self.rules.extend(ids.clone());
                self.deciding.extend(ids.filter(|_| decides));
                self.say([&step.told.actor, &step.told.text]);
                self.say(&step.told.why);
            }
            self.say(&block.summary.workloads);
        }
        self.rules.extend(diagnosed.iter().map(|rule| rule.id));
        self.deciding.extend(diagnosed.iter().map(|rule| rule.id));
        self.say(story.diagnosis.iter().map(|line| &line.text));
    }

    fn say<'s>(&mut self, texts: impl IntoIterator<Item = &'s String>) {
        texts.into_iter().for_each(|text| {
            self.text.push('\n');
            self.text.push_str(text);
        });
    }

    /// Whether an edit may matter.
    pub fn admits(&self, edit: &Edit) -> bool {
        self.speaks_of(edit) && reads(&self.rules, edit)
    }

    /// Whether it is about what decided in the end.
    pub fn decides(&self, edit: &Edit) -> bool {
        self.speaks_of(edit) && reads(&self.deciding, edit)
    }

    fn speaks_of(&self, edit: &Edit) -> bool {
        edit.about.is_empty() || edit.about.iter().any(|name| self.text.contains(name.as_str()))
    }
}

/// Whether one of these rules reads the field of an edit.
fn reads(rules: &BTreeSet<&'static str>, edit: &Edit) -> bool {
    edit.rules.iter().any(|name| match name.ends_with('/') {
        true => rules.iter().any(|id| id.starts_with(name)),
        false => rules.contains(name),
    })
}
