//! What `kubectl apply` of a changed workload does.
//!
//! kubectl merges three ways: what is in the new manifest is set; what was in the manifest applied last and is no longer
//! is removed (and defaulted by the API server); the rest stays. For `spec.replicas` that decides whether an autoscaler's
//! work survives.

use std::collections::BTreeMap;

use k8s_openapi::Metadata;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::de::DeserializeOwned;

use crate::cluster::object::command::{Command, CommandAction};
use crate::cluster::object::spec::{ObjectKey, Revision, Workload, WorkloadKind};

use super::object::Located;
use super::templates::{self, Priorities};
use super::{daemon_sets, jobs, stateful_sets, workloads};

/// The annotation in which kubectl keeps the manifest applied last.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What the next `apply` of each workload finds.
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

impl ApplyState {
    /// The revision once a template is applied: the present one if nothing changes; a new one is added to the workload.
    fn revision_after(&self, template: &PodTemplateSpec, workload: &mut Workload) -> usize {
        let present = &workload.revisions[self.revision].template;
        match templates::unchanged(template, present, self.before.as_ref()) {
            true => self.revision,
            false => revision_of(template, workload),
        }
    }
}

/// A manifest of a workload whose template commands may change.
pub trait Manifest: Clone + DeserializeOwned + Metadata<Ty = ObjectMeta> {
    /// `spec.replicas`.
    fn replicas(&self) -> Option<i32>;
    /// `spec.template`.
    fn template(&self) -> Option<&PodTemplateSpec>;
    /// The workload that it makes, without pods.
    fn workload(object: &Located<Self>, priorities: &Priorities) -> Workload;

    /// Whether a workload of the same name is one of these: a DaemonSet or Job may have the name of another one.
    fn is(workload: &Workload) -> bool {
        workload.kind != WorkloadKind::DaemonSet && !workload.kind.is_batch()
    }

    /// What applying it does to a workload that is there, if that is not a revision; `before` has been done already.
    fn adjust(&self, _workload: &Workload, _before: &[Command]) -> Option<Adjustment> {
        None
    }

    /// Fills in what pods get that are made from the template.
    fn complete(template: &mut PodTemplateSpec, priorities: &Priorities) {
        templates::complete(template, priorities);
    }
}

/// What applying a manifest of a Job or CronJob does.
pub struct Adjustment {
    /// The action.
    pub action: CommandAction,
    /// Whether it changes anything.
    pub changes: bool,
    /// Whether it changes something else.
    pub changes_more: bool,
}

impl Adjustment {
    /// The sizes and suspensions that a workload gets, in comparison with what it had.
    fn of(workload: &Workload, (parallelism, suspended): (Option<i64>, bool), before: &[Command]) -> Self {
        let given = workload.batch.as_ref().is_some_and(|it| it.schedule.map_or(it.suspended, |it| it.suspended));
        let (mut size, mut was_suspended) = (workload.replicas, given);
        for command in before {
            if let CommandAction::Adjust { target, parallelism, suspended } = &command.action
                && *target == workload.key
            {
                size = parallelism.unwrap_or(size);
                was_suspended = suspended.unwrap_or(was_suspended);
            }
        }
        let parallelism = parallelism.filter(|it| *it != size);
        let suspended = (suspended != was_suspended).then_some(suspended);
        Adjustment {
            changes: parallelism.is_some() || suspended.is_some(),
            action: CommandAction::Adjust { target: workload.key.clone(), parallelism, suspended },
            changes_more: false,
        }
    }

    /// The same, of a template and of completions that are others or not.
    pub fn with_template(self, workload: &Workload, made: &Workload) -> Self {
        let completions = |workload: &Workload| workload.batch.as_ref().map(|batch| batch.completions);
        let is_same = templates::unchanged(&made.revisions[0].template, &workload.revisions[0].template, None)
            && completions(made) == completions(workload);
        Adjustment { changes_more: !is_same, ..self }
    }
}

impl Manifest for Job {
    fn replicas(&self) -> Option<i32> {
        self.spec.as_ref()?.parallelism
    }

    fn template(&self) -> Option<&PodTemplateSpec> {
        self.spec.as_ref().map(|spec| &spec.template)
    }

    fn workload(object: &Located<Self>, priorities: &Priorities) -> Workload {
        jobs::new_job(object, priorities)
    }

    fn is(workload: &Workload) -> bool {
        workload.kind == WorkloadKind::Job
    }

    fn adjust(&self, workload: &Workload, before: &[Command]) -> Option<Adjustment> {
        let suspended = self.spec.as_ref().and_then(|spec| spec.suspend).unwrap_or(false);
        Some(Adjustment::of(workload, (Some(self.replicas().unwrap_or(1).into()), suspended), before))
    }
}

impl Manifest for CronJob {
    fn replicas(&self) -> Option<i32> {
        self.spec.as_ref()?.job_template.spec.as_ref()?.parallelism
    }

    fn template(&self) -> Option<&PodTemplateSpec> {
        self.spec.as_ref()?.job_template.spec.as_ref().map(|spec| &spec.template)
    }

    fn workload(object: &Located<Self>, priorities: &Priorities) -> Workload {
        jobs::new_cron_job(object, priorities)
    }

    fn is(workload: &Workload) -> bool {
        workload.kind == WorkloadKind::CronJob
    }

    fn adjust(&self, workload: &Workload, before: &[Command]) -> Option<Adjustment> {
        let suspended = self.spec.as_ref().and_then(|spec| spec.suspend).unwrap_or(false);
        Some(Adjustment::of(workload, (None, suspended), before))
    }
}

impl Manifest for DaemonSet {
    fn replicas(&self) -> Option<i32> {
        None
    }

    fn template(&self) -> Option<&PodTemplateSpec> {
        self.spec.as_ref().map(|spec| &spec.template)
    }

    fn workload(object: &Located<Self>, priorities: &Priorities) -> Workload {
        daemon_sets::new_daemon_set(object, priorities)
    }

    fn is(workload: &Workload) -> bool {
        workload.kind == WorkloadKind::DaemonSet
    }

    fn complete(template: &mut PodTemplateSpec, priorities: &Priorities) {
        daemon_sets::complete(template, priorities);
    }
}

impl Manifest for Deployment {
    fn replicas(&self) -> Option<i32> {
        self.spec.as_ref()?.replicas
    }

    fn template(&self) -> Option<&PodTemplateSpec> {
        self.spec.as_ref().map(|spec| &spec.template)
    }

    fn workload(object: &Located<Self>, priorities: &Priorities) -> Workload {
        workloads::new_deployment(object, priorities)
    }
}

impl Manifest for StatefulSet {
    fn replicas(&self) -> Option<i32> {
        self.spec.as_ref()?.replicas
    }

    fn template(&self) -> Option<&PodTemplateSpec> {
        self.spec.as_ref().map(|spec| &spec.template)
    }

    fn workload(object: &Located<Self>, priorities: &Priorities) -> Workload {
        stateful_sets::new_stateful_set(object, priorities)
    }
}

/// Whether the manifest applied last gave `spec.replicas`: of a dump what the annotation says, else what is written.
pub fn replicas_given<T: Manifest>(object: &Located<T>) -> bool {
    match last_applied(&*object.value) {
        Some(last) => last.replicas().is_some(),
        // Sizes of a scenario may have given it replicas that its manifest does not mention.
        None if object.value.replicas().is_none() || object.raw.is_live() => false,
        None => object.raw.tree().at(&"spec.replicas".into()).is_some(),
    }
}

impl ApplyHistory {
    /// Remembers how a workload of the start came to be.
    pub fn remember<T: Manifest>(&mut self, object: &Located<T>, workload: &Workload, priorities: &Priorities) {
        let last = if object.raw.is_live() { last_applied(&*object.value) } else { Some(T::clone(&object.value)) };
        let mut before = last.and_then(|last| last.template().cloned());
        if let Some(template) = &mut before {
            T::complete(template, priorities);
        }
        self.states.insert(workload.key.clone(), ApplyState { before, ..ApplyState::of(workload) });
    }

    /// The revision that a workload of the start has once what `manifest` says is in place, and whether `spec.replicas` go that
    /// were applied before. Nothing is remembered: it is put back, whatever is applied by others.
    pub fn declare<T: Manifest>(
        &mut self,
        manifest: &T,
        workload: &mut Workload,
        priorities: &Priorities,
    ) -> (usize, bool) {
        let state = self.states.entry(workload.key.clone()).or_insert_with(|| ApplyState::of(workload));
        let revision = state.revision_after(&completed(manifest, priorities), workload);
        (revision, manifest.replicas().is_none() && state.replicas_given && workload.kind != WorkloadKind::DaemonSet)
    }

    /// The action of applying `manifest`, and whether it changes anything; a new template becomes a revision of the workload.
    pub fn apply<T: Manifest>(
        &mut self,
        manifest: &T,
        workload: &mut Workload,
        priorities: &Priorities,
    ) -> (CommandAction, bool) {
        let state = self.states.entry(workload.key.clone()).or_insert_with(|| ApplyState::of(workload));
        let template = completed(manifest, priorities);
        let revision = state.revision_after(&template, workload);
        let same = revision == state.revision;
        let replicas = match (manifest.replicas(), state.replicas_given) {
            (Some(given), _) => Some(i64::from(given)),
            (None, true) => Some(1),
            (None, false) => None,
        };
        let rescaled = replicas.is_some() && replicas != state.replicas;
        *state = ApplyState {
            revision,
            replicas: replicas.or(state.replicas),
            replicas_given: manifest.replicas().is_some(),
            before: Some(template),
        };
        (CommandAction::Apply { target: workload.key.clone(), revision, replicas }, !same || rescaled)
    }
}

/// The template of a manifest, as it is in pods.
fn completed<T: Manifest>(manifest: &T, priorities: &Priorities) -> PodTemplateSpec {
    let mut template = manifest.template().cloned().unwrap_or_default();
    T::complete(&mut template, priorities);
    template
}

/// The revision with this template, added to the workload unless it was there before.
fn revision_of(template: &PodTemplateSpec, workload: &mut Workload) -> usize {
    let known = workload.revisions.iter().position(|revision| revision.template == *template);
    known.unwrap_or_else(|| {
        let number = workload.revisions.len() + 1;
        let name = match &workload.stateful {
            Some(set) => set.revision(number),
            None => format!("{}-{number}", workload.key.name),
        };
        workload.revisions.push(Revision { name, template: template.clone(), ..Revision::default() });
        workload.revisions.len() - 1
    })
}

/// The manifest that was applied last, as kubectl and Argo CD keep it.
pub fn last_applied<T: Manifest>(object: &T) -> Option<T> {
    serde_json::from_str(object.metadata().annotations.as_ref()?.get(LAST_APPLIED)?).ok()
}
