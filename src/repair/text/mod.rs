//! Edits of YAML and JSON text that keep comments and layout.
//!
//! A [`Change`] says what is to be in a document; `changed` finds the few bytes that have to be other ones
//! (`splice`) and how what is new is written there (`write`). What comes out is read again, and has to be the old
//! documents with the changes made, and nothing else: whatever the layout of a text, an edit is right or it is not
//! offered. So edits of what stands behind an alias or a merge key are refused, and nobody has to know of all the ways to
//! write YAML.

mod change;
mod difference;
mod meaning;
mod splice;
mod write;

use serde_json::Value;

use crate::input::path::FieldPath;
use crate::input::tree::Tree;
use crate::input::yaml::outline::{Outline, outlines};
use crate::input::yaml::{Lines, parse};

pub use change::{Action, Change};
pub use difference::unified;

/// A value on one line.
pub fn yaml(value: &Value) -> String {
    write::flow(value, false)
}

/// A text that was read for editing.
#[derive(Clone, Debug)]
pub struct Page {
    text: String,
    lines: Lines,
    outlines: Vec<Outline>,
    documents: Vec<Value>,
}

impl Page {
    /// Reads a text; nothing if it is no YAML, in which case nothing of it can be edited.
    pub fn new(text: &str) -> Option<Self> {
        let documents: Vec<Value> = parse(text).ok()?.iter().map(Tree::to_json).collect();
        let outlines = outlines(text).filter(|outlines| outlines.len() == documents.len())?;
        Some(Page { text: text.to_owned(), lines: Lines::new(text), outlines, documents })
    }

    /// What the documents say.
    pub fn documents(&self) -> &[Value] {
        &self.documents
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The line, from 1, of a field or, if it is not there, of what is next around it.
    pub fn line(&self, document: usize, path: &FieldPath) -> usize {
        let mut at = &self.outlines[document];
        for step in path.steps() {
            match at.step(step) {
                Some(inner) => at = inner,
                None => break,
            }
        }
        self.lines.number(at.range.start)
    }

    /// The text with all changes made; nothing if that cannot be done without touching anything else.
    pub fn changed(&self, changes: &[Change]) -> Option<String> {
        let splices = changes.iter().map(|change| splice::of(&self.text, &self.outlines, change));
        let text = splice::spliced(&self.text, splices.collect::<Option<Vec<_>>>()?)?;
        let read: Vec<Value> = parse(&text).ok()?.iter().map(Tree::to_json).collect();
        (read == meaning::changed(self.documents.clone(), changes)?).then_some(text)
    }
}

#[cfg(test)]
mod tests;
