//! StatefulSets with their pods and revisions.
//!
//! A pod's name says which one it is, its label `controller-revision-hash` of which revision. Templates of revisions are
//! those of ControllerRevisions, where they are given; else what pods tell of them. Claims are looked up by their names.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{ControllerRevision, StatefulSet, StatefulSetUpdateStrategy};
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};

use crate::cluster::counting::ordinals::REVISION_LABEL;
use crate::cluster::object::selector;
use crate::cluster::object::spec::{ExistingPod, ObjectKey, Revision, Workload, WorkloadKind};
use crate::cluster::object::stateful::{Stateful, Update};

use super::apply;
use super::diagnostics::Diagnostics;
use super::key_of;
use super::object::Located;
use super::owner::{controller, existing, workload};
use super::templates::{self, Priorities};
use super::volumes::Volumes;

/// Pods that are told apart from their creation on, above which a check may take too long.
const MOST_FRESH: i64 = 12;

/// What there is of StatefulSets beside their pods.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    /// Those that are there at the start.
    pub sets: &'a [Located<StatefulSet>],
    /// Templates of their revisions.
    pub revisions: &'a [Located<ControllerRevision>],
    /// Where volumes can be reached.
    pub volumes: &'a Volumes,
    /// Priorities by class.
    pub priorities: &'a Priorities,
}

/// Attaches pods to StatefulSets.
pub struct StatefulSets<'a> {
    given: Given<'a>,
    /// By set: its pods, with their revisions' names and what they tell of their templates.
    pods: Vec<Vec<Member>>,
}

struct Member {
    pod: ExistingPod,
    revision: Option<String>,
    template: PodTemplateSpec,
}

/// A revision that is being put together.
struct Candidate {
    name: String,
    /// Its place in history, where that is known.
    number: i64,
    template: PodTemplateSpec,
    pods: Vec<ExistingPod>,
}

impl<'a> StatefulSets<'a> {
    /// Starts with the sets that are given.
    pub fn new(given: Given<'a>) -> Self {
        StatefulSets { given, pods: given.sets.iter().map(|_| Vec::new()).collect() }
    }

    /// Gives a pod to its set; whether there is one.
    pub fn attach(&mut self, pod: &Located<Pod>) -> bool {
        let position = self.given.sets.iter().position(|set| is_of(&pod.value, &set.value));
        let Some((position, ordinal)) = position.and_then(|at| Some((at, ordinal(&pod.value, &self.given.sets[at])?)))
        else {
            return false;
        };
        let leaving = pod.value.metadata.deletion_timestamp.is_some();
        let pod_of = existing(&pod.value);
        // Without a node there is nothing to wait for: it is gone already.
        if leaving && pod_of.node.is_none() {
            return true;
        }
        let mut template = templates::of_pod(&pod.value);
        templates::complete(&mut template, self.given.priorities);
        if let Some(metadata) = &mut template.metadata {
            metadata.labels = Some(templates::stable_labels(metadata.labels.as_ref()));
        }
        let labels = pod.value.metadata.labels.as_ref();
        let revision = labels.and_then(|labels| labels.get(REVISION_LABEL)).cloned();
        let pod = ExistingPod { ordinal: Some(ordinal), leaving, ..pod_of };
        self.pods[position].push(Member { pod, revision, template });
        true
    }

    /// The workloads, in input order.
    pub fn finish(self, sink: &mut Diagnostics) -> Vec<Workload> {
        let given = self.given;
        given.sets.iter().zip(self.pods).map(|(set, pods)| build(&given, set, pods, sink)).collect()
    }
}

/// Whether a pod is one of a set: by its owner, or else by its labels.
fn is_of(pod: &Pod, set: &StatefulSet) -> bool {
    let name = set.metadata.name.as_deref().unwrap_or_default();
    let none = BTreeMap::new();
    let selects = |labels| set.spec.as_ref().is_some_and(|spec| selector::matches(&spec.selector, labels));
    pod.metadata.namespace == set.metadata.namespace
        && match controller(&pod.metadata) {
            Some(owner) => owner.kind == "StatefulSet" && owner.name == name,
            None => selects(pod.metadata.labels.as_ref().unwrap_or(&none)),
        }
}

/// Which one of its set a pod is, by its name; `None` if the name is of no such pod, which the controller ignores.
fn ordinal(pod: &Pod, set: &Located<StatefulSet>) -> Option<i64> {
    let set = set.value.metadata.name.as_deref()?;
    let number = pod.metadata.name.as_deref()?.strip_prefix(set)?.strip_prefix('-')?;
    number.parse().ok().filter(|&ordinal: &i64| ordinal >= 0 && ordinal.to_string() == number)
}

/// A StatefulSet that has no pods yet.
pub fn new_stateful_set(object: &Located<StatefulSet>, priorities: &Priorities) -> Workload {
    let volumes = Volumes::default();
    let given = Given { sets: &[], revisions: &[], volumes: &volumes, priorities };
    build(&given, object, Vec::new(), &mut Diagnostics::default())
}

fn build(given: &Given<'_>, object: &Located<StatefulSet>, pods: Vec<Member>, sink: &mut Diagnostics) -> Workload {
    let key = key_of(&object.value.metadata);
    let spec = object.value.spec.clone().unwrap_or_default();
    let mut template = spec.template;
    templates::complete(&mut template, given.priorities);
    let status = object.value.status.clone().unwrap_or_default();
    let mut candidates = candidates(given, &key, pods, status.current_revision.as_deref());
    let wanted = status.update_revision.as_deref();
    let present = present(&candidates, &template, wanted).map(|at| candidates.remove(at));
    candidates.sort_by_key(|candidate| candidate.number);
    let fresh = || {
        let name = format!("{}-revision-{}", key.name, candidates.len() + 1);
        let name = wanted.filter(|name| candidates.iter().all(|it| it.name != **name)).map_or(name, str::to_owned);
        Candidate { name, number: 0, template: template.clone(), pods: Vec::new() }
    };
    let present = present.unwrap_or_else(fresh);
    candidates.push(Candidate { template, ..present });
    let current = current(&candidates, status.current_revision.as_deref(), object, sink);
    let revisions: Vec<Revision> = candidates.into_iter().map(revision).collect();
    let of_current = |pod: &&ExistingPod| !pod.leaving;
    let counted = revisions[current].pods.iter().filter(of_current).count() as i64;
    let most = i64::from(spec.replicas.unwrap_or(1)).max(counted);
    let start = spec.ordinals.as_ref().and_then(|ordinals| ordinals.start).unwrap_or(0).into();
    let given_replicas = apply::replicas_given(object);
    let mut workload =
        workload(WorkloadKind::StatefulSet, "StatefulSet", key.clone(), Revision::default(), object.origin());
    workload.labels = object.value.metadata.labels.clone().unwrap_or_default();
    workload.selector = spec.selector;
    workload.replicas = spec.replicas.unwrap_or(1).into();
    workload.replicas_given = given_replicas;
    workload.min_ready_seconds = spec.min_ready_seconds.unwrap_or(0).into();
    workload.current = revisions.len() - 1;
    workload.revisions = revisions;
    let claims: Vec<String> =
        spec.volume_claim_templates.iter().flatten().filter_map(|it| it.metadata.name.clone()).collect();
    let mut set = Stateful {
        name: key.name.clone(),
        start,
        parallel: spec.pod_management_policy.as_deref() == Some("Parallel"),
        update: update(spec.update_strategy.as_ref()),
        current,
        current_replicas: status.current_replicas.map_or(counted, i64::from).clamp(0, most),
        is_available: status.available_replicas.unwrap_or(0) >= status.ready_replicas.unwrap_or(0),
        pins: BTreeMap::new(),
    };
    let ordinals = set.ordinals(&workload, workload.replicas);
    let fresh = workload.replicas - workload.revisions.iter().map(|revision| revision.pods.len() as i64).sum::<i64>();
    if fresh > MOST_FRESH {
        sink.note(format!(
            "StatefulSet {key} has {fresh} pods that are yet to be made: each is told apart, and a check may end without a verdict; \
             give its pods, or fewer replicas"
        ));
    }
    set.pins = given.volumes.pins(&key, &claims, ordinals, sink);
    workload.stateful = Some(set);
    workload
}

/// The revisions of which there are pods, and the current one.
fn candidates(given: &Given<'_>, key: &ObjectKey, pods: Vec<Member>, current: Option<&str>) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    let known = |name: &str| given.revisions.iter().find(|it| key_of(&it.value.metadata) == key.sibling(name));
    let template = |name: &str| known(name).and_then(|it| template_of(&it.value, given.priorities));
    let number = |name: &str| known(name).map_or(0, |it| it.value.revision);
    for Member { pod, revision, template: own } in pods {
        let name = revision.unwrap_or_default();
        if let Some(candidate) = found.iter_mut().find(|candidate| candidate.name == name) {
            candidate.pods.push(pod);
            continue;
        }
        let template = template(&name).unwrap_or(own);
        found.push(Candidate { number: number(&name), template, pods: vec![pod], name });
    }
    if let Some(name) = current.filter(|name| found.iter().all(|it| it.name != *name))
        && let Some(template) = template(name)
    {
        found.push(Candidate { name: name.to_owned(), number: number(name), template, pods: Vec::new() });
    }
    found
}

/// The pod template in a ControllerRevision.
fn template_of(revision: &ControllerRevision, priorities: &Priorities) -> Option<PodTemplateSpec> {
    let template = revision.data.as_ref()?.0.get("spec")?.get("template")?;
    let mut template: PodTemplateSpec = serde_json::from_value(template.clone()).ok()?;
    templates::complete(&mut template, priorities);
    Some(template)
}

/// Which revision is that of the present template.
fn present(candidates: &[Candidate], template: &PodTemplateSpec, wanted: Option<&str>) -> Option<usize> {
    let is_same = |it: &Candidate| templates::unchanged(template, &it.template, None);
    let is_alike = |it: &Candidate| templates::pods_alike(template, &it.template);
    let named = candidates.iter().position(|it| Some(it.name.as_str()) == wanted && is_alike(it));
    let nameless = || candidates.iter().position(|it| it.name.is_empty());
    named
        .or_else(|| candidates.iter().rposition(is_same))
        .or_else(|| candidates.iter().rposition(is_alike))
        .or_else(nameless)
}

/// Which revision the status calls the current one: the present one, where it says nothing.
fn current(
    candidates: &[Candidate],
    name: Option<&str>,
    object: &Located<StatefulSet>,
    sink: &mut Diagnostics,
) -> usize {
    let present = candidates.len() - 1;
    let Some(name) = name.filter(|name| !name.is_empty()) else { return present };
    candidates.iter().position(|it| it.name == name).unwrap_or_else(|| {
        let message = format!("the current revision `{name}` is not given; it is taken for the present template");
        let help = "dump the ControllerRevisions too";
        sink.push(object.raw.warning(&"status.currentRevision".into(), message, help));
        present
    })
}

fn revision(candidate: Candidate) -> Revision {
    let size = candidate.pods.iter().filter(|pod| !pod.leaving).count() as i64;
    Revision { name: candidate.name, template: candidate.template, size, pods: candidate.pods, ..Revision::default() }
}

/// The strategy that the API server would store.
fn update(given: Option<&StatefulSetUpdateStrategy>) -> Update {
    let strategy = given.cloned().unwrap_or_default();
    if strategy.type_.as_deref() == Some("OnDelete") {
        return Update::OnDelete;
    }
    let is_explicit = strategy.type_.as_deref().is_some_and(|kind| !kind.is_empty());
    let rolling = strategy.rolling_update;
    let partition = rolling.as_ref().map(|it| i64::from(it.partition.unwrap_or(0)));
    Update::Rolling {
        partition: partition.or((!is_explicit).then_some(0)),
        max_unavailable: rolling.and_then(|it| it.max_unavailable),
    }
}

/// Says that `maxUnavailable` is ignored where the feature gate is off.
pub fn warn_of_gate(sets: &[Located<StatefulSet>], is_on: bool, sink: &mut Diagnostics) {
    let limits = |set: &&Located<StatefulSet>| {
        let strategy = set.value.spec.as_ref().and_then(|spec| spec.update_strategy.as_ref());
        strategy.and_then(|it| it.rolling_update.as_ref()).is_some_and(|it| it.max_unavailable.is_some())
    };
    for set in sets.iter().filter(limits).filter(|_| !is_on) {
        let path = "spec.updateStrategy.rollingUpdate.maxUnavailable".into();
        let message = "maxUnavailable is ignored: its feature gate MaxUnavailableStatefulSet is off by default";
        let help = "if it is on, say so in a scenario: `controllers: {statefulSet: {maxUnavailable: true}}`";
        sink.push(set.raw.warning(&path, message, help));
    }
}
