//! Default constraints, for pods that list none: the profile's, or the system's.
//!
//! Part of the rule `scheduler/PodTopologySpread`.
//!
//! They count the pods that the Services selecting the pod and the controller owning it select together; a pod that
//! nobody stands behind has none. The selector of a Deployment's ReplicaSet holds the template's hash.

use k8s_openapi::api::core::v1::{Pod, TopologySpreadConstraint};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use crate::cluster::counting::classes::{HOSTNAME, ZONE};
use crate::cluster::view::Cluster;
use crate::cluster::{Template, TemplateId, object::selector};

use super::Constraint;

/// The default constraints of a template with a given `whenUnsatisfiable`.
pub fn constraints(cluster: &Cluster<'_>, template: TemplateId, when: &str) -> Vec<Constraint> {
    let profile = cluster.profile(template);
    let given = match profile.system_default_spreading {
        true => [(HOSTNAME, 3), (ZONE, 5)].map(|(key, max_skew)| system(key, max_skew)).to_vec(),
        false => profile.default_constraints.clone(),
    };
    let Some(peers) = peers(cluster, template) else { return Vec::new() };
    let applying = given.iter().filter(|constraint| constraint.when_unsatisfiable == when);
    applying.map(|constraint| super::resolved(cluster, constraint, peers.clone(), peers.clone())).collect()
}

fn system(key: &str, max_skew: i32) -> TopologySpreadConstraint {
    TopologySpreadConstraint {
        max_skew,
        topology_key: key.to_owned(),
        when_unsatisfiable: "ScheduleAnyway".to_owned(),
        ..TopologySpreadConstraint::default()
    }
}

/// A pod of a StatefulSet, as far as it is asked who stands behind it.
fn of_stateful_set(template: &Template, set: &str) -> Pod {
    let owner = OwnerReference {
        api_version: "apps/v1".to_owned(),
        kind: "StatefulSet".to_owned(),
        name: set.to_owned(),
        controller: Some(true),
        ..OwnerReference::default()
    };
    let metadata = ObjectMeta {
        labels: Some(template.labels.clone()),
        owner_references: Some(vec![owner]),
        ..ObjectMeta::default()
    };
    Pod { metadata, ..Pod::default() }
}

/// Such a pod as far as default spreading asks: nothing but Services stands behind pods of Jobs.
fn of_job(template: &Template) -> Pod {
    let metadata = ObjectMeta { labels: Some(template.labels.clone()), ..ObjectMeta::default() };
    Pod { metadata, ..Pod::default() }
}

/// The templates whose pods count; `None` if nobody stands behind the pod.
fn peers(cluster: &Cluster<'_>, template: TemplateId) -> Option<Vec<TemplateId>> {
    let pod = &cluster.templates[template.0];
    if pod.is_of_replica_set() {
        return Some(cluster.of_same_revision(template));
    }
    let selectors = match &cluster.spec.workloads[pod.workload].stateful {
        _ if pod.kind.is_batch() => cluster.spec.default_selectors(&pod.namespace, &of_job(pod)),
        Some(set) => cluster.spec.default_selectors(&pod.namespace, &of_stateful_set(pod, &set.name)),
        None => cluster.spec.default_selectors(&pod.namespace, pod.sample.as_ref()?),
    };
    let is_peer = |other: &TemplateId| {
        let other = &cluster.templates[other.0];
        other.namespace == pod.namespace && selectors.iter().all(|it| selector::matches(it, &other.labels))
    };
    let all = (0..cluster.templates.len()).map(TemplateId);
    (!selectors.is_empty()).then(|| all.filter(is_peer).collect())
}
