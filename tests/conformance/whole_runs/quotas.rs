//! What quotas leave unfinished: a controller that was refused tries again after a back-off that grows, so a recording may come
//! to rest before it has tried once more; and who counts pods is not told of a size to which none was added.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{PodSpec, ResourceQuota};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use serde_json::Value;

use crate::cluster::object::quota::{self, Charge};
use crate::cluster::object::resources;

use super::record::{Stretch, listed};
use super::workload::{name, of_set, perform};

/// Owners of pods among recorded objects that have fewer than they want.
fn short(objects: &BTreeMap<String, Value>) -> impl Iterator<Item = &Value> {
    let count = |set: &Value, field: &str| set[field].as_i64().unwrap_or(0);
    let sets = listed(objects, "ReplicaSet").iter().chain(listed(objects, "StatefulSet"));
    sets.filter(move |set| count(set, "replicas") < count(set, "spec.replicas"))
}

/// Whether a quota may be why some owner has too few pods, when a stretch begins.
pub fn keep_short(stretch: &Stretch) -> bool {
    stretch.present().any(|object| object["kind"] == "ResourceQuota") && short(&stretch.before).next().is_some()
}

/// Whether some owner is still going to try again when a stretch ends: it has too few pods, and quotas admit another, or it was
/// refused a ReplicaSet before quotas were changed.
pub fn are_tried_again(stretch: &Stretch) -> bool {
    let lacks_set = |deployment: &Value| {
        let conditions = deployment["conditions"].as_array().into_iter().flatten().filter_map(Value::as_str);
        conditions.into_iter().any(|condition| condition.contains("ReplicaSetCreateError"))
    };
    let is_changed = stretch.steps.iter().any(|step| step.does("hard"));
    if is_changed && listed(&stretch.before, "Deployment").iter().any(lacks_set) {
        return true;
    }
    let mut objects: Vec<Value> = stretch.present().cloned().collect();
    stretch.steps.iter().for_each(|step| perform(&mut objects, step));
    let Some(last) = stretch.steps.last() else { return false };
    let quotas: Vec<&Value> = objects.iter().filter(|object| object["kind"] == "ResourceQuota").collect();
    let admits = |set: &Value| {
        let owner = set["name"].as_str().and_then(|set| of_set(&objects, set));
        let pod = owner.and_then(|owner| serde_json::from_value(owner["spec"]["template"]["spec"].clone()).ok());
        pod.is_some_and(|pod| quotas.iter().all(|quota| leaves_room(quota, listed(&last.after, "ResourceQuota"), &pod)))
    };
    !quotas.is_empty() && short(&last.after).any(admits)
}

/// Whether a quota, of which the API told last what was used, admits one more pod.
fn leaves_room(quota: &Value, told: &[Value], pod: &PodSpec) -> bool {
    let used = told.iter().find(|known| known["name"] == name(quota)).map(|known| &known["used"]);
    let Ok(quota) = serde_json::from_value::<ResourceQuota>(quota.clone()) else { return false };
    let charges = quota::charges(&quota, pod).unwrap_or_default();
    let fits = |charge: &Charge| {
        let unit = charge.resource.rsplit('.').next().unwrap_or_default();
        let used = used.and_then(|used| used[charge.resource.as_str()].as_str()).unwrap_or("0");
        let used = resources::amount(unit, &Quantity(used.to_owned()));
        used.is_ok_and(|used| used + charge.each <= charge.hard)
    };
    charges.iter().all(fits)
}
