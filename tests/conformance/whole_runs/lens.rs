//! States of rest, and where a model's state shows what can be compared with a recording.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use k8s_openapi::api::core::v1::Pod;
use serde_json::Value;

use crate::cluster::Phase;
use crate::cluster::counting::cells::Representation;
use crate::cluster::counting::layout::Attribute;
use crate::cluster::counting::templates::Tenure;
use crate::cluster::object::spec::{ClusterSpec, WorkloadKind};
use crate::cluster::view::Parts;
use crate::cluster::view::rule::Component;
use crate::system::ActionId;

use super::kinds;
use super::observe::{By, Seen};
use super::record::{Stretch, listed};
use super::step::Built;
use super::waits::Waits;
use super::workload::{self, BARE, Revision, revision};

/// What can be compared at rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// By Deployment: its size.
    pub replicas: BTreeMap<String, i64>,
    /// By revision: the size of its ReplicaSet, where it is not 0.
    pub sizes: BTreeMap<i64, i64>,
    /// By revision: pods without a node.
    pub pending: BTreeMap<i64, i64>,
    /// By revision and node: pods that are not ready, ready, and being deleted.
    pub pods: BTreeMap<(i64, String), [i64; 3]>,
}

impl Picture {
    /// Pods on nodes that are down are not ready, whatever they were before.
    fn unready_on(&mut self, down: &BTreeSet<String>) {
        for ((_, node), [unready, ready, _]) in &mut self.pods {
            if down.contains(node) {
                *unready += std::mem::take(ready);
            }
        }
    }

    fn add(&mut self, revision: i64, node: &str, phase: usize, count: i64) {
        if count != 0 {
            self.pods.entry((revision, node.to_owned())).or_default()[phase] += count;
        }
    }

    /// What was recorded at rest.
    pub fn recorded(stretch: &Stretch) -> Picture {
        let mut picture = Picture::default();
        let Some(step) = stretch.steps.last() else { return picture };
        picture.replicas = listed(&step.after, "Deployment").iter().filter_map(workload::replicas).collect();
        for set in listed(&step.after, "ReplicaSet") {
            let size = set["spec.replicas"].as_i64().unwrap_or(0);
            if size != 0 {
                *picture.sizes.entry(revision(set)).or_default() += size;
            }
        }
        listed(&step.after, "Pod").iter().for_each(|pod| picture.add_recorded(pod));
        picture
    }

    fn add_recorded(&mut self, pod: &Value) {
        let revision = revision(pod);
        match pod["node"].as_str() {
            None => *self.pending.entry(revision).or_default() += 1,
            Some(node) if pod["deleting"] == true => self.add(revision, node, 2, 1),
            Some(node) => self.add(revision, node, usize::from(pod["ready"] == true), 1),
        }
    }
}

impl fmt::Display for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "replicas {:?}, sizes {:?}, pending {:?}, pods", self.replicas, self.sizes, self.pending)?;
        for ((revision, node), [unready, ready, deleting]) in &self.pods {
            write!(f, " {revision}@{node} {unready}+{ready}+{deleting}")?;
        }
        Ok(())
    }
}

/// Templates of no recorded revision have numbers from here downwards.
const UNSEEN: i64 = -100;

/// Where the model's state says what can be compared.
pub struct Lens {
    /// Revisions whose ReplicaSets a controller sizes; the size of one of its own is the user's.
    owned: BTreeSet<i64>,
    replicas: Vec<(String, usize)>,
    sizes: Vec<(i64, usize)>,
    pending: Vec<(i64, usize)>,
    pods: Vec<((i64, String), usize, usize)>,
    down: Vec<(String, usize)>,
    /// Nodes whose kubelets are silent when the stretch ends.
    silent: BTreeSet<String>,
    /// Nodes that were drained in vain.
    left: BTreeSet<String>,
    /// Evictions that are waited with.
    waits: Waits,
    /// Pods that stay where they are for the model.
    stay: Picture,
    /// Who deletes pods, by action.
    by: Vec<By>,
}

impl Lens {
    /// Of a model; an error if one of its templates is of no recorded revision.
    pub fn new(Built { model, spec }: &Built, stretch: &Stretch) -> Result<Lens, String> {
        let parts = &model.parts;
        let owner = |template: usize| &spec.workloads[parts.templates[template].workload];
        let revision_of = |template: usize| {
            let pod = &parts.templates[template];
            if let Some(sample) = pod.sample.as_deref() {
                return as_recorded(stretch, sample).map_or(BARE, revision);
            }
            let workload = owner(template).key.name.clone();
            let wanted = Revision { workload, image: pod.spec.containers[0].image.clone().unwrap_or_default() };
            let known = stretch.revisions.iter().find(|(_, known)| **known == wanted).map(|(revision, _)| *revision);
            // A template that the user replaced before anybody looked at it has no recorded revision.
            known.unwrap_or(UNSEEN - template as i64)
        };
        let sized = (0..parts.templates.len()).filter(|&template| owner(template).kind == WorkloadKind::Deployment);
        let (owned, silent) = (sized.map(revision_of).collect(), stretch.failed_at_the_end());
        let (sizes, pending, pods, down) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let workloads = spec.workloads.iter().zip(&parts.workloads);
        let deployments = workloads.filter(|(object, _)| object.kind == WorkloadKind::Deployment);
        let replicas = deployments
            .filter_map(|(object, vars)| Some((object.key.name.clone(), vars.as_ref()?.replicas.index())))
            .collect();
        let by = parts.rules.iter().map(|rule| rule.map_or(By::Other, |rule| author(rule.component))).collect();
        let (stay, left) = (staying(parts, spec, stretch), unfinished_drains(stretch));
        let waits = Waits::of(stretch);
        let mut lens = Lens { owned, replicas, sizes, pending, pods, down, silent, left, waits, stay, by };
        for vars in parts.workloads.iter().flatten() {
            let sizes = vars.sizes.iter().zip(&vars.templates);
            lens.sizes.extend(sizes.map(|(size, template)| (revision_of(template.0), size.index())));
        }
        let pending = parts.pending.iter().enumerate();
        lens.pending.extend(pending.map(|(template, var)| (revision_of(template), var.index())));
        for class in 0..parts.classes.len() {
            let Representation::Individual(members) = parts.cells.representation(class) else {
                return Err("nodes are counted".to_owned());
            };
            let attributes = &parts.cells.layout(class).attributes;
            let nodes = members.iter().zip(&parts.classes[class].names);
            for (vars, node) in nodes {
                for (attribute, var) in attributes.iter().zip(vars) {
                    match attribute {
                        Attribute::Pods(template, phase) => {
                            lens.pods.push(((revision_of(template.0), node.clone()), position(*phase), var.index()));
                        }
                        Attribute::Waiting(template) => lens.pending.push((revision_of(template.0), var.index())),
                        Attribute::Down => lens.down.push((node.clone(), var.index())),
                        Attribute::Cordoned | Attribute::Maintenance | Attribute::Nominated(_) => {}
                    }
                }
            }
        }
        Ok(lens)
    }

    /// What a state shows.
    pub fn picture(&self, state: &[i64]) -> Picture {
        let mut picture = self.stay.clone();
        picture.replicas = self.replicas.iter().map(|(name, index)| (name.clone(), state[*index])).collect();
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

    /// What a state shows at rest.
    pub fn at_rest(&self, state: &[i64]) -> Picture {
        let mut picture = self.picture(state);
        picture.unready_on(&self.down(state));
        picture
    }

    /// Nodes that are down.
    fn down(&self, state: &[i64]) -> BTreeSet<String> {
        self.down.iter().filter(|(_, index)| state[*index] != 0).map(|(node, _)| node.clone()).collect()
    }

    /// Whether something may be left undone at rest: what is up to a node whose kubelet is silent, evictions that are waited
    /// with for longer than the recording went on, those that a drain gave up, and what a pod needs to become ready.
    pub fn may_be_left(&self, seen: &Seen) -> bool {
        match seen {
            Seen::Ready(..) | Seen::Down(_) | Seen::Up(_) => true,
            Seen::Gone(_, node) => self.silent.contains(node),
            Seen::Deleted(revision, Some(node), By::Taints) => self.waits.allows(*revision, node),
            Seen::Deleted(_, Some(node), By::Drain) => self.left.contains(node),
            _ => false,
        }
    }

    /// Who deletes pods in an action.
    pub fn author(&self, action: ActionId) -> By {
        self.by.get(action.0).copied().unwrap_or(By::Other)
    }

    /// What a step is seen to do, each with how often.
    pub fn between(&self, by: By, before: &[i64], after: &[i64]) -> BTreeMap<Seen, i64> {
        let mut seen = BTreeMap::new();
        let (was_down, is_down) = (self.down(before), self.down(after));
        seen.extend(is_down.difference(&was_down).map(|node| (Seen::Down(node.clone()), 1)));
        seen.extend(was_down.difference(&is_down).map(|node| (Seen::Up(node.clone()), 1)));
        let (before, after) = (self.picture(before), self.picture(after));
        for workload in keys(&before.replicas, &after.replicas) {
            let (old, new) = (of(&before.replicas, workload.clone()), of(&after.replicas, workload.clone()));
            if old != new {
                seen.insert(Seen::Scaled(workload, new), 1);
            }
        }
        for revision in keys(&before.sizes, &after.sizes) {
            let (old, new) = (of(&before.sizes, revision), of(&after.sizes, revision));
            if old != new && self.owned.contains(&revision) {
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
            moved(place, by, (old, new), &mut left, &mut seen);
        }
        let deleted = left.into_iter().filter(|(_, count)| *count > 0);
        seen.extend(deleted.map(|(revision, count)| (Seen::Deleted(revision, None, by), count)));
        seen
    }
}

/// What happened to the pods of a revision on a node.
fn moved(
    (revision, node): (i64, String),
    by: By,
    (old, new): ([i64; 3], [i64; 3]),
    left: &mut BTreeMap<i64, i64>,
    seen: &mut BTreeMap<Seen, i64>,
) {
    let [unready, ready, deleting] = [0, 1, 2].map(|phase: usize| new[phase] - old[phase]);
    if unready + ready > 0 {
        *left.entry(revision).or_default() -= unready + ready;
        seen.insert(Seen::Bound(revision, node), unready + ready);
    } else if deleting > 0 {
        seen.insert(Seen::Deleted(revision, Some(node), by), deleting);
    } else if deleting < 0 {
        seen.insert(Seen::Gone(revision, node), -deleting);
    } else if ready > 0 {
        seen.insert(Seen::Ready(revision, node), ready);
    }
}

/// The recorded pod of which the model knows by name, as it was when the stretch began.
fn as_recorded<'s>(stretch: &'s Stretch, pod: &Pod) -> Option<&'s Value> {
    let name = pod.metadata.name.as_deref();
    let newcomer = || kinds::newcomers(stretch).find(|known| name == Some(&kinds::incarnation(known)));
    named(listed(&stretch.before, "Pod"), name).or_else(newcomer)
}

fn named<'s>(objects: &'s [Value], name: Option<&str>) -> Option<&'s Value> {
    objects.iter().find(|known| known["name"].as_str() == name)
}

/// Pods that the model does not move. Whether they are ready is what it was in the end: nobody asks.
fn staying(parts: &Parts, spec: &ClusterSpec, stretch: &Stretch) -> Picture {
    let mut picture = Picture::default();
    let after = stretch.steps.last().map(|step| listed(&step.after, "Pod")).unwrap_or_default();
    let moved = |workload: usize, pod: usize| {
        parts.templates.iter().any(|template| {
            template.workload == workload && template.tenure == Tenure::Loose && template.members.contains(&pod)
        })
    };
    for (index, workload) in spec.workloads.iter().enumerate().filter(|(_, it)| it.kind == WorkloadKind::Fixed) {
        let pods = workload.revisions.iter().flat_map(|revision| &revision.pods).enumerate();
        let stay = pods.filter(|(pod, _)| !moved(index, *pod)).filter_map(|(_, pod)| pod.object.as_deref());
        let before = stay.filter_map(|pod| as_recorded(stretch, pod));
        before.map(|pod| named(after, pod["name"].as_str()).unwrap_or(pod)).for_each(|pod| picture.add_recorded(pod));
    }
    picture
}

/// Nodes whose drains gave up.
fn unfinished_drains(stretch: &Stretch) -> BTreeSet<String> {
    let given_up = stretch.steps.iter().filter(|step| step.does("drain") && step.result["exit"] != 0);
    given_up.filter_map(|step| step.action["drain"].as_str().map(str::to_owned)).collect()
}

/// Who it is that deletes pods by the rules of a component.
fn author(component: Component) -> By {
    match component {
        Component::ReplicaSet => By::ReplicaSet,
        Component::DaemonSet => By::DaemonSet,
        Component::TaintEviction => By::Taints,
        Component::Preemption => By::Preemption,
        Component::Disruption | Component::Users => By::Drain,
        _ => By::Other,
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
