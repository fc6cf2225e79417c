//! What documents say once changes are made: the measure of every edit of their text.

use std::cmp::Reverse;

use serde_json::{Map, Value};

use crate::input::path::{FieldPath, Step};

use super::change::{Action, Change};

/// The documents with all changes made; nothing if one of them makes no sense.
pub fn changed(mut documents: Vec<Value>, changes: &[Change]) -> Option<Vec<Value>> {
    let (removals, others): (Vec<&Change>, Vec<&Change>) =
        changes.iter().partition(|change| change.action == Action::Remove);
    for change in others {
        let document = documents.get_mut(change.document)?;
        match &change.action {
            Action::Put(value) => put(document, change.path.steps(), value)?,
            Action::Replace(key, value) => replace(document, &change.path, key, value)?,
            Action::Remove => {}
        }
    }
    for change in last_first(removals) {
        match change.path.steps() {
            [] if change.document < documents.len() => drop(documents.remove(change.document)),
            _ => remove(documents.get_mut(change.document)?, &change.path)?,
        }
    }
    Some(documents)
}

/// Removals such that none moves what a later one is about.
fn last_first(mut removals: Vec<&Change>) -> Vec<&Change> {
    let index = |step: &Step| if let Step::Index(index) = step { *index } else { 0 };
    removals.sort_by_key(|change| {
        let places: Vec<usize> = change.path.steps().iter().map(index).collect();
        // Documents go after what is in them.
        Reverse((!change.path.steps().is_empty(), change.document, places))
    });
    removals
}

/// The value at a path, to be changed.
pub fn at<'v>(value: &'v mut Value, steps: &[Step]) -> Option<&'v mut Value> {
    steps.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get_mut(key),
        Step::Index(index) => value.get_mut(*index),
    })
}

fn put(value: &mut Value, steps: &[Step], new: &Value) -> Option<()> {
    let Some((first, rest)) = steps.split_first() else {
        *value = new.clone();
        return Some(());
    };
    match (value, first) {
        (Value::Object(map), Step::Key(key)) => {
            let inner = map.entry(key.clone()).or_insert_with(|| Value::Object(Map::new()));
            put(inner, rest, new)
        }
        (Value::Array(elements), Step::Index(index)) if *index < elements.len() => {
            put(&mut elements[*index], rest, new)
        }
        (Value::Array(elements), Step::Index(index)) if *index == elements.len() && rest.is_empty() => {
            elements.push(new.clone());
            Some(())
        }
        _ => None,
    }
}

fn replace(document: &mut Value, path: &FieldPath, key: &str, value: &Value) -> Option<()> {
    remove(document, path)?;
    put(document, path.parent().key(key).steps(), value)
}

fn remove(document: &mut Value, path: &FieldPath) -> Option<()> {
    let (last, parent) = path.steps().split_last()?;
    match (at(document, parent)?, last) {
        (Value::Object(map), Step::Key(key)) => map.shift_remove(key).map(drop),
        (Value::Array(elements), Step::Index(index)) if *index < elements.len() => {
            elements.remove(*index);
            Some(())
        }
        _ => None,
    }
}
