//! What single objects say of a cluster by themselves: nodes, namespaces, claims.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Namespace, Node, PersistentVolumeClaim};

use crate::cluster::object::spec::{NodeSpec, ObjectKey, Workload};

use super::key_of;
use super::object::Located;

/// A node; one that no API server printed has its name for a label, as kubelets see to.
pub(super) fn node_spec(object: Located<Node>) -> NodeSpec {
    let origin = object.origin();
    let live = object.raw.is_live();
    let mut node = Arc::unwrap_or_clone(object.value);
    let name = node.metadata.name.clone().unwrap_or_default();
    let labels = node.metadata.labels.get_or_insert_default();
    if !live {
        labels.entry("kubernetes.io/hostname".to_owned()).or_insert_with(|| name.clone());
    }
    NodeSpec { name, node, origin, ..NodeSpec::default() }
}

/// Labels of namespaces, given or used.
pub(super) fn namespaces(
    given: &[Located<Namespace>],
    workloads: &[Workload],
) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut namespaces = BTreeMap::new();
    for object in given {
        let metadata = &object.value.metadata;
        namespaces.insert(metadata.name.clone().unwrap_or_default(), metadata.labels.clone().unwrap_or_default());
    }
    for name in workloads.iter().map(|workload| &workload.key.namespace).filter(|name| !name.is_empty()) {
        let labels: &mut BTreeMap<String, String> = namespaces.entry(name.clone()).or_default();
        labels.entry("kubernetes.io/metadata.name".to_owned()).or_insert_with(|| name.clone());
    }
    namespaces
}

/// Storage classes of claims.
pub(super) fn storage_classes(given: &[Located<PersistentVolumeClaim>]) -> BTreeMap<ObjectKey, Option<String>> {
    let class = |claim: &PersistentVolumeClaim| claim.spec.as_ref().and_then(|spec| spec.storage_class_name.clone());
    given.iter().map(|object| (key_of(&object.value.metadata), class(&object.value))).collect()
}

/// The objects, without their places.
pub(super) fn values<T: Clone>(objects: Vec<Located<T>>) -> Vec<T> {
    objects.into_iter().map(|object| Arc::unwrap_or_clone(object.value)).collect()
}
