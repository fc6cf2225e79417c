//! Objects of a dump without what the API server, controllers and kubelets have written into them.

use serde_json::{Map, Value};

/// Fields of `metadata` that are the API server's.
const METADATA: [&str; 9] = [
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "managedFields",
    "ownerReferences",
    "selfLink",
];

/// Annotations that say what somebody did to an object.
const ANNOTATIONS: [&str; 6] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "deployment.kubernetes.io/revision",
    "kubernetes.io/config.hash",
    "kubernetes.io/config.mirror",
    "kubernetes.io/config.seen",
    "kubernetes.io/config.source",
];

/// Labels that a controller gives to one of its objects.
const LABELS: [&str; 4] =
    ["controller-uid", "batch.kubernetes.io/controller-uid", "job-name", "batch.kubernetes.io/job-name"];

/// Kinds that are in a namespace.
const NAMESPACED: [&str; 19] = [
    "ConfigMap",
    "CronJob",
    "DaemonSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "Job",
    "LimitRange",
    "PersistentVolumeClaim",
    "Pod",
    "PodDisruptionBudget",
    "ReplicaSet",
    "ReplicationController",
    "ResourceQuota",
    "ScaledObject",
    "Secret",
    "Service",
    "ServiceAccount",
    "StatefulSet",
    "VerticalPodAutoscaler",
];

/// The object as somebody would write it, with the namespace that it is in.
pub fn cleaned(object: &Value) -> Value {
    let mut object = object.clone();
    let kind = object["kind"].as_str().unwrap_or_default().to_owned();
    remove(&mut object, "", &["status"]);
    remove(&mut object, "/metadata", &METADATA);
    remove(&mut object, "/metadata/annotations", &ANNOTATIONS);
    prune(&mut object, "/metadata", "annotations");
    settle(&mut object, &kind);
    match kind.as_str() {
        "Service" => remove(&mut object, "/spec", &["clusterIP", "clusterIPs"]),
        "PersistentVolume" => remove(&mut object, "/spec/claimRef", &["uid", "resourceVersion"]),
        "Job" if object["spec"]["manualSelector"] != true => clean_job(&mut object),
        _ => {}
    }
    object
}

/// Says in which namespace an object is that names none.
fn settle(object: &mut Value, kind: &str) {
    let Some(metadata) = object.pointer_mut("/metadata").filter(|it| it.is_object()) else { return };
    let is_homeless = metadata["namespace"].as_str().is_none_or(str::is_empty);
    if NAMESPACED.contains(&kind) && is_homeless {
        metadata["namespace"] = "default".into();
    }
}

/// The selector of a Job is made for it, and so are labels of its pods.
fn clean_job(job: &mut Value) {
    remove(job, "/spec", &["selector"]);
    remove(job, "/spec/template/metadata", &["creationTimestamp"]);
    remove(job, "/spec/template/metadata/labels", &LABELS);
    prune(job, "/spec/template/metadata", "labels");
}

/// Takes fields out of a mapping, if it is there.
fn remove(object: &mut Value, at: &str, fields: &[&str]) {
    if let Some(map) = object.pointer_mut(at).and_then(Value::as_object_mut) {
        fields.iter().for_each(|field| drop(map.shift_remove(*field)));
    }
}

/// Takes out a mapping that has nothing in it.
fn prune(object: &mut Value, at: &str, field: &str) {
    let is_empty = |it: &Value| it.is_null() || it.as_object().is_some_and(Map::is_empty);
    if let Some(map) = object.pointer_mut(at).and_then(Value::as_object_mut)
        && map.get(field).is_some_and(is_empty)
    {
        map.shift_remove(field);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_cluster_wrote_goes_and_what_people_wrote_stays() {
        let dumped = json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {
                "name": "web", "uid": "1", "resourceVersion": "2", "managedFields": [], "generation": 3,
                "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}
            },
            "spec": {"clusterIP": "10.0.0.1", "selector": {"app": "web"}},
            "status": {},
        });
        let written = json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {"selector": {"app": "web"}},
        });
        assert_eq!(cleaned(&dumped), written);
        assert_eq!(cleaned(&written), written);
    }

    #[test]
    fn what_is_not_there_stays_so() {
        let class = json!({"kind": "PriorityClass", "metadata": {"name": "a"}, "value": 3});
        assert_eq!(cleaned(&class), class);
        let volume = json!({"kind": "PersistentVolume", "metadata": {"name": "a"}, "spec": {"capacity": {}}});
        assert_eq!(cleaned(&volume), volume);
    }
}
