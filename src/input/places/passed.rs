//! Files of a directory that are passed over because they are no Kubernetes objects: values, schemas, workflows, templates.
//!
//! What looks like an object and is broken is never passed over: it stays an error. Templates for objects that nobody renders
//! are passed over, and verdicts are without them.

use std::collections::BTreeSet;

use crate::input::census::Census;
use crate::input::diagnostics::Diagnostics;
use crate::input::source::{Source, Standing};
use crate::input::tree::{Node, Tree};
use crate::input::yaml::parse;

use super::some;

/// What says that something is an object.
const KEYS: [&str; 2] = ["apiVersion", "kind"];
/// What else objects have.
const REST: [&str; 4] = ["apiVersion", "kind", "metadata", "spec"];
/// What a template begins with where it is not a text.
const ACTION: &str = "{{";

/// What was passed over.
#[derive(Debug, Default)]
pub struct Passed {
    others: BTreeSet<String>,
    templates: BTreeSet<String>,
}

/// What a text is that has no objects, or that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nature {
    /// An object that is broken, or none at all.
    Object,
    /// A template for objects.
    Template,
    /// Something else.
    Other,
}

impl Passed {
    /// Whether to pass over a source in which no object was found.
    pub fn over(&mut self, source: &Source, census: &mut Census) -> bool {
        match &source.standing {
            Standing::Given => false,
            Standing::Absent(what) => {
                census.leave_out(what, "may hold anything");
                true
            }
            Standing::Found => match nature(&source.text) {
                Nature::Object => false,
                Nature::Template => {
                    census.leave_out("template that is not rendered", "may hold anything");
                    self.templates.insert(source.name.clone());
                    true
                }
                Nature::Other => {
                    self.others.insert(source.name.clone());
                    true
                }
            },
        }
    }

    /// Says what was passed over.
    pub fn report(&self, sink: &mut Diagnostics) {
        let told = |names: &BTreeSet<String>, one: &str, several: &str| match names.len() {
            0 => None,
            1 => Some(format!("1 file {one}: {}", some(names))),
            many => Some(format!("{many} files {several}: {}", some(names))),
        };
        let others = told(&self.others, "is no Kubernetes object", "are no Kubernetes objects");
        let templates =
            told(&self.templates, "is a template that nothing renders", "are templates that nothing renders");
        others.into_iter().chain(templates).for_each(|note| sink.note(note));
    }
}

/// Whether a text has a scenario in it.
pub fn is_scenario(text: &str) -> bool {
    let is_it = |line: &str| field(line).is_some_and(|(key, value)| key == "kind" && value == "Scenario");
    text.lines().any(is_it) && text.contains("kubound.dev/")
}

fn nature(text: &str) -> Nature {
    match parse(text) {
        // A text that says nothing is not worth a word.
        Ok(documents) if documents.is_empty() || documents.iter().any(is_like_object) => Nature::Object,
        Ok(_) => Nature::Other,
        Err(_) if !text.lines().any(mentions_object) => Nature::Other,
        Err(_) if text.lines().any(has_action) => Nature::Template,
        Err(_) => Nature::Object,
    }
}

/// Whether somebody may have meant an object.
fn is_like_object(tree: &Tree) -> bool {
    match &tree.node {
        Node::Scalar(_) => false,
        Node::Sequence(elements) => elements.iter().any(is_like_object),
        Node::Mapping(_) => {
            let has = |key: &&&str| tree.get(key).is_some();
            KEYS.iter().any(|key| has(&key)) && REST.iter().filter(has).count() > 1
        }
    }
}

/// The key and the value of a line, in YAML or JSON, however far it is indented.
fn field(line: &str) -> Option<(&str, &str)> {
    let quotes = |it: char| matches!(it, '"' | '\'');
    let line = line.trim_start_matches(|it: char| it.is_whitespace() || matches!(it, '-' | '{' | '['));
    let (key, value) = line.split_once(':')?;
    let value = value.split(" #").next().unwrap_or_default();
    Some((key.trim().trim_matches(quotes), value.trim().trim_end_matches(['}', ',']).trim().trim_matches(quotes)))
}

fn mentions_object(line: &str) -> bool {
    field(line).is_some_and(|(key, _)| KEYS.contains(&key))
        || KEYS.iter().any(|key| line.contains(&format!("\"{key}\"")))
}

/// Whether a template does something here: at the begin of a line or of a value. Within other text it may be meant as text.
fn has_action(line: &str) -> bool {
    line.trim_start_matches([' ', '\t', '-']).starts_with(ACTION)
        || line.split_once(':').is_some_and(|(_, value)| value.trim_start().starts_with(ACTION))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_meant_as_an_object_is_no_other_thing() {
        let objects = [
            "apiVersion: v1\nkind: Pod\n",
            "kind: Pod\nmetadata: {name: a}\n",
            "apiVersion: v1\nspec: {}\n",
            "- apiVersion: v1\n  kind: Pod\n",
            "a: 1\n---\napiVersion: v1\nkind: Pod\n",
            "apiVersion: v1\nkind: Pod\n  metadata: [\n",
            "{\"kind\": \"Pod\", \"a\": [}",
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: 'a\n  note: see {{ docs }}\n",
            "# nothing\n",
        ];
        for text in objects {
            assert_eq!(nature(text), Nature::Object, "{text}");
        }
    }

    #[test]
    fn other_things_are_told_from_templates() {
        let others = [
            "replicas: 3\nimage: {tag: x}\n",
            "kind: DaemonSet\nreplicas: 3\n",
            "apiVersion: v2\nname: web\nversion: 0.1.0\n",
            "swagger: '2.0'\ninfo: {title: a}\ndefinitions: {Pod: {kind: x, metadata: y}}\n",
            "services: {web: {image: x}}\n",
            "on: push\njobs: {a: {steps: []}}\n",
            "- 1\n- 2\n",
            "just text\n",
            "{\"a\": [1,, 2]}",
            "{{- range .Values.names }}\n- {{ . }}\n{{- end }}\n",
        ];
        for text in others {
            assert_eq!(nature(text), Nature::Other, "{text}");
        }
        for text in [
            "{{- if .Values.on }}\napiVersion: v1\nkind: Pod\n{{- end }}\n",
            "apiVersion: apps/v1\nkind: Deployment\nspec:\n  replicas: {{ .Values.replicas }}\n",
        ] {
            assert_eq!(nature(text), Nature::Template, "{text}");
        }
    }

    #[test]
    fn scenarios_are_known_by_their_kind() {
        assert!(is_scenario("apiVersion: kubound.dev/v1alpha1\nkind: Scenario # mine\n"));
        assert!(is_scenario("{\"apiVersion\": \"kubound.dev/v1alpha1\",\n \"kind\": \"Scenario\"}"));
        assert!(!is_scenario("apiVersion: apps/v1\nkind: Deployment\n# kubound.dev/ kind: Scenario\n"));
    }
}
