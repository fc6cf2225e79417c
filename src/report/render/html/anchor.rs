//! Names of places within the page.

use crate::cluster::view::rule::Rule;

/// The place of a story.
pub struct Anchor(usize);

impl Anchor {
    /// Of the story of this number.
    pub fn of(story: usize) -> Self {
        Anchor(story)
    }

    /// The story.
    pub fn story(&self) -> String {
        format!("story-{}", self.0)
    }

    /// One of its steps.
    pub fn step(&self, number: usize) -> String {
        format!("story-{}-step-{number}", self.0)
    }
}

/// The place of a rule. Ids of rules are ours.
pub fn rule(rule: &Rule) -> String {
    format!("rule-{}", rule.id.replace('/', "-"))
}
