//! Sorts the pods of a `hpa_replicas.jsonl` record into ready, unready, missing and ignored, and sums them.

use std::collections::BTreeMap;

use kubound::cluster::arithmetic::hpa_replicas::{MetricError, MetricTarget, PodTotals};
use serde_json::Value;

use super::quantity::{duration, milli, time};
use super::{int, items, text};

/// A sample: value (milli), timestamp and window (nanoseconds).
#[derive(Clone, Copy)]
struct Sample {
    value: i64,
    timestamp: Option<i64>,
    window: i64,
}

fn ready_condition(pod: &Value) -> Option<&Value> {
    items(&pod["status"]["conditions"]).iter().find(|condition| condition["type"] == "Ready")
}

/// Pods that are Running and Ready, if the selector matches any at all.
pub fn ready_pods(record: &Value) -> Option<i64> {
    let pods = items(&record["pods"]);
    let ready = |pod: &&Value| {
        pod["status"]["phase"] == "Running" && ready_condition(pod).is_some_and(|c| c["status"] == "True")
    };
    let count = pods.iter().filter(ready).count();
    (!pods.is_empty()).then_some(i64::try_from(count).expect("few pods"))
}

/// Sorts the pods into their sets and sums them.
pub fn totals(record: &Value, kind: &str, source: &Value, target: MetricTarget) -> Result<PodTotals, MetricError> {
    let resource = if kind == "Pods" { "" } else { text(&source["name"]) };
    let container = source["container"].as_str();
    let mut samples = samples(record, kind, source);
    let pods = items(&record["pods"]);
    if samples.is_empty() || pods.is_empty() {
        return Err(MetricError::NoMetrics);
    }
    let mut totals = PodTotals::default();
    for pod in pods {
        let own = request(pod, resource, container, record);
        totals.request_unknown |= own.is_none();
        let request = own.unwrap_or(0);
        let name = text(&pod["metadata"]["name"]);
        let sample = samples.get(name).copied();
        if ignored(pod) {
            samples.remove(name);
        } else if pod["status"]["phase"] == "Pending" || sample.is_some_and(|s| starting(record, pod, resource, &s)) {
            samples.remove(name);
            totals.unready += 1;
            totals.unready_request += request;
        } else if let Some(sample) = sample {
            totals.ready += 1;
            totals.usage += sample.value;
            totals.request += request;
        } else {
            totals.missing += 1;
            totals.missing_request += request;
            totals.missing_fallback += target.fallback_usage(request);
        }
    }
    totals.samples = i64::try_from(samples.len()).expect("few samples");
    Ok(totals)
}

fn ignored(pod: &Value) -> bool {
    pod["metadata"].get("deletionTimestamp").is_some() || pod["status"]["phase"] == "Failed"
}

/// The CPU readiness rule.
fn starting(record: &Value, pod: &Value, resource: &str, sample: &Sample) -> bool {
    if resource != "cpu" {
        return false;
    }
    let controller = &record["controller"];
    let seconds = |key: &str| int(&controller[key]) * 1_000_000_000;
    let (Some(condition), Some(start)) = (ready_condition(pod), time(&pod["status"]["startTime"])) else {
        return true;
    };
    let not_ready = condition["status"] == "False";
    let changed = time(&condition["lastTransitionTime"]).unwrap_or(i64::MIN / 2);
    let now = time(&record["now"]).expect("now");
    if start + seconds("cpuInitializationPeriodSeconds") > now {
        not_ready || sample.timestamp.unwrap_or(i64::MIN / 2) < changed + sample.window
    } else {
        not_ready && start + seconds("initialReadinessDelaySeconds") > changed
    }
}

/// Samples by pod name; pods for which a container lacks the resource have none.
fn samples(record: &Value, kind: &str, source: &Value) -> BTreeMap<String, Sample> {
    let api = &record["metricsAPI"];
    if kind == "Pods" {
        let of_pod = |value: &&Value| {
            value["metric"]["name"] == source["metric"]["name"] && value["describedObject"]["kind"] == "Pod"
        };
        let sample = |value: &Value| {
            let sample = Sample { value: milli(&value["value"]), timestamp: time(&value["timestamp"]), window: 0 };
            (text(&value["describedObject"]["name"]).to_owned(), sample)
        };
        return items(&api["custom"]).iter().filter(of_pod).map(sample).collect();
    }
    let resource = text(&source["name"]);
    let wanted = source["container"].as_str();
    let sample = |pod: &Value| {
        let containers: Vec<&Value> =
            items(&pod["containers"]).iter().filter(|c| wanted.is_none_or(|name| c["name"] == name)).collect();
        let usages: Option<Vec<i64>> = containers.iter().map(|c| c["usage"].get(resource).map(milli)).collect();
        let value = usages.filter(|u| !u.is_empty())?.iter().sum();
        let sample = Sample { value, timestamp: time(&pod["timestamp"]), window: duration(&pod["window"]) };
        Some((text(&pod["metadata"]["name"]).to_owned(), sample))
    };
    items(&api["pods"]).iter().filter_map(sample).collect()
}

/// Request of a pod (milli): pod-level, or summed over containers and restartable init containers.
fn request(pod: &Value, resource: &str, container: Option<&str>, record: &Value) -> Option<i64> {
    let own = |holder: &Value| holder["resources"]["requests"].get(resource).map(milli);
    let spec = &pod["spec"];
    let containers = items(&spec["containers"]).iter();
    let restartable = items(&spec["initContainers"]).iter().filter(|c| c["restartPolicy"] == "Always");
    if let Some(name) = container {
        return containers.chain(restartable).find(|c| c["name"] == name).and_then(own);
    }
    let pod_level = record["controller"]["featureGates"]["PodLevelResources"] != false;
    match own(spec).filter(|_| pod_level) {
        Some(request) => Some(request),
        None => containers.chain(restartable).map(own).sum(),
    }
}
