//! What a Job says beyond its template, and a CronJob about the Jobs that it makes.
//!
//! Reference: `pkg/controller/job/job_controller.go`, `pkg/controller/job/pod_failure_policy.go`,
//! `pkg/controller/cronjob/cronjob_controllerv2.go` (v1.34).

use std::collections::BTreeSet;

use k8s_openapi::api::batch::v1::{JobSpec, PodFailurePolicyRule};

/// `backoffLimit` where nobody gives it.
const DEFAULT_BACKOFF_LIMIT: i64 = 6;

/// The finalizer of pods that their Job has not counted yet.
pub const TRACKING_FINALIZER: &str = "batch.kubernetes.io/job-tracking";

/// A kind of pod condition that a disruption leaves.
const DISRUPTION_TARGET: &str = "DisruptionTarget";

/// The fields of a Job that its controller reads, with the API server's defaults. `spec.parallelism` is the workload's size.
#[derive(Clone, Debug)]
pub struct Batch {
    /// `spec.completions`; `None`: one success is enough, and no other pod is made after it.
    pub completions: Option<i64>,
    /// `spec.backoffLimit`; `None` where it limits nothing.
    pub backoff_limit: Option<i64>,
    /// `spec.backoffLimitPerIndex`, and `spec.maxFailedIndexes`.
    pub per_index: Option<PerIndex>,
    /// Whether pods are replaced only once they have ended, and not when their deletion begins (`podReplacementPolicy`).
    pub waits_for_end: bool,
    /// What the failures of pods may come to.
    pub failures: Failures,
    /// `spec.successPolicy`: of each rule how many indexes have to succeed, and of how many.
    pub success: Vec<Success>,
    /// Whether `spec.activeDeadlineSeconds` is given.
    pub has_deadline: bool,
    /// Whether containers restart in their pod (`restartPolicy: OnFailure`).
    pub restarts: bool,
    /// Whether pods fail by themselves: where containers do not restart, or only until a deadline of the pod.
    pub fails: bool,
    /// `spec.suspend`.
    pub suspended: bool,
    /// What was counted when the run begins.
    pub done: Done,
    /// Of a CronJob: how it makes Jobs.
    pub schedule: Option<Schedule>,
}

/// Limits of failures of each index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerIndex {
    /// `spec.backoffLimitPerIndex`.
    pub limit: i64,
    /// `spec.maxFailedIndexes`.
    pub most_failed: Option<i64>,
}

/// A rule of a success policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Success {
    /// So many have to succeed.
    pub count: i64,
    /// Of so many indexes; `None`: of all.
    pub among: Option<i64>,
}

/// What the status of a Job says, and the pods that it does not count yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Pods, of an indexed Job indexes, that have succeeded.
    pub succeeded: i64,
    /// Pods that have failed and count against `backoffLimit`.
    pub failed: i64,
    /// Indexes that have failed.
    pub failed_indexes: i64,
    /// Pods that are being deleted and will count as failed.
    pub lost: i64,
    /// Whether pods that are being deleted will not count, because the controller deletes them.
    pub withdraws: bool,
    /// Whether it is decided that the Job is over, and its pods are on their way.
    pub is_ending: bool,
    /// Pods that Jobs of a CronJob want.
    pub wanted: i64,
}

/// What a CronJob does when it is time for a Job while another one goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concurrency {
    /// It makes one more.
    Allow,
    /// It makes none.
    Forbid,
    /// It deletes the other one.
    Replace,
}

/// How a CronJob makes Jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// `spec.concurrencyPolicy`.
    pub concurrency: Concurrency,
    /// `spec.suspend`.
    pub suspended: bool,
    /// So many of its Jobs exist at a time, at most: 1 unless the scenario says otherwise, `None` for any number.
    pub overlap: Option<i64>,
}

/// What the failure of a pod comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It counts.
    Count,
    /// It does not count.
    Ignore,
    /// The Job fails.
    FailJob,
    /// Its index fails.
    FailIndex,
}

/// What failures may come to: which exit codes containers end with is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// Of pods whose containers end with an error.
    pub own: BTreeSet<Outcome>,
    /// Of pods that were deleted or evicted.
    pub disrupted: BTreeSet<Outcome>,
}

impl Batch {
    /// What the spec of a Job says; `indexes` of it that failed and pods that are counted are added by whoever knows them.
    pub fn of(spec: &JobSpec) -> Self {
        let pod = spec.template.spec.as_ref();
        let policy = spec.pod_failure_policy.as_ref();
        let restarts = pod.and_then(|pod| pod.restart_policy.as_deref()) == Some("OnFailure");
        let limit =
            |limit: i32| PerIndex { limit: i64::from(limit), most_failed: spec.max_failed_indexes.map(i64::from) };
        let per_index = spec.backoff_limit_per_index.map(limit);
        let given = spec.backoff_limit.map(i64::from);
        let unlimited = given.is_none() && per_index.is_some() || given == Some(i64::from(i32::MAX));
        let rules = spec.success_policy.iter().flat_map(|policy| &policy.rules);
        let success = rules.map(|rule| {
            let among = rule.succeeded_indexes.as_deref().map(count_indexes);
            let count = rule.succeeded_count.map(i64::from).or(among).unwrap_or(1);
            Success { count, among }
        });
        Batch {
            completions: spec.completions.map(i64::from).or((spec.parallelism.is_none()).then_some(1)),
            backoff_limit: (!unlimited).then(|| given.unwrap_or(DEFAULT_BACKOFF_LIMIT)),
            per_index,
            waits_for_end: spec.pod_replacement_policy.as_deref() == Some("Failed") || policy.is_some(),
            failures: Failures::of(policy.map_or(&[], |policy| policy.rules.as_slice())),
            success: success.collect(),
            has_deadline: spec.active_deadline_seconds.is_some(),
            restarts,
            fails: !restarts || pod.is_some_and(|pod| pod.active_deadline_seconds.is_some()),
            suspended: spec.suspend.unwrap_or(false),
            done: Done::default(),
            schedule: None,
        }
    }

    /// Pods that may fail until the Job does, those included that are counted already; `None` where nothing limits them.
    pub fn most_failures(&self) -> Option<i64> {
        let indexes = self.per_index.zip(self.completions);
        let by_index = indexes.map(|(it, completions)| completions.saturating_mul(it.limit.saturating_add(1)));
        let by_job = self.backoff_limit.map(|limit| limit.saturating_add(1));
        by_index.into_iter().chain(by_job).min()
    }
}

impl Failures {
    /// Of the rules of a policy, the first one that matches decides; without one, a failure counts.
    fn of(rules: &[PodFailurePolicyRule]) -> Self {
        let listed = rules.iter().filter_map(|rule| rule.on_exit_codes.as_ref()).flat_map(|codes| &codes.values);
        let mut codes: BTreeSet<i32> = listed.copied().filter(|code| *code != 0).collect();
        let unlisted = (1..).find(|code| !codes.contains(code));
        codes.extend(unlisted);
        let coded = codes.iter().map(|&code| Some(code));
        let own = coded.clone().map(|code| outcome(rules, code, false)).collect();
        // Who deletes a pod leaves the condition or not, and its containers may have ended with any code, or none.
        let all = coded.chain([None]);
        let disrupted = all.flat_map(|code| [true, false].map(|target| outcome(rules, code, target))).collect();
        Failures { own, disrupted }
    }
}

/// What becomes of a pod whose containers end with a code, if any, and that was the target of a disruption or not. Which
/// container a rule names is not asked: it may be the one that failed, or not.
fn outcome(rules: &[PodFailurePolicyRule], code: Option<i32>, is_target: bool) -> Outcome {
    let matches = |rule: &&PodFailurePolicyRule| match &rule.on_exit_codes {
        Some(codes) => code.is_some_and(|code| (codes.operator == "In") == codes.values.contains(&code)),
        None => {
            let mut patterns = rule.on_pod_conditions.iter().flatten();
            // The API server takes a status that is not given for True.
            let is_true = |status: &str| status.is_empty() || status == "True";
            is_target && patterns.any(|it| it.type_ == DISRUPTION_TARGET && is_true(&it.status))
        }
    };
    match rules.iter().find(matches).map(|rule| rule.action.as_str()) {
        Some("Ignore") => Outcome::Ignore,
        Some("FailJob") => Outcome::FailJob,
        Some("FailIndex") => Outcome::FailIndex,
        _ => Outcome::Count,
    }
}

/// How many indexes a list such as `0,2-4` has.
pub fn count_indexes(list: &str) -> i64 {
    let number = |text: &str| text.trim().parse::<i64>().ok();
    let size = |part: &str| match part.split_once('-') {
        Some((first, last)) => number(last).zip(number(first)).map_or(0, |(last, first)| (last - first + 1).max(0)),
        None => i64::from(number(part).is_some()),
    };
    list.split(',').map(size).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, from_value, json};

    fn batch(spec: Value) -> Batch {
        let mut spec = spec;
        spec["template"] = json!({"spec": {"containers": [], "restartPolicy": "Never"}});
        Batch::of(&from_value(spec).expect("a Job"))
    }

    #[test]
    fn lists_of_indexes_are_counted() {
        assert_eq!(count_indexes(""), 0);
        assert_eq!(count_indexes("3"), 1);
        assert_eq!(count_indexes("0,2-4,7"), 5);
    }

    #[test]
    fn the_first_rule_that_matches_decides() {
        let policy = |rules: Value| batch(json!({"podFailurePolicy": {"rules": rules}}));
        let codes = json!([
            {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}},
            {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        ]);
        let batch = policy(codes);
        assert!(batch.waits_for_end);
        assert_eq!(batch.failures.own, BTreeSet::from([Outcome::Count, Outcome::FailJob]));
        assert_eq!(batch.failures.disrupted, BTreeSet::from([Outcome::Count, Outcome::Ignore, Outcome::FailJob]));
        let all = json!([{"action": "Ignore", "onExitCodes": {"operator": "NotIn", "values": [1]}}]);
        assert_eq!(policy(all).failures.own, BTreeSet::from([Outcome::Count, Outcome::Ignore]));
        let fatal = json!([{"action": "FailJob", "onPodConditions": [{"type": "DisruptionTarget"}]}]);
        assert_eq!(policy(fatal).failures.disrupted, BTreeSet::from([Outcome::Count, Outcome::FailJob]));
    }

    #[test]
    fn limits_have_the_defaults_of_the_api() {
        assert_eq!(batch(json!({})).completions, Some(1));
        assert_eq!(batch(json!({"parallelism": 2})).completions, None);
        assert_eq!(batch(json!({})).most_failures(), Some(7));
        let indexed = json!({"completions": 3, "completionMode": "Indexed", "backoffLimitPerIndex": 1});
        assert_eq!(batch(indexed).most_failures(), Some(6));
    }
}
