//! Puts Deployments, ReplicaSets and Pods together: who owns which pod, which revision is the present one. StatefulSets,
//! DaemonSets and Jobs have files of their own ([`super::stateful_sets`], [`super::daemon_sets`], [`super::jobs`]).
//!
//! Pods find their ReplicaSet by `ownerReferences`. Where a dump leaves ReplicaSets out, their names
//! (`<deployment>-<pod-template-hash>`) and the Deployment's selector tell which Deployment a pod belongs to. Pods that
//! have finished are left out; those that are being deleted belong to nobody any more.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, ReplicaSetStatus};
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta, OwnerReference};

use crate::cluster::object::selector::{self, Labels};
use crate::cluster::object::spec::{ExistingPod, ObjectKey, Origin, Revision, Workload, WorkloadKind};

use super::apply;
use super::daemon_sets::Daemons;
use super::diagnostics::Diagnostics;
use super::jobs::Jobs;
use super::key_of;
use super::missing::{Missing, Owns};
use super::object::Located;
use super::owner::{controller, existing, is_of_kind, make_unique, strategy, workload};
use super::stateful_sets::{Given, StatefulSets};
use super::strangers::Strangers;
use super::templates::{self, Priorities};

/// A ReplicaSet of a Deployment, or what its pods tell of it.
struct Set {
    key: ObjectKey,
    deployment: Option<ObjectKey>,
    template: PodTemplateSpec,
    selector: Option<LabelSelector>,
    /// `spec.replicas`, if the object was given.
    size: Option<i64>,
    revision: i64,
    pods: Vec<ExistingPod>,
    /// Of them, ready ones that are not available yet.
    young: i64,
    labels: Labels,
    origin: Origin,
    replicas_given: bool,
}

/// Attaches pods to owners, and collects everything that owns pods.
pub struct Owners<'a> {
    deployments: &'a [Located<Deployment>],
    priorities: &'a Priorities,
    sets: Vec<Set>,
    stateful: StatefulSets<'a>,
    daemons: Daemons<'a>,
    jobs: Jobs<'a>,
    strangers: Strangers<'a>,
    finished: usize,
    finished_of: BTreeMap<String, i64>,
    missing: Missing,
}

impl<'a> Owners<'a> {
    /// Starts with the owners that are given.
    pub fn new(
        deployments: &'a [Located<Deployment>],
        replica_sets: &[Located<ReplicaSet>],
        stateful: Given<'a>,
        daemons: Daemons<'a>,
        jobs: Jobs<'a>,
    ) -> Self {
        let mut owners = Owners {
            deployments,
            priorities: stateful.priorities,
            sets: Vec::new(),
            stateful: StatefulSets::new(stateful),
            daemons,
            jobs,
            strangers: Strangers::new(stateful.priorities),
            finished: 0,
            finished_of: BTreeMap::new(),
            missing: Missing::default(),
        };
        owners.sets = replica_sets.iter().map(|set| owners.set(set)).collect();
        let keys: BTreeSet<ObjectKey> = deployments.iter().map(|it| key_of(&it.value.metadata)).collect();
        let is_given = |owner: &OwnerReference, key: &ObjectKey| is_of_kind(owner, "Deployment") && keys.contains(key);
        let mut missing = Missing::default();
        replica_sets.iter().for_each(|set| missing.note(&set.value.metadata, Owns::ReplicaSets, is_given));
        owners.jobs.note_missing(&mut missing);
        Owners { missing, ..owners }
    }

    /// Gives a pod to its owner.
    pub fn attach(&mut self, pod: &Located<Pod>, sink: &mut Diagnostics) {
        let phase = pod.value.status.as_ref().and_then(|status| status.phase.as_deref());
        if matches!(phase, Some("Succeeded" | "Failed")) {
            self.finished += 1;
            self.jobs.count(&pod.value);
            for owner in pod.value.metadata.owner_references.iter().flatten() {
                *self.finished_of.entry(owner.uid.clone()).or_default() += 1;
            }
            return;
        }
        if self.stateful.attach(pod) || self.daemons.attach(pod) || self.jobs.attach(pod) {
            return;
        }
        let terminating = pod.value.metadata.deletion_timestamp.is_some();
        let set = if terminating { None } else { self.set_of(&pod.value) };
        match set {
            Some(index) => self.sets[index].pods.push(existing(&pod.value)),
            None => {
                self.warn_of_orphan(pod, sink);
                self.note_owner(&pod.value);
                self.strangers.add(&pod.value, pod.raw.is_live(), pod.origin());
            }
        }
    }

    /// Owners of pods, ReplicaSets and Jobs that are not modelled, or not there.
    pub fn missing(&self) -> &Missing {
        &self.missing
    }

    /// Notes the owner of a pod that belongs to no workload. One that is being deleted may have left it.
    fn note_owner(&mut self, pod: &Pod) {
        let mut missing = std::mem::take(&mut self.missing);
        missing.note(&pod.metadata, Owns::Pods, |owner, key| match owner.kind.as_str() {
            _ if !is_of_kind(owner, &owner.kind) => false,
            "ReplicaSet" => {
                self.sets.iter().any(|set| set.key == *key) || self.deployment_of(pod, Some(&key.name)).is_some()
            }
            "StatefulSet" => self.stateful.knows(key),
            "DaemonSet" => self.daemons.knows(key),
            "Job" => self.jobs.knows(key),
            _ => false,
        });
        self.missing = missing;
    }

    /// Pods that have finished, by the uid of each owner.
    pub fn finished(&self) -> &BTreeMap<String, i64> {
        &self.finished_of
    }

    /// All workloads: Deployments, ReplicaSets of their own, StatefulSets, Jobs, CronJobs, DaemonSets, and the rest, each in input order.
    pub fn finish(mut self, sink: &mut Diagnostics) -> Vec<Workload> {
        if self.finished > 0 {
            sink.note(format!("{} pods that have finished are left out", self.finished));
        }
        let mut workloads: Vec<Workload> = Vec::new();
        for deployment in self.deployments {
            let key = key_of(&deployment.value.metadata);
            let (own, others) = self.sets.into_iter().partition(|set| set.deployment.as_ref() == Some(&key));
            self.sets = others;
            workloads.push(build_deployment(deployment, key, own, self.priorities));
        }
        workloads.extend(self.sets.into_iter().map(lone_set));
        let jobs = self.jobs.finish(self.priorities, sink);
        for mut named in self.stateful.finish(sink).into_iter().chain(jobs) {
            let (kind, name) = (named.owner_kind.clone(), named.key.name.clone());
            make_unique(&mut named, &workloads);
            if named.key.name != name {
                let other = &named.key.name;
                sink.note(format!("{kind} {name} has the name of another workload; here it is called {other}"));
            }
            workloads.push(named);
        }
        for mut other in self.daemons.finish(self.priorities).into_iter().chain(self.strangers.finish()) {
            make_unique(&mut other, &workloads);
            workloads.push(other);
        }
        workloads
    }

    fn set(&self, object: &Located<ReplicaSet>) -> Set {
        let key = key_of(&object.value.metadata);
        let spec = object.value.spec.clone().unwrap_or_default();
        let owner = controller(&object.value.metadata).filter(|owner| is_of_kind(owner, "Deployment"));
        let owner = owner.map(|owner| ObjectKey { namespace: key.namespace.clone(), name: owner.name.clone() });
        let mut template = spec.template.unwrap_or_default();
        templates::complete(&mut template, self.priorities);
        Set {
            deployment: owner
                .filter(|owner| self.deployments.iter().any(|known| key_of(&known.value.metadata) == *owner)),
            template,
            selector: Some(spec.selector),
            size: Some(spec.replicas.unwrap_or(1).into()),
            revision: annotation(&object.value.metadata, "deployment.kubernetes.io/revision").unwrap_or(0),
            pods: Vec::new(),
            young: young(object.value.status.as_ref()),
            labels: object.value.metadata.labels.clone().unwrap_or_default(),
            origin: object.origin(),
            replicas_given: spec.replicas.is_some(),
            key,
        }
    }

    /// The ReplicaSet that a pod belongs to, made up from the pod if it was not given.
    fn set_of(&mut self, pod: &Pod) -> Option<usize> {
        let namespace = pod.metadata.namespace.clone().unwrap_or_default();
        let labels = pod.metadata.labels.clone().unwrap_or_default();
        let hash = labels.get(templates::HASH_LABEL);
        let name = match controller(&pod.metadata) {
            Some(owner) if is_of_kind(owner, "ReplicaSet") => Some(owner.name.clone()),
            Some(_) => return None,
            None => None,
        };
        let adopts = |set: &Set| match &name {
            Some(name) => set.key.name == *name,
            None => set.selector.as_ref().is_some_and(|selector| selector::matches(selector, &labels)),
        };
        if let Some(index) = self.sets.iter().position(|set| set.key.namespace == namespace && adopts(set)) {
            return Some(index);
        }
        let deployment = key_of(&self.deployment_of(pod, name.as_deref())?.value.metadata);
        let name = name.unwrap_or_else(|| format!("{}-{}", deployment.name, hash.map_or("", String::as_str)));
        let mut template = templates::of_pod(pod);
        templates::complete(&mut template, self.priorities);
        self.sets.push(Set {
            key: ObjectKey { namespace, name },
            deployment: Some(deployment),
            template,
            selector: None,
            size: None,
            revision: 0,
            pods: Vec::new(),
            young: 0,
            labels: Labels::new(),
            origin: Origin::default(),
            replicas_given: false,
        });
        Some(self.sets.len() - 1)
    }

    /// The Deployment of a pod whose ReplicaSet, of that name if it has one, was not given.
    fn deployment_of(&self, pod: &Pod, set: Option<&str>) -> Option<&'a Located<Deployment>> {
        let labels = pod.metadata.labels.clone().unwrap_or_default();
        let hash = labels.get(templates::HASH_LABEL);
        self.deployments.iter().find(|deployment| {
            let metadata = &deployment.value.metadata;
            let owner = metadata.name.as_deref().unwrap_or_default();
            let spec = deployment.value.spec.as_ref();
            metadata.namespace == pod.metadata.namespace
                && (set.is_some() || hash.is_some())
                && set.is_none_or(|set| is_set_of(set, owner, hash))
                && spec.is_some_and(|spec| selector::matches(&spec.selector, &labels))
        })
    }

    fn warn_of_orphan(&self, pod: &Located<Pod>, sink: &mut Diagnostics) {
        let labels = pod.value.metadata.labels.clone().unwrap_or_default();
        let matching = self.deployments.iter().find(|deployment| {
            let selected =
                |spec: &k8s_openapi::api::apps::v1::DeploymentSpec| selector::matches(&spec.selector, &labels);
            deployment.value.metadata.namespace == pod.value.metadata.namespace
                && deployment.value.spec.as_ref().is_some_and(selected)
        });
        if let Some(deployment) = matching.filter(|_| controller(&pod.value.metadata).is_none()) {
            let key = key_of(&deployment.value.metadata);
            let message =
                format!("Deployment {key} selects this pod but does not own it; it is taken for a pod of its own");
            let help = format!(
                "if it belongs to {key}, give it the label `pod-template-hash`, or the ReplicaSet `{}-…` as its owner",
                key.name
            );
            sink.push(pod.raw.warning(&"metadata.labels".into(), message, help));
        }
    }
}

/// A Deployment that has no pods yet.
pub fn new_deployment(object: &Located<Deployment>, priorities: &Priorities) -> Workload {
    build_deployment(object, key_of(&object.value.metadata), Vec::new(), priorities)
}

fn build_deployment(
    object: &Located<Deployment>,
    key: ObjectKey,
    mut sets: Vec<Set>,
    priorities: &Priorities,
) -> Workload {
    let spec = object.value.spec.clone().unwrap_or_default();
    let mut template = spec.template;
    templates::complete(&mut template, priorities);
    let replicas = i64::from(spec.replicas.unwrap_or(1));
    sets.sort_by_key(|set| set.revision);
    let present = present_set(&sets, &template).map(|index| sets.remove(index));
    let alone = sets.is_empty();
    let (old, emptied): (Vec<Set>, Vec<Set>) =
        sets.into_iter().partition(|set| set.size.unwrap_or(0) > 0 || !set.pods.is_empty());
    let mut revisions: Vec<Revision> = old.into_iter().map(Set::into_revision).collect();
    let generated = format!("{}-{}", key.name, revisions.len() + 1);
    revisions.push(match present {
        Some(set) => {
            let size = set.size.unwrap_or(if alone { replicas } else { set.pods.len() as i64 });
            Revision { template, size, ..set.into_revision() }
        }
        None => Revision { name: generated, template, unmade: true, ..Revision::default() },
    });
    let given = apply::replicas_given(object);
    let mut workload = workload(WorkloadKind::Deployment, "Deployment", key, Revision::default(), object.origin());
    workload.labels = object.value.metadata.labels.clone().unwrap_or_default();
    workload.selector = spec.selector;
    workload.replicas = replicas;
    workload.replicas_given = given;
    workload.strategy = strategy(spec.strategy.as_ref());
    workload.paused = spec.paused.unwrap_or(false);
    workload.min_ready_seconds = spec.min_ready_seconds.unwrap_or(0).into();
    let deadline = spec.progress_deadline_seconds.unwrap_or(PROGRESS_DEADLINE);
    workload.progress_deadline = (deadline != i32::MAX).then(|| deadline.into());
    workload.current = revisions.len() - 1;
    workload.revisions = revisions;
    workload.emptied = emptied.into_iter().map(|set| set.template).collect();
    workload.history_limit = spec.revision_history_limit.unwrap_or(REVISION_HISTORY_LIMIT).into();
    workload
}

/// `spec.revisionHistoryLimit` unless given.
const REVISION_HISTORY_LIMIT: i32 = 10;

/// `spec.progressDeadlineSeconds` unless given.
const PROGRESS_DEADLINE: i32 = 600;

/// Which of a Deployment's ReplicaSets has its present template.
fn present_set(sets: &[Set], template: &PodTemplateSpec) -> Option<usize> {
    let given = |set: &Set| set.size.is_some();
    let exact = sets.iter().rposition(|set| given(set) && templates::unchanged(template, &set.template, None));
    let alike = || sets.iter().rposition(|set| !given(set) && templates::pods_alike(template, &set.template));
    let only = || (sets.len() == 1 && !given(&sets[0])).then_some(0);
    exact.or_else(alike).or_else(only)
}

fn lone_set(set: Set) -> Workload {
    let (replicas, given, labels, origin) =
        (set.size.unwrap_or(0), set.replicas_given, set.labels.clone(), set.origin.clone());
    let (key, selector) = (set.key.clone(), set.selector.clone());
    let mut workload = workload(WorkloadKind::ReplicaSet, "ReplicaSet", key, set.into_revision(), origin);
    workload.replicas = replicas;
    workload.replicas_given = given;
    workload.labels = labels;
    workload.selector = selector.unwrap_or_default();
    workload
}

impl Set {
    fn into_revision(self) -> Revision {
        let size = self.size.unwrap_or(self.pods.len() as i64);
        let Set { key, template, pods, young, .. } = self;
        Revision { name: key.name, template, size, pods, young, ..Revision::default() }
    }
}

/// Ready pods of a ReplicaSet that are not available yet.
fn young(status: Option<&ReplicaSetStatus>) -> i64 {
    let counted = |of: fn(&ReplicaSetStatus) -> Option<i32>| i64::from(status.and_then(of).unwrap_or(0));
    (counted(|it| it.ready_replicas) - counted(|it| it.available_replicas)).max(0)
}

fn annotation(metadata: &ObjectMeta, name: &str) -> Option<i64> {
    metadata.annotations.as_ref()?.get(name)?.parse().ok()
}

/// Whether a ReplicaSet's name is that of one of a Deployment's: `<deployment>-<hash>`.
fn is_set_of(name: &str, deployment: &str, hash: Option<&String>) -> bool {
    let suffix = name.strip_prefix(deployment).and_then(|rest| rest.strip_prefix('-'));
    suffix.is_some_and(|suffix| hash.map_or(!suffix.contains('-'), |hash| hash == suffix))
}
