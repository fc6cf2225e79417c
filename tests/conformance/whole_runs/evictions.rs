//! Evictions that the user asked the API for, one by one. Pods that it evicted are leaving when the stretch begins.

use std::collections::BTreeSet;

use super::record::{Step, Stretch};

/// An eviction that was asked for.
pub struct Asked<'s> {
    /// The pod's name.
    pub pod: &'s str,
    /// Whether it was evicted.
    pub is_evicted: bool,
}

/// Whether an act asks for evictions.
pub fn asks(act: &str) -> bool {
    matches!(act, "evict" | "evict pod" | "evict twice" | "evict all")
}

/// The evictions of a step in their order, without those of pods that were gone.
pub fn asked(step: &Step) -> Vec<Asked<'_>> {
    const NOT_FOUND: i64 = 404;
    let (act, result) = (&step.action, &step.result);
    let once = act["evict"].as_str().or(act["evict pod"].as_str()).map(|pod| (pod, result));
    let twice = act["evict twice"].as_str().into_iter();
    let twice = twice.flat_map(|pod| [(pod, &result["first"]), (pod, &result["second"])]);
    let each = result["each"].as_array().into_iter().flatten();
    let each = each.filter_map(|answer| Some((answer["evict"].as_str()?, answer)));
    let all = once.into_iter().chain(twice).chain(each);
    let answered = all.filter_map(|(pod, answer)| Some((pod, answer["code"].as_i64()?)));
    let found = answered.filter(|(_, code)| *code != NOT_FOUND);
    found.map(|(pod, code)| Asked { pod, is_evicted: code < 400 }).collect()
}

/// Names of the pods that the API evicted.
pub fn evicted(stretch: &Stretch) -> BTreeSet<String> {
    let asked = stretch.steps.iter().flat_map(asked).filter(|asked| asked.is_evicted);
    asked.map(|asked| asked.pod.to_owned()).collect()
}
