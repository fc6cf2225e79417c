//! The workloads of a run: what users make of them, whose a pod or ReplicaSet is, and their revisions.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::record::{Run, Step};

/// The revision of pods that nobody owns.
pub const BARE: i64 = -1;

/// A template of a workload.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Revision {
    /// Whose it is.
    pub workload: String,
    /// What tells it from the others of its workload.
    pub image: String,
}

/// What tells pods apart: their revision, and those of a StatefulSet by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// The revision.
    pub revision: i64,
    /// Which one of its StatefulSet a pod is.
    pub ordinal: Option<i64>,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ordinal {
            Some(ordinal) => write!(f, "{ordinal} of revision {}", self.revision),
            None => write!(f, "of revision {}", self.revision),
        }
    }
}

/// The kind of a recorded pod.
pub fn kind(objects: &[Value], pod: &Value) -> Kind {
    let owner = of_pod(objects, pod).filter(|owner| owner["kind"] == "StatefulSet");
    let number = owner.and_then(|owner| pod["name"].as_str()?.strip_prefix(name(owner))?.strip_prefix('-'));
    Kind { revision: revision(pod), ordinal: number.and_then(|number| number.parse().ok()) }
}

/// The name of an object as it was given to the API.
pub fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

/// Whether an object is a workload whose controllers are modelled.
pub fn is_workload(object: &Value) -> bool {
    matches!(object["kind"].as_str(), Some("Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job"))
}

/// The revision of a recorded pod or ReplicaSet; 0 where its workload has but one.
pub fn revision(object: &Value) -> i64 {
    object["rev"].as_i64().unwrap_or(if is_bare(object) { BARE } else { 0 })
}

/// Whether a recorded object is a pod that nobody owns.
fn is_bare(object: &Value) -> bool {
    !object["phase"].is_null() && object["owner"].is_null()
}

/// The workload of the ReplicaSet, StatefulSet, DaemonSet or Job of that name: itself, or the Deployment whose it is.
pub fn of_set<'a>(objects: &'a [Value], set: &str) -> Option<&'a Value> {
    let deployment = set.rsplit_once('-').map_or(set, |(before, _)| before);
    let is = |object: &&Value| match object["kind"].as_str() {
        Some("ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job") => name(object) == set,
        Some("Deployment") => name(object) == deployment,
        _ => false,
    };
    objects.iter().find(is)
}

/// The workload of a recorded pod.
pub fn of_pod<'a>(objects: &'a [Value], pod: &Value) -> Option<&'a Value> {
    of_set(objects, pod["owner"].as_str()?)
}

/// What a step makes of the workloads.
pub fn perform(objects: &mut [Value], step: &Step) {
    if !step.is_refused() {
        step.acts().into_iter().for_each(|(act, value)| perform_act(objects, step, act, value));
    }
}

/// What one act of a step makes of them.
pub fn perform_act(objects: &mut [Value], step: &Step, act: &str, value: &Value) {
    if act == "hard" {
        let quotas = objects.iter_mut().filter(|object| object["kind"] == "ResourceQuota");
        return quotas.for_each(|quota| raise(&mut quota["spec"]["hard"], value));
    }
    let Some(object) = target(objects, step).map(|position| &mut objects[position]) else { return };
    match act {
        "scale" => object["spec"]["replicas"] = value.clone(),
        "image" => object["spec"]["template"]["spec"]["containers"][0]["image"] = value.clone(),
        "parallelism" | "suspend" => object["spec"][act] = value.clone(),
        "paused" => object["spec"]["paused"] = value.clone(),
        "partition" => object["spec"]["updateStrategy"]["rollingUpdate"]["partition"] = value.clone(),
        "strategy" => {
            let change = value.as_str().and_then(|text| text.split_once(' '));
            if let Some((field, number)) = change {
                object["spec"]["strategy"]["rollingUpdate"][field] = json!(number.parse::<i64>().unwrap_or_default());
            }
        }
        _ => {}
    }
}

/// Sets what a patch names.
fn raise(hard: &mut Value, patch: &Value) {
    for (resource, amount) in patch.as_object().into_iter().flatten() {
        hard[resource] = amount.clone();
    }
}

/// Which of the objects is the workload that a step is about: the one that it names, or the first.
pub fn target(objects: &[Value], step: &Step) -> Option<usize> {
    let named = step.action["deployment"].as_str();
    let is = |object: &Value| is_workload(object) && named.is_none_or(|named| name(object) == named);
    let scaled = objects.iter().position(|object| is(object) && object["kind"] != "DaemonSet");
    scaled.or_else(|| objects.iter().position(is))
}

/// The revisions of a run by their numbers: their pods tell the image, else the template that was there when a ReplicaSet
/// was first seen, or a StatefulSet first spoke of its revision.
pub fn revisions(run: &Run) -> BTreeMap<i64, Revision> {
    let mut revisions = BTreeMap::new();
    let mut objects = run.objects.clone();
    for step in &run.steps {
        perform(&mut objects, step);
        for event in
            step.events.iter().filter(|event| matches!(event.kind.as_str(), "Pod" | "ReplicaSet" | "StatefulSet"))
        {
            let state = &event.state;
            let number =
                if event.kind == "StatefulSet" { state["updateRevision"].as_i64() } else { Some(revision(state)) };
            let Some(number) = number else { continue };
            let set = if event.kind == "Pod" { &state["owner"] } else { &state["name"] };
            let Some(workload) = set.as_str().and_then(|set| of_set(&objects, set)) else { continue };
            let given = &workload["spec"]["template"]["spec"]["containers"][0]["image"];
            let image = state["image"].as_str().or(given.as_str()).unwrap_or_default().to_owned();
            let found = Revision { workload: name(workload).to_owned(), image };
            match event.kind.as_str() {
                "Pod" => revisions.insert(number, found),
                _ => Some(revisions.entry(number).or_insert(found).clone()),
            };
        }
    }
    revisions
}

/// The kinds of workloads that users and autoscalers resize.
pub const SCALED: [&str; 2] = ["Deployment", "StatefulSet"];

/// The name of a recorded workload and its `spec.replicas`.
pub fn replicas(workload: &Value) -> Option<(String, i64)> {
    Some((workload["name"].as_str()?.to_owned(), workload["spec.replicas"].as_i64()?))
}

/// Gives workloads of a kind the sizes that they were seen to have.
pub fn resize(objects: &mut [Value], kind: &str, seen: &[Value]) {
    for (workload, size) in seen.iter().filter_map(replicas) {
        let is = |object: &&mut Value| object["kind"] == kind && name(object) == workload;
        if let Some(object) = objects.iter_mut().find(is) {
            object["spec"]["replicas"] = json!(size);
        }
    }
}
