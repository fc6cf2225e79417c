//! Configurations of the scheduler and the descheduler inside ConfigMaps, as charts ship them.

use std::sync::Arc;

use super::diagnostics::Diagnostics;
use super::object::{self, RawObject};
use super::source::Source;
use super::tree::Tree;

/// Kinds that are looked for.
const KINDS: [&str; 2] = ["DeschedulerPolicy", "KubeSchedulerConfiguration"];

/// The configurations in a ConfigMap. A text that mentions one and cannot be read is warned of.
pub(super) fn configurations(map: &RawObject, sink: &mut Diagnostics) -> Vec<RawObject> {
    let tree = map.tree();
    let texts = tree.get("data").map(Tree::entries).unwrap_or_default();
    let mut found = Vec::new();
    for entry in texts {
        let Some(text) = entry.value.as_str().filter(|text| KINDS.iter().any(|kind| text.contains(kind))) else {
            continue;
        };
        let name = format!("{} ({} in ConfigMap {})", map.source.name, entry.key, map.key());
        let source = Arc::new(Source::from_memory(&name, text));
        let mut problems = Diagnostics::default();
        let objects = object::objects(&source, &mut problems);
        if problems.has_errors() {
            let path = super::path::FieldPath::from("data").key(&entry.key);
            let message =
                format!("`{}` mentions a {} and cannot be read; it is ignored", entry.key, KINDS.join(" or a "));
            sink.push(map.warning(&path, message, "give the configuration in a file of its own"));
        } else {
            sink.append(problems);
        }
        found.extend(objects.into_iter().filter(|object| KINDS.contains(&object.kind.as_str())));
    }
    for object in &found {
        sink.note(format!("{}: this {} is taken for that of the cluster", object.source.name, object.kind));
    }
    found
}
