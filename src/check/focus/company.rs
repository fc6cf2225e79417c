//! What the company is driven to where a counterexample needs room to be short: autoscaled workloads grow as far as their
//! loads make them.

use crate::cluster::spec::{ClusterSpec, ObjectKey};

use super::guide::{Deed, Guide, Value};

/// Rounds of autoscaling that are tried for a workload; policies may allow but a part of the way at a time.
const ROUNDS: usize = 12;

/// Puts loads of all workloads but one at their ends, lets their autoscalers follow, and only then does what `guide` says.
pub fn pressed(spec: &ClusterSpec, but: &ObjectKey, guide: &Guide) -> Guide {
    let mut pressed = guide.clone();
    let others = spec.autoscalers.iter().filter(|autoscaler| autoscaler.target != *but);
    let mut deeds: Vec<Deed> =
        others.flat_map(|autoscaler| growth(spec, &autoscaler.target, &autoscaler.key)).collect();
    pressed.loop_start = guide.loop_start.map(|start| start + deeds.len());
    deeds.extend(guide.deeds.iter().cloned());
    let own = spec.autoscalers.iter().filter(|autoscaler| autoscaler.target == *but);
    if guide.loop_start.is_none() {
        deeds.extend(own.flat_map(|autoscaler| growth(spec, &autoscaler.target, &autoscaler.key)));
    }
    pressed.deeds = deeds;
    pressed
}

/// The steps by which a workload grows as far as it can.
fn growth(spec: &ClusterSpec, target: &ObjectKey, autoscaler: &ObjectKey) -> Vec<Deed> {
    let loads = spec.scenario.loads.iter().filter(|load| load.target == *target);
    let mut deeds: Vec<Deed> = loads
        .map(|load| Deed {
            action: format!("load of {} ({})", load.target, load.metric),
            inputs: vec![(Deed::ANY.to_owned(), Value::Number(i64::MAX))],
        })
        .collect();
    let scales =
        Deed { action: format!("hpa {autoscaler}"), inputs: vec![(Deed::ANY.to_owned(), Value::Number(i64::MAX))] };
    deeds.extend(std::iter::repeat_n(scales, ROUNDS));
    deeds
}
