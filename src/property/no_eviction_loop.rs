//! `no-eviction-loop`: pods are not evicted, made again and evicted again for ever.

use crate::cluster::scenario::PropertySpec;
use crate::cluster::view::Cluster;

use super::definition::{About, Definition};
use super::loops::{Subjects, forbid};
use super::{PropertyError, targets};

/// The property.
pub const DEFINITION: Definition = Definition {
    name: "no-eviction-loop",
    says: "pods are not evicted, made again and evicted again for ever",
    violated_by: "a loop in which a pod of the workload is evicted (by taints, by the descheduler, by a drain, by preemption)",
    about: About { marks: true, ..Definition::PLAIN.about },
    build,
    ..Definition::PLAIN
};

fn build(cluster: &Cluster<'_>, property: &PropertySpec) -> Result<bool, PropertyError> {
    let (mut found, mut subjects) = (false, Subjects::default());
    for (index, object, _) in targets(cluster, &property.target) {
        if let Some(subject) = subjects.next(cluster, index, &object.key) {
            forbid(cluster, DEFINITION.name, subject, cluster.eviction_mark(index));
        }
        found = true;
    }
    Ok(found)
}
