//! Finds fields of objects in their files again. Objects keep the place where they begin, fields do not: most are never
//! asked about.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs;
use std::path::Path;

use crate::cluster::object::spec::{ObjectKey, Origin};

use super::diagnostics::Diagnostics;
use super::object::{RawObject, objects};
use super::path::FieldPath;
use super::source;

/// Of files beyond this size fields are not looked for.
const MOST_BYTES: u64 = 8 << 20;

/// Files that were read again.
#[derive(Default)]
pub struct Finder {
    files: HashMap<String, Vec<RawObject>>,
}

impl Finder {
    /// Where a field of an object is, or the closest parent that is there. `None` where the object is not in a file that can be
    /// read again, or another one is in its place.
    pub fn field(&mut self, object: &Origin, key: &ObjectKey, path: &FieldPath) -> Option<Origin> {
        let file = match self.files.entry(object.file.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(read(Path::new(&object.file))),
        };
        let is_there = |it: &&RawObject| {
            let position = it.position();
            (position.line, position.column) == (object.line, object.column) && it.key().name == key.name
        };
        file.iter().find(is_there).map(|object| object.origin(path))
    }
}

/// The objects in a file; none if that is no plain file, for pipes are empty the second time.
fn read(path: &Path) -> Vec<RawObject> {
    if !fs::metadata(path).is_ok_and(|it| it.is_file() && it.len() <= MOST_BYTES) {
        return Vec::new();
    }
    let mut known = Diagnostics::default();
    source::read_file(path, &mut known).map_or(Vec::new(), |source| objects(&source, &mut known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_where_it_is_now_and_only_in_its_object() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("web.yaml");
        let text = "kind: A\napiVersion: v1\nmetadata: {name: a}\n---\nkind: B\napiVersion: v1\nmetadata: {name: b}\nspec:\n  size: 3\n";
        fs::write(&path, text).expect("written");
        let key = |name: &str| ObjectKey { namespace: String::new(), name: name.to_owned() };
        let begins = Origin { file: path.display().to_string(), line: 5, column: 1 };
        let mut finder = Finder::default();
        let mut at = |name: &str, field: &str| finder.field(&begins, &key(name), &field.into()).map(|it| it.line);
        assert_eq!((at("b", "spec.size"), at("b", "spec.absent"), at("a", "spec.size")), (Some(9), Some(8), None));
        let elsewhere = Origin { file: "-".to_owned(), ..begins };
        assert_eq!(Finder::default().field(&elsewhere, &key("b"), &"spec".into()), None);
    }
}
