//! DaemonSets: their templates as pods get them, and which pods are whose, of which revision.
//!
//! A ControllerRevision tells the template of the pods that carry its hash. Where a dump leaves them out, pods tell their
//! templates themselves, and the present one is told by its generation, or by looks.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::apps::v1::{ControllerRevision, DaemonSet};
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::cluster::object::daemon;
use crate::cluster::object::selector::Labels;
use crate::cluster::object::spec::{ExistingPod, ObjectKey, Revision, Workload, WorkloadKind};

use super::key_of;
use super::object::Located;
use super::owner::{controller, existing, workload};
use super::templates::{self, Priorities};

/// The label that tells the pods of one revision from those of another.
const HASH_LABEL: &str = "controller-revision-hash";
/// The label of pods, and the annotation of their DaemonSet, that number its templates.
const GENERATIONS: (&str, &str) = ("pod-template-generation", "deprecated.daemonset.template.generation");

/// Attaches pods to DaemonSets.
pub struct Daemons<'a> {
    sets: Vec<Daemon<'a>>,
}

/// A DaemonSet and its pods.
struct Daemon<'a> {
    object: &'a Located<DaemonSet>,
    key: ObjectKey,
    histories: Vec<&'a ControllerRevision>,
    /// By hash; pods without one are together.
    pods: BTreeMap<String, Vec<Given>>,
}

/// A pod as it was given, and whether an API server printed it.
struct Given {
    pod: Arc<Pod>,
    is_live: bool,
}

impl<'a> Daemons<'a> {
    /// Those that are given, without pods.
    pub fn new(daemon_sets: &'a [Located<DaemonSet>], histories: &'a [Located<ControllerRevision>]) -> Self {
        let set = |object: &'a Located<DaemonSet>| {
            let key = key_of(&object.value.metadata);
            let own =
                |history: &&'a Located<ControllerRevision>| owner_of(&history.value.metadata) == Some(key.clone());
            let histories = histories.iter().filter(own).map(|history| &*history.value).collect();
            Daemon { object, histories, key, pods: BTreeMap::new() }
        };
        Daemons { sets: daemon_sets.iter().map(set).collect() }
    }

    /// Gives a pod to its DaemonSet, if that is here; those that are being deleted, too, because they keep others away.
    pub fn attach(&mut self, pod: &Located<Pod>) -> bool {
        let Some(owner) = owner_of(&pod.value.metadata) else { return false };
        let Some(set) = self.sets.iter_mut().find(|set| set.key == owner) else { return false };
        let hash = label(&pod.value.metadata, HASH_LABEL).unwrap_or_default().to_owned();
        set.pods.entry(hash).or_default().push(Given { pod: Arc::clone(&pod.value), is_live: pod.raw.is_live() });
        true
    }

    /// All of them as workloads; names need not be unique.
    pub fn finish(self, priorities: &Priorities) -> Vec<Workload> {
        self.sets.into_iter().map(|set| set.build(priorities)).collect()
    }
}

/// A DaemonSet that has no pods yet.
pub fn new_daemon_set(object: &Located<DaemonSet>, priorities: &Priorities) -> Workload {
    let key = key_of(&object.value.metadata);
    Daemon { object, key, histories: Vec::new(), pods: BTreeMap::new() }.build(priorities)
}

/// Fills in what the controller and admission add to every pod.
pub fn complete(template: &mut PodTemplateSpec, priorities: &Priorities) {
    daemon::tolerate(template.spec.get_or_insert_default());
    templates::complete(template, priorities);
}

impl Daemon<'_> {
    fn build(mut self, priorities: &Priorities) -> Workload {
        let spec = self.object.value.spec.clone().unwrap_or_default();
        let mut template = spec.template;
        complete(&mut template, priorities);
        let present = self.present_hash(&template, priorities);
        let own = present.and_then(|hash| self.pods.remove(&hash)).unwrap_or_default();
        let mut others: Vec<(String, Vec<Given>)> = std::mem::take(&mut self.pods).into_iter().collect();
        others.sort_by_key(|(hash, pods)| (self.history(hash).map(|it| it.revision), generation(&pods[0].pod)));
        let mut revisions: Vec<Revision> = Vec::new();
        for (hash, pods) in others {
            let template = self.template_of(&hash, &pods[0].pod, priorities);
            let name = format!("{}-{}", self.key.name, revisions.len() + 1);
            revisions.push(revision(name, template, pods, priorities));
        }
        let name = format!("{}-{}", self.key.name, revisions.len() + 1);
        revisions.push(revision(name, template, own, priorities));
        let origin = self.object.origin();
        let mut workload = workload(WorkloadKind::DaemonSet, "DaemonSet", self.key, Revision::default(), origin);
        workload.labels = self.object.value.metadata.labels.clone().unwrap_or_default();
        workload.selector = spec.selector;
        workload.update = daemon::strategy(spec.update_strategy.as_ref());
        workload.min_ready_seconds = spec.min_ready_seconds.unwrap_or(0).into();
        workload.current = revisions.len() - 1;
        workload.revisions = revisions;
        workload
    }

    /// The hash of pods of the present template.
    fn present_hash(&self, template: &PodTemplateSpec, priorities: &Priorities) -> Option<String> {
        let newest = self.histories.iter().max_by_key(|history| history.revision);
        if let Some(hash) = newest.and_then(|history| label(&history.metadata, HASH_LABEL)) {
            return Some(hash.to_owned());
        }
        let annotations = self.object.value.metadata.annotations.as_ref();
        let present = annotations.and_then(|annotations| annotations.get(GENERATIONS.1));
        let mut groups = self.pods.iter();
        let found = match present {
            Some(present) => groups.find(|(_, pods)| generation(&pods[0].pod) == present.parse().ok()),
            None => groups.find(|(hash, pods)| {
                templates::pods_alike(template, &self.template_of(hash, &pods[0].pod, priorities))
            }),
        };
        found.map(|(hash, _)| hash.clone())
    }

    fn history(&self, hash: &str) -> Option<&ControllerRevision> {
        self.histories.iter().copied().find(|history| label(&history.metadata, HASH_LABEL) == Some(hash))
    }

    /// The template of the pods with a hash, one of which is given.
    fn template_of(&self, hash: &str, pod: &Pod, priorities: &Priorities) -> PodTemplateSpec {
        let told = self.history(hash).and_then(|history| {
            let template = &history.data.as_ref()?.0["spec"]["template"];
            serde_json::from_value(template.clone()).ok()
        });
        let mut template = told.unwrap_or_else(|| templates::of_pod(pod));
        forget_node(&mut template);
        complete(&mut template, priorities);
        template
    }
}

fn revision(name: String, template: PodTemplateSpec, pods: Vec<Given>, priorities: &Priorities) -> Revision {
    let pods = pods.into_iter().map(|Given { pod, is_live }| {
        let awaits = awaited_node(&pod);
        let read = existing(&pod);
        let object = if is_live { pod } else { completed(&pod, priorities) };
        ExistingPod { awaits: awaits.filter(|_| read.node.is_none()), object: Some(object), ..read }
    });
    Revision { name, template, pods: pods.collect(), ..Revision::default() }
}

/// A pod as admission would have completed it.
fn completed(pod: &Pod, priorities: &Priorities) -> Arc<Pod> {
    let mut template = PodTemplateSpec { metadata: None, spec: pod.spec.clone() };
    templates::complete(&mut template, priorities);
    Arc::new(Pod { spec: template.spec, ..pod.clone() })
}

/// The only node that the affinity of a pod allows by name.
fn awaited_node(pod: &Pod) -> Option<String> {
    let affinity = pod.spec.as_ref()?.affinity.as_ref()?.node_affinity.as_ref()?;
    let required = affinity.required_during_scheduling_ignored_during_execution.as_ref()?;
    let fields = required.node_selector_terms.iter().flat_map(|term| term.match_fields.iter().flatten());
    let mut names = fields.filter(|field| field.key == "metadata.name").flat_map(|field| field.values.iter().flatten());
    names.next().cloned()
}

/// Takes away what the controller wrote over a template's required affinity: which it was, a pod no longer says.
fn forget_node(template: &mut PodTemplateSpec) {
    let affinity = template.spec.as_mut().and_then(|spec| spec.affinity.as_mut());
    let Some(affinity) = affinity.and_then(|affinity| affinity.node_affinity.as_mut()) else { return };
    let required = affinity.required_during_scheduling_ignored_during_execution.as_ref();
    let mut terms = required.into_iter().flat_map(|required| &required.node_selector_terms);
    if terms.any(|term| term.match_fields.iter().flatten().any(|field| field.key == "metadata.name")) {
        affinity.required_during_scheduling_ignored_during_execution = None;
    }
}

/// The DaemonSet that controls an object.
fn owner_of(metadata: &ObjectMeta) -> Option<ObjectKey> {
    let owner = controller(metadata).filter(|owner| owner.kind == "DaemonSet")?;
    Some(ObjectKey { namespace: metadata.namespace.clone().unwrap_or_default(), name: owner.name.clone() })
}

fn label<'m>(metadata: &'m ObjectMeta, name: &str) -> Option<&'m str> {
    let labels: &Labels = metadata.labels.as_ref()?;
    labels.get(name).map(String::as_str)
}

fn generation(pod: &Pod) -> Option<i64> {
    label(&pod.metadata, GENERATIONS.0)?.parse().ok()
}
