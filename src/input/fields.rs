//! Fields of custom resources: which ones there are, so that those that there are not can be reported.
//!
//! Custom resources have no types here, so what is read of them is listed, and so is what is known and left alone.

use crate::input::census::{self, Census};
use crate::input::diagnostics::Diagnostics;
use crate::input::object::RawObject;
use crate::input::path::FieldPath;
use crate::input::tree::{Node, Tree};
use crate::input::typed::Unknown;

/// Reports what is written at `path` and is none of `fields`. Of a list every element is looked at.
pub fn report(raw: &RawObject, path: &str, fields: &[&str], census: &mut Census, sink: &mut Diagnostics) {
    let tree = raw.tree();
    let path = FieldPath::from(path);
    let Some(part) = tree.at(&path) else { return };
    let unknown = match &part.node {
        Node::Sequence(elements) => {
            elements.iter().enumerate().flat_map(|(index, it)| strange(it, &path.index(index), fields)).collect()
        }
        _ => strange(part, &path, fields),
    };
    census::report_unknown_fields(raw, unknown, census, sink);
}

fn strange(part: &Tree, path: &FieldPath, fields: &[&str]) -> Vec<Unknown> {
    let entries = part.entries().iter().filter(|entry| !fields.contains(&entry.key.as_str()) && !entry.value.is_null());
    entries.map(|entry| Unknown { path: path.key(&entry.key), position: entry.position }).collect()
}
