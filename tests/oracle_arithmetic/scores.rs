//! Node scores: `kube-scheduler/cases.jsonl`.
//!
//! Normalisation is compared on every scored case; resource scores where all pods are plain (containers only).

use std::collections::BTreeMap;

use kubound::cluster::arithmetic::node_score::{
    ResourceUse, balanced_allocation, least_allocated_node, node_affinity_score, pod_affinity_score, taint_score,
};
use kubound::cluster::arithmetic::spread_score::spread_score;
use serde_json::Value;

use super::quantity::scaled;
use super::{Tally, int, items, records, text};

const RESOURCES: [(&str, i128, i64); 2] = [("cpu", 1000, 100), ("memory", 1, 209_715_200)];

#[test]
fn normalised_scores_agree() {
    let Some(records) = records("kube-scheduler/cases.jsonl") else {
        return;
    };
    let mut tally = Tally::default();
    for record in &records {
        for plugin in ["TaintToleration", "NodeAffinity", "InterPodAffinity", "PodTopologySpread"] {
            compare_normalised(record, plugin, &mut tally);
        }
    }
    tally.finish("scheduler normalised scores", 6000);
}

fn compare_normalised(record: &Value, plugin: &str, tally: &mut Tally) {
    let scores: Vec<(i64, i64)> = record["expect"]["scores"]
        .as_object()
        .into_iter()
        .flat_map(|nodes| nodes.values())
        .filter_map(|node| node.get(plugin))
        .map(|score| (int(&score["raw"]), int(&score["normalized"])))
        // A node that lacks a key of an explicit constraint is left out; no scored one gets 0 for a raw score of 0.
        .filter(|score| plugin != "PodTopologySpread" || *score != (0, 0))
        .collect();
    let min = scores.iter().map(|score| score.0).min().unwrap_or(0);
    let max = scores.iter().map(|score| score.0).max().unwrap_or(0);
    for (raw, normalised) in scores {
        let got = match plugin {
            "TaintToleration" => taint_score(raw, max),
            "NodeAffinity" => node_affinity_score(raw, max),
            "InterPodAffinity" => pod_affinity_score(raw, min, max),
            _ => spread_score(raw, min, max),
        };
        tally.compare(&format!("{} {plugin}", text(&record["id"])), &got, &normalised);
    }
}

#[test]
fn resource_scores_agree() {
    let Some(records) = records("kube-scheduler/cases.jsonl") else {
        return;
    };
    let mut tally = Tally::default();
    for record in &records {
        let pods: Vec<&Value> = items(&record["pods"]).iter().chain([&record["pod"]]).collect();
        if !pods.iter().all(|pod| is_plain(pod)) {
            tally.skipped += 1;
            continue;
        }
        let nodes: BTreeMap<&str, &Value> =
            items(&record["nodes"]).iter().map(|node| (text(&node["metadata"]["name"]), node)).collect();
        for (name, scores) in record["expect"]["scores"].as_object().into_iter().flatten() {
            compare_resources(record, nodes[name.as_str()], scores, &mut tally);
        }
    }
    tally.finish("scheduler resource scores (LeastAllocated, balanced)", 4000);
}

/// Neither init containers, nor overhead, nor pod-level requests, nor a resize under way.
fn is_plain(pod: &Value) -> bool {
    let spec = &pod["spec"];
    ["initContainers", "overhead", "resources"].iter().all(|key| spec.get(key).is_none())
        && pod["status"].get("containerStatuses").is_none()
}

fn compare_resources(record: &Value, node: &Value, scores: &Value, tally: &mut Tally) {
    let name = &node["metadata"]["name"];
    let here = |pod: &&Value| {
        let phase = text(&pod["status"]["phase"]);
        pod["spec"]["nodeName"] == *name && phase != "Succeeded" && phase != "Failed"
    };
    let pods: Vec<&Value> = items(&record["pods"]).iter().filter(here).chain([&record["pod"]]).collect();
    let (mut real, mut substituted) = (Vec::new(), Vec::new());
    for (resource, scale, default) in RESOURCES {
        let amount = |quantity: &Value| scaled(quantity, scale);
        let allocatable = node["status"]["allocatable"].get(resource).map_or(0, amount);
        let requested = |default: i64| -> i64 {
            let containers = pods.iter().flat_map(|pod| items(&pod["spec"]["containers"]));
            containers.map(|c| c["resources"]["requests"].get(resource).map_or(default, amount)).sum()
        };
        real.push((allocatable, requested(0)));
        substituted.push(ResourceUse { allocatable, requested: requested(default), weight: 1 });
    }
    let id = text(&record["id"]);
    let raw = |plugin: &str| scores[plugin]["raw"].as_i64();
    if let Some(want) = raw("NodeResourcesFit") {
        tally.compare(id, &least_allocated_node(&substituted), &want);
    }
    if let Some(want) = raw("NodeResourcesBalancedAllocation") {
        tally.compare(id, &balanced_allocation(&real), &want);
    }
}
