//! How workloads are updated.

use serde_json::{Value, json};

use crate::input::path::FieldPath;
use crate::repair::edit::Preference;
use crate::repair::objects::Object;

use super::offers::{Field, Group, Offers, Try};

/// Strategies, surges, and the order of StatefulSets.
pub static GROUP: Group = Group {
    rules: &[
        "deployment/",
        "statefulset/",
        "daemonset/",
        "replicaset/reconcile",
        "admission/ResourceQuota",
        "scheduler/NodeResourcesFit",
        "scheduler/PodTopologySpread",
        "scheduler/InterPodAffinity",
    ],
    offer,
};

fn offer(offers: &mut Offers<'_>) {
    for workload in offers.objects.iter() {
        match workload.kind.as_str() {
            "Deployment" => deployment(offers, workload),
            "DaemonSet" => rolling(offers, workload, "spec.updateStrategy.rollingUpdate", (1, 0)),
            "StatefulSet" => stateful_set(offers, workload),
            _ => {}
        }
    }
}

fn deployment<'a>(offers: &mut Offers<'a>, workload: &'a Object) {
    let field = Field::own(workload, "spec.strategy.type");
    if field.value() == "Recreate" {
        return;
    }
    rolling(offers, workload, "spec.strategy.rollingUpdate", (0, 1));
    let costs = "during a rollout all pods are down";
    let has_numbers = !workload.get(&"spec.strategy.rollingUpdate".into()).is_null();
    // The API server refuses numbers beside Recreate.
    let whole = Field::own(workload, "spec.strategy");
    match (has_numbers, whole.value()) {
        (false, Value::Null) => {
            offers.offer(&whole, [Try::put(json!({"type": "Recreate"}), 3, Preference::Removes, costs)]);
        }
        _ => offers
            .offer(&field, [Try::put("Recreate", 3, Preference::Removes, costs)].into_iter().filter(|_| !has_numbers)),
    }
}

/// Numbers of a rolling update, and what they are taken for if they are not given.
fn rolling<'a>(offers: &mut Offers<'a>, workload: &'a Object, path: &str, (unavailable, surge): (i64, i64)) {
    let path = FieldPath::from(path);
    let down = Field::own(workload, path.key("maxUnavailable"));
    let now = down.value().as_i64().unwrap_or(if down.value().is_null() { unavailable } else { 1 });
    let more = (1..=2).map(|by| {
        let costs = format!("{by} pod(s) more may be down during rollouts");
        Try::put(now + by, by as u32, Preference::Tunes, costs)
    });
    let none = Try::put(0, 1, Preference::Harmless, "rollouts need room for one pod more");
    offers.offer(&down, more.chain((now > 0 || down.value().is_null()).then_some(none)));
    let up = Field::own(workload, path.key("maxSurge"));
    let now = up.value().as_i64().unwrap_or(if up.value().is_null() { surge } else { 1 });
    let more = Try::put(now + 1, 1, Preference::Harmless, "rollouts need room for one pod more");
    let none = Try::put(0, 1, Preference::Tunes, "rollouts take a pod down before another one is there");
    offers.offer(&up, [more].into_iter().chain((now > 0).then_some(none)));
}

fn stateful_set<'a>(offers: &mut Offers<'a>, workload: &'a Object) {
    let order = Field::own(workload, "spec.podManagementPolicy");
    if order.value() != "Parallel" {
        let costs =
            "pods start and stop in no order; the field cannot be changed in place: the set has to be made again";
        offers.offer(&order, [Try::put("Parallel", 1, Preference::Tunes, costs)]);
    }
    let strategy = Field::own(workload, "spec.updateStrategy.type");
    if strategy.value() != "OnDelete" {
        let costs = "updates wait until somebody deletes pods";
        offers.offer(&strategy, [Try::put("OnDelete", 3, Preference::Removes, costs)]);
    }
}
