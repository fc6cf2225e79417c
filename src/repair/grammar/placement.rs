//! Which nodes pods may be on: names, and taints that they tolerate.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::input::path::FieldPath;
use crate::repair::edit::Preference;
use crate::repair::objects::Object;
use crate::repair::text::Action;

use super::offers::{Field, Group, Offers, Try};

/// Node names and tolerations.
pub static GROUP: Group = Group {
    rules: &[
        "kubelet/pods",
        "taint-eviction/",
        "scheduler/NodeName",
        "scheduler/TaintToleration",
        "scheduler/NodeUnschedulable",
        "descheduler/RemovePodsViolatingNodeTaints",
        "node-lifecycle/taints",
    ],
    offer,
};

fn offer(offers: &mut Offers<'_>) {
    let taints = taints(offers);
    for workload in offers.objects.workloads().filter(|it| it.kind != "Pod") {
        node_name(offers, workload);
        tolerations(offers, workload, &taints);
    }
}

fn node_name<'a>(offers: &mut Offers<'a>, workload: &'a Object) {
    let field = Field::of_template(offers.objects, workload, &"spec.nodeName".into());
    let Some(name) = field.value().as_str() else { return };
    let template = workload.template().unwrap_or_default();
    if workload.get(&template.field("spec.nodeSelector")).is_null() {
        let action = Action::Replace("nodeSelector".to_owned(), json!({"kubernetes.io/hostname": name}));
        let costs = "the scheduler asks whether pods fit the node, and they wait while they do not".to_owned();
        offers.offer(&field, [Try { action, preference: Preference::Tunes, distance: 3, costs }]);
    }
    offers.offer(&field, [Try::remove(4, Preference::Removes, "pods may run on other nodes")]);
}

fn tolerations<'a>(offers: &mut Offers<'a>, workload: &'a Object, taints: &BTreeSet<[String; 3]>) {
    let list = FieldPath::from("spec.tolerations");
    let given = Field::of_template(offers.objects, workload, &list);
    let given = given.value().as_array().map_or(&[][..], Vec::as_slice);
    for (index, toleration) in given.iter().enumerate() {
        let seconds = Field::of_template(offers.objects, workload, &list.index(index).key("tolerationSeconds"));
        let Some(now) = toleration["tolerationSeconds"].as_i64() else { continue };
        let longer = [60, 300, 3600].into_iter().filter(|it| *it > now).zip(1..);
        let costs = |it: i64| format!("pods stay for {it} s on nodes with the taint");
        let tries = longer.map(|(it, distance)| Try::put(it, distance, Preference::Tunes, costs(it)));
        let never = Try::remove(4, Preference::Tunes, "pods stay on nodes with the taint");
        offers.offer(&seconds, tries.chain([never]));
    }
    for taint in taints.iter().filter(|taint| !given.iter().any(|it| it["key"] == taint[0])) {
        let [key, value, effect] = taint;
        let mut toleration = Map::from_iter([("key".to_owned(), json!(key))]);
        match value.as_str() {
            "" => toleration.insert("operator".to_owned(), json!("Exists")),
            value => toleration.insert("value".to_owned(), json!(value)),
        };
        toleration.insert("effect".to_owned(), json!(effect));
        let toleration = Value::Object(toleration);
        let costs = format!("pods may run, and stay, on nodes with the taint {key}");
        let (path, value) = match given {
            [] => (list.clone(), json!([toleration])),
            given => (list.index(given.len()), toleration),
        };
        let field = Field::of_template(offers.objects, workload, &path);
        offers.offer(&field, [Try::put(value, 2, Preference::Tunes, costs)]);
    }
}

/// Key, value and effect of the taints that nodes of the input have.
fn taints(offers: &Offers<'_>) -> BTreeSet<[String; 3]> {
    let nodes = offers.objects.of_kind("Node").map(|node| node.get(&"spec.taints".into()));
    let scenarios = offers.objects.of_kind("Scenario").filter_map(|it| it.get(&"spec.nodePools".into()).as_array());
    let pools = scenarios.flatten().map(|pool| &pool["template"]["taints"]);
    let taints = nodes.chain(pools).filter_map(Value::as_array).flatten();
    let text = |taint: &Value, key: &str| taint[key].as_str().unwrap_or_default().to_owned();
    let taints = taints.map(|taint| ["key", "value", "effect"].map(|key| text(taint, key)));
    taints.filter(|taint| taint[2] != "PreferNoSchedule").collect()
}
