//! YAML and JSON documents with the position of every value.
//!
//! Text becomes a stream of marked events (`saphyr-parser`), the events become [`Tree`]s, and trees become
//! `serde_json` values to be deserialised. Anchors, aliases and merge keys are resolved as YAML 1.1 does, scalars as the
//! core schema says. Depth and size are bounded, so that hostile input ends in an error rather than a crash.

use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};
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
#[derive(Clone, Debug)]
pub struct Tree {
    /// Where the value starts.
    pub position: Position,
    /// The value.
    pub node: Node,
}

/// The kinds of value.
#[derive(Clone, Debug)]
pub enum Node {
    /// `null`, a boolean, a number or a text.
    Scalar(Value),
    /// A sequence.
    Sequence(Vec<Tree>),
    /// A mapping in the order of the text, without duplicate keys.
    Mapping(Vec<Entry>),
}

/// A key of a mapping with its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key is.
    pub position: Position,
    /// The value.
    pub value: Tree,
}

/// Why a text is no YAML, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where reading stopped.
    pub position: Position,
    /// What was wrong there.
    pub message: String,
}

/// Nesting beyond this is refused.
const MAX_DEPTH: usize = 200;
/// More nodes than this that come from aliases are refused.
const MAX_ALIASED: usize = 100_000;

/// Reads all documents of a text; empty ones are skipped.
pub fn parse(text: &str) -> Result<Vec<Tree>, SyntaxError> {
    let mut builder = Builder::default();
    let mut documents = Vec::new();
    let mut parser = Parser::new_from_str(text);
    while let Some(next) = parser.next_event() {
        let (event, span) =
            next.map_err(|error| SyntaxError { position: position(error.marker()), message: error.info().to_owned() })?;
        if let Some(document) = builder.accept(event, span)? {
            documents.push(document);
        }
    }
    documents.retain(|document| !document.is_null());
    Ok(documents)
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

    fn size(&self) -> usize {
        1 + self.elements().iter().map(Tree::size).sum::<usize>()
            + self.entries().iter().map(|e| e.value.size()).sum::<usize>()
    }
}

/// A collection that is being read.
struct Open {
    position: Position,
    anchor: usize,
    children: Vec<Tree>,
    mapping: bool,
}

/// Turns events into trees.
#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    root: Option<Tree>,
    anchors: HashMap<usize, Tree>,
    aliased: usize,
}

impl Builder {
    /// Takes one event; returns a document when that ends it.
    fn accept(&mut self, event: Event<'_>, span: Span) -> Result<Option<Tree>, SyntaxError> {
        let at = position(&span.start);
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

    fn begin(&mut self, position: Position, anchor: usize, mapping: bool) -> Result<(), SyntaxError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(error(position, "this is nested too deeply"));
        }
        self.open.push(Open { position, anchor, children: Vec::new(), mapping });
        Ok(())
    }

    fn end(&mut self) -> Result<(), SyntaxError> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let node = if open.mapping { mapping(open.children)? } else { Node::Sequence(open.children) };
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

/// Pairs up keys and values, and carries out merge keys.
fn mapping(children: Vec<Tree>) -> Result<Node, SyntaxError> {
    let (mut entries, mut merged): (Vec<Entry>, Vec<Entry>) = (Vec::new(), Vec::new());
    let mut seen = HashSet::new();
    let mut children = children.into_iter();
    while let (Some(key), Some(value)) = (children.next(), children.next()) {
        let name = key_text(&key)?;
        if name == "<<" {
            merged.extend(merge_sources(value));
        } else if seen.insert(name.clone()) {
            entries.push(Entry { key: name, position: key.position, value });
        } else {
            return Err(error(key.position, &format!("the key `{name}` is given twice")));
        }
    }
    for entry in merged {
        if seen.insert(entry.key.clone()) {
            entries.push(entry);
        }
    }
    Ok(Node::Mapping(entries))
}

fn merge_sources(value: Tree) -> Vec<Entry> {
    match value.node {
        Node::Mapping(entries) => entries,
        Node::Sequence(elements) => elements.into_iter().flat_map(merge_sources).collect(),
        Node::Scalar(_) => Vec::new(),
    }
}

fn key_text(key: &Tree) -> Result<String, SyntaxError> {
    match &key.node {
        Node::Scalar(Value::String(text)) => Ok(text.clone()),
        Node::Scalar(other) => Ok(other.to_string()),
        _ => Err(error(key.position, "a key must be a plain text")),
    }
}

/// What an unquoted scalar means.
fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let unsigned = text.trim_start_matches(['+', '-']);
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Value::from(text);
    }
    let radix = |prefix: &str, radix: u32| {
        unsigned.strip_prefix(prefix).and_then(|digits| i64::from_str_radix(digits, radix).ok())
    };
    if let Some(number) = radix("0x", 16).or_else(|| radix("0o", 8)) {
        return Value::from(if text.starts_with('-') { -number } else { number });
    }
    integer(text).or_else(|| float(text)).unwrap_or_else(|| Value::from(text))
}

fn integer(text: &str) -> Option<Value> {
    text.parse::<i64>().map(Value::from).or_else(|_| text.parse::<u64>().map(Value::from)).ok()
}

fn float(text: &str) -> Option<Value> {
    let plausible = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
    let number = text.parse::<f64>().ok().filter(|number| plausible && number.is_finite())?;
    serde_json::Number::from_f64(number).map(Value::Number)
}

fn position(marker: &Marker) -> Position {
    Position { line: marker.line(), column: marker.col() + 1 }
}

fn error(position: Position, message: &str) -> SyntaxError {
    SyntaxError { position, message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn one(text: &str) -> Tree {
        parse(text).expect("valid YAML").into_iter().next().expect("a document")
    }

    #[test]
    fn scalars_follow_the_core_schema() {
        let tree = one("[1, -2, 0x10, 1.5, true, ~, yes, '1', 1.2.3, 1e3, 0o17, v1, .5, 18446744073709551615]");
        let expected = json!([1, -2, 16, 1.5, true, null, "yes", "1", "1.2.3", 1000.0, 15, "v1", 0.5, u64::MAX]);
        assert_eq!(tree.to_json(), expected);
    }

    #[test]
    fn anchors_and_merge_keys_are_resolved() {
        let tree = one("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\n");
        assert_eq!(tree.to_json()["use"], json!({"y": 3, "x": 1}));
    }

    #[test]
    fn positions_are_those_of_scalars_and_keys() {
        let tree = one("spec:\n  replicas: 3\n  list:\n  - name: a\n    size: 2\n");
        let at = |path: FieldPath| {
            let Position { line, column } = tree.position_of(&path);
            (line, column)
        };
        assert_eq!(at("spec.replicas".into()), (2, 13));
        assert_eq!(at("spec.list".into()), (3, 3));
        assert_eq!(at(FieldPath::from("spec.list").index(0).field("size")), (5, 11));
        assert_eq!(at("spec.missing.deeper".into()), (1, 1));
    }

    #[test]
    fn json_is_yaml_too() {
        let text = "{\n\t\"a\": [1, {\"b\": \"x\\/y\\u00e9\"}],\n\t\"c\":null}\n";
        assert_eq!(one(text).to_json(), json!({"a": [1, {"b": "x/yé"}], "c": null}));
    }

    #[test]
    fn documents_split_and_empty_ones_vanish() {
        let documents = parse("---\n# nothing\n---\na: 1\n---\n---\nb: 2\n").expect("valid YAML");
        assert_eq!(documents.len(), 2);
        assert_eq!(documents[1].position_of(&"b".into()).line, 7);
    }

    #[test]
    fn duplicates_depth_and_alias_bombs_are_errors() {
        assert_eq!(parse("a: 1\na: 2\n").expect_err("duplicate").position, Position { line: 2, column: 1 });
        assert!(parse(&"[".repeat(10_000)).is_err());
        let bomb: String = (1..30).fold("a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned(), |text, n| {
            let previous = format!("*a{}", n - 1);
            text + &format!("a{n}: &a{n} [{}]\n", [previous.as_str(); 9].join(","))
        });
        assert!(parse(&bomb).is_err());
    }
}
