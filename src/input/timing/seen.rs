//! What objects say of time, kept while their texts are read one after the other.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::CronJob;
use serde::de::DeserializeOwned;

use crate::cluster::object::spec::ObjectKey;
use crate::input::diagnostics::{Diagnostic, Diagnostics};
use crate::input::object::{Located, RawObject, Receiver};

use super::events::Happened;
use super::fields::{Identity, Reference, controller, is_same, number, text};
use super::pods::Pod;
use super::stamps::Stamps;

/// Kinds whose controllers make objects as soon as there is one of these.
const OWNERS: [&str; 5] = ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job"];

/// Somebody who makes other objects.
#[derive(Debug)]
pub struct Owner {
    /// Its `metadata.uid`.
    pub uid: Option<String>,
    /// When it was made.
    pub created: Option<i64>,
    /// Who made it.
    pub owner: Option<Reference>,
}

/// Everything that was seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// Pods.
    pub pods: Vec<Pod>,
    /// Those who make pods and ReplicaSets.
    pub owners: BTreeMap<Identity, Owner>,
    /// What events tell of pods, by their keys.
    pub events: BTreeMap<ObjectKey, Happened>,
    /// Deployments, of which one may be a descheduler.
    pub deployments: Vec<Located<Deployment>>,
    /// CronJobs, of which one may be a descheduler.
    pub cron_jobs: Vec<Located<CronJob>>,
    /// Initial and longest back-off of a KubeSchedulerConfiguration, in seconds, where it has them.
    pub backoff: Option<(Option<u32>, Option<u32>)>,
    /// What was wrong with timestamps.
    pub stamps: Stamps,
}

impl Seen {
    fn add(&mut self, raw: RawObject) {
        match (raw.kind.as_str(), raw.api_version.as_str()) {
            ("Pod", "v1") => self.pods.push(Pod::of(&raw, &mut self.stamps)),
            ("Event", _) => self.add_event(&raw),
            ("KubeSchedulerConfiguration", _) => self.backoff = Some(backoff(&raw)),
            (kind, _) => {
                if OWNERS.contains(&kind) {
                    self.add_owner(&raw);
                }
                self.add_runner(raw);
            }
        }
    }

    fn add_owner(&mut self, raw: &RawObject) {
        let owner = Owner {
            uid: text(&raw.tree(), "metadata.uid"),
            created: self.stamps.read(raw, &"metadata.creationTimestamp".into()),
            owner: controller(raw),
        };
        self.owners.insert((raw.kind.clone(), raw.full_key()), owner);
    }

    /// Keeps what may run a descheduler.
    fn add_runner(&mut self, raw: RawObject) {
        match raw.kind.as_str() {
            "Deployment" => self.deployments.extend(typed(raw)),
            "CronJob" => self.cron_jobs.extend(typed(raw)),
            _ => {}
        }
    }

    fn add_event(&mut self, raw: &RawObject) {
        if let Some((key, event)) = Happened::of(raw, &mut self.stamps) {
            self.events.entry(key).or_default().merge(event);
        }
    }

    /// Adds what was seen in another text.
    pub fn append(&mut self, other: Seen) {
        self.pods.extend(other.pods);
        self.owners.extend(other.owners);
        other.events.into_iter().for_each(|(key, event)| self.events.entry(key).or_default().merge(event));
        self.deployments.extend(other.deployments);
        self.cron_jobs.extend(other.cron_jobs);
        self.backoff = other.backoff.or(self.backoff);
        self.stamps.append(other.stamps);
    }

    /// The owner that a reference means, if it is there.
    pub fn owner(&self, reference: &Reference) -> Option<&Owner> {
        let owner = self.owners.get(&reference.identity)?;
        Some(owner).filter(|it| is_same(it.uid.as_deref(), reference.uid.as_deref()))
    }
}

/// An object as a Kubernetes type; one that is broken is no descheduler that anybody runs.
fn typed<T: DeserializeOwned>(raw: RawObject) -> Option<Located<T>> {
    let (value, _) = raw.decode::<T>(&mut Diagnostics::default())?;
    Some(Located::new(value, raw))
}

fn backoff(raw: &RawObject) -> (Option<u32>, Option<u32>) {
    let tree = raw.tree();
    (number(&tree, "podInitialBackoffSeconds"), number(&tree, "podMaxBackoffSeconds"))
}

/// Reads one text.
#[derive(Debug, Default)]
pub struct Reading {
    /// What its objects say.
    pub seen: Seen,
    /// What is wrong with it.
    pub problems: Diagnostics,
    /// The number of its objects.
    pub taken: usize,
}

impl Receiver for Reading {
    fn take(&mut self, object: RawObject) {
        self.taken += 1;
        self.seen.add(object);
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.problems.push(diagnostic);
    }

    fn forget(&mut self) {
        *self = Reading::default();
    }
}
