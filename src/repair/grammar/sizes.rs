//! How many pods a workload has.

use serde_json::Value;

use crate::input::path::FieldPath;
use crate::repair::edit::Preference;
use crate::repair::objects::Object;

use super::offers::{Field, Group, Offers, Try};

/// The annotation in which kubectl keeps the manifest applied last.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Replicas.
pub static GROUP: Group = Group {
    rules: &[
        "deployment/",
        "replicaset/",
        "statefulset/",
        "disruption/",
        "environment/commands",
        "argocd/self-heal",
        "flux/reconcile",
        "scheduler/NodeResourcesFit",
        "admission/ResourceQuota",
    ],
    offer,
};

fn offer(offers: &mut Offers<'_>) {
    let sized = |object: &&Object| matches!(object.kind.as_str(), "Deployment" | "StatefulSet" | "ReplicaSet");
    for workload in offers.objects.workloads().filter(sized) {
        if is_scaled(offers, workload) {
            leave_to_autoscaler(offers, workload);
        } else if !workload.is_live() {
            let field = Field::own(workload, "spec.replicas");
            offers.offer(&field, numbers(field.value().as_i64().unwrap_or(1)));
        }
    }
}

fn numbers(now: i64) -> impl Iterator<Item = Try> {
    let steps = [(1, 1), (-1, 1), (2, 2), (-2, 2), (3, 3)].into_iter();
    steps.filter(move |(by, _)| now + by >= 1).map(move |(by, distance)| match by {
        1.. => Try::put(now + by, distance, Preference::Enlarges, format!("{by} pod(s) more, all the time")),
        _ => Try::put(now + by, distance, Preference::Weakens, format!("{} pod(s) less, all the time", -by)),
    })
}

fn leave_to_autoscaler<'a>(offers: &mut Offers<'a>, workload: &'a Object) {
    let field = Field::own(workload, "spec.replicas");
    if !field.value().is_null() && !workload.is_live() {
        let costs = "nothing: the autoscaler alone owns the number";
        offers.offer(&field, [Try::remove(1, Preference::Harmless, costs)]);
    }
    let applied = Field::own(workload, FieldPath::from("metadata.annotations").key(LAST_APPLIED));
    if let Some(new) = applied.value().as_str().and_then(without_replicas) {
        let costs = "nothing: `kubectl apply edit-last-applied` hands the field over to the autoscaler";
        offers.offer(&applied, [Try::put(new, 1, Preference::Harmless, costs)]);
    }
}

/// The manifest without `spec.replicas`, if it has that.
fn without_replicas(manifest: &str) -> Option<String> {
    let mut value: Value = serde_json::from_str(manifest).ok()?;
    value.get_mut("spec")?.as_object_mut()?.shift_remove("replicas")?;
    let end = if manifest.ends_with('\n') { "\n" } else { "" };
    Some(format!("{value}{end}"))
}

/// Whether an autoscaler of the input scales a workload.
fn is_scaled(offers: &Offers<'_>, workload: &Object) -> bool {
    let mut scalers = offers.objects.iter().filter(|object| {
        matches!(object.kind.as_str(), "HorizontalPodAutoscaler" | "ScaledObject")
            && object.namespace == workload.namespace
    });
    scalers.any(|scaler| scaler.get(&"spec.scaleTargetRef.name".into()).as_str() == Some(&workload.name))
}
