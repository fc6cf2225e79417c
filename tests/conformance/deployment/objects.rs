//! A Deployment and its ReplicaSets, as recorded and as they change.

use std::cmp::Ordering;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentStrategy, ReplicaSet};
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::encodings::deployment::progress::Reason;

use super::probe::Outcome;

/// A ReplicaSet.
#[derive(Clone, Debug)]
pub struct Set {
    /// Its name.
    pub name: String,
    /// Its template.
    pub template: PodTemplateSpec,
    /// `spec.replicas`.
    pub size: i64,
    /// `status.replicas`.
    pub replicas: i64,
    /// `status.readyReplicas`.
    pub ready: i64,
    /// `status.availableReplicas`.
    pub available: i64,
    /// Whether a pod of it is listed that did not finish.
    pub has_pods: bool,
    /// Annotations `desired-replicas` and `max-replicas`.
    pub annotations: [Option<i64>; 2],
    /// Annotation `revision`, 0 if it is missing.
    pub revision: i64,
}

/// Everything that one Deployment is about.
#[derive(Clone, Debug)]
pub struct Objects {
    /// `spec.strategy`.
    pub strategy: DeploymentStrategy,
    /// `spec.replicas`.
    pub replicas: i64,
    /// `spec.paused`.
    pub paused: bool,
    /// `spec.progressDeadlineSeconds`; the largest number stands for none.
    pub progress_deadline: Option<i64>,
    /// `spec.revisionHistoryLimit`; the largest number stands for none.
    pub revision_history_limit: Option<i64>,
    /// `spec.template`.
    pub template: PodTemplateSpec,
    /// `status`: replicas, updated, ready, available and unavailable ones.
    pub numbers: [i64; 5],
    /// Whether the condition Available is True, once it was written.
    pub available: bool,
    /// The condition Progressing: its reason and when it was updated.
    pub progress: (Reason, i64),
    /// Oldest first, ties by name.
    pub sets: Vec<Set>,
}

const FIELDS: [&str; 5] = ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas"];

fn parse<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    serde_json::from_value(value.clone()).map_err(|error| format!("malformed record: {error}"))
}

fn parse_list<T: DeserializeOwned>(value: &Value) -> Result<Vec<T>, String> {
    if value.is_null() { Ok(Vec::new()) } else { parse(value) }
}

impl Objects {
    /// Reads a record.
    pub fn of(record: &Value) -> Result<Self, String> {
        let deployment: Deployment = parse(&record["deployment"])?;
        let pods: Vec<Pod> = parse_list(&record["pods"])?;
        let mut sets: Vec<ReplicaSet> = parse_list(&record["replicaSets"])?;
        sets.sort_by(by_age);
        let spec = deployment.spec.ok_or("malformed record: a Deployment without spec")?;
        let limit = |limit: Option<i32>| limit.filter(|&limit| limit != i32::MAX).map(i64::from);
        let status = &record["deployment"]["status"];
        Ok(Objects {
            strategy: spec.strategy.unwrap_or_default(),
            replicas: i64::from(spec.replicas.unwrap_or(1)),
            paused: spec.paused.unwrap_or(false),
            progress_deadline: limit(spec.progress_deadline_seconds),
            revision_history_limit: limit(spec.revision_history_limit),
            template: spec.template,
            numbers: FIELDS.map(|field| status[field].as_i64().unwrap_or(0)),
            available: false,
            progress: (Reason::Absent, 0),
            sets: sets.iter().map(|set| Set::of(set, &pods)).collect(),
        })
    }

    /// The position of the ReplicaSet of the present template: of several the oldest.
    pub fn new_set(&self) -> Option<usize> {
        self.sets.iter().position(|set| set.template == self.template)
    }

    /// Names of all ReplicaSets.
    pub fn names(&self) -> Vec<String> {
        self.sets.iter().map(|set| set.name.clone()).collect()
    }

    /// Applies what one reconcile did at a time; a ReplicaSet that it created gets a name.
    pub fn take(&mut self, outcome: &Outcome, name: &str, now: i64) {
        if let Some(new) = self.new_set() {
            self.sets[new].revision = outcome.revision;
        }
        for (set, after) in self.sets.iter_mut().zip(&outcome.sets) {
            (set.size, set.annotations) = (after.size, after.annotations);
        }
        let mut kept = outcome.sets.iter().map(|after| !after.deleted);
        self.sets.retain(|_| kept.next().unwrap_or(true));
        self.sets.extend(outcome.created.map(|(size, annotations)| Set {
            name: name.to_owned(),
            template: self.template.clone(),
            size,
            replicas: 0,
            ready: 0,
            available: 0,
            has_pods: false,
            annotations: annotations.map(Some),
            revision: outcome.revision,
        }));
        self.numbers = outcome.numbers;
        self.available = outcome.available;
        self.progress = (outcome.reason, now - outcome.since);
    }

    /// The ReplicaSets by name, as records show them.
    pub fn described(&self) -> Value {
        let describe = |set: &Set| {
            let mut fields = json!({ "replicas": set.size, "revision": set.revision.to_string() });
            for (key, value) in ["desiredReplicasAnnotation", "maxReplicasAnnotation"].into_iter().zip(set.annotations)
            {
                if let Some(value) = value {
                    fields[key] = json!(value.to_string());
                }
            }
            (set.name.clone(), fields)
        };
        self.sets.iter().map(describe).collect::<Map<_, _>>().into()
    }

    /// One number of each ReplicaSet, by name.
    pub fn numbers_of(&self, of: impl Fn(&Set) -> i64) -> Value {
        self.sets.iter().map(|set| (set.name.clone(), json!(of(set)))).collect::<Map<_, _>>().into()
    }

    /// The status that was written last, as records show it.
    pub fn status(&self) -> Value {
        let mut status: Map<String, Value> =
            FIELDS.iter().zip(self.numbers).map(|(field, number)| ((*field).to_owned(), json!(number))).collect();
        let mut conditions = json!({ "Available": match self.available {
            true => json!({ "reason": "MinimumReplicasAvailable", "status": "True" }),
            false => json!({ "reason": "MinimumReplicasUnavailable", "status": "False" }),
        }});
        if let Some(progressing) = self.progressing() {
            conditions["Progressing"] = progressing;
        }
        status.insert("conditions".to_owned(), conditions);
        status.into()
    }

    /// The condition Progressing, if there is one.
    pub fn progressing(&self) -> Option<Value> {
        let (reason, _) = self.progress;
        (reason != Reason::Absent).then(|| json!({ "reason": format!("{reason:?}"), "status": reason.status() }))
    }
}

impl Set {
    fn of(set: &ReplicaSet, pods: &[Pod]) -> Self {
        let name = set.metadata.name.clone().unwrap_or_default();
        let (spec, status) = (set.spec.clone().unwrap_or_default(), set.status.clone().unwrap_or_default());
        let annotation = |key: &str| {
            let annotations = set.metadata.annotations.as_ref()?;
            annotations.get(&format!("deployment.kubernetes.io/{key}"))?.parse::<i32>().ok().map(i64::from)
        };
        let count = |number: Option<i32>| i64::from(number.unwrap_or(0));
        Set {
            has_pods: pods.iter().any(|pod| is_unfinished(pod) && belongs(pod, &name)),
            name,
            template: spec.template.unwrap_or_default(),
            size: i64::from(spec.replicas.unwrap_or(1)),
            replicas: i64::from(status.replicas),
            ready: count(status.ready_replicas),
            available: count(status.available_replicas),
            annotations: [annotation("desired-replicas"), annotation("max-replicas")],
            revision: annotation("revision").unwrap_or(0),
        }
    }
}

fn by_age(a: &ReplicaSet, b: &ReplicaSet) -> Ordering {
    let key = |set: &ReplicaSet| {
        let created = set.metadata.creation_timestamp.as_ref().map(|time| time.0);
        (created, set.metadata.name.clone())
    };
    key(a).cmp(&key(b))
}

fn is_unfinished(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    !matches!(phase, Some("Failed" | "Succeeded"))
}

fn belongs(pod: &Pod, set: &str) -> bool {
    pod.metadata.owner_references.iter().flatten().any(|owner| owner.name == set)
}
