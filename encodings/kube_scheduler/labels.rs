//! Labels of templates' pods as keys of `matchLabelKeys` read them.
//!
//! Part of the rules `scheduler/PodTopologySpread` and `scheduler/InterPodAffinity`.

use std::borrow::Cow;

use crate::cluster::TemplateId;
use crate::cluster::view::Cluster;

/// The label that tells the pods of a Deployment's ReplicaSets apart.
const HASH: &str = "pod-template-hash";

/// The value of a label. ReplicaSets give all their pods a hash that no other has; the template's name stands for it.
pub fn value<'a>(cluster: &'a Cluster<'_>, template: TemplateId, key: &str) -> Option<Cow<'a, str>> {
    let pod = &cluster.templates[template.0];
    match pod.labels.get(key) {
        None if key == HASH && pod.is_of_replica_set() => Some(Cow::Owned(format!("of {}", pod.set))),
        value => value.map(|value| Cow::Borrowed(value.as_str())),
    }
}

/// Whether two templates agree on all keys that the first one has.
pub fn agree(cluster: &Cluster<'_>, own: TemplateId, other: TemplateId, keys: &[String]) -> bool {
    let agrees = |key: &String| match value(cluster, own, key) {
        None => true,
        value_of_own => value_of_own == value(cluster, other, key),
    };
    keys.iter().all(agrees)
}
