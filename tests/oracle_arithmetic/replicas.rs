//! Proposals of metrics: `hpa_replicas.jsonl`.

use std::collections::BTreeMap;

use kubound::cluster::arithmetic::hpa_replicas::{
    MetricError, MetricTarget, PodGroups, PodTotals, Proposal, Tolerance, WholeMetric, decide,
    propose, propose_for_totals, propose_for_whole,
};
use serde_json::Value;

use super::quantity::{duration, milli, time};
use super::{Tally, int, items, records, text};

/// A sample: value (milli), timestamp and window (nanoseconds).
#[derive(Clone, Copy)]
struct Sample {
    value: i64,
    timestamp: Option<i64>,
    window: i64,
}

#[test]
fn proposals_agree() {
    let Some(records) = records("controllers/hpa_replicas.jsonl") else {
        return;
    };
    let (mut metrics, mut overall, mut uniform) =
        (Tally::default(), Tally::default(), Tally::default());
    for record in &records {
        let id = text(&record["id"]);
        let proposals: Vec<_> = items(&record["hpa"]["metrics"])
            .iter()
            .map(|m| proposal(record, m, &mut uniform))
            .collect();
        let expected = items(&record["expect"]["perMetric"]);
        for (proposal, want) in proposals.iter().zip(expected) {
            metrics.compare(
                id,
                &proposal.ok().map(|p| p.replicas),
                &want["proposal"].as_i64(),
            );
            if let (Ok(proposal), Some(reported)) = (proposal, reported(&want["status"])) {
                metrics.compare(id, &proposal.utilization_or_average, &reported);
            }
        }
        let spec = int(&record["scale"]["specReplicas"]);
        let decision = decide(&proposals, spec).map_or(-1, |d| d.replicas);
        overall.compare(id, &decision, &int(&record["expect"]["replicas"]));
    }
    metrics.finish("hpa_replicas per metric (proposal and reported value)", 900);
    overall.finish("hpa_replicas overall", 430);
    uniform.finish(
        "hpa_replicas metrics of pods with equal requests, front against core",
        200,
    );
}

/// Percent if the status has it, else the average or whole value in milli.
fn reported(status: &Value) -> Option<i64> {
    let (_, source) = status.as_object()?.iter().find(|(key, _)| *key != "type")?;
    let current = &source["current"];
    if let Some(percent) = current["averageUtilization"].as_i64() {
        return Some(percent);
    }
    let amount = ["averageValue", "value"]
        .iter()
        .find_map(|key| current.get(key))?;
    Some(milli(amount))
}

fn proposal(record: &Value, metric: &Value, uniform: &mut Tally) -> Result<Proposal, MetricError> {
    let kind = text(&metric["type"]);
    let source = &metric[match kind {
        "Resource" => "resource",
        "ContainerResource" => "containerResource",
        "Pods" => "pods",
        "Object" => "object",
        _ => "external",
    }];
    let (target, tolerance) = (target(&source["target"]), tolerance(record));
    let spec = int(&record["scale"]["specReplicas"]);
    if kind == "Object" || kind == "External" {
        let whole = WholeMetric {
            total: whole_total(record, kind, source).ok_or(MetricError::NoMetrics)?,
            ready: ready_pods(record),
            status_replicas: int(&record["scale"]["statusReplicas"]),
        };
        return propose_for_whole(target, &whole, spec, &tolerance);
    }
    let totals = totals(record, kind, source, target)?;
    let proposal = propose_for_totals(target, &totals, spec, &tolerance);
    match groups(&totals, target) {
        Some(groups) => {
            uniform.compare(
                text(&record["id"]),
                &propose(target, &groups, spec, &tolerance),
                &proposal,
            );
        }
        None => uniform.skipped += 1,
    }
    proposal
}

/// The same pods as groups of equal ones, if they are equal.
fn groups(totals: &PodTotals, target: MetricTarget) -> Option<PodGroups> {
    let pods = totals.ready + totals.unready + totals.missing;
    let sum = totals.request + totals.unready_request + totals.missing_request;
    let groups = PodGroups {
        ready: totals.ready,
        ready_usage: totals.usage,
        unready: totals.unready,
        missing: totals.missing,
        request_per_pod: if totals.request_unknown {
            None
        } else {
            sum.checked_div(pods)
        },
    };
    (groups.totals(target) == *totals).then_some(groups)
}

fn target(target: &Value) -> MetricTarget {
    match text(&target["type"]) {
        "Utilization" => MetricTarget::Utilization {
            percent: int(&target["averageUtilization"]),
        },
        "AverageValue" => MetricTarget::AverageValue {
            milli: milli(&target["averageValue"]),
        },
        _ => MetricTarget::Value {
            milli: milli(&target["value"]),
        },
    }
}

fn tolerance(record: &Value) -> Tolerance {
    let default = record["controller"]["tolerance"]
        .as_f64()
        .expect("a tolerance");
    let enabled = record["controller"]["featureGates"]["HPAConfigurableTolerance"] == true;
    let of = |direction: &str| match &record["hpa"]["behavior"][direction]["tolerance"] {
        Value::Null => default,
        own if enabled => milli(own) as f64 / 1000.0,
        _ => default,
    };
    Tolerance {
        up: of("scaleUp"),
        down: of("scaleDown"),
    }
}

/// The value of an Object metric, or the sum over the series of an External one.
fn whole_total(record: &Value, kind: &str, source: &Value) -> Option<i64> {
    let api = &record["metricsAPI"];
    let name = &source["metric"]["name"];
    if kind == "Object" {
        let object = &source["describedObject"]["name"];
        let found = items(&api["custom"]).iter().find(|value| {
            value["metric"]["name"] == *name && value["describedObject"]["name"] == *object
        })?;
        return Some(milli(&found["value"]));
    }
    let series: Vec<i64> = items(&api["external"])
        .iter()
        .filter(|value| value["metricName"] == *name)
        .map(|value| milli(&value["value"]))
        .collect();
    (!series.is_empty()).then(|| series.iter().sum())
}

fn ready_condition(pod: &Value) -> Option<&Value> {
    items(&pod["status"]["conditions"])
        .iter()
        .find(|condition| condition["type"] == "Ready")
}

fn ready_pods(record: &Value) -> Option<i64> {
    let pods = items(&record["pods"]);
    let ready = |pod: &&Value| {
        pod["status"]["phase"] == "Running"
            && ready_condition(pod).is_some_and(|c| c["status"] == "True")
    };
    let count = pods.iter().filter(ready).count();
    (!pods.is_empty()).then_some(i64::try_from(count).expect("few pods"))
}

/// Sorts the pods into their sets and sums them.
fn totals(
    record: &Value,
    kind: &str,
    source: &Value,
    target: MetricTarget,
) -> Result<PodTotals, MetricError> {
    let resource = if kind == "Pods" {
        ""
    } else {
        text(&source["name"])
    };
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
        } else if pod["status"]["phase"] == "Pending"
            || sample.is_some_and(|s| starting(record, pod, resource, &s))
        {
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
    let (Some(condition), Some(start)) = (ready_condition(pod), time(&pod["status"]["startTime"]))
    else {
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
            value["metric"]["name"] == source["metric"]["name"]
                && value["describedObject"]["kind"] == "Pod"
        };
        let sample = |value: &Value| {
            let sample = Sample {
                value: milli(&value["value"]),
                timestamp: time(&value["timestamp"]),
                window: 0,
            };
            (text(&value["describedObject"]["name"]).to_owned(), sample)
        };
        return items(&api["custom"])
            .iter()
            .filter(of_pod)
            .map(sample)
            .collect();
    }
    let resource = text(&source["name"]);
    let wanted = source["container"].as_str();
    let sample = |pod: &Value| {
        let containers: Vec<&Value> = items(&pod["containers"])
            .iter()
            .filter(|c| wanted.is_none_or(|name| c["name"] == name))
            .collect();
        let usages: Option<Vec<i64>> = containers
            .iter()
            .map(|c| c["usage"].get(resource).map(milli))
            .collect();
        let value = usages.filter(|u| !u.is_empty())?.iter().sum();
        let sample = Sample {
            value,
            timestamp: time(&pod["timestamp"]),
            window: duration(&pod["window"]),
        };
        Some((text(&pod["metadata"]["name"]).to_owned(), sample))
    };
    items(&api["pods"]).iter().filter_map(sample).collect()
}

/// Request of a pod (milli): pod-level, or summed over containers and restartable init containers.
fn request(pod: &Value, resource: &str, container: Option<&str>, record: &Value) -> Option<i64> {
    let own = |holder: &Value| holder["resources"]["requests"].get(resource).map(milli);
    let spec = &pod["spec"];
    let containers = items(&spec["containers"]).iter();
    let restartable = items(&spec["initContainers"])
        .iter()
        .filter(|c| c["restartPolicy"] == "Always");
    if let Some(name) = container {
        return containers
            .chain(restartable)
            .find(|c| c["name"] == name)
            .and_then(own);
    }
    let pod_level = record["controller"]["featureGates"]["PodLevelResources"] != false;
    match own(spec).filter(|_| pod_level) {
        Some(request) => Some(request),
        None => containers.chain(restartable).map(own).sum(),
    }
}
