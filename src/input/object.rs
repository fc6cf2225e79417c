//! Objects as they were written: what kind they are, where they are, and how to turn them into types.

use std::rc::Rc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::cluster::spec::{ObjectKey, Origin};

use super::diagnostics::{Diagnostic, Diagnostics, Severity};
use super::path::FieldPath;
use super::source::Source;
use super::tree::Tree;

/// A document, or an item of a `List`, that says what it is.
#[derive(Clone, Debug)]
pub struct RawObject {
    /// `apiVersion`.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// The whole object.
    pub tree: Tree,
    /// The text it is in.
    pub source: Rc<Source>,
}

/// A typed object that still knows where each field was written.
#[derive(Clone, Debug)]
pub struct Located<T> {
    /// The object.
    pub value: T,
    /// As it was written.
    pub raw: Rc<RawObject>,
}

/// Splits all documents of a source into objects, unpacking lists; what is no object is reported.
pub fn objects(source: &Rc<Source>, sink: &mut Diagnostics) -> Vec<RawObject> {
    let documents = source.documents(sink);
    documents.into_iter().flat_map(|document| unpack(source, document, sink)).collect()
}

/// The objects that a document holds: itself, or the items of a list.
pub fn unpack(source: &Rc<Source>, tree: Tree, sink: &mut Diagnostics) -> Vec<RawObject> {
    let text = |key: &str| tree.get(key).and_then(Tree::as_str).map(str::to_owned);
    let (Some(api_version), Some(kind)) = (text("apiVersion"), text("kind")) else {
        let missing = if text("kind").is_none() { "kind" } else { "apiVersion" };
        let message = format!("this is not a Kubernetes object: it has no `{missing}`");
        let help = "every document needs `apiVersion` and `kind`, such as `apiVersion: apps/v1` and `kind: Deployment`";
        sink.push(source.diagnostic(Severity::Error, tree.position, message).with_help(help));
        return Vec::new();
    };
    let is_list = kind.ends_with("List") && tree.get("items").is_some_and(|items| items.as_str().is_none());
    if !is_list {
        return vec![RawObject { api_version, kind, tree, source: Rc::clone(source) }];
    }
    let items = tree.get("items").map(Tree::elements).unwrap_or_default().to_vec();
    let item_kind = kind.strip_suffix("List").filter(|kind| !kind.is_empty());
    items.into_iter().flat_map(|item| unpack(source, typed_item(item, &api_version, item_kind), sink)).collect()
}

/// Items of a typed list such as `PodList` may leave out what they are.
fn typed_item(mut item: Tree, api_version: &str, kind: Option<&str>) -> Tree {
    use super::tree::{Entry, Node};
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
    /// Namespace and name as written, without defaults.
    pub fn key(&self) -> ObjectKey {
        let text = |path: &str| self.tree.at(&path.into()).and_then(Tree::as_str).unwrap_or_default().to_owned();
        ObjectKey { namespace: text("metadata.namespace"), name: text("metadata.name") }
    }

    /// Whether the object was printed by an API server: it has an identity or a state.
    pub fn is_live(&self) -> bool {
        let has = |path: &str| self.tree.at(&path.into()).is_some_and(|tree| !tree.is_blank());
        has("metadata.uid") || has("metadata.resourceVersion")
    }

    /// Makes the object say that it is of another version.
    pub fn rename_version(&mut self, version: &str) {
        use super::tree::Node;
        if let Node::Mapping(entries) = &mut self.tree.node
            && let Some(entry) = entries.iter_mut().find(|entry| entry.key == "apiVersion")
        {
            entry.value.node = Node::Scalar(Value::from(version));
        }
        self.api_version = version.to_owned();
    }

    /// Where a field was written.
    pub fn origin(&self, path: &FieldPath) -> Origin {
        self.source.origin(self.tree.position_of(path))
    }

    /// A diagnostic about a field.
    pub fn diagnostic(&self, severity: Severity, path: &FieldPath, message: impl Into<String>) -> Diagnostic {
        self.source.diagnostic(severity, self.tree.position_of(path), message)
    }

    /// An error about a field, with help.
    pub fn error(&self, path: &FieldPath, message: impl Into<String>, help: impl Into<String>) -> Diagnostic {
        self.diagnostic(Severity::Error, path, message).with_help(help)
    }

    /// A warning about a field, with help.
    pub fn warning(&self, path: &FieldPath, message: impl Into<String>, help: impl Into<String>) -> Diagnostic {
        self.diagnostic(Severity::Warning, path, message).with_help(help)
    }

    /// The object as a type; a wrong type of a field is reported at that field.
    pub fn decode<T: DeserializeOwned>(self: &Rc<Self>, sink: &mut Diagnostics) -> Option<Located<T>> {
        let value = self.decode_at(&FieldPath::root(), sink)?;
        Some(Located { value, raw: Rc::clone(self) })
    }

    /// A part of the object as a type.
    pub fn decode_at<T: DeserializeOwned>(&self, path: &FieldPath, sink: &mut Diagnostics) -> Option<T> {
        let part = self.tree.at(path)?;
        match serde_path_to_error::deserialize(part.to_json()) {
            Ok(value) => Some(value),
            Err(error) => {
                let inner = FieldPath::from(error.path());
                let position = self.position_below(part, &inner, error.inner(), path);
                let shown = inner.steps().last().map_or_else(|| self.kind.clone(), |_| inner.to_string());
                sink.push(self.source.diagnostic(Severity::Error, position, format!("{shown}: {}", error.inner())));
                None
            }
        }
    }

    /// An unknown field is best pointed at by its key, everything else by its value.
    fn position_below(
        &self,
        part: &Tree,
        inner: &FieldPath,
        error: &serde_json::Error,
        path: &FieldPath,
    ) -> super::tree::Position {
        let message = error.to_string();
        let unknown = message.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
        let parents = [part.at(&inner.parent()), part.at(inner)];
        match unknown
            .and_then(|key| parents.into_iter().flatten().flat_map(Tree::entries).find(|entry| entry.key == key))
        {
            Some(entry) => entry.position,
            None if inner.steps().is_empty() => self.tree.position_of(path),
            None => part.position_of(inner),
        }
    }
}

impl<T: Serialize> Located<T> {
    /// The object written back as a plain value, as far as its type knows it.
    pub fn written_back(&self) -> Value {
        serde_json::to_value(&self.value).unwrap_or(Value::Null)
    }
}

impl<T> Located<T> {
    /// Where the object begins.
    pub fn origin(&self) -> Origin {
        self.raw.source.origin(self.raw.tree.position)
    }
}
