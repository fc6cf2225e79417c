//! Commands of a scenario: what users do to the cluster.

use std::path::PathBuf;
use std::sync::Arc;

use k8s_openapi::api::policy::v1::PodDisruptionBudget;

use crate::cluster::object::command::{Command, CommandAction, DrainFlags};
use crate::cluster::object::spec::{ClusterSpec, ObjectKey, Origin, Workload, WorkloadKind};
use crate::input::apply::{Adjustment, ApplyHistory, Manifest as Applicable};
use crate::input::census::Census;
use crate::input::diagnostics::Diagnostics;
use crate::input::kinds;
use crate::input::object::{self, Located, RawObject};
use crate::input::path::FieldPath;
use crate::input::source::{self, Source};
use crate::input::templates::Priorities;
use crate::input::tree::Tree;
use crate::input::{key_of, owner};

use super::Context;
use super::document::{Command as Document, Drain, FlaggedDrain, Manifest, Target};

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
    file_of(&scenario.source, file)
}

/// Where a file is that is named in a text.
pub fn file_of(source: &Source, file: &str) -> PathBuf {
    source.directory.clone().unwrap_or_default().join(file)
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

    /// Applies a manifest: a new workload is created, a known one gets another revision. Also says whether that changes
    /// anything.
    pub fn apply<T: Applicable>(&mut self, manifest: &Located<T>) -> (CommandAction, bool) {
        let key = key_of(manifest.value.metadata());
        if let Some(workload) = self.cluster.workloads.iter_mut().find(|it| it.key == key && T::is(it)) {
            if let Some(adjusted) = manifest.value.adjust(workload, &self.cluster.scenario.commands) {
                let adjusted = adjusted.with_template(workload, &T::workload(manifest, self.priorities));
                refuse(&adjusted, workload.kind, manifest, self.census, self.sink);
                return (adjusted.action, adjusted.changes);
            }
            return self.history.apply(&*manifest.value, workload, self.priorities);
        }
        (self.create(manifest), true)
    }

    /// Makes a workload that is created later.
    pub fn create<T: Applicable>(&mut self, manifest: &Located<T>) -> CommandAction {
        let mut workload = T::workload(manifest, self.priorities);
        workload.created_later = true;
        owner::make_unique(&mut workload, &self.cluster.workloads);
        let target = workload.key.clone();
        self.history.remember(manifest, &workload, self.priorities);
        self.cluster.workloads.push(workload);
        CommandAction::Create { target }
    }

    fn command(&mut self, raw: &RawObject, path: &FieldPath, command: &Document) -> Vec<(CommandAction, String)> {
        match command {
            Document::Apply(manifest) => self.manifest(raw, &path.field("apply"), manifest, "apply"),
            Document::Create(manifest) => self.manifest(raw, &path.field("create"), manifest, "create"),
            other => self.simple(raw, path, other).into_iter().collect(),
        }
    }

    fn simple(&mut self, raw: &RawObject, path: &FieldPath, command: &Document) -> Option<(CommandAction, String)> {
        if let Document::Delete(target) = command
            && let Some(deleted) = self.delete_budget(raw, &path.field("delete"), target)
        {
            return deleted;
        }
        let mut context = Context::new(raw, self.cluster, self.broken, self.sink);
        Some(match command {
            Document::Delete(target) => {
                let (target, kind) = changeable(&path.field("delete"), target, &mut context)?;
                let kind = word(kind);
                let text = format!("kubectl delete {kind} {}{}", target.name, namespace_flag(&target));
                (CommandAction::Delete { target }, text)
            }
            Document::Suspend(target) => suspension(&path.field("suspend"), target, true, &mut context)?,
            Document::Resume(target) => suspension(&path.field("resume"), target, false, &mut context)?,
            Document::Scale(scale) => {
                let at = path.field("scale");
                let (target, kind) = changeable(&at.field("target"), &scale.target, &mut context)?;
                if !kind.has_scale() {
                    let problem = format!("{target} is a {}, which has no replicas", kind_name(kind));
                    context.error(&at.field("target"), problem, "name a Deployment or StatefulSet");
                    return None;
                }
                let kind = word(kind);
                if !(0..=i64::from(i32::MAX)).contains(&scale.replicas) {
                    context.error(
                        &at.field("replicas"),
                        format!("{} is no number of replicas", scale.replicas),
                        "give 0 or more",
                    );
                    return None;
                }
                let text = format!(
                    "kubectl scale {kind} {}{} --replicas={}",
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
            Document::DeleteNode(node) => {
                let node = context.node(&path.field("deleteNode"), node)?;
                (CommandAction::DeleteNode { node: node.clone() }, format!("kubectl delete node {node}"))
            }
            Document::Drain(drain) => {
                let at = path.field("drain");
                let (at, node, flags) = match drain {
                    Drain::Usual(node) => (at, node, DrainFlags::USUAL),
                    Drain::Flags(drain) => (at.field("node"), &drain.node, flags(drain)),
                };
                let node = context.node(&at, node)?;
                if let Some(bare) = unowned(context.cluster, &node).filter(|_| !flags.force) {
                    let message = format!("the drain fails while {bare} is there, which no controller owns");
                    context.sink.push(raw.warning(&at, message, "add `force: true`, or leave the pod out"));
                }
                let text = format!("kubectl drain {node}{flags}");
                (CommandAction::Drain { node, flags }, text)
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
            let at = (raw, path, verb);
            let action = match object.kind.as_str() {
                "Deployment" => kinds::read_deployment(object, self.census, self.sink).and_then(|it| self.put(at, &it)),
                "StatefulSet" => {
                    kinds::read_stateful_set(object, self.census, self.sink).and_then(|it| self.put(at, &it))
                }
                "DaemonSet" => kinds::read_daemon_set(object, self.census, self.sink).and_then(|it| self.put(at, &it)),
                "PodDisruptionBudget" => {
                    kinds::read_disruption_budget(object, self.census, self.sink).map(|it| self.put_budget(&it.value))
                }
                "Job" => kinds::read_job(object, self.census, self.sink).and_then(|it| self.put(at, &it)),
                "CronJob" => kinds::read_cron_job(object, self.census, self.sink).and_then(|it| self.put(at, &it)),
                kind => {
                    self.census.count(format!("{verb} of a {kind}"));
                    None
                }
            };
            actions.extend(action.map(|action| (action, format!("kubectl {verb} -f {shown}"))));
        }
        if actions.is_empty() && !self.sink.has_errors() {
            self.sink.push(raw.error(
                path,
                format!(
                    "there is no Deployment, StatefulSet, DaemonSet, Job, CronJob or PodDisruptionBudget to {verb}"
                ),
                "name a file with one of them in it",
            ));
        }
        actions
    }

    /// Puts a budget into force, in place of one of the same name.
    fn put_budget(&mut self, budget: &PodDisruptionBudget) -> CommandAction {
        let ends = self.budget_in_force(&key_of(&budget.metadata));
        self.cluster.disruption_budgets.push(budget.clone());
        CommandAction::Budget { ends, begins: Some(self.cluster.disruption_budgets.len() - 1) }
    }

    /// The budget of that name which is in force after the commands so far.
    fn budget_in_force(&self, key: &ObjectKey) -> Option<usize> {
        let ended: Vec<usize> =
            self.cluster.scenario.commands.iter().filter_map(|command| command.action.ended()).collect();
        let mut budgets = self.cluster.disruption_budgets.iter().enumerate();
        let found = budgets.find(|(position, it)| key_of(&it.metadata) == *key && !ended.contains(position));
        found.map(|(position, _)| position)
    }

    /// Deletes a budget, if it is one that is meant.
    fn delete_budget(
        &mut self,
        raw: &RawObject,
        path: &FieldPath,
        target: &Target,
    ) -> Option<Option<(CommandAction, String)>> {
        let key = super::budget_key(target)?;
        let Some(ends) = self.budget_in_force(&key) else {
            let message = format!("there is no PodDisruptionBudget `{key}`");
            self.sink.push(raw.error(path, message, "name one that is there by then"));
            return Some(None);
        };
        let text = format!("kubectl delete poddisruptionbudget {}{}", key.name, namespace_flag(&key));
        Some(Some((CommandAction::Budget { ends: Some(ends), begins: None }, text)))
    }

    /// Applies or creates what a manifest says, unless it is there and was to be created.
    fn put<T: Applicable>(
        &mut self,
        (raw, path, verb): (&RawObject, &FieldPath, &str),
        manifest: &Located<T>,
    ) -> Option<CommandAction> {
        let key = key_of(manifest.value.metadata());
        let mut workloads = self.cluster.workloads.iter();
        let exists = workloads.any(|it| it.key == key && T::is(it) && !it.created_later);
        if verb == "create" && exists {
            let message = format!("{} {key} exists already", manifest.raw.kind);
            self.sink.push(raw.error(path, message, "use `apply`, or leave it out of the other manifests"));
            return None;
        }
        Some(self.apply(manifest).0)
    }

    fn read(&mut self, raw: &RawObject, file: &str) -> Vec<RawObject> {
        let place = locate(raw, file);
        // What was read with the rest may be another text than what is on disk by now: one that is tried.
        let known = self.sources.iter().find(|source| source.is_file(file, &place)).cloned();
        let source = known.or_else(|| source::read_file(&place, self.sink));
        source.map(|source| object::objects(&source, self.sink)).unwrap_or_default()
    }
}

/// A pod on a node that no controller owns.
fn unowned(cluster: &ClusterSpec, node: &str) -> Option<String> {
    let bare = cluster.workloads.iter().filter(|it| it.kind == WorkloadKind::Fixed && it.owner_kind == "Pod");
    let mut pods = bare.flat_map(|it| it.revisions.iter().flat_map(|revision| &revision.pods));
    pods.find(|pod| pod.node.as_deref() == Some(node)).map(|pod| pod.name.clone())
}

fn flags(drain: &FlaggedDrain) -> DrainFlags {
    DrainFlags {
        force: drain.force,
        delete_emptydir_data: drain.delete_emptydir_data,
        ignore_daemonsets: drain.ignore_daemonsets,
        disable_eviction: drain.disable_eviction,
    }
}

/// Says what a Job's or CronJob's manifest changes beyond what is modelled, or what the API allows.
fn refuse<T>(
    adjusted: &Adjustment,
    kind: WorkloadKind,
    manifest: &Located<T>,
    census: &mut Census,
    sink: &mut Diagnostics,
) {
    match (adjusted.changes_more, kind) {
        (false, _) => {}
        (true, WorkloadKind::Job) => {
            let message = "of a Job that is there, only parallelism and suspend can be changed";
            sink.push(manifest.raw.error(&"spec".into(), message, "delete it, and create another one"));
        }
        (true, _) => census.leave_out("changed template of a CronJob", "makes other pods"),
    }
}

/// A kind of workload as kubectl is told.
fn word(kind: WorkloadKind) -> &'static str {
    match kind {
        WorkloadKind::StatefulSet => "statefulset",
        WorkloadKind::DaemonSet => "daemonset",
        WorkloadKind::Job => "job",
        WorkloadKind::CronJob => "cronjob",
        _ => "deployment",
    }
}

fn kind_name(kind: WorkloadKind) -> &'static str {
    match kind {
        WorkloadKind::Job => "Job",
        WorkloadKind::CronJob => "CronJob",
        _ => "DaemonSet",
    }
}

/// Suspends a Job or CronJob, or resumes it.
fn suspension(
    path: &FieldPath,
    target: &Target,
    suspended: bool,
    context: &mut Context<'_>,
) -> Option<(CommandAction, String)> {
    let (target, kind) = changeable(path, target, context)?;
    if !kind.is_batch() {
        context.error(path, format!("{target} is no Job or CronJob"), "name a Job or CronJob");
        return None;
    }
    let (word, namespace) = (word(kind), namespace_flag(&target));
    let patch = format!("{{\"spec\":{{\"suspend\":{suspended}}}}}");
    let text = format!("kubectl patch {word} {}{namespace} -p '{patch}'", target.name);
    Some((CommandAction::Adjust { target, parallelism: None, suspended: Some(suspended) }, text))
}

/// A workload that users can change, and its kind.
fn changeable(path: &FieldPath, target: &Target, context: &mut Context<'_>) -> Option<(ObjectKey, WorkloadKind)> {
    let workload: &Workload = context.target(path, target)?;
    if workload.kind == WorkloadKind::Fixed {
        context.error(
            path,
            format!("{} is a {}, which is not modelled", workload.key, workload.owner_kind),
            "name a Deployment, StatefulSet, DaemonSet, Job or CronJob",
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
pub fn implied<T>(action: CommandAction, manifest: &Located<T>) -> Command {
    let origin: Origin = manifest.origin();
    let text = format!("kubectl apply -f {}", origin.file);
    Command { action, origin, text }
}
