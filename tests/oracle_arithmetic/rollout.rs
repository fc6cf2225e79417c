//! Sizes of ReplicaSets: `rollout.jsonl`, kinds `resolve` and `reconcile`.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::DeploymentStrategy;
use kubound::cluster::arithmetic::rollout::{Limits, OldSet, fenceposts, new_size, roll_old};
use kubound::cluster::arithmetic::rollout_scaling::{ScaledSet, is_saturated, proportional, shows_scaling};
use serde_json::Value;

use super::{Tally, int, items, records, text};

#[test]
fn resolved_bounds_agree() {
    let Some(records) = records("controllers/rollout.jsonl") else {
        return;
    };
    let mut tally = Tally::default();
    for record in &records {
        let (strategy, limits) = limits(record);
        let expect = &record["expect"];
        let resolved = if record["kind"] == "resolve" { expect } else { &expect["resolved"] };
        let want = ["maxSurge", "maxUnavailable", "minAvailable"].map(|key| int(&resolved[key]));
        tally.compare(text(&record["id"]), &[limits.max_surge, limits.max_unavailable, limits.min_available()], &want);
        if let (Some(surge), Some(bounds)) = (expect["fencepostSurge"].as_i64(), &strategy.rolling_update) {
            let got = fenceposts(bounds.max_surge.as_ref(), bounds.max_unavailable.as_ref(), limits.replicas);
            tally.compare(text(&record["id"]), &got, &(surge, int(&expect["fencepostUnavailable"])));
        }
    }
    tally.finish("rollout bounds (all kinds; fenceposts of resolve)", 260);
}

#[test]
fn one_reconcile_agrees() {
    let Some(records) = records("controllers/rollout.jsonl") else {
        return;
    };
    let mut tally = Tally::default();
    for record in records.iter().filter(|record| record["kind"] == "reconcile") {
        let id = text(&record["id"]);
        let state = State::new(record);
        if let Some(scaling) = record["expect"]["scalingEvent"].as_bool() {
            tally.compare(id, &state.is_scaling_event(), &scaling);
        }
        let mut got = state.reconcile();
        let mut want = BTreeMap::new();
        for set in items(&record["expect"]["replicaSets"]) {
            want.insert(text(&set["name"]).to_owned(), int(&set["replicas"]));
        }
        let kept = want.clone();
        got.retain(|name, size| *size != 0 || kept.contains_key(name));
        tally.compare(id, &got, &want);
    }
    tally.finish("rollout reconcile (sizes, scaling events)", 250);
}

fn limits(record: &Value) -> (DeploymentStrategy, Limits) {
    let spec = &record["deployment"]["spec"];
    let strategy: DeploymentStrategy = serde_json::from_value(spec["strategy"].clone()).expect("a strategy");
    // A sequence records the bounds of its last step.
    let edited = items(&record["events"]).iter().rev().find_map(|event| event["replicas"].as_i64());
    let limits = Limits::resolve(&strategy, edited.unwrap_or_else(|| int(&spec["replicas"])));
    (strategy, limits)
}

/// A ReplicaSet of a record.
#[derive(Clone)]
struct Set {
    name: String,
    size: i64,
    available: i64,
    pods: i64,
    desired: Option<i64>,
    max: Option<i64>,
}

/// A Deployment with its ReplicaSets, the old ones oldest first.
struct State<'a> {
    record: &'a Value,
    limits: Limits,
    new: Option<Set>,
    old: Vec<Set>,
    /// Position of the new one among all by age: old ones before it are older.
    new_position: usize,
}

impl<'a> State<'a> {
    fn new(record: &'a Value) -> Self {
        let mut sets: Vec<&Value> = items(&record["replicaSets"]).iter().collect();
        sets.sort_by_key(|set| {
            (text(&set["metadata"]["creationTimestamp"]).to_owned(), text(&set["metadata"]["name"]).to_owned())
        });
        let template = &record["deployment"]["spec"]["template"];
        let new_position = sets.iter().position(|set| set["spec"]["template"] == *template);
        let mut old: Vec<Set> = sets.into_iter().map(read_set).collect();
        let new = new_position.map(|at| old.remove(at));
        Self { record, limits: limits(record).1, new, new_position: new_position.unwrap_or(old.len()), old }
    }

    fn is_scaling_event(&self) -> bool {
        let mut active = self.old.iter().chain(&self.new).filter(|set| set.size > 0);
        active.any(|set| shows_scaling(self.limits.replicas, set.desired))
    }

    /// Sizes by name after one reconcile.
    fn reconcile(&self) -> BTreeMap<String, i64> {
        let paused = self.record["deployment"]["spec"]["paused"] == true;
        let (new, old) = if paused || self.is_scaling_event() {
            self.scale()
        } else if self.limits.rolling {
            self.roll()
        } else {
            self.recreate()
        };
        let names = self.old.iter().map(|set| set.name.clone());
        let mut sizes: BTreeMap<String, i64> = names.zip(old).collect();
        if let Some(new) = new {
            let name = self.new.as_ref().map_or("<created>", |set| &set.name);
            sizes.insert(name.to_owned(), new);
        }
        sizes
    }

    fn old_sizes(&self) -> Vec<i64> {
        self.old.iter().map(|set| set.size).collect()
    }

    fn roll(&self) -> (Option<i64>, Vec<i64>) {
        let sizes = self.old_sizes();
        let own = self.new.as_ref().map_or(0, |set| set.size);
        let size = new_size(&self.limits, sizes.iter().sum::<i64>() + own, own);
        if self.new.is_some() && size != own {
            return (Some(size), sizes);
        }
        let available = self.new.as_ref().map_or(0, |set| set.available);
        let old: Vec<OldSet> = self.old.iter().map(|set| OldSet { size: set.size, available: set.available }).collect();
        (Some(size), roll_old(&self.limits, &old, OldSet { size, available }))
    }

    fn recreate(&self) -> (Option<i64>, Vec<i64>) {
        let own = self.new.as_ref().map(|set| set.size);
        let zeros = vec![0; self.old.len()];
        let running = self.old.iter().any(|set| set.pods > 0) || self.old_pod_running();
        if self.old.iter().any(|set| set.size > 0) || running {
            return (own, zeros);
        }
        (Some(self.limits.replicas), zeros)
    }

    fn old_pod_running(&self) -> bool {
        let new = self.new.as_ref().map_or("", |set| &set.name);
        items(&self.record["pods"]).iter().any(|pod| {
            pod["metadata"]["ownerReferences"][0]["name"] != *new
                && !["Failed", "Succeeded"].contains(&text(&pod["status"]["phase"]))
        })
    }

    /// The scaling path: one active set takes all, a saturated new one empties the rest, else in proportion.
    fn scale(&self) -> (Option<i64>, Vec<i64>) {
        let (replicas, mut old) = (self.limits.replicas, self.old_sizes());
        let own = self.new.as_ref().map(|set| set.size);
        let new_active = own.is_some_and(|size| size > 0);
        let active = old.iter().filter(|size| **size > 0).count() + usize::from(new_active);
        if active <= 1 {
            if new_active || (active == 0 && own.is_some()) {
                return (Some(replicas), old);
            }
            let target = if active == 1 { old.iter().position(|&size| size > 0) } else { old.len().checked_sub(1) };
            if let Some(target) = target {
                old[target] = replicas;
            }
            return (own, old);
        }
        if self.new.as_ref().is_some_and(|set| is_saturated(replicas, set.size, set.available, set.desired)) {
            return (own, vec![0; old.len()]);
        }
        if self.limits.rolling { self.share() } else { (own, old) }
    }

    fn share(&self) -> (Option<i64>, Vec<i64>) {
        let mut all = self.old.clone();
        let at = self.new_position;
        if let Some(new) = &self.new {
            all.insert(at, new.clone());
        }
        let active: Vec<ScaledSet> = all
            .iter()
            .filter(|set| set.size > 0)
            .map(|set| ScaledSet { size: set.size, max_annotation: set.max })
            .collect();
        let status = self.record["deployment"]["status"]["replicas"].as_i64().unwrap_or(0);
        let mut shared = proportional(&self.limits, &active, status).into_iter();
        let mut sizes: Vec<i64> =
            all.iter().map(|set| if set.size > 0 { shared.next().expect("one each") } else { 0 }).collect();
        let new = self.new.is_some().then(|| sizes.remove(at));
        (new, sizes)
    }
}

fn read_set(set: &Value) -> Set {
    let annotation =
        |key: &str| set["metadata"]["annotations"][format!("deployment.kubernetes.io/{key}")].as_str()?.parse().ok();
    Set {
        name: text(&set["metadata"]["name"]).to_owned(),
        size: int(&set["spec"]["replicas"]),
        available: int(&set["status"]["availableReplicas"]),
        pods: int(&set["status"]["replicas"]),
        desired: annotation("desired-replicas"),
        max: annotation("max-replicas"),
    }
}
