//! Properties that forbid loops: cycles of states in which nothing from outside changes and something that matters does.

use crate::cluster::scenario::PropertySpec;
use crate::cluster::view::Cluster;
use crate::system::{MarkId, MarkSet, PropertyKind};

fn forbid(cluster: &Cluster<'_>, name: &str, subject: String, mark: MarkId) {
    let none_of = MarkSet::of(cluster.environment_mark());
    cluster.builder.property(name, subject, PropertyKind::NoLoop { any_of: MarkSet::of(mark), none_of });
}

/// `spec.replicas` of an autoscaled workload does not go round in a circle.
pub fn no_replica_loop(cluster: &Cluster<'_>, property: &PropertySpec) -> bool {
    let mut found = false;
    for (index, object, _) in super::targets(cluster, &property.target) {
        if cluster.spec.autoscalers.iter().any(|autoscaler| autoscaler.target == object.key) {
            forbid(cluster, "no-replica-oscillation", object.key.to_string(), cluster.resize_mark(index));
            found = true;
        }
    }
    found
}

/// Pods are not evicted, made again and evicted again for ever.
pub fn no_eviction_loop(cluster: &Cluster<'_>, property: &PropertySpec) -> bool {
    let mut found = false;
    for (index, object, _) in super::targets(cluster, &property.target) {
        forbid(cluster, "no-eviction-loop", object.key.to_string(), cluster.eviction_mark(index));
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
