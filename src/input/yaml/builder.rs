//! Events become trees.

use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, ScalarStyle};
use serde_json::Value;

use crate::input::tree::{Entry, Node, Position, Tree};

use super::scalar::resolve;
use super::{Repeated, SyntaxError, error};

/// Nesting beyond this is refused.
const MAX_DEPTH: usize = 200;
/// More nodes than this that come from aliases are refused.
const MAX_ALIASED: usize = 100_000;

/// A collection that is being read.
struct Open {
    position: Position,
    anchor: usize,
    children: Vec<Tree>,
    mapping: bool,
}

/// Turns events into trees.
#[derive(Default)]
pub struct Builder {
    open: Vec<Open>,
    root: Option<Tree>,
    anchors: HashMap<usize, Tree>,
    aliased: usize,
    repeated: Vec<Repeated>,
}

impl Builder {
    /// Keys that were given again in what was read since somebody asked last.
    pub fn take_repeated(&mut self) -> Vec<Repeated> {
        std::mem::take(&mut self.repeated)
    }

    /// Takes one event; returns a document when that ends it.
    pub fn accept(&mut self, event: Event<'_>, at: Position) -> Result<Option<Tree>, SyntaxError> {
        match event {
            Event::DocumentStart(_) => self.anchors.clear(),
            Event::DocumentEnd => return Ok(self.root.take()),
            Event::Scalar(text, style, anchor, tag) => {
                let explicit_text = tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str");
                let value = if style == ScalarStyle::Plain && !explicit_text {
                    resolve(&text)
                } else {
                    Value::from(text.as_ref())
                };
                self.push(Tree { position: at, node: Node::Scalar(value) }, anchor);
            }
            Event::SequenceStart(anchor, _) => self.begin(at, anchor, false)?,
            Event::MappingStart(anchor, _) => self.begin(at, anchor, true)?,
            Event::SequenceEnd | Event::MappingEnd => self.end()?,
            Event::Alias(anchor) => {
                let tree = self.alias(anchor, at)?;
                self.push(tree, 0);
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd => {}
        }
        Ok(None)
    }

    /// Takes the mapping that has just ended out of `items`, if it is an element of theirs, all before it have been
    /// taken, and it is known what it is: by itself, or by its list, of which that is returned too.
    pub fn take_item(&mut self) -> Option<(Tree, Option<(String, String)>)> {
        let [root, items] = self.open.as_mut_slice() else { return None };
        let listed = root.mapping && !items.mapping && root.anchor == 0 && items.anchor == 0;
        let (fields, key) = root.children.as_chunks::<2>();
        if !listed || items.children.len() != 1 || key.first().and_then(Tree::as_str) != Some("items") {
            return None;
        }
        let text = |name: &str| fields.iter().find(|[key, _]| key.as_str() == Some(name))?[1].as_str();
        let item = &items.children[0];
        let own = item.get("apiVersion").and_then(Tree::as_str).is_some()
            && item.get("kind").and_then(Tree::as_str).is_some();
        let list = match (text("apiVersion"), text("kind")) {
            (_, Some(kind)) if !kind.ends_with("List") => return None,
            (Some(version), Some(kind)) => Some((version.to_owned(), kind.to_owned())),
            _ if own => None,
            _ => return None,
        };
        items.children.pop().map(|item| (item, list))
    }

    fn begin(&mut self, position: Position, anchor: usize, mapping: bool) -> Result<(), SyntaxError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(error(position, "this is nested too deeply"));
        }
        self.open.push(Open { position, anchor, children: Vec::new(), mapping });
        Ok(())
    }

    fn end(&mut self) -> Result<(), SyntaxError> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let node = match open.mapping {
            true => mapping(open.children, &mut self.repeated)?,
            false => Node::Sequence(open.children),
        };
        self.push(Tree { position: open.position, node }, open.anchor);
        Ok(())
    }

    fn alias(&mut self, anchor: usize, at: Position) -> Result<Tree, SyntaxError> {
        let tree = self.anchors.get(&anchor).ok_or_else(|| error(at, "this alias refers to itself"))?;
        self.aliased += tree.size();
        if self.aliased > MAX_ALIASED {
            return Err(error(at, "this document is too large once its aliases are expanded"));
        }
        Ok(Tree { position: at, node: tree.node.clone() })
    }

    fn push(&mut self, tree: Tree, anchor: usize) {
        if anchor > 0 {
            self.anchors.insert(anchor, tree.clone());
        }
        match self.open.last_mut() {
            Some(open) => open.children.push(tree),
            None => self.root = Some(tree),
        }
    }
}

/// Pairs up keys and values, and carries out merge keys. Of a key that is given again the last value counts, as it does for
/// the API machinery.
fn mapping(children: Vec<Tree>, repeated: &mut Vec<Repeated>) -> Result<Node, SyntaxError> {
    let (mut entries, mut merged): (Vec<Entry>, Vec<Entry>) = (Vec::with_capacity(children.len() / 2), Vec::new());
    let mut keys = Keys::default();
    let mut children = children.into_iter();
    while let (Some(key), Some(value)) = (children.next(), children.next()) {
        let position = key.position;
        let name = key_text(key)?;
        if name == "<<" {
            merged.extend(merge_sources(value));
        } else if keys.insert(&name, &entries) {
            entries.push(Entry { key: name, position, value });
        } else if let Some(earlier) = entries.iter_mut().find(|entry| entry.key == name) {
            repeated.push(Repeated { key: name, before: earlier.position, position });
            (earlier.position, earlier.value) = (position, value);
        }
    }
    for entry in merged {
        if keys.insert(&entry.key, &entries) {
            entries.push(entry);
        }
    }
    Ok(Node::Mapping(entries))
}

/// Which keys a mapping has. Few keys are compared one by one.
#[derive(Default)]
struct Keys {
    many: HashSet<String>,
}

impl Keys {
    /// From so many keys on there is a set of them.
    const FEW: usize = 32;

    /// Whether `key` is not yet among `entries`, to which it is going to be added then.
    fn insert(&mut self, key: &str, entries: &[Entry]) -> bool {
        match entries.len() {
            ..Self::FEW => return entries.iter().all(|entry| entry.key != key),
            Self::FEW => self.many.extend(entries.iter().map(|entry| entry.key.clone())),
            _ => {}
        }
        self.many.insert(key.to_owned())
    }
}

fn merge_sources(value: Tree) -> Vec<Entry> {
    match value.node {
        Node::Mapping(entries) => entries,
        Node::Sequence(elements) => elements.into_iter().flat_map(merge_sources).collect(),
        Node::Scalar(_) => Vec::new(),
    }
}

fn key_text(key: Tree) -> Result<String, SyntaxError> {
    match key.node {
        Node::Scalar(Value::String(text)) => Ok(text),
        Node::Scalar(other) => Ok(other.to_string()),
        _ => Err(error(key.position, "a key must be a plain text")),
    }
}
