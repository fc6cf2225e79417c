//! GitOps: from objects of Argo CD and Flux, and from a scenario, to what is put back.
//!
//! What Git has is not in the cluster. It is taken to be the manifests of the input; of an object of a running cluster what was
//! applied last. Which workloads a controller manages is read from its status, from what they say themselves, from the
//! directory of their manifests, or from the scenario. Where it is not known, verdicts are without the controller.

mod adopt;
mod argo_cd;
mod flux;
pub mod ignoring;
pub mod manager;
pub mod recognise;
pub mod tracking;

use std::collections::BTreeSet;
use std::sync::Arc;

use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;

use crate::cluster::object::command::CommandAction;
use crate::cluster::object::gitops::{Declared, Field, Sync, Tool};
use crate::cluster::object::spec::{ObjectKey, Workload, WorkloadKind};

use super::apply::{self, ApplyHistory, Manifest};
use super::census::Census;
use super::diagnostics::Diagnostics;
use super::influence;
use super::key_of;
use super::object::{Located, RawObject};
use super::scenario::gitops::Wanted;
use super::templates::Priorities;

use ignoring::Fields;
use manager::{Candidate, Manager};
use tracking::Tracker;

/// All that is known of GitOps controllers.
#[derive(Default)]
pub struct GitOps {
    /// Their objects, and entries of the scenario after them.
    pub managers: Vec<Manager>,
    /// What each of them declares.
    declared: Vec<Vec<Declared>>,
    /// Kinds and names of workloads with an autoscaler.
    autoscaled: BTreeSet<(String, ObjectKey)>,
    /// Files in which something is managed, by name of source.
    pub sources: BTreeSet<String>,
    /// Who is said to manage something, and is not given.
    strangers: BTreeSet<Tracker>,
    /// What entries of the scenario name.
    wanted: Vec<Wanted>,
    /// Managers of whose workloads it is not known what Git has.
    unsure: BTreeSet<usize>,
}

impl GitOps {
    /// Reads the objects of controllers.
    pub fn of(
        objects: &[Arc<RawObject>],
        autoscalers: &[Located<HorizontalPodAutoscaler>],
        census: &mut Census,
        sink: &mut Diagnostics,
    ) -> Self {
        let (settings, given): (Vec<&Arc<RawObject>>, Vec<_>) = objects.iter().partition(|raw| raw.kind == "ConfigMap");
        let read = |raw: &&Arc<RawObject>| match raw.kind.as_str() {
            "Application" => argo_cd::read(raw, census, sink),
            _ => flux::read(raw, census, sink),
        };
        let mut managers: Vec<Manager> = given.iter().filter_map(read).collect();
        for rule in settings.into_iter().flat_map(|raw| argo_cd::ignored_by_all(raw, sink)) {
            let of_argo_cd = managers.iter_mut().filter(|it| matches!(it.tool, Tool::ArgoCd { .. }));
            of_argo_cd.for_each(|it| it.ignores.push(rule.clone()));
        }
        let scaled = autoscalers.iter().filter_map(|object| {
            let target = &object.value.spec.as_ref()?.scale_target_ref;
            Some((target.kind.clone(), key_of(&object.value.metadata).sibling(&target.name)))
        });
        GitOps { managers, autoscaled: scaled.collect(), ..GitOps::default() }
    }

    /// The managers of a workload that put it back.
    pub fn managers_of<T: Manifest>(&mut self, object: &Located<T>) -> Vec<usize> {
        let trackers = tracking::trackers(object.value.metadata());
        let key = key_of(object.value.metadata());
        let candidate = Candidate {
            kind: &object.raw.kind,
            key: &key,
            source: &object.raw.source.name,
            is_live: object.raw.is_live(),
            trackers: &trackers,
        };
        let manages = |(_, it): &(usize, &Manager)| it.manages(&candidate);
        let mut found: Vec<usize> = self.managers.iter().enumerate().filter(manages).map(|(at, _)| at).collect();
        if found.is_empty() {
            found = self.managers.iter().position(|it| it.claim.rest).into_iter().collect();
        }
        if found.is_empty() {
            self.strangers.extend(trackers.into_iter().filter(|it| it.is_sure));
        } else if self.managers.iter().any(|it| it.claim.sources.contains(candidate.source)) {
            self.sources.insert(candidate.source.to_owned());
        }
        found.retain(|&at| self.managers[at].puts_back && !self.is_left_alone(at, &object.raw));
        found
    }

    fn is_left_alone(&self, manager: usize, raw: &RawObject) -> bool {
        self.managers[manager].tool == Tool::Flux && tracking::is_left_alone(raw)
    }

    /// Declares what Git has of a workload of the cluster, for those of its managers who put it back. What a new commit does to
    /// it besides is returned: it is not put back, but done once.
    pub fn declare<T: Manifest>(
        &mut self,
        object: &Located<T>,
        managers: &[usize],
        workload: &mut Workload,
        (history, priorities): (&mut ApplyHistory, &Priorities),
    ) -> Option<CommandAction> {
        if managers.is_empty() {
            return None;
        }
        let Some(content) = content(object) else {
            self.unsure.extend(managers);
            return None;
        };
        let (revision, removes_replicas) = history.declare(&content, workload, priorities);
        for &at in managers {
            let ignored = self.ignored(at, object);
            let declared = declared(&content, &object.raw, workload, (revision, ignored), self.managers[at].tool);
            self.declared_by(at).push(declared);
        }
        let target = workload.key.clone();
        let action = CommandAction::Apply { target, revision: workload.current, replicas: Some(1) };
        removes_replicas.then_some(action)
    }

    fn declared_by(&mut self, manager: usize) -> &mut Vec<Declared> {
        self.declared.resize_with(self.managers.len().max(manager + 1), Vec::new);
        &mut self.declared[manager]
    }

    fn ignored<T: Manifest>(&self, manager: usize, object: &Located<T>) -> Fields {
        let key = key_of(object.value.metadata());
        let rules = self.managers[manager].ignores.iter();
        rules.fold(Fields::default(), |all, rule| all.and(rule.of(&object.raw.kind, &key, &self.autoscaled)))
    }

    /// Whether a manager declares a workload.
    pub fn declares(&self, manager: usize, key: &ObjectKey) -> bool {
        self.declared.get(manager).is_some_and(|all| all.iter().any(|it| it.target == *key))
    }

    /// Who puts back what; what is not known is counted.
    pub fn finish(mut self, census: &mut Census) -> Vec<Sync> {
        self.count(census);
        let mut syncs: Vec<Sync> = Vec::new();
        for (manager, declared) in self.managers.into_iter().zip(self.declared) {
            if declared.is_empty() {
                continue;
            }
            let taken = |name: &str| syncs.iter().any(|sync| sync.name == name);
            let numbered = (2..).map(|number| format!("{} ({number})", manager.name));
            let mut names = std::iter::once(manager.name.clone()).chain(numbered);
            let name = names.find(|name| !taken(name)).unwrap_or_default();
            syncs.push(Sync { name, tool: manager.tool, declared, origin: manager.origin });
        }
        syncs
    }

    fn count(&mut self, census: &mut Census) {
        self.declared.resize_with(self.managers.len(), Vec::new);
        for (at, manager) in self.managers.iter().enumerate().filter(|(_, it)| it.puts_back) {
            if self.declared[at].is_empty() || self.unsure.contains(&at) {
                census.leave_out(manager.kind, influence::PUTS_BACK);
            }
        }
        for stranger in &self.strangers {
            census.leave_out(stranger.kind, influence::PUTS_BACK);
        }
        let declared = self.declared.iter().zip(&self.managers);
        if declared
            .filter(|(all, _)| !all.is_empty())
            .any(|(_, it)| it.ignores.iter().any(|it| it.fields.part_of_template))
        {
            census.count("ignored parts of pod templates, which are put back");
        }
    }
}

/// What Git has of a workload: its manifest, or what was applied last. Where a controller's own apply gave `spec.replicas`,
/// nobody has changed them since, and the workload is as Git has it.
fn content<T: Manifest>(object: &Located<T>) -> Option<T> {
    if !object.raw.is_live() {
        return Some(T::clone(&object.value));
    }
    let is_as_applied = || tracking::owns_replicas(&object.raw) == Some(true);
    apply::last_applied(&*object.value).or_else(|| is_as_applied().then(|| T::clone(&object.value)))
}

fn declared<T: Manifest>(
    content: &T,
    raw: &RawObject,
    workload: &Workload,
    (revision, ignored): (usize, Fields),
    tool: Tool,
) -> Declared {
    let given = content.replicas();
    let replicas = Field { value: i64::from(given.unwrap_or(1)), given: given.is_some(), ignored: ignored.replicas };
    Declared {
        target: workload.key.clone(),
        template: Field { value: revision, given: true, ignored: ignored.template },
        replicas: (workload.kind != WorkloadKind::DaemonSet).then_some(replicas),
        only_created: tool == Tool::Flux && tracking::is_only_created(raw),
    }
}
