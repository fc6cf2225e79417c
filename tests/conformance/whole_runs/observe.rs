//! What recording and model have in common: observations, from recorded events and from steps of the model.
//!
//! The model counts pods where the recording names them, so an observation says which revision a pod is of and where it
//! is, never its name.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use crate::cluster::Phase;
use crate::cluster::counting::cells::Representation;
use crate::cluster::counting::layout::Attribute;
use crate::model::Model;

use super::record::{Event, Stretch, listed};
use super::step::{commands as commands_of, is_command};

/// Something that both can be seen doing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seen {
    /// The user's command of this number, from 0.
    Command(usize),
    /// A revision's ReplicaSet has another size.
    Size(i64, i64),
    /// A pod of a revision is made.
    Created(i64),
    /// It gets a node.
    Bound(i64, String),
    /// It becomes ready.
    Ready(i64, String),
    /// Its deletion begins; without a node it is gone at once.
    Deleted(i64, Option<String>),
    /// It has terminated.
    Gone(i64, String),
}

impl Seen {
    /// Whether kubelets report it: controllers may see it later than it was recorded.
    pub fn is_report(&self) -> bool {
        matches!(self, Seen::Ready(..) | Seen::Gone(..))
    }

    /// Whether it is decided before it is written: a ReplicaSet's pods are made or deleted one after the other by one
    /// decision, and the scheduler takes a pod for bound while the binding is on its way.
    pub fn is_written_later(&self) -> bool {
        matches!(self, Seen::Created(_) | Seen::Deleted(..) | Seen::Bound(..))
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Seen::Command(number) => write!(f, "command {}", number + 1),
            Seen::Size(revision, size) => write!(f, "ReplicaSet of revision {revision} scaled to {size}"),
            Seen::Created(revision) => write!(f, "pod of revision {revision} created"),
            Seen::Bound(revision, node) => write!(f, "pod of revision {revision} bound to {node}"),
            Seen::Ready(revision, node) => write!(f, "pod of revision {revision} on {node} ready"),
            Seen::Deleted(revision, Some(node)) => write!(f, "pod of revision {revision} on {node} deleted"),
            Seen::Deleted(revision, None) => write!(f, "waiting pod of revision {revision} deleted"),
            Seen::Gone(revision, node) => write!(f, "pod of revision {revision} on {node} gone"),
        }
    }
}

/// Observations with the times of their events.
pub fn recorded(stretch: &Stretch) -> Vec<(f64, Seen)> {
    let mut ready: BTreeMap<String, bool> = BTreeMap::new();
    let mut sizes: BTreeMap<i64, i64> = BTreeMap::new();
    for pod in listed(&stretch.before, "Pod") {
        ready.insert(pod["uid"].to_string(), pod["ready"] == true);
    }
    for set in listed(&stretch.before, "ReplicaSet") {
        sizes.insert(revision(set), set["spec.replicas"].as_i64().unwrap_or(0));
    }
    let mut found = Vec::new();
    let mut gone = BTreeSet::new();
    let (mut commands, given) = (0, commands_of(stretch).len());
    for step in &stretch.steps {
        let commanded = step.acts().iter().any(|(act, _)| is_command(act));
        for event in &step.events {
            let by = event.by.as_deref().unwrap_or_default();
            let seen = match event.kind.as_str() {
                "Deployment" | "ReplicaSet" if by == "harness patch" && commanded && commands < given => {
                    commands += 1;
                    Some(Seen::Command(commands - 1))
                }
                // Whoever wrote last is named, even if the size is the Deployment controller's.
                "ReplicaSet" if event.change != "DELETED" && stretch.objects[0]["kind"] == "Deployment" => {
                    resized(event, &mut sizes)
                }
                "Pod" => of_pod(event, by, &mut ready, &mut gone),
                _ => None,
            };
            found.extend(seen.map(|seen| (event.t, seen)));
        }
    }
    found
}

/// The revision of a pod or ReplicaSet; 0 where there is but one.
fn revision(object: &Value) -> i64 {
    object["rev"].as_i64().unwrap_or(0)
}

/// Whether a pod has ended, from when on no controller counts it.
fn is_over(pod: &Value) -> bool {
    matches!(pod["phase"].as_str(), Some("Succeeded" | "Failed"))
}

fn resized(event: &Event, sizes: &mut BTreeMap<i64, i64>) -> Option<Seen> {
    let (revision, size) = (revision(&event.state), event.state["spec.replicas"].as_i64()?);
    let before = sizes.insert(revision, size).unwrap_or(0);
    (before != size).then_some(Seen::Size(revision, size))
}

fn of_pod(event: &Event, by: &str, ready: &mut BTreeMap<String, bool>, gone: &mut BTreeSet<String>) -> Option<Seen> {
    let pod = &event.state;
    let (revision, node) = (revision(pod), pod["node"].as_str().map(str::to_owned));
    let (id, now) = (pod["uid"].to_string(), pod["ready"] == true);
    let before = ready.insert(id.clone(), now).unwrap_or(false);
    let by_user = by.starts_with("harness");
    match (event.change.as_str(), node) {
        ("ADDED", _) => Some(Seen::Created(revision)),
        (_, None) if by.ends_with("delete") => (gone.insert(id) && !by_user).then_some(Seen::Deleted(revision, None)),
        (change, Some(node)) if is_over(pod) || change == "DELETED" => {
            gone.insert(id).then_some(Seen::Gone(revision, node))
        }
        (_, Some(node)) if by.ends_with("binding") => Some(Seen::Bound(revision, node)),
        (_, Some(node)) if by.ends_with("delete") && !by_user => Some(Seen::Deleted(revision, Some(node))),
        (_, Some(node)) if now && !before && pod["deleting"] != true => Some(Seen::Ready(revision, node)),
        _ => None,
    }
}

/// What can be compared at rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// By revision: the size of its ReplicaSet, where it is not 0.
    pub sizes: BTreeMap<i64, i64>,
    /// By revision: pods without a node.
    pub pending: BTreeMap<i64, i64>,
    /// By revision and node: pods that are not ready, ready, and being deleted.
    pub pods: BTreeMap<(i64, String), [i64; 3]>,
}

impl Picture {
    fn add(&mut self, revision: i64, node: &str, phase: usize, count: i64) {
        if count != 0 {
            self.pods.entry((revision, node.to_owned())).or_default()[phase] += count;
        }
    }

    /// What was recorded at rest.
    pub fn recorded(stretch: &Stretch) -> Picture {
        let mut picture = Picture::default();
        let Some(step) = stretch.steps.last() else { return picture };
        for set in listed(&step.after, "ReplicaSet") {
            let size = set["spec.replicas"].as_i64().unwrap_or(0);
            if size != 0 {
                *picture.sizes.entry(revision(set)).or_default() += size;
            }
        }
        for pod in listed(&step.after, "Pod") {
            let revision = revision(pod);
            match pod["node"].as_str() {
                None => *picture.pending.entry(revision).or_default() += 1,
                Some(node) if pod["deleting"] == true => picture.add(revision, node, 2, 1),
                Some(node) => picture.add(revision, node, usize::from(pod["ready"] == true), 1),
            }
        }
        picture
    }
}

impl fmt::Display for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sizes {:?}, pending {:?}, pods", self.sizes, self.pending)?;
        for ((revision, node), [unready, ready, deleting]) in &self.pods {
            write!(f, " {revision}@{node} {unready}+{ready}+{deleting}")?;
        }
        Ok(())
    }
}

/// Where the model's state says what can be compared.
pub struct Lens {
    /// Whether a controller sizes ReplicaSets; the size of one of its own is the user's.
    owned: bool,
    sizes: Vec<(i64, usize)>,
    pending: Vec<(i64, usize)>,
    pods: Vec<((i64, String), usize, usize)>,
}

impl Lens {
    /// Of a model; an error if one of its templates is of no recorded revision.
    pub fn new(model: &Model, stretch: &Stretch) -> Result<Lens, String> {
        let parts = &model.parts;
        let revision = |template: usize| {
            let image = parts.templates[template].spec.containers[0].image.clone().unwrap_or_default();
            let known = stretch.images.iter().find(|(_, known)| **known == image).map(|(revision, _)| *revision);
            // A template that the user replaced before anybody looked at it has no recorded revision.
            known.unwrap_or(if stretch.images.is_empty() { 0 } else { -1 - template as i64 })
        };
        let owned = stretch.objects[0]["kind"] == "Deployment";
        let mut lens = Lens { owned, sizes: Vec::new(), pending: Vec::new(), pods: Vec::new() };
        for vars in parts.workloads.iter().flatten() {
            let sizes = vars.sizes.iter().zip(&vars.templates);
            lens.sizes.extend(sizes.map(|(size, template)| (revision(template.0), size.index())));
        }
        let pending = parts.pending.iter().enumerate();
        lens.pending.extend(pending.map(|(template, var)| (revision(template), var.index())));
        for class in 0..parts.classes.len() {
            let Representation::Individual(members) = parts.cells.representation(class) else {
                return Err("nodes are counted".to_owned());
            };
            let attributes = &parts.cells.layout(class).attributes;
            let nodes = members.iter().zip(&parts.classes[class].names);
            for (vars, node) in nodes {
                for (attribute, var) in attributes.iter().zip(vars) {
                    if let Attribute::Pods(template, phase) = attribute {
                        lens.pods.push(((revision(template.0), node.clone()), position(*phase), var.index()));
                    }
                }
            }
        }
        Ok(lens)
    }

    /// What a state shows.
    pub fn picture(&self, state: &[i64]) -> Picture {
        let mut picture = Picture::default();
        let some = |(revision, index): &(i64, usize)| (state[*index] != 0).then(|| (*revision, state[*index]));
        for (revision, size) in self.sizes.iter().filter_map(some) {
            *picture.sizes.entry(revision).or_default() += size;
        }
        for (revision, count) in self.pending.iter().filter_map(some) {
            *picture.pending.entry(revision).or_default() += count;
        }
        for ((revision, node), phase, index) in &self.pods {
            picture.add(*revision, node, *phase, state[*index]);
        }
        picture
    }

    /// What a step is seen to do, each with how often.
    pub fn between(&self, before: &[i64], after: &[i64]) -> BTreeMap<Seen, i64> {
        let (before, after) = (self.picture(before), self.picture(after));
        let mut seen = BTreeMap::new();
        for revision in keys(&before.sizes, &after.sizes) {
            let (old, new) = (of(&before.sizes, revision), of(&after.sizes, revision));
            if old != new && self.owned {
                seen.insert(Seen::Size(revision, new), 1);
            }
        }
        let mut left: BTreeMap<i64, i64> = BTreeMap::new();
        for revision in keys(&before.pending, &after.pending) {
            let gained = of(&after.pending, revision) - of(&before.pending, revision);
            if gained > 0 {
                seen.insert(Seen::Created(revision), gained);
            }
            left.insert(revision, -gained.min(0));
        }
        for place in keys(&before.pods, &after.pods) {
            let (old, new) = (of(&before.pods, place.clone()), of(&after.pods, place.clone()));
            moved(place, old, new, &mut left, &mut seen);
        }
        let deleted = left.into_iter().filter(|(_, count)| *count > 0);
        seen.extend(deleted.map(|(revision, count)| (Seen::Deleted(revision, None), count)));
        seen
    }
}

/// What happened to the pods of a revision on a node.
fn moved(
    (revision, node): (i64, String),
    old: [i64; 3],
    new: [i64; 3],
    left: &mut BTreeMap<i64, i64>,
    seen: &mut BTreeMap<Seen, i64>,
) {
    let [unready, ready, deleting] = [0, 1, 2].map(|phase: usize| new[phase] - old[phase]);
    if unready + ready > 0 {
        *left.entry(revision).or_default() -= unready + ready;
        seen.insert(Seen::Bound(revision, node), unready + ready);
    } else if deleting > 0 {
        seen.insert(Seen::Deleted(revision, Some(node)), deleting);
    } else if deleting < 0 {
        seen.insert(Seen::Gone(revision, node), -deleting);
    } else if ready > 0 {
        seen.insert(Seen::Ready(revision, node), ready);
    }
}

fn position(phase: Phase) -> usize {
    match phase {
        Phase::Starting => 0,
        Phase::Running => 1,
        Phase::Terminating => 2,
    }
}

fn keys<K: Ord + Clone, V>(a: &BTreeMap<K, V>, b: &BTreeMap<K, V>) -> Vec<K> {
    let mut keys: Vec<K> = a.keys().chain(b.keys()).cloned().collect();
    keys.sort();
    keys.dedup();
    keys
}

fn of<K: Ord, V: Copy + Default>(map: &BTreeMap<K, V>, key: K) -> V {
    map.get(&key).copied().unwrap_or_default()
}
