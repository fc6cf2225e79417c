//! What is known to be violated and accepted, with a reason: annotations of objects, and rules of a
//! [configuration](super::config).
//!
//! `kubound.dev/ignore: property=reason` on an object, several separated by `;` or lines. It is about the workloads that
//! the object stands for: itself, the target of an autoscaler, those whose pods a budget selects. What cannot be
//! understood ignores nothing, and says so in a warning at its place.

use crate::cluster::object::budget;
use crate::cluster::object::spec::{ClusterSpec, ObjectKey, Origin, Workload};
use crate::property::{self, NAMES};

use super::diagnostics::{Diagnostic, Diagnostics, Severity};
use super::object::RawObject;
use super::path::FieldPath;
use super::suggest;
use super::visible::visible;

/// The annotation.
pub const ANNOTATION: &str = "kubound.dev/ignore";

/// Kinds whose annotation is about workloads; the others own no pods and have no part in how many there are.
const KINDS: [&str; 10] =
    ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod", HORIZONTAL, BUDGET, SCALED];
const HORIZONTAL: &str = "HorizontalPodAutoscaler";
const BUDGET: &str = "PodDisruptionBudget";
const SCALED: &str = "ScaledObject";

/// A violation that does not count.
#[derive(Clone, Debug)]
pub struct Ignore {
    /// The property.
    pub property: String,
    /// What it is ignored of.
    pub about: Whom,
    /// Why.
    pub reason: String,
    /// Whether it is written in the object itself, and not in a configuration.
    pub in_source: bool,
    /// Where it is written.
    pub origin: Origin,
    /// The text of that line.
    pub line_text: Option<String>,
}

/// What a property is ignored of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// All that it is about.
    All,
    /// Workloads whose names, as reports show them, match.
    Named(glob::Pattern),
    /// What an object stands for.
    Object {
        /// Its kind.
        kind: String,
        /// Its namespace (`default` unless given) and name.
        key: ObjectKey,
    },
}

impl Ignore {
    /// Whether a violation about a workload is ignored.
    pub fn covers(&self, spec: &ClusterSpec, workload: &Workload) -> bool {
        match &self.about {
            Whom::All => true,
            Whom::Named(pattern) => pattern.matches(&workload.key.to_string()),
            Whom::Object { kind, key } => stands_for(kind, key, spec, workload),
        }
    }

    /// Something to say about it, at its place.
    pub fn diagnostic(&self, severity: Severity, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(severity, message).at(self.origin.clone(), self.line_text.clone())
    }
}

/// Whether an object is a workload, or says how many pods of it there are.
fn stands_for(kind: &str, key: &ObjectKey, spec: &ClusterSpec, workload: &Workload) -> bool {
    match kind {
        HORIZONTAL => spec.autoscalers.iter().any(|it| it.key == *key && it.target == workload.key),
        SCALED => spec.activations.iter().any(|it| it.key == *key && it.target == workload.key),
        BUDGET => spec.disruption_budgets.iter().filter(|it| super::key_of(&it.metadata) == *key).any(|it| {
            let revisions = workload.revisions.iter().filter_map(|it| it.template.metadata.as_ref());
            revisions
                .filter_map(|it| it.labels.as_ref())
                .any(|labels| budget::selects(it, &workload.key.namespace, labels))
        }),
        _ => workload.owner_kind == kind && workload.key == *key,
    }
}

/// What the annotation of an object says. Objects that another one made have their annotations from there.
pub fn read(raw: &RawObject, sink: &mut Diagnostics) -> Vec<Ignore> {
    let path = FieldPath::from("metadata.annotations").key(ANNOTATION);
    let tree = raw.tree();
    let Some(value) = tree.at(&path) else { return Vec::new() };
    let owners = tree.at(&"metadata.ownerReferences".into());
    if owners.is_some_and(|it| !it.elements().is_empty()) {
        return Vec::new();
    }
    let Some(text) = value.as_str() else {
        let help = "write `property=reason` as a text";
        sink.push(raw.warning(&path, format!("{ANNOTATION} is no text: nothing is ignored"), help));
        return Vec::new();
    };
    if !KINDS.contains(&raw.kind.as_str()) {
        let message = format!("{ANNOTATION} ignores nothing on a {}", raw.kind);
        let help = format!(
            "put it on the workload, its autoscaler or its budget, or use a rule of {}, which can be about all of a \
             property",
            super::config::FILE
        );
        sink.push(raw.warning(&path, message, help));
        return Vec::new();
    }
    let entries = text.split([';', '\n']).map(str::trim).filter(|entry| !entry.is_empty());
    let mut ignores = Vec::new();
    for entry in entries {
        match parse(entry) {
            Ok((property, reason)) => ignores.push(of(raw, &path, property, reason)),
            Err((message, help)) => sink.push(raw.warning(&path, format!("{message}: nothing is ignored"), help)),
        }
    }
    ignores
}

fn of(raw: &RawObject, path: &FieldPath, property: &str, reason: &str) -> Ignore {
    let place = raw.diagnostic(Severity::Note, path, "");
    Ignore {
        property: property.to_owned(),
        about: Whom::Object { kind: raw.kind.clone(), key: raw.full_key() },
        reason: visible(reason).into_owned(),
        in_source: true,
        origin: place.origin,
        line_text: place.line_text,
    }
}

/// `property=reason`, or what is wrong and what to do.
fn parse(entry: &str) -> Result<(&str, &str), (String, String)> {
    let (property, reason) = entry.split_once('=').unwrap_or((entry, ""));
    let (property, reason) = (property.trim(), reason.trim());
    known(property)?;
    if reason.is_empty() {
        return Err((
            format!("`{property}` is ignored for no reason"),
            format!("say why: `{property}=a reason that reports will show`"),
        ));
    }
    if property::about(property).whole {
        let help = format!("use a rule of {} without `about`", super::config::FILE);
        return Err((format!("{property} is about the whole cluster, not about single objects"), help));
    }
    Ok((property, reason))
}

/// That there is such a property, or what is wrong and what to do.
pub fn known(property: &str) -> Result<(), (String, String)> {
    match property::definition(property) {
        Some(_) => Ok(()),
        None if property == "*" => {
            Err(("all properties cannot be ignored at once".to_owned(), "name each of them".to_owned()))
        }
        None => Err((format!("there is no property `{property}`"), suggest::help(property, NAMES))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::object::objects;
    use crate::input::source::Source;
    use std::sync::Arc;

    fn read_text(text: &str) -> (Vec<Ignore>, String) {
        let source = Arc::new(Source::from_memory("a.yaml", text));
        let mut sink = Diagnostics::default();
        let raw = objects(&source, &mut sink).remove(0);
        let ignores = read(&raw, &mut sink);
        (ignores, sink.to_string())
    }

    fn of_kind(kind: &str, value: &str) -> String {
        format!("apiVersion: v1\nkind: {kind}\nmetadata:\n  name: a\n  annotations:\n    kubound.dev/ignore: {value}\n")
    }

    #[test]
    fn several_are_separated_by_semicolons_or_lines() {
        let (ignores, told) = read_text(&of_kind("Deployment", "\"min-replicas=a=b; pods-schedulable = c\\n\""));
        let pairs: Vec<_> = ignores.iter().map(|it| (it.property.as_str(), it.reason.as_str())).collect();
        assert_eq!(pairs, [("min-replicas", "a=b"), ("pods-schedulable", "c")]);
        assert_eq!((ignores[0].origin.line, told.as_str()), (6, ""));
    }

    #[test]
    fn what_cannot_be_understood_is_said_and_ignores_nothing() {
        for (kind, value, told) in [
            ("Deployment", "min-replica=x", "did you mean `min-replicas`?"),
            ("Deployment", "min-replicas", "`min-replicas` is ignored for no reason"),
            ("Deployment", "min-replicas=", "say why"),
            ("Deployment", "\"*=x\"", "name each of them"),
            ("Deployment", "settles=x", "about the whole cluster"),
            ("Deployment", "[a]", "is no text"),
            ("ConfigMap", "min-replicas=x", "ignores nothing on a ConfigMap"),
            ("Node", "settles=x", "ignores nothing on a Node"),
        ] {
            let (ignores, said) = read_text(&of_kind(kind, value));
            assert!(ignores.is_empty() && said.contains(told) && said.contains("a.yaml:6:"), "{value}: {said}");
        }
    }

    #[test]
    fn what_another_object_made_has_its_annotations_from_there() {
        let owned = of_kind("ReplicaSet", "nonsense") + "  ownerReferences: [{kind: Deployment, name: a}]\n";
        assert!(read_text(&owned).0.is_empty() && read_text(&owned).1.is_empty());
    }
}
