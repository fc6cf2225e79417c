//! Proposals of metrics: `hpa_replicas.jsonl`.

use kubound::cluster::arithmetic::hpa_replicas::{
    MetricError, MetricTarget, PodGroups, PodTotals, Proposal, Tolerance, WholeMetric, decide, propose,
    propose_for_totals, propose_for_whole,
};
use serde_json::Value;

use super::pods::{ready_pods, totals};
use super::quantity::milli;
use super::{Tally, int, items, records, text};

#[test]
fn proposals_agree() {
    let Some(records) = records("controllers/hpa_replicas.jsonl") else {
        return;
    };
    let (mut metrics, mut overall, mut uniform) = (Tally::default(), Tally::default(), Tally::default());
    for record in &records {
        let id = text(&record["id"]);
        let proposals: Vec<_> =
            items(&record["hpa"]["metrics"]).iter().map(|m| proposal(record, m, &mut uniform)).collect();
        let expected = items(&record["expect"]["perMetric"]);
        for (proposal, want) in proposals.iter().zip(expected) {
            metrics.compare(id, &proposal.ok().map(|p| p.replicas), &want["proposal"].as_i64());
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
    uniform.finish("hpa_replicas metrics of pods with equal requests, front against core", 200);
}

/// Percent if the status has it, else the average or whole value in milli.
fn reported(status: &Value) -> Option<i64> {
    let (_, source) = status.as_object()?.iter().find(|(key, _)| *key != "type")?;
    let current = &source["current"];
    if let Some(percent) = current["averageUtilization"].as_i64() {
        return Some(percent);
    }
    let amount = ["averageValue", "value"].iter().find_map(|key| current.get(key))?;
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
            uniform.compare(text(&record["id"]), &propose(target, &groups, spec, &tolerance), &proposal);
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
        request_per_pod: if totals.request_unknown { None } else { sum.checked_div(pods) },
    };
    (groups.totals(target) == *totals).then_some(groups)
}

fn target(target: &Value) -> MetricTarget {
    match text(&target["type"]) {
        "Utilization" => MetricTarget::Utilization { percent: int(&target["averageUtilization"]) },
        "AverageValue" => MetricTarget::AverageValue { milli: milli(&target["averageValue"]) },
        _ => MetricTarget::Value { milli: milli(&target["value"]) },
    }
}

fn tolerance(record: &Value) -> Tolerance {
    let default = record["controller"]["tolerance"].as_f64().expect("a tolerance");
    let enabled = record["controller"]["featureGates"]["HPAConfigurableTolerance"] == true;
    let of = |direction: &str| match &record["hpa"]["behavior"][direction]["tolerance"] {
        Value::Null => default,
        own if enabled => milli(own) as f64 / 1000.0,
        _ => default,
    };
    Tolerance { up: of("scaleUp"), down: of("scaleDown") }
}

/// The value of an Object metric, or the sum over the series of an External one.
fn whole_total(record: &Value, kind: &str, source: &Value) -> Option<i64> {
    let api = &record["metricsAPI"];
    let name = &source["metric"]["name"];
    if kind == "Object" {
        let object = &source["describedObject"]["name"];
        let found = items(&api["custom"])
            .iter()
            .find(|value| value["metric"]["name"] == *name && value["describedObject"]["name"] == *object)?;
        return Some(milli(&found["value"]));
    }
    let series: Vec<i64> = items(&api["external"])
        .iter()
        .filter(|value| value["metricName"] == *name)
        .map(|value| milli(&value["value"]))
        .collect();
    (!series.is_empty()).then(|| series.iter().sum())
}
