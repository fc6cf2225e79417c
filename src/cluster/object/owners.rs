//! Who stands behind a pod, as default topology spreading asks: the Services that select it and the controller that owns it.
//!
//! Reference: `pkg/scheduler/framework/plugins/helper/spread.go` (v1.34).

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, OwnerReference};

use super::selector::{self, Labels};
use super::spec::ClusterSpec;

/// The selectors that pods must all match to count as the pod's peers; empty if nobody stands behind the pod.
pub fn default_selectors(spec: &ClusterSpec, namespace: &str, pod: &Pod) -> Vec<LabelSelector> {
    let none = Labels::new();
    let labels = pod.metadata.labels.as_ref().unwrap_or(&none);
    let mut pairs = service_pairs(spec, namespace, labels);
    let owners = pod.metadata.owner_references.as_deref().unwrap_or_default();
    let controller = owners.iter().find(|owner| owner.controller == Some(true));
    let mut selectors = Vec::new();
    if let Some(owner) = controller
        && let Some(found) = known(spec, namespace, owner)
    {
        match owner.kind.as_str() {
            // Its pairs are merged into those of the Services, and win.
            "ReplicationController" => pairs.extend(found.match_labels.unwrap_or_default()),
            _ => selectors.push(found),
        }
    }
    selectors.push(LabelSelector { match_labels: Some(pairs), ..LabelSelector::default() });
    selectors.retain(|selector| !selector::is_empty(selector));
    selectors
}

/// The pairs of all Services of the namespace that select the labels. A Service without a selector selects nothing.
fn service_pairs(spec: &ClusterSpec, namespace: &str, labels: &Labels) -> Labels {
    let own = spec.services.iter().filter(|service| service.metadata.namespace.as_deref() == Some(namespace));
    let selectors = own.filter_map(|service| service.spec.as_ref()?.selector.as_ref());
    let selecting = selectors.filter(|pairs| selector::matches_pairs(pairs, labels));
    selecting.flatten().map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// The selector of a controller, if it is of a kind that counts and exists.
fn known(spec: &ClusterSpec, namespace: &str, owner: &OwnerReference) -> Option<LabelSelector> {
    let version = if owner.kind == "ReplicationController" { "v1" } else { "apps/v1" };
    let found = spec.owner_selectors.iter().find(|known| {
        (known.kind.as_str(), known.key.namespace.as_str(), known.key.name.as_str())
            == (owner.kind.as_str(), namespace, owner.name.as_str())
    });
    found.filter(|_| owner.api_version == version).map(|known| known.selector.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::object::spec::{ObjectKey, OwnerSelector};
    use serde_json::{Value, from_value, json};

    fn pod(owner: Value) -> Pod {
        from_value(json!({"metadata": {"labels": {"app": "web"}, "ownerReferences": [owner]}})).expect("a pod")
    }

    fn owner(kind: &str, version: &str, controller: bool) -> Pod {
        pod(json!({"kind": kind, "apiVersion": version, "name": "x", "uid": "", "controller": controller}))
    }

    fn spec(kind: &str) -> ClusterSpec {
        let service = |name: &str, selector: Value| {
            let metadata = json!({"name": name, "namespace": "default"});
            from_value(json!({"metadata": metadata, "spec": {"selector": selector}})).expect("a Service")
        };
        let key = ObjectKey { namespace: "default".to_owned(), name: "x".to_owned() };
        let selector = from_value(json!({"matchLabels": {"hash": "1"}})).expect("a selector");
        ClusterSpec {
            services: vec![service("all", json!({"app": "web"})), service("other", json!({"app": "db"}))],
            owner_selectors: vec![OwnerSelector { kind: kind.to_owned(), key, selector }],
            ..ClusterSpec::default()
        }
    }

    #[test]
    fn services_and_the_controller_select_together() {
        let selected = |kind: &str, pod: &Pod| default_selectors(&spec(kind), "default", pod).len();
        assert_eq!(selected("ReplicaSet", &owner("ReplicaSet", "apps/v1", true)), 2);
        assert_eq!(selected("ReplicaSet", &owner("ReplicaSet", "apps/v1", false)), 1, "it is not the controller");
        assert_eq!(selected("ReplicaSet", &owner("StatefulSet", "apps/v1", true)), 1, "there is no such StatefulSet");
        assert_eq!(selected("ReplicaSet", &owner("ReplicaSet", "extensions/v1beta1", true)), 1);
    }

    #[test]
    fn the_pairs_of_replication_controllers_are_merged() {
        let selectors =
            default_selectors(&spec("ReplicationController"), "default", &owner("ReplicationController", "v1", true));
        let pairs: Value = json!({"matchLabels": {"app": "web", "hash": "1"}});
        assert_eq!(selectors, [from_value(pairs).expect("a selector")]);
    }

    #[test]
    fn nobody_stands_behind_a_pod_of_another_namespace() {
        assert!(default_selectors(&spec("ReplicaSet"), "other", &owner("ReplicaSet", "apps/v1", true)).is_empty());
    }
}
