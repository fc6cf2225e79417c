//! Nodes that a cluster autoscaler may remove, and the pods that keep them.
//!
//! Reference: `cluster-autoscaler/simulator/drainability/rules`, `cluster-autoscaler/utils/drain/drain.go` (v1.34).

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Node, PodSpec, Taint, Volume};

use super::scenario::AutoscalerOptions;
use super::selector;
use super::spec::{ClusterSpec, ExistingPod, Workload, WorkloadKind};

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

/// The taint of nodes that are being removed.
pub fn going() -> Taint {
    selector::taint("ToBeDeletedByClusterAutoscaler", "NoSchedule")
}

/// Whether a node is marked as not to be removed.
pub fn is_kept(node: &Node) -> bool {
    node.metadata.annotations.as_ref().and_then(|all| all.get(SCALE_DOWN_DISABLED)).is_some_and(|value| value == "true")
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
    if matches!(owner, "DaemonSet" | "Node") || annotation(MIRROR).is_some() {
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

/// What a pod without a modelled owner does to the removal of its node.
pub fn hold_of_stranger(workload: &Workload, pod: &ExistingPod, options: &AutoscalerOptions) -> Hold {
    let Some(object) = &pod.object else { return Hold::Keeps };
    let none = PodSpec::default();
    let spec = object.spec.as_ref().unwrap_or(&none);
    hold(owner_kind(workload), object.metadata.annotations.as_ref(), spec, options)
}

/// Names of the nodes that may be removed, as far as they and their pods without a modelled owner say.
pub fn removable(spec: &ClusterSpec) -> BTreeSet<&str> {
    let options = &spec.scenario.controllers.autoscaler_options;
    if spec.scenario.node_groups.is_empty() || !options.scale_down {
        return BTreeSet::new();
    }
    let strangers = spec.workloads.iter().filter(|workload| workload.kind == WorkloadKind::Fixed);
    let pods = strangers.flat_map(|workload| workload.revisions[0].pods.iter().map(move |pod| (workload, pod)));
    let keeping = pods.filter(|(workload, pod)| hold_of_stranger(workload, pod, options) == Hold::Keeps);
    let kept: BTreeSet<&str> = keeping.filter_map(|(_, pod)| pod.node.as_deref()).collect();
    let nodes = spec.nodes.iter().filter(|node| node.group.is_some() && !is_kept(&node.node));
    nodes.map(|node| node.name.as_str()).filter(|name| !kept.contains(name)).collect()
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
