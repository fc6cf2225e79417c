//! What all owners of pods have in common: workloads without pods yet, unique names, and pods as they were read.

use k8s_openapi::api::apps::v1::{DaemonSetUpdateStrategy, DeploymentStrategy, RollingUpdateDeployment};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta, OwnerReference};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::cluster::object::selector::Labels;
use crate::cluster::object::spec::{ExistingPod, ObjectKey, Origin, Revision, Workload, WorkloadKind};

/// The strategy that the API server would store.
pub fn strategy(given: Option<&DeploymentStrategy>) -> DeploymentStrategy {
    let mut strategy = given.cloned().unwrap_or_default();
    if strategy.type_.as_deref() == Some("Recreate") {
        return strategy;
    }
    strategy.type_ = Some("RollingUpdate".to_owned());
    let quarter = || IntOrString::String("25%".to_owned());
    let rolling = strategy.rolling_update.get_or_insert_with(RollingUpdateDeployment::default);
    rolling.max_surge.get_or_insert_with(quarter);
    rolling.max_unavailable.get_or_insert_with(quarter);
    strategy
}

/// A workload without pods to come.
pub fn workload(kind: WorkloadKind, owner_kind: &str, key: ObjectKey, revision: Revision, origin: Origin) -> Workload {
    Workload {
        kind,
        owner_kind: owner_kind.to_owned(),
        key,
        labels: Labels::new(),
        selector: LabelSelector::default(),
        replicas: 0,
        replicas_given: false,
        strategy: strategy(None),
        update: DaemonSetUpdateStrategy::default(),
        paused: false,
        min_ready_seconds: 0,
        progress_deadline: None,
        stateful: None,
        batch: None,
        vertical: None,
        revisions: vec![revision],
        current: 0,
        emptied: Vec::new(),
        history_limit: 0,
        created_later: false,
        origin,
    }
}

/// Names are unique among workloads: a DaemonSet may share the name of a Deployment, its pods then get another.
pub fn make_unique(fixed: &mut Workload, others: &[Workload]) {
    let taken =
        |name: &str| others.iter().any(|other| other.key.namespace == fixed.key.namespace && other.key.name == name);
    let base = fixed.key.name.clone();
    let mut names = std::iter::once(base.clone()).chain((2..).map(|number| format!("{base}-{number}")));
    if let Some(name) = names.find(|name| !taken(name)) {
        fixed.key.name = name;
    }
}

/// A pod as it was read, without the object.
pub fn existing(pod: &Pod) -> ExistingPod {
    let status = pod.status.as_ref();
    let node = pod.spec.as_ref().and_then(|spec| spec.node_name.clone()).filter(|node| !node.is_empty());
    let ready = match status.and_then(|status| status.conditions.as_ref()) {
        Some(conditions) => conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True"),
        None => status.and_then(|status| status.phase.as_deref()).is_none_or(|phase| phase == "Running"),
    };
    ExistingPod {
        name: pod.metadata.name.clone().unwrap_or_default(),
        ready: ready && node.is_some(),
        node,
        ..ExistingPod::default()
    }
}

/// Whether an owner is of a kind of Kubernetes itself: operators have kinds of the same names.
pub fn is_of_kind(owner: &OwnerReference, kind: &str) -> bool {
    let group = owner.api_version.split_once('/').map_or("", |(group, _)| group);
    owner.kind == kind && !group.contains('.')
}

/// Who controls an object.
pub fn controller(metadata: &ObjectMeta) -> Option<&OwnerReference> {
    let owners = metadata.owner_references.as_deref().unwrap_or_default();
    owners.iter().find(|owner| owner.controller == Some(true)).or(owners.first())
}
