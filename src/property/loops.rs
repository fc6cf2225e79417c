//! What properties that forbid loops have in common: cycles of states in which nothing from outside changes and something
//! that matters does.

use crate::cluster::spec::ObjectKey;
use crate::cluster::view::Cluster;
use crate::system::{MarkId, MarkSet, PropertyKind};

/// What loop properties of workloads are about: each a workload, the last one of all those that share a mark.
#[derive(Default)]
pub struct Subjects {
    shared: bool,
}

impl Subjects {
    /// What a property of the next workload is about; `None` if that was said of an earlier one.
    pub fn next(&mut self, cluster: &Cluster<'_>, index: usize, key: &ObjectKey) -> Option<String> {
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
    cluster.builder.property(name, subject, PropertyKind::NoLoop { any_of: MarkSet::of(mark), none_of });
}
