//! What is assumed when nobody says: how the load of autoscaled workloads moves, and what else a scenario amounts to.

use k8s_openapi::api::autoscaling::v2::{MetricSpec, MetricTarget};
use k8s_openapi::api::core::v1::PodSpec;

use crate::cluster::object::gitops::Sync;
use crate::cluster::object::interval;
use crate::cluster::object::policy::{Rhythm, Runner};
use crate::cluster::object::quantity;
use crate::cluster::object::resources;
use crate::cluster::object::scenario::{Load, LoadPer, Samples, Scenario, find_workload};
use crate::cluster::object::spec::{ClusterSpec, ObjectKey, WorkloadKind};
use crate::cluster::object::timing::{self, Span, Timing};
use crate::system::Interleaving;

/// A load for every metric of every autoscaler that can be computed.
///
/// Each pod's usage may be anything between nothing and its limit (twice what the autoscaler aims at or the pod requests, where there is no
/// limit), starts at what the autoscaler aims at, and may change at any time.
pub fn default_loads(cluster: &ClusterSpec) -> Vec<Load> {
    let mut loads: Vec<Load> = Vec::new();
    for autoscaler in &cluster.autoscalers {
        let spec = autoscaler.object.spec.as_ref();
        for metric in spec.and_then(|spec| spec.metrics.as_ref()).into_iter().flatten().filter_map(metric_name) {
            let known = loads.iter().any(|load| load.target == autoscaler.target && load.metric == metric);
            let range = suggested_range(cluster, &autoscaler.target, metric).filter(|_| !known);
            loads.extend(range.map(|range| default_load(cluster, &autoscaler.target, metric, range)));
        }
    }
    loads
}

/// The range in which the usage of one pod may be expected, in thousandths.
pub fn suggested_range(cluster: &ClusterSpec, target: &ObjectKey, metric: &str) -> Option<(i64, i64)> {
    let spec = pod_spec(cluster, target)?;
    let request = request(spec, metric).filter(|request| *request > 0);
    let most =
        limit(spec, metric).or_else(|| request.or_else(|| aimed_usage(cluster, target, metric))?.checked_mul(2))?;
    Some((0, most))
}

/// The usage of one pod that an autoscaler aims at, in thousandths.
pub fn aimed_usage(cluster: &ClusterSpec, target: &ObjectKey, metric: &str) -> Option<i64> {
    let autoscalers = cluster.autoscalers.iter().filter(|autoscaler| autoscaler.target == *target);
    let mut metrics = autoscalers.filter_map(|autoscaler| autoscaler.object.spec.as_ref()?.metrics.as_ref()).flatten();
    let aim = target_of(metrics.find(|spec| metric_name(spec) == Some(metric))?)?;
    match (aim.average_utilization, &aim.average_value) {
        (Some(percent), _) => Some(request(pod_spec(cluster, target)?, metric)?.checked_mul(percent.into())? / 100),
        (None, Some(value)) => quantity::milli(value).ok(),
        (None, None) => None,
    }
}

/// What a scenario amounts to, in lines for people.
pub fn describe_defaults(cluster: &ClusterSpec) -> Vec<String> {
    let scenario = &cluster.scenario;
    let mut lines: Vec<String> = scenario.loads.iter().map(describe_load).collect();
    lines.extend(scenario.commands.iter().map(|command| format!("at any time: {}", command.text)));
    lines.extend(scenario.syncs.iter().map(describe_sync));
    let runners = cluster.descheduler.iter().flat_map(|policy| &policy.runners);
    lines.extend(runners.map(|runner| describe_runner(runner, scenario.timing.as_ref())));
    if cluster.workloads.iter().any(|workload| workload.kind == WorkloadKind::CronJob) {
        lines.push("Jobs of a CronJob are over when it makes the next one".to_owned());
    }
    lines.push(match quiet(scenario) {
        true => "no node fails, panics or is maintained".to_owned(),
        false => "nodes fail, panic or are maintained as the scenario says".to_owned(),
    });
    lines.push(format!("bound {}, all properties that apply", scenario.bound));
    lines.push(describe_interleaving(scenario).to_owned());
    lines.push(describe_timing(scenario.timing.as_ref(), scenario.maintenance.is_some()));
    lines
}

/// When a descheduler runs, and when it does here.
fn describe_runner(runner: &Runner, timing: Option<&Timing>) -> String {
    let when = match &runner.rhythm {
        Rhythm::Every(interval) => format!("every {interval}"),
        Rhythm::Scheduled(schedule) => format!("by the schedule `{schedule}`"),
        Rhythm::Once => "once, whenever its container starts".to_owned(),
    };
    let own = interval::planned(&runner.rhythm);
    let here = timing.and_then(|timing| timing.descheduling.or(own));
    let here = match here {
        None if timing.is_none() => "; here at any time, for there is no clock".to_owned(),
        None => "; here at any time".to_owned(),
        Some(_) if here == own && matches!(runner.rhythm, Rhythm::Every(_)) => String::new(),
        Some(seconds) => format!("; here every {}", timing::shown(seconds)),
    };
    format!("{} deschedules {when}{here}", runner.name)
}

/// What takes how long.
fn describe_timing(timing: Option<&Timing>, maintains: bool) -> String {
    let Some(timing) = timing else { return "there is no clock: whatever may happen may take any time".to_owned() };
    let Timing { reaction, pod_start, scheduling_backoff, .. } = timing;
    let mut told = format!("controllers react within {reaction}, pods start within {pod_start} and end within ");
    told += &timing.termination.map_or_else(|| "their grace periods".to_owned(), |span| span.to_string());
    told += &format!("; pods that do not fit are tried again after {scheduling_backoff}");
    let pause = maintains.then_some(("maintenance pauses for", timing.pause)).into_iter();
    let others = pause.chain([("commands are apart by", timing.commands), ("loads stay for", timing.load)]);
    let others = others.filter(|(_, span)| *span != Span::ANY);
    others.for_each(|(what, span)| told += &format!("; {what} {span}"));
    told
}

/// Who puts back what, where that is not too much.
fn describe_sync(sync: &Sync) -> String {
    match &sync.declared[..] {
        [only] => format!("{} puts back what is declared of {}", sync.name, only.target),
        several => format!("{} puts back what is declared of {} workloads", sync.name, several.len()),
    }
}

/// What may come before what, and how more is asked for.
fn describe_interleaving(scenario: &Scenario) -> &'static str {
    match scenario.interleaving {
        Interleaving::Racing if scenario.asks_overlaps() => {
            "anything may happen at any time; runs in which controllers are done before load, users and periodic controllers \
             go on are looked at first"
        }
        Interleaving::Settled => {
            "controllers act in one order, and load, users and periodic controllers once these are done; with --interleaving \
             racing in any order, with --strict at any time"
        }
        Interleaving::Racing => {
            "controllers act in any order, and load, users and periodic controllers once these are done; with --strict at \
             any time"
        }
        Interleaving::Overlapping => "anything may happen at any time",
        Interleaving::Async => "anything may happen at any time (async)",
    }
}

/// An amount of a metric, given in thousandths, as Kubernetes prints it.
pub fn format_usage(metric: &str, milli: i64) -> String {
    match metric {
        "memory" if milli % 1000 == 0 => quantity::format_memory(milli / 1000),
        _ => quantity::format_cpu(milli),
    }
}

fn describe_load(load: &Load) -> String {
    let whose = match load.per {
        LoadPer::Pod => "each pod of",
        LoadPer::EachPod => "each pod, independently of others, of",
        LoadPer::Workload => "all pods together of",
    };
    let show = |amount| format_usage(&load.metric, amount);
    let changes = match load.changes {
        None => "may change at any time".to_owned(),
        Some(0) => "never changes".to_owned(),
        Some(times) => format!("may change {times} times"),
    };
    let Load { target, metric, range: (least, most), initial, .. } = load;
    format!(
        "{metric} of {whose} {target}: from {} to {}, {} at the start, {changes}",
        show(*least),
        show(*most),
        show(*initial)
    )
}

fn quiet(scenario: &Scenario) -> bool {
    scenario.failures.is_none() && scenario.overload.is_none() && scenario.maintenance.is_none()
}

fn default_load(cluster: &ClusterSpec, target: &ObjectKey, metric: &str, range: (i64, i64)) -> Load {
    let initial = aimed_usage(cluster, target, metric).unwrap_or(range.0).clamp(range.0, range.1);
    Load {
        target: target.clone(),
        metric: metric.to_owned(),
        per: LoadPer::Pod,
        range,
        initial,
        changes: None,
        startup: Vec::new(),
        at_most: None,
        samples: Samples::default(),
    }
}

fn pod_spec<'a>(cluster: &'a ClusterSpec, target: &ObjectKey) -> Option<&'a PodSpec> {
    let (_, workload) = find_workload(&cluster.workloads, target)?;
    workload.revisions.get(workload.current)?.template.spec.as_ref()
}

fn metric_name(metric: &MetricSpec) -> Option<&str> {
    match metric.type_.as_str() {
        "Resource" => metric.resource.as_ref().map(|source| source.name.as_str()),
        "Pods" => metric.pods.as_ref().map(|source| source.metric.name.as_str()),
        _ => None,
    }
}

fn target_of(metric: &MetricSpec) -> Option<&MetricTarget> {
    let resource = metric.resource.as_ref().map(|source| &source.target);
    resource.or_else(|| metric.pods.as_ref().map(|source| &source.target))
}

/// What all containers of a pod request, in thousandths.
fn request(spec: &PodSpec, resource: &str) -> Option<i64> {
    let requests = resources::pod_requests(spec).ok()?;
    let amount = requests.get(resource);
    if resource == "cpu" { Some(amount) } else { amount.checked_mul(1000) }
}

/// What all containers of a pod may use at most, in thousandths, if each has a limit.
fn limit(spec: &PodSpec, resource: &str) -> Option<i64> {
    let limits = spec.containers.iter().map(|container| container.resources.as_ref()?.limits.as_ref()?.get(resource));
    limits.map(|limit| quantity::milli(limit?).ok()).try_fold(0_i64, |sum, limit| sum.checked_add(limit?))
}
