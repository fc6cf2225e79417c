//! Documents with the position of every value.
//!
//! Text becomes trees in [`super::yaml`]; trees become types in [`super::typed`], or plain `serde_json` values.

use serde_json::{Map, Value};

use super::path::{FieldPath, Step};

/// A 1-based position in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// 1-based line.
    pub line: usize,
    /// 1-based column, in characters.
    pub column: usize,
}

/// A value and where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    /// Where the value starts.
    pub position: Position,
    /// The value.
    pub node: Node,
}

/// The kinds of value.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// `null`, a boolean, a number or a text.
    Scalar(Value),
    /// A sequence.
    Sequence(Vec<Tree>),
    /// A mapping in the order of the text. Each key is there once, with its last value, at the place of its first.
    Mapping(Vec<Entry>),
}

/// A key of a mapping with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key is.
    pub position: Position,
    /// The value.
    pub value: Tree,
}

impl Tree {
    /// The value of a key, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Tree> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The entries, if this is a mapping, else none.
    pub fn entries(&self) -> &[Entry] {
        match &self.node {
            Node::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The elements, if this is a sequence, else none.
    pub fn elements(&self) -> &[Tree] {
        match &self.node {
            Node::Sequence(elements) => elements,
            _ => &[],
        }
    }

    /// Takes the value of a key out, if this is a mapping that has it.
    pub fn take(&mut self, key: &str) -> Option<Tree> {
        let Node::Mapping(entries) = &mut self.node else { return None };
        let index = entries.iter().position(|entry| entry.key == key)?;
        Some(entries.remove(index).value)
    }

    /// The elements, if this is a sequence, else none.
    pub fn into_elements(self) -> Vec<Tree> {
        match self.node {
            Node::Sequence(elements) => elements,
            _ => Vec::new(),
        }
    }

    /// The text, if this is one.
    pub fn as_str(&self) -> Option<&str> {
        match &self.node {
            Node::Scalar(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// Whether this is `null` or nothing at all.
    pub fn is_null(&self) -> bool {
        matches!(&self.node, Node::Scalar(Value::Null))
    }

    /// Whether this says nothing: `null`, an empty mapping or an empty sequence.
    pub fn is_blank(&self) -> bool {
        match &self.node {
            Node::Scalar(value) => value.is_null(),
            Node::Sequence(elements) => elements.is_empty(),
            Node::Mapping(entries) => entries.is_empty(),
        }
    }

    /// The value at a path.
    pub fn at(&self, path: &FieldPath) -> Option<&Tree> {
        path.steps().iter().try_fold(self, |tree, step| tree.step(step).map(|(_, value)| value))
    }

    /// Where the field at a path is: a scalar itself, the key of anything larger, and of a field that is not there the
    /// closest parent that is.
    pub fn position_of(&self, path: &FieldPath) -> Position {
        let (mut tree, mut key) = (self, None);
        for step in path.steps() {
            let Some((position, value)) = tree.step(step) else { return key.unwrap_or(tree.position) };
            (tree, key) = (value, position);
        }
        match &tree.node {
            Node::Scalar(value) if !value.is_null() => tree.position,
            _ => key.unwrap_or(tree.position),
        }
    }

    /// The plain value.
    pub fn to_json(&self) -> Value {
        match &self.node {
            Node::Scalar(value) => value.clone(),
            Node::Sequence(elements) => elements.iter().map(Tree::to_json).collect(),
            Node::Mapping(entries) => {
                entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json())).collect::<Map<_, _>>().into()
            }
        }
    }

    /// A tree of a plain value, all of it at one place.
    pub fn from_json(value: Value, position: Position) -> Tree {
        let node = match value {
            Value::Array(elements) => {
                Node::Sequence(elements.into_iter().map(|e| Tree::from_json(e, position)).collect())
            }
            Value::Object(map) => Node::Mapping(
                map.into_iter()
                    .map(|(key, value)| Entry { key, position, value: Tree::from_json(value, position) })
                    .collect(),
            ),
            scalar => Node::Scalar(scalar),
        };
        Tree { position, node }
    }

    fn step(&self, step: &Step) -> Option<(Option<Position>, &Tree)> {
        match step {
            Step::Key(key) => {
                self.entries().iter().find(|entry| entry.key == *key).map(|entry| (Some(entry.position), &entry.value))
            }
            Step::Index(index) => self.elements().get(*index).map(|value| (None, value)),
        }
    }

    /// The number of values in it, itself included.
    pub fn size(&self) -> usize {
        1 + self.elements().iter().map(Tree::size).sum::<usize>()
            + self.entries().iter().map(|e| e.value.size()).sum::<usize>()
    }
}
