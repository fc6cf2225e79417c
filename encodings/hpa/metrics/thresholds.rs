//! The totals of usage at which a per-pod metric changes what it proposes.
//!
//! Between two of them every total is alike for every number of ready, unready and missing pods, in both passes of
//! [`super::per_pod`]: what a pass compares is the total, plus what missing pods are taken to use, over the pods that it
//! looks at, so each number that is compared with something becomes a total for each number of pods.

use std::collections::BTreeSet;

use crate::cluster::arithmetic::hpa_replicas::replicas_for;

use super::load::Watcher;

/// Beyond so many thresholds (counted before equal ones are merged) every total is told apart.
const MOST_THRESHOLDS: i64 = 1 << 17;

/// Adds the thresholds of `watcher` for up to its largest number of pods; false if they are too many. `missing` says
/// whether pods may be without a sample.
pub fn thresholds(watcher: &Watcher, missing: bool, found: &mut BTreeSet<i64>) -> bool {
    let (pods, answers) = (watcher.most_pods, watcher.max + 4);
    let passes = if missing { pods } else { 1 };
    if pods.saturating_mul(answers).saturating_mul(passes) > MOST_THRESHOLDS {
        return false;
    }
    let aim = watcher.watched.metric.target.value();
    let fallback = watcher.watched.metric.target.fallback_usage(watcher.watched.request);
    for samples in 1..=pods {
        let totals = compared(watcher, aim, samples).map(|compared| watcher.watched.total(compared, samples));
        let lacking = if missing { 0..samples } else { 0..1 };
        let filled = totals.flat_map(|total| lacking.clone().map(move |lacking| total - lacking * fallback));
        found.extend(filled.filter(|&total| total > 0));
    }
    true
}

/// The compared numbers from which on `samples` pods ask for something else.
fn compared(watcher: &Watcher, aim: i64, samples: i64) -> impl Iterator<Item = i64> {
    let (least, most) = watcher.tolerated;
    (1..=watcher.max + 1).map(move |replicas| first_asking_for(replicas, aim, samples)).chain([least, most + 1])
}

/// The smallest usage of each of `pods` pods that asks for as many `replicas`.
fn first_asking_for(replicas: i64, aim: i64, pods: i64) -> i64 {
    let mut usage = (replicas - 1).saturating_mul(aim) / pods;
    while usage > 0 && replicas_for(usage - 1, aim, pods) >= replicas {
        usage -= 1;
    }
    while replicas_for(usage, aim, pods) < replicas {
        usage += 1;
    }
    usage
}
