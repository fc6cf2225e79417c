//! In which order pods of a node are looked at.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Pod, PodSpec};

use crate::cluster::object::resources;
use crate::cluster::view::rule::{Rule, rule};

use super::evictor::protection;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "descheduler/order",
    component: Descheduler,
    upstream: [
        "pkg/descheduler/pod/pods.go" => ["SortPodsBasedOnPriorityLowToHigh"],
        "pkg/utils/qos.go" => ["GetPodQOS"],
    ],
    decides: "Pods of lower priority, and of equal priority those of a lower QoS class, are looked at first.",
    parts: [
        "the order of nodes, and of pods that upstream's sort cannot tell apart" => "free choice",
    ],
};

/// Smaller ones first: no priority, then by priority; BestEffort, Burstable, Guaranteed; those that ask to stay last.
pub type Rank = (Option<i32>, u8, bool);

/// A pod's place in the order; pods of the same rank come in any order.
pub fn rank(pod: &Pod) -> Rank {
    let spec = pod.spec.as_ref();
    (spec.and_then(|spec| spec.priority), qos(pod), protection::asks_to_stay(pod))
}

fn qos(pod: &Pod) -> u8 {
    let told = pod.status.as_ref().and_then(|status| status.qos_class.as_deref()).filter(|class| !class.is_empty());
    match (told, &pod.spec) {
        (Some("BestEffort"), _) => 0,
        (Some("Guaranteed"), _) => 2,
        (Some(_), _) => 1,
        (None, Some(spec)) => computed(spec),
        (None, None) => 0,
    }
}

fn computed(pod: &PodSpec) -> u8 {
    let containers = || pod.containers.iter().chain(pod.init_containers.iter().flatten());
    let mut requests: [i64; 2] = [0; 2];
    let mut limits: [i64; 2] = [0; 2];
    let mut all_limited = true;
    for container in containers() {
        let given = container.resources.clone().unwrap_or_default();
        let mut limited = BTreeSet::new();
        for (index, name) in ["cpu", "memory"].into_iter().enumerate() {
            let amount = |list: Option<&std::collections::BTreeMap<_, _>>| {
                list.and_then(|list| resources::amount(name, list.get(name)?).ok()).unwrap_or(0)
            };
            requests[index] += amount(given.requests.as_ref());
            let limit = amount(given.limits.as_ref());
            limits[index] += limit;
            if limit > 0 {
                limited.insert(name);
            }
        }
        all_limited &= limited.len() == 2;
    }
    let none = [0; 2];
    match (requests == none && limits == none, all_limited) {
        (true, _) => 0,
        // Requests that are not given do not count against the class, but both have to name as many resources.
        (false, true) if requests == limits => 2,
        _ => 1,
    }
}
