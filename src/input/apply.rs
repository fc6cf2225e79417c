//! What `kubectl apply` of a changed Deployment does.
//!
//! kubectl merges three ways: what is in the new manifest is set; what was in the manifest applied last and is no longer
//! is removed (and defaulted by the API server); the rest stays. For `spec.replicas` that decides whether an autoscaler's
//! work survives.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::de::DeserializeOwned;

use crate::cluster::object::scenario::CommandAction;
use crate::cluster::object::spec::{ObjectKey, Revision, Workload, WorkloadKind};

use super::object::Located;
use super::templates::{self, Priorities};
use super::{daemon_sets, key_of};

/// The annotation in which kubectl keeps the manifest applied last.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What the next `apply` of each Deployment finds.
#[derive(Clone, Debug, Default)]
pub struct ApplyHistory {
    states: BTreeMap<ObjectKey, ApplyState>,
}

#[derive(Clone, Debug)]
struct ApplyState {
    revision: usize,
    replicas: Option<i64>,
    replicas_given: bool,
    before: Option<PodTemplateSpec>,
}

/// Whether the manifest applied last gave `spec.replicas`: of a dump what the annotation says, else what is written.
pub fn replicas_given(object: &Located<Deployment>) -> bool {
    let own = object.value.spec.as_ref().is_some_and(|spec| spec.replicas.is_some());
    match last_applied::<Deployment>(&object.value.metadata) {
        Some(last) => last.spec.is_some_and(|spec| spec.replicas.is_some()),
        None => own && !object.raw.is_live(),
    }
}

impl ApplyHistory {
    /// Remembers how a Deployment of the start came to be.
    pub fn remember(&mut self, object: &Located<Deployment>, workload: &Workload, priorities: &Priorities) {
        let last = match object.raw.is_live() {
            true => last_applied::<Deployment>(&object.value.metadata),
            false => Some(Deployment::clone(&object.value)),
        };
        let mut before = last.and_then(|last| last.spec).map(|spec| spec.template);
        if let Some(template) = &mut before {
            templates::complete(template, priorities);
        }
        self.states.insert(workload.key.clone(), ApplyState { before, ..ApplyState::of(workload) });
    }

    /// Remembers how a DaemonSet of the start, which is among the workloads, came to be.
    pub fn remember_daemon_set(
        &mut self,
        object: &Located<DaemonSet>,
        workloads: &[Workload],
        priorities: &Priorities,
    ) {
        let key = key_of(&object.value.metadata);
        let is_it = |it: &&Workload| it.kind == WorkloadKind::DaemonSet && it.key == key;
        let Some(workload) = workloads.iter().find(is_it) else { return };
        let last = match object.raw.is_live() {
            true => last_applied::<DaemonSet>(&object.value.metadata),
            false => Some(DaemonSet::clone(&object.value)),
        };
        let mut before = last.and_then(|last| last.spec).map(|spec| spec.template);
        if let Some(template) = &mut before {
            daemon_sets::complete(template, priorities);
        }
        self.states.insert(workload.key.clone(), ApplyState { before, ..ApplyState::of(workload) });
    }

    /// [`ApplyHistory::apply`] of a DaemonSet.
    pub fn apply_daemon_set(
        &mut self,
        manifest: &DaemonSet,
        workload: &mut Workload,
        priorities: &Priorities,
    ) -> (CommandAction, bool) {
        let mut template = manifest.spec.clone().unwrap_or_default().template;
        daemon_sets::complete(&mut template, priorities);
        let (revision, changes) = self.revise(template, workload);
        (CommandAction::Apply { target: workload.key.clone(), revision, replicas: None }, changes)
    }

    /// The revision of a template that is applied, and whether that changes anything.
    fn revise(&mut self, template: PodTemplateSpec, workload: &mut Workload) -> (usize, bool) {
        let fresh = ApplyState::of(workload);
        let state = self.states.entry(workload.key.clone()).or_insert(fresh);
        let same = templates::unchanged(&template, &workload.revisions[state.revision].template, state.before.as_ref());
        if !same {
            state.revision = revision_of(&template, workload);
        }
        state.before = Some(template);
        (state.revision, !same)
    }

    /// The action of applying `manifest`, and whether it changes anything; a new template becomes a revision of the workload.
    pub fn apply(
        &mut self,
        manifest: &Deployment,
        workload: &mut Workload,
        priorities: &Priorities,
    ) -> (CommandAction, bool) {
        let spec = manifest.spec.clone().unwrap_or_default();
        let mut template = spec.template;
        templates::complete(&mut template, priorities);
        let (revision, is_new) = self.revise(template, workload);
        let fresh = ApplyState::of(workload);
        let state = self.states.entry(workload.key.clone()).or_insert(fresh);
        let replicas = match (spec.replicas, state.replicas_given) {
            (Some(given), _) => Some(i64::from(given)),
            (None, true) => Some(1),
            (None, false) => None,
        };
        let rescaled = replicas.is_some() && replicas != state.replicas;
        state.replicas = replicas.or(state.replicas);
        state.replicas_given = spec.replicas.is_some();
        (CommandAction::Apply { target: workload.key.clone(), revision, replicas }, is_new || rescaled)
    }
}

impl ApplyState {
    /// What is known of a workload that nobody applied before.
    fn of(workload: &Workload) -> Self {
        ApplyState {
            revision: workload.current,
            replicas: Some(workload.replicas),
            replicas_given: workload.replicas_given,
            before: None,
        }
    }
}

/// The revision with this template, added to the workload unless it was there before.
fn revision_of(template: &PodTemplateSpec, workload: &mut Workload) -> usize {
    let known = workload.revisions.iter().position(|revision| revision.template == *template);
    known.unwrap_or_else(|| {
        let name = format!("{}-{}", workload.key.name, workload.revisions.len() + 1);
        workload.revisions.push(Revision { name, template: template.clone(), size: 0, pods: Vec::new() });
        workload.revisions.len() - 1
    })
}

fn last_applied<T: DeserializeOwned>(metadata: &ObjectMeta) -> Option<T> {
    serde_json::from_str(metadata.annotations.as_ref()?.get(LAST_APPLIED)?).ok()
}
