//! Affinity and anti-affinity: from required to preferred, and required where there is none.

use serde_json::{Value, json};

use crate::input::path::FieldPath;
use crate::repair::edit::Preference;
use crate::repair::objects::Object;
use crate::repair::text::Action;

use super::offers::{Field, Group, Offers, Try};

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// Affinity.
pub static GROUP: Group = Group {
    rules: &[
        "scheduler/InterPodAffinity",
        "scheduler/NodeAffinity",
        "scheduler/binding",
        "descheduler/",
        "cluster-autoscaler/scale-up",
        "cluster-autoscaler/simulation",
    ],
    offer,
};

fn offer(offers: &mut Offers<'_>) {
    for workload in offers.objects.workloads().filter(|it| it.kind != "Pod") {
        for kind in ["podAffinity", "podAntiAffinity"] {
            soften(offers, workload, kind);
        }
        keep_apart(offers, workload);
    }
}

/// What is required becomes preferred.
fn soften<'a>(offers: &mut Offers<'a>, workload: &'a Object, kind: &str) {
    let path = FieldPath::from("spec.affinity").key(kind);
    let field = Field::of_template(offers.objects, workload, &path.key(REQUIRED));
    let Some(terms) = field.value().as_array().filter(|terms| !terms.is_empty()) else { return };
    let template = workload.template().unwrap_or_default();
    if !workload.get(&template.field("spec.affinity").key(kind).key(PREFERRED)).is_null() {
        return;
    }
    let weighed: Vec<Value> = terms.iter().map(|term| json!({"weight": 100, "podAffinityTerm": term})).collect();
    let costs = match kind {
        "podAntiAffinity" => "pods may share a domain while another one is short",
        _ => "pods may be apart while there is no room next to each other",
    };
    let action = Action::Replace(PREFERRED.to_owned(), weighed.into());
    offers.offer(&field, [Try { action, preference: Preference::Weakens, distance: 1, costs: costs.to_owned() }]);
}

/// Pods of a workload that says nothing of it are kept on nodes of their own.
fn keep_apart<'a>(offers: &mut Offers<'a>, workload: &'a Object) {
    let field = Field::of_template(offers.objects, workload, &"spec.affinity.podAntiAffinity".into());
    let selector = workload.get(&"spec.selector".into());
    let is_many = matches!(workload.kind.as_str(), "Deployment" | "StatefulSet" | "ReplicaSet");
    if !is_many || !field.value().is_null() || !selector.is_object() {
        return;
    }
    let term = json!({"topologyKey": "kubernetes.io/hostname", "labelSelector": selector});
    let costs = "each pod needs a node of its own, and waits where there is none";
    offers.offer(&field, [Try::put(json!({REQUIRED: [term]}), 3, Preference::Weakens, costs)]);
}
