//! Pod templates: what the API server adds to them, and whether two of them say the same.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec, Toleration};
use k8s_openapi::api::scheduling::v1::PriorityClass;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use crate::cluster::object::quantity;
use crate::cluster::object::selector::{self, Labels};

use super::object::Located;

/// The label that tells the pods of one ReplicaSet from those of another.
pub const HASH_LABEL: &str = "pod-template-hash";
/// Labels that controllers give to each pod or revision, and that nobody selects by.
const VOLATILE_LABELS: [&str; 6] = [
    HASH_LABEL,
    "controller-revision-hash",
    "pod-template-generation",
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/job-completion-index",
];
/// How long a pod stays on a node that is not ready, unless it says otherwise.
const DEFAULT_TOLERATION_SECONDS: i64 = 300;

/// What admission gives to pods of a PriorityClass: `priority` and, where the class says so, `preemptionPolicy`.
type Class = (i32, Option<String>);

/// Priorities by class.
#[derive(Clone, Debug)]
pub struct Priorities {
    classes: BTreeMap<String, Class>,
    default: Class,
}

impl Priorities {
    /// The classes that are given, those built in, and those that can be told from running pods.
    pub fn new(classes: &[Located<PriorityClass>], pods: &[Located<Pod>]) -> Self {
        let built_in = [("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)];
        let mut known: BTreeMap<String, Class> =
            built_in.into_iter().map(|(name, value)| (name.to_owned(), (value, None))).collect();
        for spec in pods.iter().filter_map(|pod| pod.value.spec.as_ref()) {
            if let (Some(class), Some(priority)) = (&spec.priority_class_name, spec.priority) {
                known.insert(class.clone(), (priority, spec.preemption_policy.clone()));
            }
        }
        let name = |class: &PriorityClass| class.metadata.name.clone().unwrap_or_default();
        let given = |class: &PriorityClass| (class.value, class.preemption_policy.clone());
        known.extend(classes.iter().map(|class| (name(&class.value), given(&class.value))));
        let global = classes.iter().filter(|class| class.value.global_default == Some(true));
        let default = global.map(|class| given(&class.value)).min_by_key(|(value, _)| *value);
        Priorities { classes: known, default: default.unwrap_or_default() }
    }

    /// Whether a class is known.
    pub fn knows(&self, class: &str) -> bool {
        class.is_empty() || self.classes.contains_key(class)
    }

    /// The priority of a class.
    pub fn of_class(&self, class: &str) -> Option<i32> {
        self.classes.get(class).map(|(value, _)| *value)
    }

    fn of(&self, class: Option<&str>) -> Class {
        match class.filter(|class| !class.is_empty()) {
            Some(class) => self.classes.get(class).cloned().unwrap_or_default(),
            None => self.default.clone(),
        }
    }
}

/// Fills in what admission adds to every pod: its priority and preemption policy, and tolerations of nodes that are not ready.
pub fn complete(template: &mut PodTemplateSpec, priorities: &Priorities) {
    if let Some(labels) = template.metadata.as_mut().and_then(|metadata| metadata.labels.as_mut()) {
        labels.remove(HASH_LABEL);
    }
    let spec = template.spec.get_or_insert_default();
    let (priority, policy) = priorities.of(spec.priority_class_name.as_deref());
    spec.priority.get_or_insert(priority);
    spec.preemption_policy = spec.preemption_policy.take().or(policy);
    spec.scheduler_name.get_or_insert_with(|| "default-scheduler".to_owned());
    let tolerations = spec.tolerations.get_or_insert_default();
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let taint = selector::taint(key, "NoExecute");
        if !selector::tolerates(tolerations, &taint) {
            tolerations.push(Toleration {
                key: Some(taint.key),
                operator: Some("Exists".to_owned()),
                effect: Some(taint.effect),
                toleration_seconds: Some(DEFAULT_TOLERATION_SECONDS),
                value: None,
            });
        }
    }
}

/// The template that a pod could have been made from.
pub fn of_pod(pod: &Pod) -> PodTemplateSpec {
    let metadata = ObjectMeta {
        labels: pod.metadata.labels.clone(),
        annotations: pod.metadata.annotations.clone(),
        ..ObjectMeta::default()
    };
    let mut spec = pod.spec.clone().unwrap_or_default();
    spec.node_name = None;
    PodTemplateSpec { metadata: Some(metadata), spec: Some(spec) }
}

/// Whether pods of one template look like pods of another, in all that an update usually changes.
pub fn pods_alike(template: &PodTemplateSpec, pod: &PodTemplateSpec) -> bool {
    let shape = |template: &PodTemplateSpec| {
        let containers = template.spec.iter().flat_map(|spec| &spec.containers);
        containers.map(|c| (c.name.clone(), c.image.clone(), c.resources.clone())).collect::<Vec<_>>()
    };
    shape(template) == shape(pod) && stable_labels(labels(template)) == stable_labels(labels(pod))
}

/// Labels without those that tell pods of one owner apart.
pub fn stable_labels(labels: Option<&Labels>) -> Labels {
    let stable = |(key, _): &(&String, &String)| !VOLATILE_LABELS.contains(&key.as_str());
    labels.into_iter().flatten().filter(stable).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Labels of the pods that a template makes.
pub fn labels(template: &PodTemplateSpec) -> Option<&Labels> {
    template.metadata.as_ref()?.labels.as_ref()
}

/// Whether applying `given` to `existing` would change nothing: all it says is said already.
///
/// `before` is what was applied last; what it said and `given` no longer says would be removed, which is a change too.
pub fn unchanged(given: &PodTemplateSpec, existing: &PodTemplateSpec, before: Option<&PodTemplateSpec>) -> bool {
    let json = |template: &PodTemplateSpec| serde_json::to_value(template).unwrap_or_default();
    let given = json(given);
    says(&json(existing), &given, false) && before.is_none_or(|before| says(&given, &json(before), true))
}

/// Whether everything in `part` is in `whole`; with `keys_only`, whether its keys are.
fn says(whole: &Value, part: &Value, keys_only: bool) -> bool {
    match (whole, part) {
        (_, Value::Null) => true,
        (Value::Object(whole), Value::Object(part)) => part.iter().all(|(key, value)| match whole.get(key) {
            Some(other) => says(other, value, keys_only),
            None => is_blank(value),
        }),
        (Value::Array(whole), Value::Array(part)) => {
            (keys_only || whole.len() == part.len())
                && whole.iter().zip(part).all(|(whole, part)| says(whole, part, keys_only))
        }
        _ if keys_only => true,
        (Value::String(whole), Value::String(part)) => whole == part || same_quantity(whole, part),
        _ => whole == part,
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.values().all(is_blank),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

fn same_quantity(left: &str, right: &str) -> bool {
    matches!((quantity::milli_value(left), quantity::milli_value(right)), (Ok(left), Ok(right)) if left == right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn template(image: &str, extra: Value) -> PodTemplateSpec {
        let mut container = json!({"name": "a", "image": image});
        for (key, value) in extra.as_object().into_iter().flatten() {
            container[key] = value.clone();
        }
        serde_json::from_value(json!({"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [container]}}))
            .expect("a template")
    }

    #[test]
    fn server_side_defaults_are_no_change_but_removals_are() {
        let manifest = template("x", json!({"resources": {"requests": {"cpu": "1000m"}}}));
        let live = template("x", json!({"imagePullPolicy": "Always", "resources": {"requests": {"cpu": "1"}}}));
        assert!(unchanged(&manifest, &live, Some(&manifest)));
        assert!(!unchanged(&template("y", json!({})), &live, None));
        assert!(!unchanged(&template("x", json!({})), &live, Some(&manifest)));
    }

    #[test]
    fn admission_adds_priority_and_tolerations_once() {
        let mut template = template("x", json!({}));
        let priorities = Priorities::new(&[], &[]);
        complete(&mut template, &priorities);
        complete(&mut template, &priorities);
        let spec = template.spec.expect("a spec");
        assert_eq!((spec.priority, spec.tolerations.map(|list| list.len())), (Some(0), Some(2)));
    }
}
