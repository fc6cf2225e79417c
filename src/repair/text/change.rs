//! What is to be changed.

use serde_json::Value;

use crate::input::path::FieldPath;

/// What becomes of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// It has this value; it is added, with the mappings around it, if it is not there. An element may be added at the end
    /// of a sequence.
    Put(Value),
    /// Another field stands in its place.
    Replace(String, Value),
    /// It is gone. Without a path, the document is.
    Remove,
}

/// A change of a document.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Which document of its text, from 0, without those that say nothing.
    pub document: usize,
    /// The field.
    pub path: FieldPath,
    /// What becomes of it.
    pub action: Action,
}
