//! Selectors of the controllers that own pods: default topology spreading counts by them.

use k8s_openapi::api::apps::v1::{ReplicaSet, StatefulSet};
use k8s_openapi::api::core::v1::ReplicationController;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use crate::cluster::object::spec::OwnerSelector;

use super::key_of;
use super::object::Located;

/// The selectors of all ReplicaSets, StatefulSets and ReplicationControllers.
pub fn owner_selectors(
    replica_sets: &[Located<ReplicaSet>],
    stateful_sets: &[Located<StatefulSet>],
    replication_controllers: &[Located<ReplicationController>],
) -> Vec<OwnerSelector> {
    let sets = replica_sets.iter().map(|set| {
        let selector = set.value.spec.as_ref().map(|spec| spec.selector.clone());
        owner("ReplicaSet", &set.value.metadata, selector)
    });
    let stateful = stateful_sets.iter().map(|set| {
        let selector = set.value.spec.as_ref().map(|spec| spec.selector.clone());
        owner("StatefulSet", &set.value.metadata, selector)
    });
    let controllers = replication_controllers.iter().map(|controller| {
        let labels = controller.value.spec.as_ref().and_then(|spec| spec.selector.clone());
        let selector = LabelSelector { match_labels: labels, ..LabelSelector::default() };
        owner("ReplicationController", &controller.value.metadata, Some(selector))
    });
    sets.chain(stateful).chain(controllers).collect()
}

fn owner(kind: &str, metadata: &ObjectMeta, selector: Option<LabelSelector>) -> OwnerSelector {
    OwnerSelector { kind: kind.to_owned(), key: key_of(metadata), selector: selector.unwrap_or_default() }
}
