//! Who is there when the story begins: the objects of the input, in the order in which a cluster takes them.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::cluster::object::spec::{ClusterSpec, ObjectKey, Workload, WorkloadKind};
use crate::input::scenario::commands::file_of;
use crate::input::source::Source;
use crate::repair::Objects;
use crate::repair::objects::{Object, Place};

use super::clean::cleaned;

/// Kinds that a cluster makes itself, or that are none of the API server's.
const LEFT_OUT: [&str; 12] = [
    "ComponentStatus",
    "ControllerRevision",
    "DeschedulerPolicy",
    "EndpointSlice",
    "Endpoints",
    "Event",
    "KubeSchedulerConfiguration",
    "Lease",
    "Node",
    "NodeClaim",
    "NodeMetrics",
    "PodMetrics",
];

/// When objects are applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// Namespaces and service accounts.
    Namespaces,
    /// What workloads refer to, and what admits their pods.
    Base,
    /// What makes pods.
    Workloads,
    /// What changes their size, or what they request.
    Autoscalers,
    /// Everything else, of kinds that a cluster may not know.
    Others,
}

impl Act {
    /// All of them, in order.
    pub const ALL: [Act; 5] = [Act::Namespaces, Act::Base, Act::Workloads, Act::Autoscalers, Act::Others];

    /// The name of its file.
    pub fn file(self) -> &'static str {
        match self {
            Act::Namespaces => "20-namespaces.yaml",
            Act::Base => "30-base.yaml",
            Act::Workloads => "40-workloads.yaml",
            Act::Autoscalers => "50-autoscalers.yaml",
            Act::Others => "60-others.yaml",
        }
    }

    fn of(kind: &str) -> Self {
        match kind {
            "Namespace" | "ServiceAccount" => Act::Namespaces,
            "ConfigMap"
            | "LimitRange"
            | "PersistentVolume"
            | "PersistentVolumeClaim"
            | "PodDisruptionBudget"
            | "PriorityClass"
            | "ResourceQuota"
            | "Secret"
            | "Service"
            | "StorageClass" => Act::Base,
            "CronJob"
            | "DaemonSet"
            | "Deployment"
            | "Job"
            | "Pod"
            | "ReplicaSet"
            | "ReplicationController"
            | "StatefulSet" => Act::Workloads,
            "HorizontalPodAutoscaler" => Act::Autoscalers,
            _ => Act::Others,
        }
    }
}

/// The objects of an input, sorted.
#[derive(Debug, Default)]
pub struct Cast {
    /// What is there at the start, each with when it is applied.
    pub start: Vec<(Act, Value)>,
    /// What configures components, by the name of its file.
    pub configurations: Vec<(String, Value)>,
    /// What the commands of the scenario apply or create, each with its verb; `None` for other commands. One for each
    /// command as the scenario has it written.
    pub commands: Vec<Option<(&'static str, Vec<Value>)>>,
}

impl Cast {
    /// Sorts the objects of an input. `cluster` knows how large they are where the input leaves that open.
    pub fn new(sources: &[Arc<Source>], cluster: &ClusterSpec) -> Self {
        let objects = Objects::new(sources.to_vec());
        let mut cast = Cast { commands: commands(&objects), ..Cast::default() };
        let applied = applied(&objects);
        for object in objects.iter() {
            let is_first = |place: &&Place| !applied.contains(&place.source) && !is_command(&objects, place);
            let Some(place) = object.places.iter().find(is_first) else { continue };
            cast.add(&objects, object, &place.value, cluster);
        }
        cast.add_namespaces();
        cast.start.sort_by_key(|(act, _)| *act);
        cast
    }

    /// The objects of an act.
    pub fn of(&self, act: Act) -> impl Iterator<Item = &Value> {
        self.start.iter().filter(move |(its, _)| *its == act).map(|(_, value)| value)
    }

    fn add(&mut self, objects: &Objects, object: &Object, value: &Value, cluster: &ClusterSpec) {
        match object.kind.as_str() {
            "DeschedulerPolicy" => self.configurations.push(("descheduler-policy.yaml".to_owned(), value.clone())),
            "KubeSchedulerConfiguration" => self.configurations.push(("scheduler.yaml".to_owned(), value.clone())),
            "Scenario" | "" => {}
            kind if LEFT_OUT.contains(&kind) || is_made(objects, object) || is_system(object) => {}
            kind => self.start.push((Act::of(kind), sized(cleaned(value), object, cluster))),
        }
    }

    /// Adds namespaces and service accounts that objects name and nobody gave.
    fn add_namespaces(&mut self) {
        let of = |value: &Value, path: &str| value.pointer(path).and_then(Value::as_str).map(str::to_owned);
        let known = |kind: &str| -> BTreeSet<(String, String)> {
            let own = self.start.iter().map(|(_, value)| value).filter(|value| value["kind"] == kind);
            let key =
                |value| Some((of(value, "/metadata/namespace").unwrap_or_default(), of(value, "/metadata/name")?));
            own.filter_map(key).collect()
        };
        let (namespaces, accounts) = (known("Namespace"), known("ServiceAccount"));
        let all = self.start.iter().map(|(_, value)| value);
        let commanded = self.commands.iter().flatten().flat_map(|(_, values)| values);
        let (mut homes, mut servants) = (BTreeSet::new(), BTreeSet::new());
        for value in all.chain(commanded) {
            let Some(home) = of(value, "/metadata/namespace") else { continue };
            servants.extend(account(value).map(|name| (home.clone(), name)));
            homes.insert((String::new(), home));
        }
        for (_, name) in homes.difference(&namespaces).filter(|(_, name)| !is_builtin(name)) {
            let value = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
            self.start.push((Act::Namespaces, value));
        }
        for (namespace, name) in servants.difference(&accounts).filter(|(_, name)| name != "default") {
            let metadata = json!({"name": name, "namespace": namespace});
            let value = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata});
            self.start.push((Act::Namespaces, value));
        }
        self.start.sort_by_key(|(_, value)| value["kind"] != "Namespace");
    }
}

/// The service account of the pods of an object.
fn account(value: &Value) -> Option<String> {
    let pods = ["/spec/template/spec", "/spec/jobTemplate/spec/template/spec", "/spec"];
    let name = pods.iter().find_map(|path| value.pointer(path)?.get("serviceAccountName")?.as_str());
    name.filter(|name| !name.is_empty()).map(str::to_owned)
}

fn is_builtin(namespace: &str) -> bool {
    ["default", "kube-system", "kube-public", "kube-node-lease"].contains(&namespace)
}

/// Whether every cluster has it.
fn is_system(object: &Object) -> bool {
    match object.kind.as_str() {
        "Namespace" => is_builtin(&object.name),
        "PriorityClass" => object.name.starts_with("system-"),
        "Service" => object.name == "kubernetes" && object.namespace == "default",
        "ConfigMap" => object.name == "kube-root-ca.crt",
        _ => false,
    }
}

/// Whether another object of the input makes it, or it is over.
fn is_made(objects: &Objects, object: &Object) -> bool {
    let is_there = |(kind, name): (&str, &str)| {
        let same = |other: &&Object| other.name == name && other.namespace == object.namespace;
        objects.of_kind(kind).any(|other| same(&other))
    };
    let status = &object.places[0].value["status"];
    let is_over = match object.kind.as_str() {
        "Job" => status["completionTime"].is_string(),
        "Pod" => status["phase"] == "Succeeded" || status["phase"] == "Failed",
        _ => false,
    };
    is_over || object.owners().any(is_there)
}

/// The object as large as the cluster has it; without replicas where those are not its manifest's.
fn sized(mut value: Value, object: &Object, cluster: &ClusterSpec) -> Value {
    let is_it = |key: &ObjectKey| key.name == object.name && key.namespace == object.namespace;
    let workload = cluster.workloads.iter().find(|it| is_it(&it.key) && kind_of(it.kind) == object.kind);
    if let Some(workload) = workload.filter(|it| it.kind.has_scale()) {
        size_workload(&mut value["spec"], workload);
    }
    let autoscaler = cluster.autoscalers.iter().find(|it| is_it(&it.key) && object.kind == "HorizontalPodAutoscaler");
    if let Some(limits) = autoscaler.and_then(|it| it.object.spec.as_ref()) {
        let spec = &mut value["spec"];
        put(spec, "minReplicas", i64::from(limits.min_replicas.unwrap_or(1)));
        put(spec, "maxReplicas", i64::from(limits.max_replicas));
    }
    value
}

fn size_workload(spec: &mut Value, workload: &Workload) {
    match workload.replicas_given {
        true => put(spec, "replicas", workload.replicas),
        false => spec.as_object_mut().into_iter().for_each(|spec| drop(spec.shift_remove("replicas"))),
    }
}

/// Writes a number that is 1 where it is not written.
fn put(spec: &mut Value, field: &str, number: i64) {
    if spec[field].as_i64().unwrap_or(1) != number {
        spec[field] = number.into();
    }
}

/// The kind of a workload, as objects have it.
pub fn kind_of(kind: WorkloadKind) -> &'static str {
    match kind {
        WorkloadKind::Deployment => "Deployment",
        WorkloadKind::ReplicaSet => "ReplicaSet",
        WorkloadKind::StatefulSet => "StatefulSet",
        WorkloadKind::DaemonSet => "DaemonSet",
        WorkloadKind::Job => "Job",
        WorkloadKind::CronJob => "CronJob",
        WorkloadKind::Fixed => "Pod",
    }
}

/// Whether a place is in a command of a scenario.
fn is_command(objects: &Objects, place: &Place) -> bool {
    let page = objects.pages[place.source].as_ref();
    page.is_some_and(|page| page.documents()[place.document]["kind"] == "Scenario") && place.value["kind"] != "Scenario"
}

/// The commands of scenarios as they are written, with the scenario that has them.
fn written(objects: &Objects) -> impl Iterator<Item = (&Place, &Value)> {
    let scenarios = objects.of_kind("Scenario").flat_map(|object| &object.places);
    scenarios.flat_map(|place| {
        place.value["spec"]["commands"].as_array().into_iter().flatten().map(move |command| (place, command))
    })
}

/// The sources that commands apply.
fn applied(objects: &Objects) -> BTreeSet<usize> {
    let named = written(objects).filter_map(|(place, command)| {
        let (_, named) = manifest(command)?;
        found(objects, place, named.as_str()?)
    });
    named.collect()
}

/// The verb of a command that applies or creates something, and that.
fn manifest(command: &Value) -> Option<(&'static str, &Value)> {
    ["apply", "create"].into_iter().find_map(|verb| Some((verb, command.get(verb)?)))
}

/// The source of a file that a scenario names.
fn found(objects: &Objects, scenario: &Place, file: &str) -> Option<usize> {
    let path = file_of(&objects.sources[scenario.source], file);
    objects.sources.iter().position(|source| source.is_file(file, &path))
}

/// What the commands apply or create.
fn commands(objects: &Objects) -> Vec<Option<(&'static str, Vec<Value>)>> {
    let objects_of = |place: &Place, named: &Value| match named.as_str() {
        None => vec![named.clone()],
        Some(file) => match found(objects, place, file).and_then(|source| objects.pages[source].as_ref()) {
            Some(page) => page.documents().to_vec(),
            None => read(&file_of(&objects.sources[place.source], file)),
        },
    };
    written(objects)
        .map(|(place, command)| manifest(command).map(|(verb, named)| (verb, objects_of(place, named))))
        .map(|command| command.map(|(verb, values)| (verb, values.iter().map(cleaned).collect())))
        .collect()
}

/// What is in a file that is none of the sources. It was read before, so nothing in it is wrong.
fn read(path: &std::path::Path) -> Vec<Value> {
    let source = crate::input::source::read_file(path, &mut Default::default());
    let page = source.and_then(|source| crate::repair::text::Page::new(&source.text));
    page.map(|page| page.documents().to_vec()).unwrap_or_default()
}
