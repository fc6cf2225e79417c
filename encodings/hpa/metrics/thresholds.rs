//! The totals of usage at which a per-pod metric changes what it proposes.
//!
//! Part of the rule `environment/load`.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::arithmetic::hpa_replicas::Tolerance;
    use crate::cluster::object::scenario::LoadPer;
    use crate::encodings::hpa::metrics::comparison::Comparison;
    use crate::encodings::hpa::metrics::load::Watched;
    use crate::encodings::hpa::metrics::per_pod::PerPod;
    use crate::encodings::hpa::metrics::pods::{PodSums, Requests};
    use crate::encodings::hpa::metrics::source::Metric;
    use crate::term::Ctx;
    use serde_json::json;

    const PODS: i64 = 3;
    const MAX: i64 = 4;

    fn watcher(spec: serde_json::Value, request: i64) -> Watcher {
        let metric = Metric::of(&serde_json::from_value(spec).expect("a metric spec")).expect("a metric");
        Watcher {
            tolerated: Tolerance::default().usages(metric.target.value(), 1),
            watched: Watched { metric, request },
            per: LoadPer::EachPod,
            at_most: None,
            others: false,
            most_pods: PODS,
            max: MAX,
            known: Default::default(),
        }
    }

    fn watchers() -> [Watcher; 2] {
        let by_percent = json!({"type": "Utilization", "averageUtilization": 60});
        let by_average = json!({"type": "AverageValue", "averageValue": "23m"});
        let metric = |target| json!({"type": "Resource", "resource": {"name": "cpu", "target": target}});
        [watcher(metric(by_percent), 35), watcher(metric(by_average), 1)]
    }

    /// What the encoding proposes, within the limits.
    fn proposed(watcher: &Watcher, usage: i64, [ready, unready, missing]: [i64; 3], current: i64) -> i64 {
        let ctx = Ctx::new();
        let Watched { metric, request } = &watcher.watched;
        let sums = PodSums {
            ready: ctx.int(ready),
            unready: ctx.int(unready),
            missing: ctx.int(missing),
            usage: ctx.int(usage),
            strays: (ctx.int(0), ctx.int(0)),
            requests: Requests::Each(*request),
            missing_usage: ctx.int(missing * metric.target.fallback_usage(*request)),
            has_pods: true,
            has_requests: true,
        };
        let comparison = Comparison::new(&ctx, metric.target, &Tolerance::default(), None);
        let pass = PerPod { comparison: &comparison, sums: &sums };
        let proposal = pass.propose(pass.first(), ctx.int(current));
        proposal.replicas.constant().expect("nothing is open").min(MAX)
    }

    #[test]
    fn totals_between_thresholds_are_alike() {
        for (watcher, may_lack) in
            watchers().into_iter().zip([true, true]).chain(watchers().into_iter().zip([false, false]))
        {
            let mut found = BTreeSet::new();
            assert!(thresholds(&watcher, may_lack, &mut found));
            let groups = (1..=PODS).flat_map(|ready| (0..=PODS - ready).map(move |unready| (ready, unready)));
            for (ready, unready) in groups {
                for missing in 0..=if may_lack { PODS - ready - unready } else { 0 } {
                    for current in 1..=MAX {
                        let answer = |usage| proposed(&watcher, usage, [ready, unready, missing], current);
                        for usage in (1..=150).filter(|usage| !found.contains(usage)) {
                            let group = (ready, unready, missing, current);
                            assert_eq!(answer(usage), answer(usage - 1), "{usage} of {group:?}");
                        }
                    }
                }
            }
        }
    }
}
