//! What an action tells about itself when a run is shown to a person.
//!
//! The encoding that writes an action also writes its [`Narrator`]: it knows what the numbers mean. A narrator sees one
//! concrete step and answers in Kubernetes words.

use crate::cluster::counting::templates::Template;
use crate::term::TermId;

use super::deed::{Deed, PodOn};
use super::rule::Rule;

/// A node that changed state in a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedNode {
    /// Its name. Nodes of one class are interchangeable; the name is one of those that fit.
    pub name: String,
    /// Position of its class.
    pub class: usize,
    /// Attributes before, as the class's layout orders them.
    pub before: Vec<i64>,
    /// Attributes afterwards.
    pub after: Vec<i64>,
}

/// One concrete step (or, for a diagnosis, one state), as a narrator sees it.
pub struct Scene<'a> {
    /// The value of a term over the state before the step and its inputs.
    pub value: &'a dyn Fn(TermId) -> i64,
    /// State afterwards, by position.
    pub after: &'a [i64],
    /// State before, by position.
    pub before: &'a [i64],
    /// Nodes whose state changed; in a diagnosis all.
    pub moved: &'a [MovedNode],
}

impl Scene<'_> {
    /// The value of a term before the step.
    pub fn get(&self, term: TermId) -> i64 {
        (self.value)(term)
    }

    /// Whether a Boolean term holds before the step.
    pub fn holds(&self, term: TermId) -> bool {
        (self.value)(term) != 0
    }

    /// The name of the node that a step is about: one of those that changed, of which there is one in such steps.
    pub fn moved_name(&self) -> String {
        self.moved.first().map(|node| node.name.clone()).unwrap_or_default()
    }

    /// A pod of a template on that node.
    pub fn pod_of(&self, template: &PodKind) -> PodOn {
        let PodKind { workload, revision, ordinal } = *template;
        PodOn { workload, revision, ordinal, node: self.moved_name() }
    }

    /// Names of the nodes that changed, in words: `node-1`, `node-1 and node-2`, `node-1, node-2 and 3 more`.
    pub fn moved_names(&self) -> String {
        join_names(self.moved.iter().map(|node| node.name.as_str()))
    }
}

/// Whose pods those of a template are, for narrators, which outlive templates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PodKind {
    /// The position of the workload.
    workload: usize,
    /// The position of the revision.
    revision: usize,
    /// Of a StatefulSet: which of its pods.
    ordinal: Option<i64>,
}

impl From<&Template> for PodKind {
    fn from(template: &Template) -> Self {
        PodKind { workload: template.workload, revision: template.revision, ordinal: template.ordinal }
    }
}

/// Joins names for a sentence, showing at most four.
pub fn join_names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    match names.as_slice() {
        [] => "no node".to_owned(),
        [only] => (*only).to_owned(),
        [init @ .., last] if names.len() <= 4 => format!("{} and {last}", init.join(", ")),
        many => format!("{} and {} more", many[..3].join(", "), many.len() - 3),
    }
}

/// A step in words.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Sentence {
    /// Who acts: `kube-scheduler`, `HorizontalPodAutoscaler web`, `user`, …
    pub actor: String,
    /// What it does, without the actor.
    pub text: String,
    /// The numbers behind it, one line each.
    pub why: Vec<String>,
    /// What decided it, beside the rule of the action itself.
    pub rules: Vec<&'static Rule>,
    /// What somebody outside the control plane has to do for it.
    pub deed: Option<Deed>,
}

impl Sentence {
    /// A sentence without explanation.
    pub fn new(actor: impl Into<String>, text: impl Into<String>) -> Self {
        Sentence { actor: actor.into(), text: text.into(), ..Sentence::default() }
    }

    /// Adds a line of explanation.
    pub fn because(mut self, line: impl Into<String>) -> Self {
        self.why.push(line.into());
        self
    }

    /// Says what somebody outside the control plane does.
    pub fn done(mut self, deed: Deed) -> Self {
        self.deed = Some(deed);
        self
    }

    /// Adds a rule that decided this step, too.
    pub fn by(mut self, rule: &'static Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Adds a rule where it decided something.
    pub fn by_if(self, decided: bool, rule: &'static Rule) -> Self {
        if decided { self.by(rule) } else { self }
    }
}

/// A line of explanation, and what decided what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// In words.
    pub text: String,
    /// The rules behind it.
    pub rules: Vec<&'static Rule>,
}

impl From<String> for Line {
    fn from(text: String) -> Self {
        Line { text, rules: Vec::new() }
    }
}

/// Tells a step.
pub type Narrator = Box<dyn Fn(&Scene<'_>) -> Sentence + Send + Sync>;

/// Explains why a state breaks a property (`Scene::before` and `after` are that state): lines of explanation.
pub type Diagnosis = Box<dyn Fn(&Scene<'_>) -> Vec<Line> + Send + Sync>;
