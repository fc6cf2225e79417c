//! Checks of Jobs and CronJobs.

use k8s_openapi::api::batch::v1::{CronJob, Job, JobSpec, PodFailurePolicy};

use crate::input::path::FieldPath;

use super::{Check, pod as pod_checks};

/// Checks a Job.
pub fn job(object: &Job, check: &mut Check<'_>) {
    match &object.spec {
        Some(spec) => job_spec(&"spec".into(), spec, check),
        None => check.error(&"spec".into(), "this object has no spec", "add `spec:`"),
    }
}

/// Checks a CronJob.
pub fn cron_job(object: &CronJob, check: &mut Check<'_>) {
    let Some(spec) = &object.spec else {
        return check.error(&"spec".into(), "this object has no spec", "add `spec:`");
    };
    if spec.schedule.trim().is_empty() {
        check.error(&"spec.schedule".into(), "a schedule is required", "write one such as `*/5 * * * *`");
    }
    let policies = ["Allow", "Forbid", "Replace"];
    check.one_of(&"spec.concurrencyPolicy".into(), spec.concurrency_policy.as_deref(), &policies);
    let path = FieldPath::from("spec.jobTemplate.spec");
    match &spec.job_template.spec {
        Some(job) => job_spec(&path, job, check),
        None => check.error(&path, "a Job is required", "add `jobTemplate: {spec: {template: {…}}}`"),
    }
}

fn job_spec(path: &FieldPath, spec: &JobSpec, check: &mut Check<'_>) {
    let numbers = [
        ("parallelism", spec.parallelism),
        ("completions", spec.completions),
        ("backoffLimit", spec.backoff_limit),
        ("backoffLimitPerIndex", spec.backoff_limit_per_index),
        ("maxFailedIndexes", spec.max_failed_indexes),
    ];
    numbers.into_iter().for_each(|(field, number)| check.at_least(&path.field(field), number, 0));
    check.at_least(&path.field("activeDeadlineSeconds"), spec.active_deadline_seconds, 1);
    check.one_of(&path.field("completionMode"), spec.completion_mode.as_deref(), &["NonIndexed", "Indexed"]);
    let policies = ["TerminatingOrFailed", "Failed"];
    check.one_of(&path.field("podReplacementPolicy"), spec.pod_replacement_policy.as_deref(), &policies);
    let is_indexed = spec.completion_mode.as_deref() == Some("Indexed");
    if is_indexed && spec.completions.is_none() {
        check.error(&path.field("completions"), "an Indexed Job needs completions", "add `completions:`");
    }
    let for_indexes = [
        ("backoffLimitPerIndex", spec.backoff_limit_per_index.is_some()),
        ("successPolicy", spec.success_policy.is_some()),
    ];
    for (field, _) in for_indexes.into_iter().filter(|(_, given)| *given && !is_indexed) {
        check.error(&path.field(field), "only Indexed Jobs have this", "add `completionMode: Indexed`");
    }
    if spec.max_failed_indexes.is_some() && spec.backoff_limit_per_index.is_none() {
        check.error(&path.field("maxFailedIndexes"), "it needs backoffLimitPerIndex", "add `backoffLimitPerIndex:`");
    }
    template(path, spec, check);
    if let Some(policy) = &spec.pod_failure_policy {
        failure_policy(&path.field("podFailurePolicy"), policy, spec, check);
    }
}

fn template(path: &FieldPath, spec: &JobSpec, check: &mut Check<'_>) {
    let inner = path.field("template").field("spec");
    let Some(pod) = &spec.template.spec else {
        return check.error(&inner, "the pod template has no spec", "add `template: {spec: {containers: […]}}`");
    };
    pod_checks::spec(&inner, pod, check);
    let restarts = pod.restart_policy.as_deref();
    if !matches!(restarts, Some("Never" | "OnFailure")) {
        let given = restarts.unwrap_or("Always");
        let problem = format!("`{given}` is not allowed here: pods of a Job end");
        check.error(&inner.field("restartPolicy"), problem, "use one of Never, OnFailure");
    }
    let needs_never = spec.pod_failure_policy.is_some() || spec.backoff_limit_per_index.is_some();
    if needs_never && restarts == Some("OnFailure") {
        let problem = "podFailurePolicy and backoffLimitPerIndex need `Never`";
        check.error(&inner.field("restartPolicy"), problem, "write `restartPolicy: Never`");
    }
}

fn failure_policy(path: &FieldPath, policy: &PodFailurePolicy, spec: &JobSpec, check: &mut Check<'_>) {
    if spec.pod_replacement_policy.as_deref() == Some("TerminatingOrFailed") {
        check.error(path, "it needs `podReplacementPolicy: Failed`", "correct podReplacementPolicy, or leave it out");
    }
    for (index, rule) in policy.rules.iter().enumerate() {
        let at = path.field("rules").index(index);
        let actions = ["FailJob", "FailIndex", "Ignore", "Count"];
        check.one_of(&at.field("action"), Some(&rule.action), &actions);
        if rule.action == "FailIndex" && spec.backoff_limit_per_index.is_none() {
            check.error(&at.field("action"), "FailIndex needs backoffLimitPerIndex", "add `backoffLimitPerIndex:`");
        }
        if let Some(codes) = &rule.on_exit_codes {
            let inner = at.field("onExitCodes");
            check.one_of(&inner.field("operator"), Some(&codes.operator), &["In", "NotIn"]);
            if codes.values.is_empty() {
                check.error(&inner.field("values"), "exit codes are required", "list them: `values: [1, 42]`");
            }
        }
        if rule.on_exit_codes.is_some() == rule.on_pod_conditions.as_ref().is_some_and(|it| !it.is_empty()) {
            check.error(&at, "a rule has either onExitCodes or onPodConditions", "keep one of them");
        }
    }
}
