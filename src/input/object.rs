//! Objects as they were written: what kind they are, where they are, and how to turn them into types.

use std::borrow::Cow;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::cluster::object::spec::{ObjectKey, Origin};

use super::diagnostics::{Diagnostic, Diagnostics, Severity};
use super::path::FieldPath;
use super::source::{Role, Source};
use super::tree::{Entry, Node, Position, Tree};
use super::typed::{self, Unknown};
use super::yaml::{self, Item, Piece, Place, Reader, Repeated, SyntaxError};

/// A document, or an item of a `List`, that says what it is.
#[derive(Clone, Debug)]
pub struct RawObject {
    /// `apiVersion`.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// The text it is in.
    pub source: Arc<Source>,
    body: Body,
    live: bool,
}

/// The version in which scenarios are written.
pub const SCENARIO_VERSION: &str = "kubound.dev/v1alpha1";

/// What was written.
#[derive(Clone, Debug)]
enum Body {
    /// The whole object, and where it can be read again.
    Tree(Tree, Option<Place>),
    /// Where it can be read again when somebody asks: most objects are never asked about once they are typed.
    Place(Place),
}

/// A typed object that still knows where each field was written. Copies share the object.
#[derive(Debug)]
pub struct Located<T> {
    /// The object.
    pub value: Arc<T>,
    /// As it was written.
    pub raw: Arc<RawObject>,
}

impl<T> Clone for Located<T> {
    fn clone(&self) -> Self {
        Located { value: Arc::clone(&self.value), raw: Arc::clone(&self.raw) }
    }
}

/// Who takes the objects of a source.
pub trait Receiver {
    /// Takes an object.
    fn take(&mut self, object: RawObject);

    /// Takes what is wrong with the text, or with a document that is no object.
    fn report(&mut self, diagnostic: Diagnostic);

    /// Forgets all that it took: the text is going to be read once more, in another way.
    fn forget(&mut self);
}

/// Hands out the objects of a source one by one, unpacking lists. A text that is not valid holds none.
pub fn read(source: &Arc<Source>, receiver: &mut impl Receiver) {
    match source.role {
        Role::Configuration => return read_scenario(source, receiver),
        Role::Timing => return,
        Role::Given | Role::Scenario => {}
    }
    let outcome = read_pieces(source, true, receiver).or_else(|problem| match problem {
        Problem::NoList => {
            receiver.forget();
            read_pieces(source, false, receiver)
        }
        syntax => Err(syntax),
    });
    if let Err(Problem::Syntax(error)) = outcome {
        receiver.forget();
        match source.explain(error) {
            Ok(tree) => unpack(source, tree, None, receiver),
            Err(diagnostic) => receiver.report(diagnostic),
        }
    }
}

/// Hands out the scenario that is written in a configuration, whose errors its own reader reports.
fn read_scenario(source: &Arc<Source>, receiver: &mut impl Receiver) {
    let tree = yaml::parse(&source.text).ok().and_then(|mut trees| trees.first_mut()?.take("scenario"));
    let Some(spec) = tree.filter(|tree| matches!(tree.node, Node::Mapping(_))) else { return };
    let position = spec.position;
    let entry = |(key, value): (&str, Tree)| Entry { key: key.to_owned(), position, value };
    let text = |text: &str| Tree::from_json(Value::from(text), position);
    let entries = [("apiVersion", text(SCENARIO_VERSION)), ("kind", text("Scenario")), ("spec", spec)];
    let node = Node::Mapping(entries.map(entry).into());
    unpack(source, Tree { position, node }, None, receiver);
}

/// Why a text cannot be read piece by piece.
enum Problem {
    /// What looked like the items of a list belongs to something else.
    NoList,
    Syntax(SyntaxError),
}

fn read_pieces(source: &Arc<Source>, splitting: bool, receiver: &mut impl Receiver) -> Result<(), Problem> {
    let mut taken = false;
    let mut reader = Reader::new(&source.text, splitting);
    while let Some(piece) = reader.next() {
        let again = reader.take_repeated();
        again.iter().for_each(|key| receiver.report(repeated(source, key)));
        match piece.map_err(Problem::Syntax)? {
            Piece::Item(Item { tree, place, list }) => {
                taken = true;
                let tree = match &list {
                    Some((version, kind)) => typed_item(tree, version, item_kind(kind)),
                    None => tree,
                };
                unpack(source, tree, Some(place), receiver);
            }
            Piece::Document(tree, place) => {
                let kind = tree.get("kind").and_then(Tree::as_str);
                // Items that were handed out are not those that count if what is a list was said twice.
                let is_vague = again.iter().any(|it| ["apiVersion", "kind", "items"].contains(&it.key.as_str()));
                if taken && (is_vague || !kind.is_some_and(|kind| kind.ends_with("List"))) {
                    return Err(Problem::NoList);
                }
                taken = false;
                unpack(source, tree, Some(place), receiver);
            }
        }
    }
    Ok(())
}

/// A warning of a key that is given again.
fn repeated(source: &Source, key: &Repeated) -> Diagnostic {
    let message = format!("the key `{}` is given twice; the last one counts", key.key);
    let help = format!("the one before is at line {}: keep one of them", key.before.line);
    source.diagnostic(Severity::Warning, key.position, message).with_help(help)
}

/// All objects of a source; what is no object is reported.
pub fn objects(source: &Arc<Source>, sink: &mut Diagnostics) -> Vec<RawObject> {
    let mut list = List::default();
    read(source, &mut list);
    list.problems.into_iter().for_each(|problem| sink.push(problem));
    list.objects
}

/// Keeps objects.
#[derive(Default)]
struct List {
    objects: Vec<RawObject>,
    problems: Vec<Diagnostic>,
}

impl Receiver for List {
    fn take(&mut self, object: RawObject) {
        self.objects.push(object);
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.problems.push(diagnostic);
    }

    fn forget(&mut self) {
        *self = List::default();
    }
}

/// The objects in a tree that belongs to a source: itself, or the items of a list.
pub fn unpacked(source: &Arc<Source>, tree: Tree, sink: &mut Diagnostics) -> Vec<RawObject> {
    let mut list = List::default();
    unpack(source, tree, None, &mut list);
    list.problems.into_iter().for_each(|problem| sink.push(problem));
    list.objects
}

/// Hands out the objects that a document holds: itself, or the items of a list.
fn unpack(source: &Arc<Source>, mut tree: Tree, place: Option<Place>, receiver: &mut impl Receiver) {
    let text = |key: &str| tree.get(key).and_then(Tree::as_str).map(str::to_owned);
    let (Some(api_version), Some(kind)) = (text("apiVersion"), text("kind")) else {
        let missing = if text("kind").is_none() { "kind" } else { "apiVersion" };
        let message = format!("this is not a Kubernetes object: it has no `{missing}`");
        let help = "every document needs `apiVersion` and `kind`, such as `apiVersion: apps/v1` and `kind: Deployment`";
        receiver.report(source.diagnostic(Severity::Error, tree.position, message).with_help(help));
        return;
    };
    if kind.ends_with("List")
        && let Some(items) = tree.take("items").filter(|items| items.as_str().is_none())
    {
        for item in items.into_elements() {
            unpack(source, typed_item(item, &api_version, item_kind(&kind)), None, receiver);
        }
        return;
    }
    receiver.take(RawObject::new(source, (api_version, kind), tree, place));
}

/// The kind of the items of a list, if the list tells.
fn item_kind(list: &str) -> Option<&str> {
    list.strip_suffix("List").filter(|kind| !kind.is_empty())
}

/// Items of a typed list such as `PodList` may leave out what they are.
fn typed_item(mut item: Tree, api_version: &str, kind: Option<&str>) -> Tree {
    let position = item.position;
    let (missing_version, missing_kind) = (item.get("apiVersion").is_none(), item.get("kind").is_none());
    if let (Node::Mapping(entries), Some(kind)) = (&mut item.node, kind) {
        let mut add = |key: &str, text: &str| {
            entries.push(Entry { key: key.to_owned(), position, value: Tree::from_json(Value::from(text), position) });
        };
        if missing_version {
            add("apiVersion", api_version);
        }
        if missing_kind {
            add("kind", kind);
        }
    }
    item
}

impl RawObject {
    fn new(source: &Arc<Source>, (api_version, kind): (String, String), tree: Tree, place: Option<Place>) -> Self {
        let says = |key: &str| {
            let value = tree.get("metadata").and_then(|metadata| metadata.get(key));
            value.is_some_and(|value| !value.is_blank())
        };
        let live = says("uid") || says("resourceVersion");
        RawObject { api_version, kind, source: Arc::clone(source), body: Body::Tree(tree, place), live }
    }

    /// A document that is no object, but has places like one.
    pub fn of_document(source: &Arc<Source>, kind: &str, tree: Tree) -> Self {
        RawObject::new(source, (String::new(), kind.to_owned()), tree, None)
    }

    /// The same object with another content, which is not in its text.
    #[must_use]
    pub fn with_tree(&self, tree: Tree) -> Self {
        RawObject { body: Body::Tree(tree, None), ..self.clone() }
    }

    /// The whole object; it may have to be read again.
    pub fn tree(&self) -> Cow<'_, Tree> {
        match &self.body {
            Body::Tree(tree, _) => Cow::Borrowed(tree),
            Body::Place(place) => {
                let missing = || Tree { position: place.start, node: Node::Scalar(Value::Null) };
                Cow::Owned(self.source.tree_at(*place).unwrap_or_else(missing))
            }
        }
    }

    /// Where it begins.
    pub fn position(&self) -> Position {
        match &self.body {
            Body::Tree(tree, _) => tree.position,
            Body::Place(place) => place.start,
        }
    }

    /// The same, without its tree where that can be read again.
    #[must_use]
    pub fn without_tree(self) -> Self {
        match self.body {
            Body::Tree(_, Some(place)) => RawObject { body: Body::Place(place), ..self },
            _ => self,
        }
    }

    /// Namespace and name as written, without defaults.
    pub fn key(&self) -> ObjectKey {
        let tree = self.tree();
        let text = |path: &str| tree.at(&path.into()).and_then(Tree::as_str).unwrap_or_default().to_owned();
        ObjectKey { namespace: text("metadata.namespace"), name: text("metadata.name") }
    }

    /// Namespace and name; `default` where no namespace is written.
    pub fn full_key(&self) -> ObjectKey {
        let ObjectKey { namespace, name } = self.key();
        let namespace = if namespace.is_empty() { "default".to_owned() } else { namespace };
        ObjectKey { namespace, name }
    }

    /// Whether the object was printed by an API server: it has an identity or a state.
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// Makes the object say that it is of another version.
    pub fn rename_version(&mut self, version: &str) {
        let mut tree = self.tree().into_owned();
        if let Node::Mapping(entries) = &mut tree.node
            && let Some(entry) = entries.iter_mut().find(|entry| entry.key == "apiVersion")
        {
            entry.value.node = Node::Scalar(Value::from(version));
        }
        self.body = Body::Tree(tree, None);
        self.api_version = version.to_owned();
    }

    /// Where a field was written.
    pub fn origin(&self, path: &FieldPath) -> Origin {
        self.source.origin(self.tree().position_of(path))
    }

    /// A diagnostic about a field.
    pub fn diagnostic(&self, severity: Severity, path: &FieldPath, message: impl Into<String>) -> Diagnostic {
        self.source.diagnostic(severity, self.tree().position_of(path), message)
    }

    /// An error about a field, with help.
    pub fn error(&self, path: &FieldPath, message: impl Into<String>, help: impl Into<String>) -> Diagnostic {
        self.diagnostic(Severity::Error, path, message).with_help(help)
    }

    /// A warning about a field, with help.
    pub fn warning(&self, path: &FieldPath, message: impl Into<String>, help: impl Into<String>) -> Diagnostic {
        self.diagnostic(Severity::Warning, path, message).with_help(help)
    }

    /// The object as a Kubernetes type, and the fields that the type does not know; a wrong type of a field is reported
    /// at that field.
    pub fn decode<T: DeserializeOwned>(&self, sink: &mut Diagnostics) -> Option<(T, Vec<Unknown>)> {
        let tree = self.tree();
        let read = typed::read(&tree);
        read.map_err(|error| self.report(&tree, &FieldPath::root(), &error, sink)).ok()
    }

    /// A part of the object as a type of ours.
    pub fn decode_at<T: DeserializeOwned>(&self, path: &FieldPath, sink: &mut Diagnostics) -> Option<T> {
        let tree = self.tree();
        let part = tree.at(path)?;
        let read = serde_path_to_error::deserialize(part.to_json());
        read.map_err(|error| self.report(part, path, &error, sink)).ok()
    }

    /// Reports why the part at `path` cannot be read.
    fn report(
        &self,
        part: &Tree,
        path: &FieldPath,
        error: &serde_path_to_error::Error<serde_json::Error>,
        sink: &mut Diagnostics,
    ) {
        let inner = FieldPath::from(error.path());
        let position = typed::blamed(part, error).unwrap_or_else(|| self.tree().position_of(path));
        let shown = inner.steps().last().map_or_else(|| self.kind.clone(), |_| inner.to_string());
        sink.push(self.source.diagnostic(Severity::Error, position, format!("{shown}: {}", error.inner())));
    }
}

impl<T> Located<T> {
    /// A typed object, which needs its tree no more.
    pub fn new(value: T, raw: RawObject) -> Self {
        Located { value: Arc::new(value), raw: Arc::new(raw.without_tree()) }
    }

    /// Where the object begins.
    pub fn origin(&self) -> Origin {
        self.raw.source.origin(self.raw.position())
    }
}
