//! Fields of objects as they are written, and what they say of other objects.

use crate::cluster::object::spec::ObjectKey;
use crate::input::object::RawObject;
use crate::input::path::FieldPath;
use crate::input::tree::Tree;

/// An object by its kind, namespace and name.
pub type Identity = (String, ObjectKey);

/// What an object says of its controller.
#[derive(Clone, Debug)]
pub struct Reference {
    /// Kind, and namespace and name.
    pub identity: Identity,
    /// Its uid.
    pub uid: Option<String>,
}

/// Whether two uids may be of one object.
pub fn is_same(one: Option<&str>, other: Option<&str>) -> bool {
    one.zip(other).is_none_or(|(one, other)| one == other)
}

/// The text at a path of a tree.
pub fn text(tree: &Tree, path: &str) -> Option<String> {
    tree.at(&path.into()).and_then(Tree::as_str).map(str::to_owned)
}

/// The number at a path of a tree.
pub fn number(tree: &Tree, path: &str) -> Option<u32> {
    let number = tree.at(&path.into())?.to_json().as_u64()?;
    u32::try_from(number).ok()
}

/// Who controls an object.
pub fn controller(raw: &RawObject) -> Option<Reference> {
    let tree = raw.tree();
    let owners = tree.at(&"metadata.ownerReferences".into())?.elements();
    let is_controller = |owner: &&Tree| owner.get("controller").is_some_and(|it| it.to_json().as_bool() == Some(true));
    let owner = owners.iter().find(is_controller)?;
    let key = ObjectKey { name: text(owner, "name")?, ..raw.full_key() };
    Some(Reference { identity: (text(owner, "kind")?, key), uid: text(owner, "uid") })
}

/// A part of an object, by a path with an index in it.
pub fn element(path: &str, index: usize, field: &str) -> FieldPath {
    FieldPath::from(path).index(index).field(field)
}
