//! Pod templates: the kinds of interchangeable pods that a model counts.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Node, Pod, PodSpec, Toleration};

use super::{jobs, loose, ordinals, phases, variants};
use crate::cluster::arithmetic::rollout::Limits;
use crate::cluster::object::activation::Activation;
use crate::cluster::object::daemon::Update;
use crate::cluster::object::images;
use crate::cluster::object::resources::{self, Resources};
use crate::cluster::object::selector;
use crate::cluster::object::spec::{ClusterSpec, ExistingPod, SchedulerProfile, Workload, WorkloadKind};
use crate::cluster::object::stateful::Stateful;

/// Position of a template in [`View::templates`](crate::cluster::view::View::templates).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct TemplateId(pub usize);

/// Who answers for the pods of a template.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Tenure {
    /// A modelled owner makes and deletes them.
    Owned,
    /// No modelled owner, but they may be bound, evicted or finish terminating.
    Loose,
    /// They stay where they are: constants of their nodes' classes.
    Resident,
}

/// Where a pod that is bound to a node stands in its life.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Phase {
    /// Bound, not ready yet.
    Starting,
    /// Ready.
    Running,
    /// Not ready any more: it failed its probe, or waits to be restarted.
    Unready,
    /// Being deleted; holds its resources, counts for nothing else.
    Terminating,
}

impl Phase {
    /// The phase that a bound pod starts in.
    pub fn of(pod: &ExistingPod) -> Phase {
        match (loose::is_terminating(pod), pod.ready) {
            (true, _) => Phase::Terminating,
            (false, true) => Phase::Running,
            (false, false) => Phase::Starting,
        }
    }
}

/// How many pods of their owner a node has.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Share {
    /// Any number.
    Any,
    /// One, made for this node and no other; another one once it is gone.
    One,
    /// One as well, but the next one may come while it is there.
    Surging,
}

/// One revision of one workload, of one ordinal if it is a StatefulSet; or equal pods without a modelled owner.
#[derive(Clone, Debug)]
pub struct Template {
    /// Position of the workload in [`ClusterSpec::workloads`].
    pub workload: usize,
    /// What kind of owner that is.
    pub kind: WorkloadKind,
    /// Position in the workload's revisions.
    pub revision: usize,
    /// Position in the revision's variants; 0 where all pods request what the template says.
    pub variant: usize,
    /// Under which recommendations new pods of the revision are of it; `None`: always.
    pub levels: Option<Vec<i64>>,
    /// Name of its ReplicaSet, or of the pod of a StatefulSet.
    pub set: String,
    /// The same, with what its pods request where the revision has pods that request something else.
    pub name: String,
    /// Namespace of its pods.
    pub namespace: String,
    /// Labels of its pods.
    pub labels: BTreeMap<String, String>,
    /// Spec of its pods.
    pub spec: PodSpec,
    /// What each pod requests.
    pub requests: Resources,
    /// What scoring takes each pod to request: cpu in thousandths, memory in bytes.
    pub scoring: (i64, i64),
    /// What NodeResourcesFit takes the pod that it scores nodes for to request, in the same units: upstream overlooks
    /// pod-level requests there.
    pub placing: (i64, i64),
    /// At most so many pods exist at a time.
    pub max_pods: i64,
    /// Of a StatefulSet: which of its pods it is. There is one at most of all its templates with this ordinal, and until it is
    /// gone it holds the name.
    pub ordinal: Option<i64>,
    /// Phases that its bound pods can be in, in the order of [`Phase`].
    pub phases: Vec<Phase>,
    /// Whether readiness may take arbitrarily long.
    pub slow_start: bool,
    /// Whether they never become ready, because an image is broken.
    pub never_ready: bool,
    /// Whether they crash and are restarted, again and again.
    pub crash_loops: bool,
    /// Who answers for them.
    pub tenure: Tenure,
    /// How many of them a node has.
    pub share: Share,
    /// Whether new ones may come: the owner may have this template now or later.
    pub grows: bool,
    /// Where schedulers have caches of their own: the one whose pods these are.
    pub cache: Option<usize>,
    /// One of the pods as it was read; `None` for those of modelled owners.
    pub sample: Option<Arc<Pod>>,
    /// Whether some of the existing pods have no node; only kept for pods without a modelled owner.
    pub waits: bool,
    /// Positions of the existing pods among the revision's.
    pub members: Vec<usize>,
}

impl Template {
    /// Its tolerations.
    pub fn tolerations(&self) -> &[Toleration] {
        self.spec.tolerations.as_deref().unwrap_or_default()
    }

    /// Whether the template's pods may ever be bound to a node: pinning, selectors, affinity and taints that block
    /// scheduling. Pods pinned by `nodeName` bypass the scheduler and with it NoSchedule and NoExecute taints.
    pub fn may_run_on(&self, name: &str, node: &Node) -> bool {
        if let Some(pinned) = self.pinned_to() {
            return pinned == name;
        }
        let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_deref()).unwrap_or_default();
        selector::matches_node(&self.spec, node)
            && selector::untolerated(self.tolerations(), taints, &["NoSchedule", "NoExecute"]).next().is_none()
    }

    /// Whether its pods are those of a DaemonSet, each made for one node.
    pub fn is_daemon(&self) -> bool {
        self.share != Share::Any
    }

    /// Whether pods of it may be bound during a run: those of owners, and those that wait for a node.
    pub fn may_be_placed(&self) -> bool {
        self.tenure == Tenure::Owned || self.waits
    }

    /// Whether a run may nominate its pods to nodes: they may preempt others that take a while to go.
    pub fn may_be_nominated(&self, templates: &[Template]) -> bool {
        let goes_slowly = |other: &Template| {
            other.priority() < self.priority()
                && other.tenure != Tenure::Resident
                && other.phases.contains(&Phase::Terminating)
        };
        let never = self.spec.preemption_policy.as_deref() == Some("Never");
        !never && self.may_be_placed() && templates.iter().any(goes_slowly)
    }

    /// The node that `spec.nodeName` names.
    pub fn pinned_to(&self) -> Option<&str> {
        self.spec.node_name.as_deref().filter(|name| !name.is_empty())
    }

    /// The node that `status.nominatedNodeName` of its waiting pods names.
    pub fn nominated_to(&self) -> Option<&str> {
        let status = self.sample.as_ref().filter(|_| self.waits)?.status.as_ref()?;
        status.nominated_node_name.as_deref().filter(|name| !name.is_empty())
    }

    /// Whether a ReplicaSet makes its pods, and labels them with a hash that no other's have.
    pub fn is_of_replica_set(&self) -> bool {
        self.tenure == Tenure::Owned && self.ordinal.is_none() && !self.kind.is_batch()
    }

    /// `spec.priority`, 0 where there is none.
    pub fn priority(&self) -> i64 {
        self.spec.priority.map_or(0, i64::from)
    }
}

/// All templates: those of modelled workloads first, then those of pods without an owner whose identity matters.
pub fn templates(spec: &ClusterSpec) -> Result<Vec<Template>, resources::ResourceError> {
    let mut all = Vec::new();
    for (index, workload) in spec.workloads.iter().enumerate() {
        if workload.kind == WorkloadKind::Fixed {
            continue;
        }
        for (position, revision) in workload.revisions.iter().enumerate() {
            for variant in 0..revision.variants.len().max(1) {
                let template = template(spec, index, (position, variant))?;
                match &workload.stateful {
                    Some(set) => all.extend(of_ordinals(spec, (workload, set), &template)),
                    None => all.push(template),
                }
            }
        }
    }
    let loose = loose::templates(spec, &all)?;
    all.extend(loose);
    phases::forget_termination(spec, &mut all);
    if spec.schedulers_race() {
        all.iter_mut().for_each(|template| template.cache = cache(spec, template));
    }
    Ok(all)
}

/// The scheduler that takes pods of a template.
fn cache(spec: &ClusterSpec, template: &Template) -> Option<usize> {
    let is_scheduled = template.may_be_placed() && template.pinned_to().is_none();
    let profile = SchedulerProfile::named(&spec.scheduler, template.spec.scheduler_name.as_deref());
    profile.filter(|_| is_scheduled).map(|profile| profile.scheduler)
}

fn template(
    spec: &ClusterSpec,
    workload: usize,
    (revision, variant): (usize, usize),
) -> Result<Template, resources::ResourceError> {
    let owner = &spec.workloads[workload];
    let source = &owner.revisions[revision];
    let pod = source.pod(variant);
    let own = source.variants.get(variant);
    let members: Vec<usize> = (0..source.pods.len()).filter(|&it| source.pods[it].variant == variant).collect();
    let labels = source.template.metadata.as_ref().and_then(|meta| meta.labels.clone()).unwrap_or_default();
    let slow_start = spec.scenario.slow_start.contains(&owner.key);
    Ok(Template {
        workload,
        kind: owner.kind,
        revision,
        variant,
        levels: own.map(|own| own.levels.clone()),
        set: source.name.clone(),
        name: variants::name(source, &source.name, variant),
        namespace: owner.key.namespace.clone(),
        labels,
        requests: resources::pod_requests(&pod)?,
        scoring: resources::nonzero_requests(&pod),
        placing: resources::nonzero_container_requests(&pod),
        max_pods: variants::most(source, variant, members.len(), max_pods(spec, owner)),
        ordinal: None,
        phases: phases::of_owned(spec, owner, slow_start, &pod),
        slow_start,
        never_ready: images::has_one_of(&pod, &spec.scenario.never_ready),
        crash_loops: images::has_one_of(&pod, &spec.scenario.crash_looping),
        spec: pod,
        tenure: Tenure::Owned,
        share: share(owner),
        grows: grows(spec, owner, revision),
        cache: None,
        sample: None,
        waits: false,
        members,
    })
}

/// The templates of one revision of a StatefulSet, whose pods are like `template` but for what depends on the ordinal.
fn of_ordinals(spec: &ClusterSpec, (owner, set): (&Workload, &Stateful), template: &Template) -> Vec<Template> {
    let revision = &owner.revisions[template.revision];
    let of_ordinal = |ordinal: i64| {
        let pod = set.pod(ordinal);
        let members = template.members.iter().copied().filter(|&it| revision.pods[it].ordinal == Some(ordinal));
        let name = if owner.revisions.len() == 1 { pod.clone() } else { format!("{pod} of {}", revision.name) };
        Template {
            labels: ordinals::labels(&template.labels, &pod, ordinal, &revision.name),
            spec: ordinals::pinned(&template.spec, set.pins.get(&ordinal).map_or(&[], Vec::as_slice)),
            name: variants::name(revision, &name, template.variant),
            set: pod,
            max_pods: 1,
            ordinal: Some(ordinal),
            members: members.collect(),
            ..template.clone()
        }
    };
    let most = max_replicas(spec, owner);
    let is_made = template.levels.as_ref().is_none_or(|levels| !levels.is_empty());
    let is_there = |ordinal: &i64| template.members.iter().any(|&it| revision.pods[it].ordinal == Some(*ordinal));
    let possible = ordinals::possible(spec, (owner, set), template.revision, most).into_iter();
    possible.filter(|ordinal| is_made || is_there(ordinal)).map(of_ordinal).collect()
}

fn share(owner: &Workload) -> Share {
    match (owner.kind, Update::of(&owner.update)) {
        (WorkloadKind::DaemonSet, Update::Surging(_)) => Share::Surging,
        (WorkloadKind::DaemonSet, _) => Share::One,
        _ => Share::Any,
    }
}

/// Whether a revision is the present one, or somebody may bring it.
fn grows(spec: &ClusterSpec, owner: &Workload, revision: usize) -> bool {
    revision >= owner.current || spec.scenario.brings(&owner.key, revision)
}

/// Most pods of one workload where `spec.replicas` is tabulated.
pub const MOST_PODS: i64 = 200_000;

/// Pods that one revision can have at a time: the largest `spec.replicas` that can arise, plus the surge of a rollout.
pub fn max_pods(spec: &ClusterSpec, workload: &Workload) -> i64 {
    if workload.kind == WorkloadKind::DaemonSet {
        let most = workload.revisions.iter().map(|revision| revision.pods.len()).max();
        return most.unwrap_or(0).max(spec.nodes.len()) as i64;
    }
    if let Some(batch) = &workload.batch {
        return jobs::max_pods(spec, workload, batch);
    }
    let replicas = max_replicas(spec, workload);
    let rolls = workload.revisions.len() > 1 && workload.stateful.is_none();
    let surge = if rolls { Limits::resolve(&workload.strategy, replicas).max_surge } else { 0 };
    let existing: usize = workload.revisions.iter().map(|revision| revision.pods.len()).sum();
    let sizes: i64 = workload.revisions.iter().map(|revision| revision.size).sum();
    (replicas + surge).max(existing as i64).max(sizes)
}

/// The largest `spec.replicas` that the manifests, autoscalers, commands and GitOps controllers can bring about.
pub fn max_replicas(spec: &ClusterSpec, workload: &Workload) -> i64 {
    let scaled = spec.autoscalers.iter().filter(|autoscaler| autoscaler.target == workload.key);
    let autoscaled = scaled.filter_map(|autoscaler| Some(i64::from(autoscaler.object.spec.as_ref()?.max_replicas)));
    let activated = spec.activations.iter().filter(|it| it.target == workload.key).map(Activation::largest);
    autoscaled.chain(activated).chain(spec.scenario.sizes(&workload.key)).fold(workload.replicas, i64::max)
}
