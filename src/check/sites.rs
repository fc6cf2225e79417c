//! Where results are to be shown: the objects that a violation is about, and those that act in its story, in the files of
//! the user.

use std::collections::{HashMap, HashSet};

use crate::cluster::object::spec::{Autoscaler, ClusterSpec, ObjectKey, Origin, Workload, WorkloadKind};
use crate::input::locate::Finder;
use crate::input::path::FieldPath;
use crate::input::places::template_of;
use crate::input::visible::visible;
use crate::property::{self, Field};

use super::sameness::workload_of;
use super::source::Input;
use super::{Answer, CheckResult, InputName};

/// An object, or a field of it, in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The object's kind, such as `Deployment`.
    pub kind: String,
    /// Namespace and name.
    pub key: ObjectKey,
    /// The field that it points at; the object itself if that is not known.
    pub field: Option<String>,
    /// Where that is; `None` of cases, which are in no file of the user.
    pub origin: Option<Origin>,
}

/// The sites of all violations of an input.
#[derive(Clone, Debug, Default)]
pub struct Sites {
    /// By property and subject, the best one first.
    found: HashMap<(String, String), Vec<Site>>,
    /// By who acts in stories.
    actors: HashMap<String, Site>,
}

impl Site {
    fn of(kind: &str, key: &ObjectKey, origin: &Origin) -> Self {
        let is_somewhere = origin.line > 0 && !origin.file.is_empty();
        let origin = is_somewhere.then(|| written(origin));
        Site { kind: kind.to_owned(), key: key.clone(), field: None, origin }
    }

    fn of_workload(workload: &Workload) -> Self {
        Self::of(&workload.owner_kind, &workload.key, &workload.origin)
    }

    fn of_autoscaler(autoscaler: &Autoscaler) -> Self {
        Self::of("HorizontalPodAutoscaler", &autoscaler.key, &autoscaler.origin)
    }

    /// The same at a field, where that can be found.
    fn at(self, path: &str, finder: &mut Finder) -> Self {
        let origin = self.origin.as_ref().and_then(|it| finder.field(it, &self.key, &FieldPath::from(path)));
        match origin {
            Some(_) => Site { field: Some(path.to_owned()), origin, ..self },
            None => self,
        }
    }
}

/// A place in a file of the user: what a program rendered has lines of its own, so that the begin of its template stands for it.
fn written(origin: &Origin) -> Origin {
    match template_of(&origin.file) {
        Some(file) => Origin { file: file.to_owned(), line: 1, column: 1 },
        None => origin.clone(),
    }
}

impl Sites {
    /// Those of the violations among the results of an input.
    pub fn of(input: &Input, results: &[CheckResult]) -> Self {
        let mut sites = Sites::default();
        let violated: Vec<&CheckResult> = results.iter().filter(|it| it.is_violated()).collect();
        if violated.is_empty() {
            return sites;
        }
        let (known, mut finder) = (by_actor(&input.spec), Finder::default());
        for result in violated {
            let found = sites.find(&input.spec, result, &known, &mut finder);
            sites.found.insert((result.property.clone(), result.subject.clone()), found);
        }
        if matches!(input.name, InputName::Case { .. }) {
            let all = sites.found.values_mut().flatten().chain(sites.actors.values_mut());
            all.for_each(|site| site.origin = None);
        }
        sites
    }

    /// The objects of a violation, those who act in its story, and the property in the scenario.
    fn find(
        &mut self,
        spec: &ClusterSpec,
        result: &CheckResult,
        known: &HashMap<String, Site>,
        finder: &mut Finder,
    ) -> Vec<Site> {
        let mut found = of_subjects(spec, result, finder);
        for (actor, site) in actors(result).into_iter().filter_map(|actor| known.get_key_value(actor)) {
            self.actors.insert(actor.clone(), site.clone());
            found.push(site.clone());
        }
        let asked = spec.scenario.properties.iter().filter(|it| it.name == result.property);
        found.extend(asked.map(|it| Site::of("Scenario", &ObjectKey::default(), &it.origin)));
        let mut seen = HashSet::new();
        found.retain(|site| site.origin.is_some() && seen.insert((site.kind.clone(), site.key.clone())));
        found
    }

    /// Those of a violation, the one to point at first.
    pub fn of_result(&self, result: &CheckResult) -> &[Site] {
        self.found.get(&(result.property.clone(), result.subject.clone())).map_or(&[], Vec::as_slice)
    }

    /// That of who acts in a story.
    pub fn of_actor(&self, actor: &str) -> Option<&Site> {
        self.actors.get(actor)
    }
}

/// The workloads that a violation is about, and their autoscalers; of the first one the field that says most.
fn of_subjects(spec: &ClusterSpec, result: &CheckResult, finder: &mut Finder) -> Vec<Site> {
    let field = property::definition(&result.property).map_or(Field::None, |it| it.field);
    let mut found = Vec::new();
    let subjects: HashSet<&str> = result.subjects().map(workload_of).collect();
    for workload in spec.workloads.iter().filter(|it| subjects.contains(visible(&it.key.to_string()).as_ref())) {
        let autoscaler = spec.autoscalers.iter().find(|it| it.target == workload.key).map(Site::of_autoscaler);
        let own = Site::of_workload(workload);
        let is_first = found.is_empty();
        match (field, autoscaler) {
            (Field::OfAutoscaler(path), Some(autoscaler)) if is_first => {
                found.extend([autoscaler.at(path, finder), own]);
            }
            (Field::OfWorkload(path), autoscaler) if is_first => {
                found.push(own.at(&path_in(workload, path), finder));
                found.extend(autoscaler);
            }
            (_, autoscaler) => {
                found.push(own);
                found.extend(autoscaler);
            }
        }
    }
    found
}

/// A field of the pod template is elsewhere in a CronJob.
fn path_in(workload: &Workload, path: &str) -> String {
    match workload.kind {
        WorkloadKind::CronJob => format!("spec.jobTemplate.{path}"),
        _ => path.to_owned(),
    }
}

/// Everybody who has a manifest, by the names that stories use.
fn by_actor(spec: &ClusterSpec) -> HashMap<String, Site> {
    let name = |kind: &str, name: &str| visible(&format!("{kind} {name}")).into_owned();
    let mut known = HashMap::new();
    for workload in &spec.workloads {
        let site = Site::of_workload(workload);
        for revision in workload.revisions.iter().filter(|_| workload.kind.has_replica_sets()) {
            let set = ObjectKey { name: revision.name.clone(), ..workload.key.clone() };
            known.insert(name("ReplicaSet", &set.to_string()), site.clone());
            known.insert(name("ReplicaSet", &revision.name), site.clone());
        }
        known.insert(name(&workload.owner_kind, &workload.key.to_string()), site);
    }
    for autoscaler in &spec.autoscalers {
        let site = Site::of_autoscaler(autoscaler);
        known.insert(name(&site.kind, &site.key.to_string()), site);
    }
    known
}

/// Who acts in the story of a violation, in the order of the first step of each.
fn actors(result: &CheckResult) -> Vec<&str> {
    let Answer::Violated(found) = &result.answer else { return Vec::new() };
    let steps = found.narrative.blocks.iter().flat_map(|block| &block.steps);
    let mut seen = HashSet::new();
    steps.map(|step| step.told.actor.as_str()).filter(|&actor| seen.insert(actor)).collect()
}
