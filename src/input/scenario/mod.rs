//! Scenarios: from the document that a user writes to the resolved [`Scenario`] that the encodings read.
//!
//! Every name is looked up, every amount becomes a number, and what contradicts itself or the cluster is an error at the
//! field that says so.

pub mod commands;
mod controllers;
pub mod dimension;
pub mod document;
mod events;
pub mod gitops;
pub(in crate::input) mod groups;
pub mod karpenter;
mod kubectl;
mod loads;
mod placement;
mod pools;
mod properties;
pub mod recommendations;
pub mod sizes;
pub mod switches;
pub mod timing;
mod timing_document;
mod unwell;
pub mod values;

use std::sync::Arc;

use crate::cluster::object::scenario::{DEFAULT_BOUND, Scenario, find_workload};
use crate::cluster::object::spec::{ClusterSpec, ObjectKey, Workload, WorkloadKind};
use crate::cluster::object::timing::Timing;

use super::census::Census;
use super::diagnostics::Diagnostics;
use super::object::RawObject;
use super::path::FieldPath;

use document::{AnyNumber, AtMost, Document, Nodes, Target};

pub use groups::add_to as add_groups;
pub use placement::release as release_pods;
pub use pools::expand as expand_pools;

/// Label of control-plane nodes, which events leave alone unless they are named.
const CONTROL_PLANE: &str = "node-role.kubernetes.io/control-plane";

/// The one scenario among the objects; a second one is an error.
pub fn decode(objects: &[Arc<RawObject>], sink: &mut Diagnostics) -> Option<(Arc<RawObject>, Document)> {
    if let Some(second) = objects.get(1) {
        let help = format!("the first is in {}; keep one of them, or check them one by one", objects[0].source.name);
        sink.push(second.error(&"kind".into(), "there is more than one Scenario", help));
    }
    let raw = objects.first()?;
    let document = raw.decode_at(&FieldPath::root(), sink)?;
    Some((Arc::clone(raw), document))
}

/// Resolves everything but node pools, commands, default loads and what is said of time.
pub fn resolve(
    raw: &RawObject,
    document: &Document,
    cluster: &ClusterSpec,
    broken: &[String],
    sink: &mut Diagnostics,
) -> Scenario {
    let spec = &document.spec;
    let mut context = Context { raw, cluster, broken, sink };
    Scenario {
        placed_anywhere: placement::resolve(spec.initial_placement.as_ref(), &mut context),
        loads: loads::resolve(spec.loads.as_deref().unwrap_or_default(), &mut context),
        slow_start: context.targets(&"spec.slowStart".into(), &spec.slow_start),
        never_ready: unwell::never_ready(spec, &mut context),
        crash_looping: unwell::crash_looping(spec, &mut context),
        unready: unwell::unready(&spec.unready, &mut context),
        failures: spec.failures.as_ref().and_then(|failures| events::failures(failures, &mut context)),
        overload: spec.overload.as_ref().and_then(|overload| events::overload(overload, &mut context)),
        maintenance: spec.maintenance.as_ref().and_then(|maintenance| events::maintenance(maintenance, &mut context)),
        node_groups: groups::all(document),
        commands: Vec::new(),
        syncs: Vec::new(),
        controllers: controllers::resolve(&spec.controllers, &mut context),
        properties: properties::resolve(&spec.properties, &mut context),
        bound: spec.bound.unwrap_or(DEFAULT_BOUND),
        interleaving: spec.interleaving.unwrap_or_default(),
        interleaves_by_default: spec.interleaving.is_none(),
        timing: Some(Timing::default()),
    }
}

/// Notes how many Jobs of CronJobs exist at a time, at most.
pub fn limit_jobs(
    raw: &RawObject,
    document: &Document,
    cluster: &mut ClusterSpec,
    broken: &[String],
    sink: &mut Diagnostics,
) {
    for (index, limit) in document.spec.cron_jobs.iter().enumerate() {
        let path = FieldPath::from("spec.cronJobs").index(index);
        let mut context = Context::new(raw, cluster, broken, sink);
        let Some(workload) = context.target(&path.field("target"), &limit.target) else { continue };
        let key = workload.key.clone();
        if workload.kind != WorkloadKind::CronJob {
            context.error(&path.field("target"), format!("{key} is no CronJob"), "name a CronJob");
        }
        let at_most = match limit.at_most {
            AtMost::Number(number) => Some(i64::from(number)),
            AtMost::Word(AnyNumber::Any) => None,
        };
        if at_most == Some(0) {
            context.error(&path.field("atMost"), "0 is too small", "give 1 or more, or suspend the CronJob");
        }
        let found = cluster.workloads.iter_mut().find(|it| it.key == key);
        if let Some(schedule) = found.and_then(|it| it.batch.as_mut()?.schedule.as_mut()) {
            schedule.overlap = at_most;
        }
    }
}

/// Takes the kinds that a scenario names to leave everything as it is.
pub fn take_for_steady(raw: &RawObject, document: &Document, census: &mut Census, sink: &mut Diagnostics) {
    for (index, kind) in document.spec.steady.iter().enumerate() {
        if !census.take_for_steady(kind) {
            let path = FieldPath::from("spec.steady").index(index);
            let help = known(census.absent(), "kind that is left out");
            sink.push(raw.error(&path, format!("nothing called `{kind}` is left out"), help));
        }
    }
}

/// What names in a scenario are looked up in.
pub struct Context<'a> {
    raw: &'a RawObject,
    cluster: &'a ClusterSpec,
    broken: &'a [String],
    sink: &'a mut Diagnostics,
}

impl<'a> Context<'a> {
    /// Names in `raw` refer to `cluster`, or to objects that are `broken`, which has been reported.
    pub fn new(raw: &'a RawObject, cluster: &'a ClusterSpec, broken: &'a [String], sink: &'a mut Diagnostics) -> Self {
        Context { raw, cluster, broken, sink }
    }

    fn error(&mut self, path: &FieldPath, message: impl Into<String>, help: impl Into<String>) {
        self.sink.push(self.raw.error(path, message, help));
    }

    /// A value, or `None` once what is wrong with it is reported.
    fn value<T>(&mut self, path: &FieldPath, value: Result<T, String>, help: &str) -> Option<T> {
        value.map_err(|problem| self.error(path, format!("{path}: {problem}"), help)).ok()
    }

    fn targets(&mut self, path: &FieldPath, targets: &[Target]) -> Vec<ObjectKey> {
        let mut keys = Vec::new();
        for (index, target) in targets.iter().enumerate() {
            keys.extend(self.target(&path.index(index), target).map(|workload| workload.key.clone()));
        }
        keys
    }

    /// The workload that is meant; an unknown one is reported.
    fn target(&mut self, path: &FieldPath, target: &Target) -> Option<&'a Workload> {
        let cluster = self.cluster;
        match key_of(target) {
            Ok(key) => match find_workload(&cluster.workloads, &key) {
                Some((_, workload)) => Some(workload),
                None if self.broken.contains(&key.name) => None,
                None => {
                    self.error(path, format!("there is no workload `{key}`"), known_workloads(cluster));
                    None
                }
            },
            Err(problem) => {
                self.error(path, problem, "write `deployment/name`, or `namespace/deployment/name`");
                None
            }
        }
    }

    fn node(&mut self, path: &FieldPath, name: &str) -> Option<String> {
        if self.cluster.nodes.iter().any(|node| node.name == name) {
            return Some(name.to_owned());
        }
        if self.broken.iter().any(|broken| broken == name) {
            return None;
        }
        let help = known(self.cluster.nodes.iter().map(|node| node.name.as_str()), "node");
        self.error(path, format!("there is no node `{name}`"), help);
        None
    }

    /// The nodes that an event may strike: those named, those of a pool, or all that are not of the control plane.
    fn nodes(&mut self, path: &FieldPath, nodes: Option<&Nodes>, pool: Option<&str>) -> Vec<String> {
        let cluster = self.cluster;
        let name = |node: &crate::cluster::object::spec::NodeSpec| node.name.clone();
        match (nodes, pool) {
            (Some(_), Some(_)) => {
                self.error(&path.field("pool"), "nodes are given twice, by `nodes` and by `pool`", "keep one of them");
                Vec::new()
            }
            (None, Some(pool)) => {
                let members: Vec<String> =
                    cluster.nodes.iter().filter(|node| node.pool.as_deref() == Some(pool)).map(name).collect();
                if members.is_empty() {
                    let help = known(cluster.nodes.iter().filter_map(|node| node.pool.as_deref()), "node pool");
                    self.error(&path.field("pool"), format!("there is no node pool `{pool}`"), help);
                }
                members
            }
            (Some(Nodes::Names(names)), None) => {
                let at = path.field("nodes");
                names.iter().enumerate().filter_map(|(index, name)| self.node(&at.index(index), name)).collect()
            }
            (Some(Nodes::Word(word)), None) if word == "all" => cluster.nodes.iter().map(name).collect(),
            (Some(Nodes::Word(word)), None) => self.node(&path.field("nodes"), word).into_iter().collect(),
            (None, None) => cluster.nodes.iter().filter(|node| !is_control_plane(node)).map(name).collect(),
        }
    }
}

fn is_control_plane(node: &crate::cluster::object::spec::NodeSpec) -> bool {
    node.node.metadata.labels.as_ref().is_some_and(|labels| labels.contains_key(CONTROL_PLANE))
}

/// The key that a target stands for.
pub fn key_of(target: &Target) -> Result<ObjectKey, String> {
    let (kind, namespace, name) = match target {
        Target::Full(full) => (full.kind.as_deref(), full.namespace.as_deref(), full.name.as_str()),
        Target::Short(text) => match text.split('/').collect::<Vec<_>>()[..] {
            [name] => (None, None, name),
            [kind, name] if is_kind(kind) => (Some(kind), None, name),
            [namespace, name] => (None, Some(namespace), name),
            [namespace, kind, name] => (Some(kind), Some(namespace), name),
            _ => return Err(format!("`{text}` does not name a workload")),
        },
    };
    if let Some(kind) = kind.filter(|kind| !is_kind(kind)) {
        return Err(format!("`{kind}` is no Deployment, ReplicaSet, StatefulSet, DaemonSet, Job or CronJob"));
    }
    Ok(ObjectKey { namespace: namespace.unwrap_or("default").to_owned(), name: name.to_owned() })
}

/// The key of a PodDisruptionBudget, if a target names one by its kind.
pub fn budget_key(target: &Target) -> Option<ObjectKey> {
    let (kind, namespace, name) = match target {
        Target::Full(full) => (full.kind.as_deref()?, full.namespace.as_deref(), full.name.as_str()),
        Target::Short(text) => match text.split('/').collect::<Vec<_>>()[..] {
            [kind, name] => (kind, None, name),
            [namespace, kind, name] => (kind, Some(namespace), name),
            _ => return None,
        },
    };
    let kinds = ["poddisruptionbudget", "poddisruptionbudgets", "pdb"];
    let is_budget = kinds.contains(&kind.to_ascii_lowercase().as_str());
    is_budget.then(|| ObjectKey { namespace: namespace.unwrap_or("default").to_owned(), name: name.to_owned() })
}

/// Whether kubectl would take a word for a kind of workload.
fn is_kind(word: &str) -> bool {
    let kinds = [
        "deployment",
        "deployments",
        "deploy",
        "replicaset",
        "replicasets",
        "rs",
        "statefulset",
        "statefulsets",
        "sts",
        "daemonset",
        "daemonsets",
        "ds",
        "job",
        "jobs",
        "cronjob",
        "cronjobs",
        "cj",
    ];
    kinds.contains(&word.to_ascii_lowercase().as_str())
}

fn known_workloads(cluster: &ClusterSpec) -> String {
    let names: Vec<String> = cluster.workloads.iter().map(|workload| workload.key.to_string()).collect();
    known(names.iter().map(String::as_str), "workload")
}

/// Help that names what there is.
fn known<'n>(names: impl Iterator<Item = &'n str>, what: &str) -> String {
    const SHOWN: usize = 8;
    let mut names: Vec<&str> = names.collect();
    names.dedup();
    match names.len() {
        0 => format!("there is no {what} at all"),
        count if count > SHOWN => format!("there are {}, and {} more", names[..SHOWN].join(", "), count - SHOWN),
        1 => format!("there is {}", names[0]),
        _ => format!("there are {}", names.join(", ")),
    }
}
