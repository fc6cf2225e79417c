//! The objects of an input, and where each of them is written.
//!
//! One object may be written several times: as it is and as a command will apply it, in files or inside a scenario; and
//! a dump has the template of a workload in its ReplicaSets and pods as well. What is changed is one field of one object,
//! as if it had been written so from the beginning: in all places that say of it what the first one says.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::Value;

use crate::input::path::FieldPath;
use crate::input::path::Step;
use crate::input::source::Source;

use super::edit::Edit;
use super::text::{Change, Page};

/// All objects of an input.
pub struct Objects {
    /// The texts.
    pub sources: Vec<Arc<Source>>,
    /// The same, read for editing; `None` if that cannot be.
    pub pages: Vec<Option<Page>>,
    all: Vec<Object>,
    /// Where in `all` an object is: by kind, namespace and name.
    index: HashMap<[String; 3], usize>,
    /// Where in `all` the objects are that an object made: by its kind, namespace and name.
    made: HashMap<[String; 3], Vec<usize>>,
}

/// An object.
#[derive(Clone, Debug)]
pub struct Object {
    /// Its kind.
    pub kind: String,
    /// Its namespace, `default` unless given.
    pub namespace: String,
    /// Its name, which may be empty.
    pub name: String,
    /// Where it is written; never empty.
    pub places: Vec<Place>,
}

/// A place where an object is written.
#[derive(Clone, Debug)]
pub struct Place {
    /// Which of the texts.
    pub source: usize,
    /// Which document of it.
    pub document: usize,
    /// Where in the document it begins.
    pub root: FieldPath,
    /// What it says.
    pub value: Value,
}

impl Objects {
    /// Reads texts.
    pub fn new(sources: Vec<Arc<Source>>) -> Self {
        let pages: Vec<Option<Page>> = sources.iter().map(|source| Page::new(&source.text)).collect();
        let mut objects =
            Objects { sources, pages: Vec::new(), all: Vec::new(), index: HashMap::new(), made: HashMap::new() };
        for (source, page) in pages.iter().enumerate() {
            for (document, value) in page.iter().flat_map(|page| page.documents().iter().enumerate()) {
                objects.unpack((source, document), FieldPath::root(), value.clone());
            }
        }
        Objects { pages, ..objects }
    }

    /// The texts with edits made; nothing if they do not go together.
    pub fn changed(&self, edits: &[&Edit]) -> Option<Vec<Arc<Source>>> {
        let mut sources = self.sources.clone();
        for (at, source) in sources.iter_mut().enumerate() {
            let all = edits.iter().flat_map(|edit| &edit.changes);
            let own: Vec<Change> = all.filter(|(of, _)| *of == at).map(|(_, change)| change.clone()).collect();
            if !own.is_empty() {
                let text = self.pages[at].as_ref()?.changed(&own)?;
                *source = Arc::new(source.with_text(text));
            }
        }
        Some(sources)
    }

    /// All objects, in the order of the texts.
    pub fn iter(&self) -> impl Iterator<Item = &Object> {
        self.all.iter()
    }

    /// The objects of a kind.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Object> {
        self.all.iter().filter(move |object| object.kind == kind)
    }

    /// The objects that own pods, and pods that nobody owns.
    pub fn workloads(&self) -> impl Iterator<Item = &Object> {
        self.all.iter().filter(|object| match object.kind.as_str() {
            "Pod" | "ReplicaSet" => object.owners().next().is_none(),
            _ => object.template().is_some(),
        })
    }

    /// All places with the pod template of a workload, and where in the object it is: its own, and those of what it made.
    pub fn templates<'a>(&'a self, workload: &'a Object) -> Vec<(&'a Place, FieldPath)> {
        let Some(own) = workload.template() else { return Vec::new() };
        let mut places: Vec<(&Place, FieldPath)> = workload.places.iter().map(|place| (place, own.clone())).collect();
        let made: Vec<&Object> = self.made_by(&[workload]).collect();
        let of_sets = self.made_by(&made);
        for object in made.iter().copied().chain(of_sets) {
            let template = object.template().unwrap_or_default();
            places.extend(object.places.iter().map(|place| (place, template.clone())));
        }
        places
    }

    /// Objects that one of some others made, in the order of the texts.
    fn made_by<'a>(&'a self, owners: &[&Object]) -> impl Iterator<Item = &'a Object> {
        let made: BTreeSet<usize> =
            owners.iter().filter_map(|it| self.made.get(&it.key())).flatten().copied().collect();
        made.into_iter().map(|at| &self.all[at])
    }

    /// Takes an object, the items of a list, or a scenario with the objects that its commands apply.
    fn unpack(&mut self, at: (usize, usize), root: FieldPath, mut value: Value) {
        let kind = value["kind"].as_str().unwrap_or_default().to_owned();
        if let (Some(kind), Some(items)) =
            (kind.strip_suffix("List"), value.get_mut("items").and_then(Value::as_array_mut))
        {
            for (index, mut item) in std::mem::take(items).into_iter().enumerate() {
                if item["kind"].is_null() && item.is_object() {
                    item["kind"] = kind.into();
                }
                self.unpack(at, root.field("items").index(index), item);
            }
            return;
        }
        let commands = value["spec"]["commands"].as_array().filter(|_| kind == "Scenario");
        for (index, command) in commands.into_iter().flatten().enumerate() {
            if command["apply"].is_object() {
                let root = root.field("spec.commands").index(index).key("apply");
                self.unpack(at, root, command["apply"].clone());
            }
        }
        let (source, document) = at;
        self.add(kind, Place { source, document, root, value });
    }

    fn add(&mut self, kind: String, place: Place) {
        let metadata = &place.value["metadata"];
        let text = |key: &str| metadata[key].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let namespace = text("namespace").unwrap_or_else(|| "default".to_owned());
        let name = text("name").unwrap_or_default();
        let object = Object { kind, namespace, name, places: vec![place] };
        if let Some(&known) = self.index.get(&object.key()).filter(|_| !object.name.is_empty()) {
            self.all[known].places.extend(object.places);
            return;
        }
        for (kind, name) in object.owners() {
            let owner = [kind.to_owned(), object.namespace.clone(), name.to_owned()];
            self.made.entry(owner).or_default().push(self.all.len());
        }
        self.index.insert(object.key(), self.all.len());
        self.all.push(object);
    }
}

impl Object {
    /// Kind, namespace and name.
    fn key(&self) -> [String; 3] {
        [self.kind.clone(), self.namespace.clone(), self.name.clone()]
    }

    /// Where its pod template is; that of a pod is the pod.
    pub fn template(&self) -> Option<FieldPath> {
        match self.kind.as_str() {
            "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job" => Some("spec.template".into()),
            "CronJob" => Some("spec.jobTemplate.spec.template".into()),
            "Pod" => Some(FieldPath::root()),
            _ => None,
        }
    }

    /// A field, where it is written first.
    pub fn get(&self, path: &FieldPath) -> &Value {
        self.places[0].get(path)
    }

    /// Whether it comes out of a cluster.
    pub fn is_live(&self) -> bool {
        let metadata = &self.places[0].value["metadata"];
        metadata["uid"].is_string() || metadata["resourceVersion"].is_string()
    }

    /// Kinds and names of its owners.
    pub fn owners(&self) -> impl Iterator<Item = (&str, &str)> {
        let owners = self.places[0].value["metadata"]["ownerReferences"].as_array();
        owners.into_iter().flatten().filter_map(|owner| Some((owner["kind"].as_str()?, owner["name"].as_str()?)))
    }

    /// Kind and name, as people say them.
    pub fn title(&self) -> String {
        match (self.name.as_str(), self.namespace.as_str()) {
            ("", _) => self.kind.clone(),
            (name, "default") => format!("{} {name}", self.kind),
            (name, namespace) => format!("{} {namespace}/{name}", self.kind),
        }
    }
}

impl Place {
    /// A field; `null` if it is not there.
    pub fn get(&self, path: &FieldPath) -> &Value {
        path.steps().iter().fold(&self.value, |value, step| match step {
            Step::Key(key) => &value[key],
            Step::Index(index) => &value[*index],
        })
    }

    /// Whether the element of a list around a field is meant for the same as that of another place, as far as it says.
    pub fn is_alike(&self, path: &FieldPath, other: &Place, there: &FieldPath) -> bool {
        let element = |steps: &[Step]| steps.iter().rposition(|step| matches!(step, Step::Index(_))).map(|at| at + 1);
        let cut = |path: &FieldPath| {
            let depth = element(path.steps())?;
            let cuts = path.steps().len() - depth;
            Some((0..cuts).fold(path.clone(), |path, _| path.parent()))
        };
        let (Some(own), Some(its)) = (cut(path), cut(there)) else { return true };
        let (own, its) = (self.get(&own), other.get(&its));
        ["name", "topologyKey", "key", "type"].iter().all(|key| own[key] == its[key])
    }
}

/// `value[path]`, with steps joined as they are below another path.
pub fn below(path: &FieldPath, rest: &FieldPath) -> FieldPath {
    rest.steps().iter().fold(path.clone(), |path, step| match step {
        Step::Key(key) => path.key(key),
        Step::Index(index) => path.index(*index),
    })
}
