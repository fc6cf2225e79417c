//! What the input says that the model does not: unknown fields, and known ones that are not modelled.
//!
//! Unknown fields are likely typing errors and reported one by one, where they are. Kinds and fields that Kubernetes
//! knows and the model does not are counted, and listed in one note, so that nothing is dropped in silence. What cannot
//! influence scheduling or scaling (volumes in general, probes, environment, …) is left out of that list.

use std::collections::BTreeMap;

use super::diagnostics::{Diagnostics, Severity};
use super::object::RawObject;
use super::path::FieldPath;
use super::tree::Tree;
use super::typed::Unknown;

/// Counts of what is not modelled.
#[derive(Clone, Debug, Default)]
pub struct Census {
    counts: BTreeMap<String, usize>,
}

/// Fields of a pod spec that can change what the modelled controllers do, and are not modelled.
const POD_FIELDS: [(&str, &str); 8] = [
    ("schedulingGates", "schedulingGates"),
    ("resourceClaims", "resourceClaims"),
    ("runtimeClassName", "runtimeClassName"),
    ("readinessGates", "readinessGates"),
    ("activeDeadlineSeconds", "activeDeadlineSeconds"),
    ("volumes[].persistentVolumeClaim", "persistentVolumeClaim volumes"),
    ("volumes[].ephemeral", "ephemeral volumes"),
    ("ephemeralContainers", "ephemeralContainers"),
];

impl Census {
    /// Counts something that is not modelled.
    pub fn count(&mut self, what: impl Into<String>) {
        *self.counts.entry(what.into()).or_insert(0) += 1;
    }

    /// Counts the fields of the pod spec at `path` that are not modelled.
    pub fn count_pod_fields(&mut self, object: &RawObject, path: &FieldPath) {
        let tree = object.tree();
        let Some(spec) = tree.at(path) else { return };
        for (field, name) in POD_FIELDS {
            if reaches(spec, field) {
                self.count(format!("{name} of a {}", object.kind));
            }
        }
    }

    /// Counts the fields of a StatefulSet that are not modelled.
    pub fn count_set_fields(&mut self, object: &RawObject) {
        if object.kind == "StatefulSet"
            && object.tree().at(&"spec.persistentVolumeClaimRetentionPolicy".into()).is_some()
        {
            self.count("persistentVolumeClaimRetentionPolicy of a StatefulSet");
        }
    }

    /// Adds what another one counted.
    pub fn append(&mut self, other: Census) {
        for (what, count) in other.counts {
            *self.counts.entry(what).or_insert(0) += count;
        }
    }

    /// The one note that lists everything, if there is anything.
    pub fn report(&self, sink: &mut Diagnostics) {
        if self.counts.is_empty() {
            return;
        }
        let entry =
            |(what, count): (&String, &usize)| if *count == 1 { what.clone() } else { format!("{what} (×{count})") };
        let list: Vec<String> = self.counts.iter().map(entry).collect();
        sink.note(format!("not modelled, and left out: {}", list.join(", ")));
    }
}

/// Whether anything is said at a pattern such as `volumes[].persistentVolumeClaim`.
fn reaches(tree: &Tree, pattern: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('.') else {
        return tree.get(pattern).is_some_and(|value| !value.is_blank());
    };
    match first.strip_suffix("[]") {
        Some(list) => tree.get(list).is_some_and(|list| list.elements().iter().any(|element| reaches(element, rest))),
        None => tree.get(first).is_some_and(|child| reaches(child, rest)),
    }
}

/// Reports fields that were written and that the type does not know.
///
/// In a manifest they are likely typing errors and reported one by one; what an API server printed is of another
/// version of Kubernetes and only counted.
pub fn report_unknown_fields(object: &RawObject, unknown: Vec<Unknown>, census: &mut Census, sink: &mut Diagnostics) {
    for Unknown { path, position } in unknown {
        if object.is_live() {
            census.count(format!("{path} of a {}", object.kind));
        } else {
            let message = format!("a {} has no field `{path}`; it is ignored", object.kind);
            let warning = object.source.diagnostic(Severity::Warning, position, message);
            sink.push(warning.with_help("check the spelling and the indentation"));
        }
    }
}
