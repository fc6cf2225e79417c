//! States of rest, and where a model's state shows what can be compared with a recording.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use k8s_openapi::api::core::v1::{Pod, PodSpec};
use serde_json::Value;

use crate::cluster::Phase;
use crate::cluster::counting::cells::Representation;
use crate::cluster::counting::layout::Attribute;
use crate::cluster::counting::templates::Tenure;
use crate::cluster::object::spec::{ClusterSpec, Workload, WorkloadKind};
use crate::cluster::view::Parts;
use crate::cluster::view::rule::Component;
use crate::system::{Action, ActionId, System};

use super::commands;
use super::observe::{By, Seen};
use super::record::{Step, Stretch, is_over, listed};
use super::rest;
use super::step::Built;
use super::waits::Waits;
use super::workload::{self, BARE, Kind, Revision, SCALED, revision};

/// What can be compared at rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// By Deployment or StatefulSet: its size.
    pub replicas: BTreeMap<String, i64>,
    /// By revision: the size of its ReplicaSet, where it is not 0.
    pub sizes: BTreeMap<i64, i64>,
    /// By StatefulSet: its current revision, where that had pods.
    pub current: BTreeMap<String, i64>,
    /// By kind: pods without a node.
    pub pending: BTreeMap<Kind, i64>,
    /// By kind and node: pods that are not ready, ready, and being deleted.
    pub pods: BTreeMap<(Kind, String), [i64; 3]>,
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

    fn add(&mut self, kind: Kind, node: &str, phase: usize, count: i64) {
        if count != 0 {
            self.pods.entry((kind, node.to_owned())).or_default()[phase] += count;
        }
    }

    /// What was recorded at rest.
    pub fn recorded(stretch: &Stretch) -> Picture {
        let mut picture = Picture::default();
        let Some(step) = stretch.steps.last() else { return picture };
        let workloads = SCALED.iter().flat_map(|kind| listed(&step.after, kind));
        picture.replicas = workloads.filter_map(workload::replicas).collect();
        let sets = listed(&step.after, "StatefulSet").iter();
        let current = sets.filter_map(|set| Some((set["name"].as_str()?.to_owned(), set["currentRevision"].as_i64()?)));
        picture.current = current.filter(|(_, number)| stretch.revisions.contains_key(number)).collect();
        for set in listed(&step.after, "ReplicaSet") {
            let size = set["spec.replicas"].as_i64().unwrap_or(0);
            if size != 0 {
                *picture.sizes.entry(revision(set)).or_default() += size;
            }
        }
        listed(&step.after, "Pod")
            .iter()
            .filter(|pod| !is_over(pod))
            .for_each(|pod| picture.add_recorded(&stretch.objects, pod));
        // A node may have been seen to be down before its pods are told.
        let down = listed(&step.after, "Node").iter().filter(|node| node["ready"] != "True");
        picture.unready_on(&down.filter_map(|node| node["name"].as_str().map(str::to_owned)).collect());
        picture
    }

    fn add_recorded(&mut self, objects: &[Value], pod: &Value) {
        let kind = workload::kind(objects, pod);
        match pod["node"].as_str() {
            None => *self.pending.entry(kind).or_default() += 1,
            Some(node) if pod["deleting"] == true => self.add(kind, node, 2, 1),
            Some(node) => self.add(kind, node, usize::from(pod["ready"] == true), 1),
        }
    }
}

impl fmt::Display for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "replicas {:?}, sizes {:?}, current {:?}, pending", self.replicas, self.sizes, self.current)?;
        for (kind, count) in &self.pending {
            write!(f, " {count} {kind}")?;
        }
        write!(f, ", pods")?;
        for ((kind, node), [unready, ready, deleting]) in &self.pods {
            write!(f, " {kind}@{node} {unready}+{ready}+{deleting}")?;
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
    /// By StatefulSet: its revisions' numbers, and which of them is the current one, if there are several.
    current: Vec<(String, Vec<i64>, Option<usize>)>,
    pending: Vec<(Kind, usize)>,
    pods: Vec<((Kind, String), usize, usize)>,
    down: Vec<(String, usize)>,
    /// Nodes whose kubelets are silent when the stretch ends.
    silent: BTreeSet<String>,
    /// Nodes that were drained in vain.
    left: BTreeSet<String>,
    /// Whether some pod had not been ready for `minReadySeconds` at the end.
    is_young: bool,
    /// Evictions that are waited with.
    waits: Waits,
    /// Pods that stay where they are for the model.
    stay: Picture,
    /// Kinds of pods that end by themselves.
    jobs: BTreeSet<Kind>,
    /// Who deletes pods, by action.
    by: Vec<By>,
}

impl Lens {
    /// Of a model; an error if one of its templates is of no recorded revision.
    pub fn new(Built { model, spec }: &Built, stretch: &Stretch) -> Result<Lens, String> {
        let parts = &model.parts;
        let owner = |template: usize| &spec.workloads[parts.templates[template].workload];
        let number = |workload: &str, pod: &PodSpec| {
            let image = pod.containers[0].image.clone().unwrap_or_default();
            let wanted = Revision { workload: workload.to_owned(), image };
            stretch.revisions.iter().find(|(_, known)| **known == wanted).map(|(revision, _)| *revision)
        };
        let revision_of = |template: usize| {
            let pod = &parts.templates[template];
            if let Some(sample) = pod.sample.as_deref() {
                return as_recorded(stretch, sample).map_or(BARE, revision);
            }
            // A template that the user replaced before anybody looked at it has no recorded revision.
            number(&owner(template).key.name, &pod.spec).unwrap_or(UNSEEN - template as i64)
        };
        let kind_of =
            |template: usize| Kind { revision: revision_of(template), ordinal: parts.templates[template].ordinal };
        let sized = (0..parts.templates.len()).filter(|&template| owner(template).kind == WorkloadKind::Deployment);
        let (owned, silent) = (sized.map(revision_of).collect(), stretch.failed_at_the_end());
        let (sizes, pending, pods, down) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let workloads = spec.workloads.iter().zip(&parts.workloads);
        let scaled = |kind| matches!(kind, WorkloadKind::Deployment | WorkloadKind::StatefulSet);
        let replicas = workloads
            .filter(|(object, _)| scaled(object.kind))
            .filter_map(|(object, vars)| Some((object.key.name.clone(), vars.as_ref()?.replicas.index())))
            .collect();
        let by = parts.rules.iter().map(|rule| rule.map_or(By::Other, |rule| author(rule.component))).collect();
        let (stay, left) = (staying(parts, spec, stretch), unfinished_drains(stretch));
        let (waits, is_young) = (Waits::of(stretch), is_young(stretch));
        let current = sets(spec, &model.system, &number);
        let of_jobs = (0..parts.templates.len()).filter(|&template| owner(template).kind == WorkloadKind::Job);
        let jobs = of_jobs.map(kind_of).collect();
        let mut lens = Lens {
            owned,
            replicas,
            sizes,
            current,
            pending,
            pods,
            down,
            silent,
            left,
            is_young,
            waits,
            stay,
            jobs,
            by,
        };
        for vars in parts.workloads.iter().flatten() {
            let sizes = vars.sizes.iter().zip(&vars.templates);
            lens.sizes.extend(sizes.map(|(size, template)| (revision_of(template.0), size.index())));
        }
        let pending = parts.pending.iter().enumerate();
        lens.pending.extend(pending.map(|(template, var)| (kind_of(template), var.index())));
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
                            lens.pods.push(((kind_of(template.0), node.clone()), position(*phase), var.index()));
                        }
                        Attribute::Waiting(template) => lens.pending.push((kind_of(template.0), var.index())),
                        Attribute::Down => lens.down.push((node.clone(), var.index())),
                        Attribute::Cordoned
                        | Attribute::Gone
                        | Attribute::Maintenance
                        | Attribute::Nominated(_)
                        | Attribute::Assumed(_)
                        | Attribute::Presence => {}
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
        for &(revision, index) in self.sizes.iter().filter(|(_, index)| state[*index] != 0) {
            *picture.sizes.entry(revision).or_default() += state[index];
        }
        for (set, numbers, index) in &self.current {
            let number = index.map_or(0, |index| usize::try_from(state[index]).unwrap_or(0));
            picture.current.extend(numbers.get(number).filter(|it| **it >= 0).map(|it| (set.clone(), *it)));
        }
        for &(kind, index) in self.pending.iter().filter(|(_, index)| state[*index] != 0) {
            *picture.pending.entry(kind).or_default() += state[index];
        }
        for ((kind, node), phase, index) in &self.pods {
            picture.add(*kind, node, *phase, state[*index]);
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
    /// with for longer than the recording went on, those that a drain gave up, whether a pod becomes ready or ceases to be, and
    /// the ends of pods of Jobs.
    pub fn may_be_left(&self, seen: &Seen) -> bool {
        match seen {
            Seen::Ready(..) | Seen::Unready(..) | Seen::Down(_) | Seen::Up(_) => true,
            Seen::Gone(kind, _) if self.jobs.contains(kind) => true,
            Seen::Gone(_, node) => self.silent.contains(node),
            Seen::Deleted(kind, Some(node), By::Taints) => self.waits.allows(kind.revision, node),
            Seen::Deleted(_, Some(node), By::Drain) => self.left.contains(node),
            _ => false,
        }
    }

    /// Whether rest waits for an action although nobody sees it.
    pub fn is_awaited(&self, action: &Action) -> bool {
        rest::is_initialising(action) || !self.is_young && rest::is_ageing(action)
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
        let mut left: BTreeMap<Kind, i64> = BTreeMap::new();
        for kind in keys(&before.pending, &after.pending) {
            let gained = of(&after.pending, kind) - of(&before.pending, kind);
            if gained > 0 {
                seen.insert(Seen::Created(kind), gained);
            }
            left.insert(kind, -gained.min(0));
        }
        for place in keys(&before.pods, &after.pods) {
            let (old, new) = (of(&before.pods, place.clone()), of(&after.pods, place.clone()));
            moved(place, by, (old, new), &mut left, &mut seen);
        }
        let deleted = left.into_iter().filter(|(_, count)| *count > 0);
        seen.extend(deleted.map(|(kind, count)| (Seen::Deleted(kind, None, by), count)));
        seen
    }
}

/// What happened to the pods of a kind on a node.
fn moved(
    (kind, node): (Kind, String),
    by: By,
    (old, new): ([i64; 3], [i64; 3]),
    left: &mut BTreeMap<Kind, i64>,
    seen: &mut BTreeMap<Seen, i64>,
) {
    let [unready, ready, deleting] = [0, 1, 2].map(|phase: usize| new[phase] - old[phase]);
    if unready + ready > 0 {
        *left.entry(kind).or_default() -= unready + ready;
        seen.insert(Seen::Bound(kind, node), unready + ready);
    } else if deleting > 0 {
        seen.insert(Seen::Deleted(kind, Some(node), by), deleting);
    } else if unready + ready + deleting < 0 {
        // Pods that are collected, and those of Jobs that end, go without having terminated.
        seen.insert(Seen::Gone(kind, node), -(unready + ready + deleting));
    } else if ready > 0 {
        seen.insert(Seen::Ready(kind, node), ready);
    } else if ready < 0 {
        seen.insert(Seen::Unready(kind, node), -ready);
    }
}

/// By StatefulSet: its revisions' numbers, below 0 where nothing is known of one, and the variable of the current one.
fn sets(
    spec: &ClusterSpec,
    system: &System,
    number: &dyn Fn(&str, &PodSpec) -> Option<i64>,
) -> Vec<(String, Vec<i64>, Option<usize>)> {
    let own = spec.workloads.iter().filter(|workload| workload.kind == WorkloadKind::StatefulSet);
    let of = |workload: &Workload| {
        let variable = format!("{} current revision", workload.key);
        let specs = workload.revisions.iter().map(|revision| revision.template.spec.clone().unwrap_or_default());
        let numbers = specs.map(|pod| number(&workload.key.name, &pod).unwrap_or(UNSEEN)).collect();
        let position = system.state.iter().position(|var| var.name == variable);
        (workload.key.name.clone(), numbers, position)
    };
    own.map(of).collect()
}

/// The recorded pod of which the model knows by name, as it was when the stretch began.
fn as_recorded<'s>(stretch: &'s Stretch, pod: &Pod) -> Option<&'s Value> {
    let name = pod.metadata.name.as_deref();
    named(listed(&stretch.before, "Pod"), name)
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
        before
            .map(|pod| named(after, pod["name"].as_str()).unwrap_or(pod))
            .for_each(|pod| picture.add_recorded(&stretch.objects, pod));
    }
    picture
}

/// Nodes whose drains gave up after a while.
fn unfinished_drains(stretch: &Stretch) -> BTreeSet<String> {
    let fails = |step: &&Step| step.does("drain") && step.result["exit"] != 0 && !commands::is_given_up(step);
    let given_up = stretch.steps.iter().filter(fails);
    given_up.filter_map(|step| step.action["drain"].as_str().map(str::to_owned)).collect()
}

/// Whether fewer pods of a StatefulSet are available at the end than are ready.
fn is_young(stretch: &Stretch) -> bool {
    let sets = stretch.steps.last().map(|step| listed(&step.after, "StatefulSet")).unwrap_or_default();
    let count = |set: &Value, field: &str| set[field].as_i64().unwrap_or(0);
    sets.iter().any(|set| count(set, "availableReplicas") < count(set, "readyReplicas"))
}

/// Who it is that deletes pods by the rules of a component.
fn author(component: Component) -> By {
    match component {
        Component::ReplicaSet => By::ReplicaSet,
        Component::StatefulSet => By::StatefulSet,
        Component::DaemonSet => By::DaemonSet,
        Component::Job => By::Job,
        Component::TaintEviction => By::Taints,
        Component::Preemption => By::Preemption,
        Component::Disruption | Component::Users => By::Drain,
        _ => By::Other,
    }
}

fn position(phase: Phase) -> usize {
    match phase {
        Phase::Starting | Phase::Unready => 0,
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
