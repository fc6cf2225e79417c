//! Nodes that a cluster autoscaler or Karpenter may remove, and the pods that keep them.
//!
//! Reference: `cluster-autoscaler/simulator/drainability/rules`, `cluster-autoscaler/utils/drain/drain.go` (v1.34); of Karpenter
//! see [`karpenter`].

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Node, PodSpec, Taint, Volume};

use super::karpenter::{self, Consolidation};
use super::scenario::{AutoscalerOptions, Scaler};
use super::selector;
use super::spec::{ClusterSpec, ExistingPod, NodeSpec, Workload, WorkloadKind};

/// The annotation of nodes that are not to be removed.
const SCALE_DOWN_DISABLED: &str = "cluster-autoscaler.kubernetes.io/scale-down-disabled";
/// The annotation of pods that says whether they may be evicted for a scale-down.
const SAFE_TO_EVICT: &str = "cluster-autoscaler.kubernetes.io/safe-to-evict";
/// The annotation of pods that lists local volumes which do not keep them.
const SAFE_VOLUMES: &str = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes";
/// The annotation of mirror pods.
const MIRROR: &str = "kubernetes.io/config.mirror";
/// Kinds of owners that make their pods again.
const REPLICATED: [&str; 4] = ["ReplicationController", "Job", "ReplicaSet", "StatefulSet"];
/// Pods below this priority neither ask for nodes nor keep them.
pub const EXPENDABLE_BELOW: i64 = -10;

/// The taint of nodes that the cluster autoscaler is removing.
pub fn going() -> Taint {
    selector::taint("ToBeDeletedByClusterAutoscaler", "NoSchedule")
}

impl Scaler {
    /// The taint of nodes that it is removing.
    pub fn taint(&self) -> Taint {
        match self {
            Scaler::ClusterAutoscaler => going(),
            Scaler::Karpenter(_) => karpenter::disrupted(),
        }
    }

    /// Whether a node is marked as one that it is not to choose.
    pub fn is_kept(&self, node: &Node) -> bool {
        let annotations = node.metadata.annotations.as_ref();
        match self {
            Scaler::ClusterAutoscaler => {
                annotations.and_then(|all| all.get(SCALE_DOWN_DISABLED)).is_some_and(|value| value == "true")
            }
            Scaler::Karpenter(_) => karpenter::is_kept(annotations),
        }
    }

    /// Whether it removes nodes at all.
    fn removes(&self, options: &AutoscalerOptions) -> bool {
        match self {
            Scaler::ClusterAutoscaler => options.scale_down,
            Scaler::Karpenter(pool) => pool.consolidation != Consolidation::Never || pool.expires,
        }
    }

    /// Whether it removes a node, whatever runs there: one that is kept only if it expires.
    fn may_remove(&self, node: &Node, options: &AutoscalerOptions) -> bool {
        self.removes(options) && (!self.is_kept(node) || self.node_pool().is_some_and(|pool| pool.expires))
    }

    /// What a pod of an owner of this kind does to the removal of its node, with these annotations.
    pub fn hold(
        &self,
        owner: &str,
        annotations: Option<&BTreeMap<String, String>>,
        pod: &PodSpec,
        options: &AutoscalerOptions,
    ) -> Hold {
        match self {
            Scaler::ClusterAutoscaler => hold(owner, annotations, pod, options),
            Scaler::Karpenter(_) if karpenter::is_kept(annotations) => Hold::Keeps,
            Scaler::Karpenter(_) if is_of_node(owner, annotations) => Hold::Stays,
            Scaler::Karpenter(_) => Hold::Budgeted,
        }
    }
}

/// Whether a pod belongs to its node: one of a DaemonSet, or a static one.
fn is_of_node(owner: &str, annotations: Option<&BTreeMap<String, String>>) -> bool {
    matches!(owner, "DaemonSet" | "Node") || annotations.is_some_and(|all| all.contains_key(MIRROR))
}

/// What a pod does to the removal of its node, whatever the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// None: it goes with the node.
    Stays,
    /// It is evicted, if its budgets have a disruption left.
    Budgeted,
    /// It is evicted, and only the eviction API asks for its budgets.
    Free,
    /// It keeps the node.
    Keeps,
}

/// What a pod of an owner of this kind does, with these annotations.
pub fn hold(
    owner: &str,
    annotations: Option<&BTreeMap<String, String>>,
    pod: &PodSpec,
    options: &AutoscalerOptions,
) -> Hold {
    let annotation = |key: &str| annotations.and_then(|all| all.get(key)).map(String::as_str);
    if is_of_node(owner, annotations) {
        return Hold::Stays;
    }
    let safe = annotation(SAFE_TO_EVICT);
    if safe == Some("true") {
        return Hold::Free;
    }
    let volumes = annotation(SAFE_VOLUMES).unwrap_or_default();
    let has_local = options.keeps_local_storage && pod.volumes.iter().flatten().any(|volume| is_local(volume, volumes));
    let is_kept = !REPLICATED.contains(&owner) || safe == Some("false") || has_local;
    if is_kept { Hold::Keeps } else { Hold::Budgeted }
}

/// Whether a volume is lost with its node, and nothing says that this is no matter.
fn is_local(volume: &Volume, safe: &str) -> bool {
    let in_memory = |medium: &Option<String>| medium.as_deref() == Some("Memory");
    let on_disk = volume.empty_dir.as_ref().is_some_and(|directory| !in_memory(&directory.medium));
    (on_disk || volume.host_path.is_some()) && !safe.split(',').any(|name| name.trim() == volume.name)
}

/// What the owner of a workload's pods is called.
pub fn owner_kind(workload: &Workload) -> &str {
    match workload.kind {
        WorkloadKind::Deployment | WorkloadKind::ReplicaSet => "ReplicaSet",
        WorkloadKind::StatefulSet => "StatefulSet",
        WorkloadKind::DaemonSet => "DaemonSet",
        WorkloadKind::Job | WorkloadKind::CronJob => "Job",
        WorkloadKind::Fixed => &workload.owner_kind,
    }
}

/// What a pod without a modelled owner does to the removal of its node by a scaler.
pub fn hold_of_stranger(scaler: &Scaler, workload: &Workload, pod: &ExistingPod, options: &AutoscalerOptions) -> Hold {
    let Some(object) = &pod.object else { return Hold::Keeps };
    let none = PodSpec::default();
    let spec = object.spec.as_ref().unwrap_or(&none);
    scaler.hold(owner_kind(workload), object.metadata.annotations.as_ref(), spec, options)
}

/// Who scales the group of a node.
pub fn scaler_of<'a>(spec: &'a ClusterSpec, node: &NodeSpec) -> Option<&'a Scaler> {
    node.group.map(|group| &spec.scenario.node_groups[group].scaler)
}

/// Whether somebody removes nodes.
pub fn nodes_may_be_removed(spec: &ClusterSpec) -> bool {
    let options = &spec.scenario.controllers.autoscaler_options;
    spec.scenario.node_groups.iter().any(|group| group.scaler.removes(options))
}

/// Names of the nodes that may be removed, as far as they and their pods without a modelled owner say, and by whom.
pub fn removable(spec: &ClusterSpec) -> BTreeMap<&str, &Scaler> {
    let options = &spec.scenario.controllers.autoscaler_options;
    let scaled = spec.nodes.iter().filter_map(|node| Some((node, scaler_of(spec, node)?)));
    let removed = scaled.filter(|(node, scaler)| scaler.may_remove(&node.node, options));
    let mut nodes: BTreeMap<&str, &Scaler> = removed.map(|(node, scaler)| (node.name.as_str(), scaler)).collect();
    let strangers = spec.workloads.iter().filter(|workload| workload.kind == WorkloadKind::Fixed);
    for (workload, pod) in strangers.flat_map(|it| it.revisions[0].pods.iter().map(move |pod| (it, pod))) {
        let Some(node) = pod.node.as_deref() else { continue };
        let is_kept = |scaler: &&Scaler| hold_of_stranger(scaler, workload, pod, options) == Hold::Keeps;
        if nodes.get(node).is_some_and(is_kept) {
            nodes.remove(node);
        }
    }
    nodes
}

/// Whether Karpenter may replace a node by a cheaper one: some pool's policy allows it, and prices differ.
pub fn nodes_may_be_replaced(spec: &ClusterSpec) -> bool {
    let pools = spec.scenario.node_groups.iter().filter_map(|group| group.scaler.node_pool());
    let prices: std::collections::BTreeSet<i64> = spec.nodes.iter().filter_map(|node| node.offer.price).collect();
    prices.len() > 1 && pools.into_iter().any(|pool| pool.consolidation == Consolidation::OfUnderutilized)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold_with(owner: &str, annotation: Option<(&str, &str)>, volumes: &str) -> Hold {
        let annotations = annotation.map(|(key, value)| [(key.to_owned(), value.to_owned())].into());
        let volumes: Vec<Volume> = serde_json::from_str(volumes).expect("volumes");
        let pod = PodSpec { volumes: Some(volumes), ..PodSpec::default() };
        hold(owner, annotations.as_ref(), &pod, &AutoscalerOptions::default())
    }

    #[test]
    fn pods_keep_their_node_as_upstream_has_it() {
        let disk = r#"[{"name": "data", "emptyDir": {}}]"#;
        let memory = r#"[{"name": "data", "emptyDir": {"medium": "Memory"}}]"#;
        assert_eq!(hold_with("ReplicaSet", None, "[]"), Hold::Budgeted);
        assert_eq!(hold_with("ReplicaSet", None, memory), Hold::Budgeted);
        assert_eq!(hold_with("ReplicaSet", None, disk), Hold::Keeps);
        assert_eq!(hold_with("ReplicaSet", Some((SAFE_VOLUMES, "cache, data")), disk), Hold::Budgeted);
        assert_eq!(hold_with("ReplicaSet", Some((SAFE_TO_EVICT, "true")), disk), Hold::Free);
        assert_eq!(hold_with("ReplicaSet", Some((SAFE_TO_EVICT, "false")), "[]"), Hold::Keeps);
        assert_eq!(hold_with("Pod", None, "[]"), Hold::Keeps);
        assert_eq!(hold_with("Rollout", None, "[]"), Hold::Keeps);
        assert_eq!(hold_with("Pod", Some((SAFE_TO_EVICT, "true")), "[]"), Hold::Free);
        assert_eq!(hold_with("DaemonSet", Some((SAFE_TO_EVICT, "false")), disk), Hold::Stays);
    }
}
