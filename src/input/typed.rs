//! Trees become Kubernetes types.
//!
//! Types read trees as they are, without a plain value in between, and what they ask to ignore is what they do not
//! know: fields of another version of Kubernetes, or typing errors. A scalar is read as `serde_json` reads it, with its
//! messages.

use std::cell::RefCell;

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::Error;

use super::path::FieldPath;
use super::tree::{Entry, Node, Position, Tree};

/// A field that a type does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// Where it is in the tree.
    pub path: FieldPath,
    /// Where its key is in the text.
    pub position: Position,
}

/// Reads a type, and the fields that it does not know and that say something, in the order of the text. Of what cannot be
/// read, the place in the tree is told, too.
pub fn read<T: DeserializeOwned>(tree: &Tree) -> Result<(T, Vec<Unknown>), serde_path_to_error::Error<Error>> {
    let unknown = RefCell::new(Vec::new());
    let field = || Field { tree, key: tree.position, path: &Path::Root, unknown: &unknown };
    let value = match T::deserialize(field()) {
        Ok(value) => value,
        // Keeping track of the path takes longer than reading, and is rarely needed.
        Err(_) => serde_path_to_error::deserialize(field())?,
    };
    Ok((value, unknown.into_inner()))
}

/// Where the field is that an error is about, if it is about one inside the tree. An unknown field is best pointed at by its
/// key, everything else by its value.
pub fn blamed(tree: &Tree, error: &serde_path_to_error::Error<Error>) -> Option<Position> {
    let (inner, message) = (FieldPath::from(error.path()), error.inner().to_string());
    let unknown = message.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
    let parents = [tree.at(&inner.parent()), tree.at(&inner)];
    let entry =
        unknown.and_then(|key| parents.into_iter().flatten().flat_map(Tree::entries).find(|entry| entry.key == key));
    match entry {
        Some(entry) => Some(entry.position),
        None if inner.steps().is_empty() => None,
        None => Some(tree.position_of(&inner)),
    }
}

/// The way to a field.
#[derive(Clone, Copy)]
enum Path<'p> {
    Root,
    Key(&'p Path<'p>, &'p str),
    Index(&'p Path<'p>, usize),
}

impl Path<'_> {
    fn to_field_path(self) -> FieldPath {
        match self {
            Path::Root => FieldPath::root(),
            Path::Key(parent, key) => parent.to_field_path().key(key),
            Path::Index(parent, index) => parent.to_field_path().index(index),
        }
    }
}

/// A tree inside another, to be read.
#[derive(Clone, Copy)]
struct Field<'de, 'p> {
    tree: &'de Tree,
    /// Where its key is.
    key: Position,
    path: &'p Path<'p>,
    unknown: &'p RefCell<Vec<Unknown>>,
}

impl<'de> Deserializer<'de> for Field<'de, '_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.tree.node {
            Node::Scalar(value) => value.deserialize_any(visitor),
            Node::Sequence(elements) => {
                let mut rest = Elements { field: self, elements, index: 0 };
                let value = visitor.visit_seq(&mut rest)?;
                let all_read = rest.index == elements.len();
                all_read
                    .then_some(value)
                    .ok_or_else(|| Error::invalid_length(elements.len(), &"fewer elements in array"))
            }
            Node::Mapping(entries) => {
                let mut rest = Entries { field: self, entries, value: None };
                let value = visitor.visit_map(&mut rest)?;
                let all_read = rest.entries.is_empty();
                all_read.then_some(value).ok_or_else(|| Error::invalid_length(entries.len(), &"fewer elements in map"))
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.tree.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if !self.tree.is_null() {
            self.unknown.borrow_mut().push(Unknown { path: self.path.to_field_path(), position: self.key });
        }
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct enum identifier
    }
}

struct Elements<'de, 'p> {
    field: Field<'de, 'p>,
    elements: &'de [Tree],
    index: usize,
}

impl<'de> SeqAccess<'de> for Elements<'de, '_> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        let Some(tree) = self.elements.get(self.index) else { return Ok(None) };
        let path = Path::Index(self.field.path, self.index);
        self.index += 1;
        seed.deserialize(Field { tree, key: tree.position, path: &path, unknown: self.field.unknown }).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.elements.len() - self.index)
    }
}

struct Entries<'de, 'p> {
    field: Field<'de, 'p>,
    entries: &'de [Entry],
    value: Option<&'de Entry>,
}

impl<'de> MapAccess<'de> for Entries<'de, '_> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        let Some((entry, rest)) = self.entries.split_first() else { return Ok(None) };
        self.entries = rest;
        self.value = Some(entry);
        let key: StrDeserializer<'_, Error> = entry.key.as_str().into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let entry = self.value.take().ok_or_else(|| Error::custom("value is missing"))?;
        let path = Path::Key(self.field.path, &entry.key);
        seed.deserialize(Field { tree: &entry.value, key: entry.position, path: &path, unknown: self.field.unknown })
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::yaml;
    use k8s_openapi::api::core::v1::Pod;

    fn pod(spec: &str) -> Tree {
        let text = format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n{spec}");
        yaml::parse(&text).expect("valid YAML").remove(0)
    }

    #[test]
    fn types_read_trees_and_tell_what_they_do_not_know() {
        let tree = pod(
            "  containers:\n  - name: c\n    imag: x\n    ports: [{containerPort: 80}]\n  hostz: null\n  nodename: n\n",
        );
        let (typed, unknown): (Pod, _) = read(&tree).expect("a pod");
        assert_eq!(serde_json::from_value::<Pod>(tree.to_json()).ok(), Some(typed));
        let told: Vec<_> =
            unknown.iter().map(|it| (it.path.to_string(), it.position.line, it.position.column)).collect();
        assert_eq!(told, [("spec.containers[0].imag".to_owned(), 7, 5), ("spec.nodename".to_owned(), 10, 3)]);
    }

    #[test]
    fn errors_are_those_of_plain_values_and_have_a_path() {
        for spec in [
            "  containers: 3\n",
            "  containers: [{name: 1.5}]\n",
            "  priority: high\n",
            "  nodeName: [a]\n",
            "  priority: 99999999999\n",
        ] {
            let tree = pod(spec);
            let plain = serde_path_to_error::deserialize::<_, Pod>(tree.to_json()).expect_err("a wrong type");
            let error = read::<Pod>(&tree).expect_err("a wrong type");
            assert_eq!(
                (error.path().to_string(), error.inner().to_string()),
                (plain.path().to_string(), plain.inner().to_string())
            );
        }
    }
}
