//! Properties that forbid loops: cycles of states in which nothing from outside changes and something that matters does.

use crate::cluster::scenario::PropertySpec;
use crate::cluster::spec::ObjectKey;
use crate::cluster::view::Cluster;
use crate::system::{MarkId, MarkSet, PropertyKind};

/// Properties of single workloads that speak of their marks.
pub(super) const NAMES: [&str; 2] = ["no-replica-oscillation", "no-eviction-loop"];

/// What loop properties of workloads are about: each a workload, the last one of all those that share a mark.
#[derive(Default)]
struct Subjects {
    shared: bool,
}

impl Subjects {
    fn next(&mut self, cluster: &Cluster<'_>, index: usize, key: &ObjectKey) -> Option<String> {
        if cluster.is_marked(index) {
            return Some(key.to_string());
        }
        let is_first = !std::mem::replace(&mut self.shared, true);
        is_first.then(|| format!("{key} and the workloads after it"))
    }
}

fn forbid(cluster: &Cluster<'_>, name: &str, subject: String, mark: MarkId) {
    let none_of = MarkSet::of(cluster.environment_mark());
    cluster.builder.property(name, subject, PropertyKind::NoLoop { any_of: MarkSet::of(mark), none_of });
}

/// `spec.replicas` of an autoscaled workload does not go round in a circle.
pub fn no_replica_loop(cluster: &Cluster<'_>, property: &PropertySpec) -> bool {
    let (mut found, mut subjects) = (false, Subjects::default());
    for (index, object, _) in super::targets(cluster, &property.target) {
        if cluster.spec.autoscalers.iter().any(|autoscaler| autoscaler.target == object.key) {
            if let Some(subject) = subjects.next(cluster, index, &object.key) {
                forbid(cluster, "no-replica-oscillation", subject, cluster.resize_mark(index));
            }
            found = true;
        }
    }
    found
}

/// Pods are not evicted, made again and evicted again for ever.
pub fn no_eviction_loop(cluster: &Cluster<'_>, property: &PropertySpec) -> bool {
    let (mut found, mut subjects) = (false, Subjects::default());
    for (index, object, _) in super::targets(cluster, &property.target) {
        if let Some(subject) = subjects.next(cluster, index, &object.key) {
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
