//! Which manifests become what Git has: those of workloads that are there, those that a running cluster does not have like
//! that yet, and those of files that only the scenario names.

use std::sync::Arc;

use crate::cluster::object::command::{Command, CommandAction};
use crate::cluster::object::spec::{ClusterSpec, Workload};
use crate::input::apply::{ApplyHistory, Manifest};
use crate::input::census::Census;
use crate::input::diagnostics::Diagnostics;
use crate::input::object::{self, Located, RawObject};
use crate::input::scenario::commands::Commander;
use crate::input::scenario::document::Document;
use crate::input::scenario::{self, Context};
use crate::input::source::Source;
use crate::input::{key_of, kinds};

use super::GitOps;

impl GitOps {
    /// Adds the entries of a scenario.
    pub fn add_entries(
        &mut self,
        (raw, document): (&RawObject, &Document),
        cluster: &ClusterSpec,
        sources: &[Arc<Source>],
        broken: &[String],
        sink: &mut Diagnostics,
    ) {
        let mut context = Context::new(raw, cluster, broken, sink);
        let entries = &document.spec.gitops;
        self.wanted = scenario::gitops::resolve(entries, sources, &mut self.managers, &mut context);
    }

    /// Takes a manifest that a running cluster does not have like this; `false` if nobody puts it back.
    pub fn take<T: Manifest>(&mut self, manifest: &Located<T>, commander: &mut Commander<'_>) -> bool {
        let managers = self.managers_of(manifest);
        if managers.is_empty() {
            return false;
        }
        let key = key_of(manifest.value.metadata());
        let is_known = |it: &Workload| it.key == key && T::is(it);
        let at = match commander.cluster.workloads.iter().position(is_known) {
            Some(at) => at,
            None => {
                commander.create(manifest);
                commander.cluster.workloads.len() - 1
            }
        };
        let past = (&mut *commander.history, commander.priorities);
        let commit = self.declare(manifest, &managers, &mut commander.cluster.workloads[at], past);
        let command = |action| Command { action, origin: manifest.origin(), text: self.sync_command(managers[0]) };
        commander.cluster.scenario.commands.extend(commit.map(command));
        true
    }

    /// What makes a controller act on a new commit.
    fn sync_command(&self, manager: usize) -> String {
        let manager = &self.managers[manager];
        let name = &manager.key.name;
        match manager.kind {
            "Application" => format!("argocd app sync {name}"),
            "HelmRelease" => format!("flux reconcile helmrelease {name}"),
            _ => format!("flux reconcile kustomization {name}"),
        }
        .trim_end()
        .to_owned()
    }

    /// Takes the files that nobody but the scenario names, and asks for what entries of the scenario say is there.
    pub fn take_files(&mut self, raw: &RawObject, commander: &mut Commander<'_>) {
        for wanted in std::mem::take(&mut self.wanted) {
            for (path, source) in &wanted.files {
                let found = self.sources.contains(&source.name) || self.take_file(source, commander);
                if !found && !commander.sink.has_errors() {
                    let problem = format!("there is no Deployment, StatefulSet or DaemonSet in `{}`", source.name);
                    commander.sink.push(raw.error(path, problem, "name a file with one in it"));
                }
            }
            let puts_back = self.managers[wanted.manager].puts_back;
            for (path, key) in wanted.targets.iter().filter(|(_, key)| puts_back && !self.declares(wanted.manager, key))
            {
                let is_there = commander.cluster.workloads.iter().any(|it| it.key == *key);
                let problem = match is_there {
                    true => format!("it is not known what Git has of {key}"),
                    false => format!("there is no workload `{key}`"),
                };
                let help = "give its manifest too, in a file that `manifests` names";
                if !commander.broken.contains(&key.name) {
                    commander.sink.push(raw.error(path, problem, help));
                }
            }
        }
    }

    /// Whether there is something in a file to be put back.
    fn take_file(&mut self, source: &Arc<Source>, commander: &mut Commander<'_>) -> bool {
        let mut found = false;
        for raw in object::objects(source, commander.sink) {
            let (census, sink): (&mut Census, &mut Diagnostics) = (commander.census, commander.sink);
            match raw.kind.as_str() {
                "Deployment" => {
                    let read = kinds::read_deployment(raw, census, sink);
                    found |= read.is_some_and(|it| self.take_one(&it, commander));
                }
                "StatefulSet" => {
                    let read = kinds::read_stateful_set(raw, census, sink);
                    found |= read.is_some_and(|it| self.take_one(&it, commander));
                }
                "DaemonSet" => {
                    let read = kinds::read_daemon_set(raw, census, sink);
                    found |= read.is_some_and(|it| self.take_one(&it, commander));
                }
                kind => census.count(format!("{kind} of a file of `gitops`")),
            }
        }
        found
    }

    /// Takes a manifest of a file; also where its manager puts nothing back.
    fn take_one<T: Manifest>(&mut self, manifest: &Located<T>, commander: &mut Commander<'_>) -> bool {
        self.take(manifest, commander);
        true
    }

    /// Declares what Git has of a workload that is there.
    pub fn remember<T: Manifest>(
        &mut self,
        object: &Located<T>,
        workload: &mut Workload,
        past: (&mut ApplyHistory, &super::Priorities),
    ) -> Option<CommandAction> {
        let managers = self.managers_of(object);
        self.declare(object, &managers, workload, past)
    }
}
