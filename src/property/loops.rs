//! Properties that forbid loops: cycles of states in which nothing from outside changes and something that matters does.

use crate::cluster::scenario::PropertySpec;
use crate::cluster::spec::ObjectKey;
use crate::cluster::view::{Cluster, MARKED_WORKLOADS};
use crate::system::{MarkId, MarkSet, PropertyKind};

/// What a loop property of a workload is about: the workload, or all those that share a mark.
fn subject(index: usize, key: &ObjectKey) -> Option<String> {
    match index.cmp(&MARKED_WORKLOADS) {
        std::cmp::Ordering::Less => Some(key.to_string()),
        std::cmp::Ordering::Equal => Some(format!("{key} and the workloads after it")),
        std::cmp::Ordering::Greater => None,
    }
}

fn forbid(cluster: &Cluster<'_>, name: &str, subject: String, mark: MarkId) {
    let none_of = MarkSet::of(cluster.environment_mark());
    cluster.builder.property(name, subject, PropertyKind::NoLoop { any_of: MarkSet::of(mark), none_of });
}

/// `spec.replicas` of an autoscaled workload does not go round in a circle.
pub fn no_replica_loop(cluster: &Cluster<'_>, property: &PropertySpec) -> bool {
    let mut found = false;
    for (index, object, _) in super::targets(cluster, &property.target) {
        if cluster.spec.autoscalers.iter().any(|autoscaler| autoscaler.target == object.key) {
            if let Some(subject) = subject(index.min(MARKED_WORKLOADS), &object.key) {
                forbid(cluster, "no-replica-oscillation", subject, cluster.resize_mark(index));
            }
            found = true;
        }
    }
    found
}

/// Pods are not evicted, made again and evicted again for ever.
pub fn no_eviction_loop(cluster: &Cluster<'_>, property: &PropertySpec) -> bool {
    let mut found = false;
    for (index, object, _) in super::targets(cluster, &property.target) {
        if let Some(subject) = subject(index, &object.key) {
            forbid(cluster, "no-eviction-loop", subject, cluster.eviction_mark(index));
        }
        found = true;
    }
    found
}

/// Nodes do not panic again and again.
pub fn no_node_overload_loop(cluster: &Cluster<'_>) -> bool {
    let possible = cluster.spec.scenario.overload.is_some();
    if possible {
        forbid(cluster, "no-node-overload-loop", String::new(), cluster.panic_mark());
    }
    possible
}
