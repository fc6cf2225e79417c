//! Commands of a scenario: what users do to the cluster.

use std::path::PathBuf;
use std::sync::Arc;

use crate::cluster::object::scenario::{Command, CommandAction, find_workload};
use crate::cluster::object::spec::{ClusterSpec, ObjectKey, Origin, Workload, WorkloadKind};
use crate::input::apply::ApplyHistory;
use crate::input::census::Census;
use crate::input::diagnostics::Diagnostics;
use crate::input::kinds;
use crate::input::object::{self, Located, RawObject};
use crate::input::path::FieldPath;
use crate::input::source::{self, Source};
use crate::input::templates::Priorities;
use crate::input::tree::Tree;
use crate::input::{daemon_sets, key_of, owner, workloads};

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment};

use super::Context;
use super::document::{Command as Document, Manifest, Target};

/// What commands need to know and to change.
pub struct Commander<'a> {
    /// The cluster, to which commands add workloads and revisions.
    pub cluster: &'a mut ClusterSpec,
    /// What was applied before.
    pub history: &'a mut ApplyHistory,
    /// Priorities by class.
    pub priorities: &'a Priorities,
    /// Names of objects that could not be read.
    pub broken: &'a [String],
    /// Sources given by name, where files of commands are looked for first.
    pub sources: &'a [Arc<Source>],
    /// What is not modelled.
    pub census: &'a mut Census,
    /// What is wrong.
    pub sink: &'a mut Diagnostics,
}

/// Names of the files that commands of a scenario refer to, as written.
pub fn files(scenario: &RawObject) -> Vec<String> {
    let tree = scenario.tree();
    let commands = tree.at(&"spec.commands".into()).map(Tree::elements).unwrap_or_default();
    let file =
        |command: &Tree| command.get("apply").or(command.get("create")).and_then(Tree::as_str).map(str::to_owned);
    commands.iter().filter_map(file).collect()
}

/// Where a file that a scenario refers to is.
pub fn locate(scenario: &RawObject, file: &str) -> PathBuf {
    scenario.source.directory.clone().unwrap_or_default().join(file)
}

impl Commander<'_> {
    /// Resolves the commands of a scenario.
    pub fn run(&mut self, raw: &RawObject, commands: &[Document]) {
        for (index, command) in commands.iter().enumerate() {
            let path = FieldPath::from("spec.commands").index(index);
            for (action, text) in self.command(raw, &path, command) {
                self.cluster.scenario.commands.push(Command { action, origin: raw.origin(&path), text });
            }
        }
    }

    /// Applies a Deployment: a new one is created, a known one gets another revision. Also says whether that changes anything.
    pub fn apply(&mut self, manifest: &Located<Deployment>) -> (CommandAction, bool) {
        let key = key_of(&manifest.value.metadata);
        if let Some(workload) = self.cluster.workloads.iter_mut().find(|workload| workload.key == key) {
            return self.history.apply(&manifest.value, workload, self.priorities);
        }
        (self.create(manifest), true)
    }

    /// The same of a DaemonSet.
    pub fn apply_daemon_set(&mut self, manifest: &Located<DaemonSet>) -> (CommandAction, bool) {
        let key = key_of(&manifest.value.metadata);
        if let Some(workload) = self.cluster.workloads.iter_mut().find(|it| is_daemon_set(it, &key)) {
            return self.history.apply_daemon_set(&manifest.value, workload, self.priorities);
        }
        let workload = daemon_sets::new_daemon_set(manifest, self.priorities);
        let target = self.add_later(workload);
        self.history.remember_daemon_set(manifest, &self.cluster.workloads, self.priorities);
        (CommandAction::Create { target }, true)
    }

    /// Makes a Deployment one that is created later.
    pub fn create(&mut self, manifest: &Located<Deployment>) -> CommandAction {
        let workload = workloads::new_deployment(manifest, self.priorities);
        self.history.remember(manifest, &workload, self.priorities);
        CommandAction::Create { target: self.add_later(workload) }
    }

    fn add_later(&mut self, mut workload: Workload) -> ObjectKey {
        workload.created_later = true;
        owner::make_unique(&mut workload, &self.cluster.workloads);
        let target = workload.key.clone();
        self.cluster.workloads.push(workload);
        target
    }

    fn command(&mut self, raw: &RawObject, path: &FieldPath, command: &Document) -> Vec<(CommandAction, String)> {
        match command {
            Document::Apply(manifest) => self.manifest(raw, &path.field("apply"), manifest, "apply"),
            Document::Create(manifest) => self.manifest(raw, &path.field("create"), manifest, "create"),
            other => self.simple(raw, path, other).into_iter().collect(),
        }
    }

    fn simple(&mut self, raw: &RawObject, path: &FieldPath, command: &Document) -> Option<(CommandAction, String)> {
        let mut context = Context::new(raw, self.cluster, self.broken, self.sink);
        Some(match command {
            Document::Delete(target) => {
                let (target, kind) = changeable(&path.field("delete"), target, &mut context)?;
                let what = if kind == WorkloadKind::DaemonSet { "daemonset" } else { "deployment" };
                let text = format!("kubectl delete {what} {}{}", target.name, namespace_flag(&target));
                (CommandAction::Delete { target }, text)
            }
            Document::Scale(scale) => {
                let at = path.field("scale");
                let (target, kind) = changeable(&at.field("target"), &scale.target, &mut context)?;
                if !kind.has_scale() {
                    let problem = format!("{target} is a DaemonSet, which has no replicas");
                    context.error(&at.field("target"), problem, "name a Deployment");
                    return None;
                }
                if !(0..=i64::from(i32::MAX)).contains(&scale.replicas) {
                    context.error(
                        &at.field("replicas"),
                        format!("{} is no number of replicas", scale.replicas),
                        "give 0 or more",
                    );
                    return None;
                }
                let text = format!(
                    "kubectl scale deployment {}{} --replicas={}",
                    target.name,
                    namespace_flag(&target),
                    scale.replicas
                );
                (CommandAction::Scale { target, replicas: scale.replicas }, text)
            }
            Document::Cordon(node) => {
                let node = context.node(&path.field("cordon"), node)?;
                (CommandAction::Cordon { node: node.clone() }, format!("kubectl cordon {node}"))
            }
            Document::Uncordon(node) => {
                let node = context.node(&path.field("uncordon"), node)?;
                (CommandAction::Uncordon { node: node.clone() }, format!("kubectl uncordon {node}"))
            }
            Document::Drain(node) => {
                let node = context.node(&path.field("drain"), node)?;
                (CommandAction::Drain { node: node.clone() }, format!("kubectl drain {node} --ignore-daemonsets"))
            }
            Document::Apply(_) | Document::Create(_) => return None,
        })
    }

    fn manifest(
        &mut self,
        raw: &RawObject,
        path: &FieldPath,
        manifest: &Manifest,
        verb: &str,
    ) -> Vec<(CommandAction, String)> {
        let (objects, shown) = match manifest {
            Manifest::File(file) => (self.read(raw, file), file.clone()),
            Manifest::Object(_) => (inline(raw, path, self.sink), "-".to_owned()),
        };
        let mut actions = Vec::new();
        for object in objects {
            if object.kind == "DaemonSet" {
                let action = self.daemon_set(raw, path, object, verb);
                actions.extend(action.map(|action| (action, format!("kubectl {verb} -f {shown}"))));
                continue;
            }
            if object.kind != "Deployment" {
                self.census.count(format!("{verb} of a {}", object.kind));
                continue;
            }
            let Some(deployment) = kinds::read_deployment(object, self.census, self.sink) else { continue };
            let key = key_of(&deployment.value.metadata);
            let exists =
                find_workload(&self.cluster.workloads, &key).is_some_and(|(_, workload)| !workload.created_later);
            if verb == "create" && exists {
                self.refuse_second(raw, path, &format!("Deployment {key}"));
                continue;
            }
            actions.push((self.apply(&deployment).0, format!("kubectl {verb} -f {shown}")));
        }
        if actions.is_empty() && !self.sink.has_errors() {
            self.sink.push(raw.error(
                path,
                format!("there is no Deployment to {verb}"),
                "name a file with a Deployment or a DaemonSet in it",
            ));
        }
        actions
    }

    /// Creates or applies a DaemonSet.
    fn daemon_set(
        &mut self,
        raw: &RawObject,
        path: &FieldPath,
        object: RawObject,
        verb: &str,
    ) -> Option<CommandAction> {
        let manifest = kinds::read_daemon_set(object, self.census, self.sink)?;
        let key = key_of(&manifest.value.metadata);
        let mut workloads = self.cluster.workloads.iter();
        if verb == "create" && workloads.any(|it| is_daemon_set(it, &key) && !it.created_later) {
            self.refuse_second(raw, path, &format!("DaemonSet {key}"));
            return None;
        }
        Some(self.apply_daemon_set(&manifest).0)
    }

    fn refuse_second(&mut self, raw: &RawObject, path: &FieldPath, what: &str) {
        let help = "use `apply`, or leave it out of the other manifests";
        self.sink.push(raw.error(path, format!("{what} exists already"), help));
    }

    fn read(&mut self, raw: &RawObject, file: &str) -> Vec<RawObject> {
        let known = self.sources.iter().find(|source| source.directory.is_none() && source.name == file).cloned();
        let source = known.or_else(|| source::read_file(&locate(raw, file), self.sink));
        source.map(|source| object::objects(&source, self.sink)).unwrap_or_default()
    }
}

/// Whether a workload is the DaemonSet of that name.
fn is_daemon_set(workload: &Workload, key: &ObjectKey) -> bool {
    workload.kind == WorkloadKind::DaemonSet && workload.key == *key
}

/// A workload that users can change, and its kind.
fn changeable(path: &FieldPath, target: &Target, context: &mut Context<'_>) -> Option<(ObjectKey, WorkloadKind)> {
    let workload: &Workload = context.target(path, target)?;
    if workload.kind == WorkloadKind::Fixed {
        context.error(
            path,
            format!("{} is a {}, which is not modelled", workload.key, workload.owner_kind),
            "name a Deployment",
        );
        return None;
    }
    Some((workload.key.clone(), workload.kind))
}

fn inline(raw: &RawObject, path: &FieldPath, sink: &mut Diagnostics) -> Vec<RawObject> {
    let tree = raw.tree();
    let Some(tree) = tree.at(path) else { return Vec::new() };
    object::unpacked(&raw.source, tree.clone(), sink)
}

fn namespace_flag(key: &ObjectKey) -> String {
    if key.namespace == "default" { String::new() } else { format!(" -n {}", key.namespace) }
}

/// The text of a command that nobody wrote: a manifest that the cluster does not have yet.
pub fn implied(action: CommandAction, origin: Origin) -> Command {
    let text = format!("kubectl apply -f {}", origin.file);
    Command { action, origin, text }
}
