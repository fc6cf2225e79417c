//! What the input says that the model does not: unknown fields, and known ones that are not modelled.
//!
//! Unknown fields are likely typing errors and reported one by one, where they are. Kinds and fields that Kubernetes
//! knows and the model does not are counted, and listed in notes, so that nothing is dropped in silence. Kinds that could
//! matter are named with what they could do, and verdicts name them, too; of the others only the number of objects is told. Fields that cannot
//! influence scheduling or scaling (volumes in general, probes, environment, …) are not.

use std::collections::BTreeMap;

use super::diagnostics::{Diagnostics, Severity};
use super::influence;
use super::object::RawObject;
use super::path::FieldPath;
use super::tree::Tree;
use super::typed::Unknown;

/// Counts of what is not modelled.
#[derive(Clone, Debug, Default)]
pub struct Census {
    counts: BTreeMap<String, usize>,
    /// Objects of kinds that change neither pods nor nodes nor sizes.
    bystanders: usize,
    /// Kinds that may change them: how many objects there are, and what they could do.
    absent: BTreeMap<String, (usize, &'static str)>,
}

/// Fields of a pod spec that can change what the modelled controllers do, and are not modelled.
const POD_FIELDS: [(&str, &str); 6] = [
    ("runtimeClassName", "runtimeClassName"),
    ("readinessGates", "readinessGates"),
    ("activeDeadlineSeconds", "activeDeadlineSeconds"),
    ("volumes[].persistentVolumeClaim", "persistentVolumeClaim volumes"),
    ("volumes[].ephemeral", "ephemeral volumes"),
    ("ephemeralContainers", "ephemeralContainers"),
];

/// Fields of a pod spec that hold pods back, and how.
const HOLDING: [(&str, &str); 2] = [
    ("schedulingGates", "hold pods back until something lifts them"),
    ("resourceClaims", "hold pods back, or bind them to nodes"),
];

impl Census {
    /// Counts something that is not modelled.
    pub fn count(&mut self, what: impl Into<String>) {
        *self.counts.entry(what.into()).or_insert(0) += 1;
    }

    /// Counts an object of a kind that is not modelled.
    pub fn count_object(&mut self, object: &RawObject) {
        match influence::of(object) {
            None => self.bystanders += 1,
            Some(could) => self.leave_out(&object.kind, could),
        }
    }

    /// Counts something that is not modelled and that may change pods, nodes or sizes.
    pub fn leave_out(&mut self, what: &str, could: &'static str) {
        self.absent.entry(what.to_owned()).or_insert((0, could)).0 += 1;
    }

    /// Whether objects of a kind are left out: all of them, or those with a field.
    pub fn leaves_out(&self, kind: &str) -> bool {
        let some = format!("{kind} with ");
        self.absent.keys().any(|what| what == kind || what.starts_with(&some))
    }

    /// Takes what is left out under a name to leave pods, nodes and sizes as they are: verdicts are not without it. Whether
    /// there is any.
    pub fn take_for_steady(&mut self, name: &str) -> bool {
        let names = [name.to_owned(), format!("{name} that is not given")];
        let taken: Vec<usize> = names.iter().filter_map(|it| self.absent.remove(it)).map(|(count, _)| count).collect();
        let what = format!("{name}, taken to be steady");
        taken.iter().for_each(|count| *self.counts.entry(what.clone()).or_insert(0) += count);
        !taken.is_empty()
    }

    /// Kinds of objects that are not modelled and that may change pods, nodes or sizes.
    pub fn absent(&self) -> impl Iterator<Item = &str> {
        self.absent.keys().map(String::as_str)
    }

    /// Counts the fields of the pod spec at `path` that are not modelled.
    pub fn count_pod_fields(&mut self, object: &RawObject, path: &FieldPath) {
        let tree = object.tree();
        let Some(spec) = tree.at(path) else { return };
        let ends = matches!(object.kind.as_str(), "Job" | "CronJob");
        for (field, name) in POD_FIELDS {
            if reaches(spec, field) && !(ends && field == "activeDeadlineSeconds") {
                self.count(format!("{name} of a {}", object.kind));
            }
        }
        for (field, could) in HOLDING {
            if reaches(spec, field) {
                self.leave_out(field, could);
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
        self.bystanders += other.bystanders;
        for (kind, (count, could)) in other.absent {
            self.absent.entry(kind).or_insert((0, could)).0 += count;
        }
    }

    /// Notes of everything, if there is anything: what could matter by name and with what it could do.
    pub fn report(&self, sink: &mut Diagnostics) {
        let listed = self.counts.iter().map(|(what, &count)| times(what, count));
        let rest = match self.bystanders {
            0 => None,
            1 => Some("1 object that changes neither pods nor nodes".to_owned()),
            several => Some(format!("{several} objects that change neither pods nor nodes")),
        };
        let list: Vec<String> = listed.chain(rest).collect();
        if !list.is_empty() {
            sink.note(format!("not modelled, and left out: {}", list.join(", ")));
        }
        if !self.absent.is_empty() {
            let entry = |(kind, &(count, could)): (&String, &(usize, _))| format!("{} {could}", times(kind, count));
            let list: Vec<String> = self.absent.iter().map(entry).collect();
            sink.note(format!("not modelled, and verdicts are without it: {}", list.join("; ")));
        }
    }
}

fn times(what: &str, count: usize) -> String {
    if count == 1 { what.to_owned() } else { format!("{what} (×{count})") }
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
