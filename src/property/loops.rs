//! What properties that forbid loops have in common: cycles of states in which nothing from outside changes and something
//! that matters does.

use crate::cluster::object::scenario::PropertySpec;
use crate::cluster::object::spec::{ObjectKey, Workload};
use crate::cluster::view::Cluster;
use crate::system::{MarkId, MarkSet, PropertyKind};

use super::targets;

/// What loop properties of workloads are about: each a workload, the last one of all those that share a mark.
#[derive(Default)]
struct Subjects {
    shared: bool,
}

impl Subjects {
    /// What a property of the next workload is about; `None` if that was said of an earlier one.
    fn next(&mut self, cluster: &Cluster<'_>, index: usize, key: &ObjectKey) -> Option<String> {
        if cluster.is_marked(index) {
            return Some(key.to_string());
        }
        let is_first = !std::mem::replace(&mut self.shared, true);
        is_first.then(|| format!("{key} and the workloads after it"))
    }
}

/// Forbids loops that carry a mark, and that nothing from outside is part of.
pub fn forbid(cluster: &Cluster<'_>, name: &str, subject: String, mark: MarkId) {
    let none_of = MarkSet::of(cluster.environment_mark());
    cluster.property(name, subject, PropertyKind::NoLoop { any_of: MarkSet::of(mark), none_of });
}

/// Forbids loops that carry the marks of workloads: of those that are meant, and targets of the property. Whether there are any.
pub fn forbid_each(
    cluster: &Cluster<'_>,
    property: &PropertySpec,
    is_meant: impl Fn(&Workload) -> bool,
    mark: impl Fn(usize) -> MarkId,
) -> bool {
    let (mut found, mut subjects) = (false, Subjects::default());
    for (index, object, _) in targets(cluster, &property.target).filter(|(_, object, _)| is_meant(object)) {
        if let Some(subject) = subjects.next(cluster, index, &object.key) {
            forbid(cluster, &property.name, subject, mark(index));
        }
        found = true;
    }
    found
}
