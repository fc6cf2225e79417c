//! Recorded objects as a cluster: they go through the input layer like a dump, as far as it takes them.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Node, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::{Value, json};

use crate::cluster::object::spec::{ClusterSpec, ObjectKey, OwnerSelector, WorkloadKind};
use crate::cluster::view::{Cluster, Declaring, Shape};
use crate::cluster::{Cell, TemplateId};
use crate::conformance::probe::Probe;
use crate::encodings::{READERS, kube_scheduler};
use crate::input::{Diagnostics, LoadOptions, load_strings};
use crate::term::{Ctx, Int};

use super::outcome::Outcome;

/// Lists of a record that are given to the input layer, with `apiVersion` and `kind` of their items.
const LISTS: [(&str, &str, &str); 6] = [
    ("nodes", "v1", "Node"),
    ("pods", "v1", "Pod"),
    ("services", "v1", "Service"),
    ("namespaces", "v1", "Namespace"),
    ("replicationControllers", "v1", "ReplicationController"),
    ("podDisruptionBudgets", "policy/v1", "PodDisruptionBudget"),
];

/// The cluster of a record with the pods that are to be scheduled, which have no node yet.
pub fn spec(record: &Value, pending: &[Value]) -> Result<ClusterSpec, String> {
    let mut items: Vec<Value> = Vec::new();
    for (list, version, kind) in LISTS {
        items.extend(elements(&record[list]).iter().map(|item| manifest(item, version, kind)));
    }
    items.extend(pending.iter().map(|pod| manifest(&without_node(pod), "v1", "Pod")));
    let text = json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string();
    let loaded = load_strings(&[("recording", &text)], LoadOptions::default()).map_err(|wrong| in_words(&wrong))?;
    let mut spec = loaded.spec;
    restore_nodes(&mut spec, record)?;
    restore_pods(&mut spec, record, pending)?;
    for (list, kind) in [("replicaSets", "ReplicaSet"), ("statefulSets", "StatefulSet")] {
        spec.owner_selectors.extend(owners(&record[list], kind)?);
    }
    Ok(spec)
}

/// A recorded cluster, as the scheduler sees it.
pub fn scheduled<'c>(ctx: &'c Ctx, spec: &'c ClusterSpec) -> Result<Cluster<'c>, String> {
    let declaring = Declaring::new(ctx, spec, &READERS, Shape::Merged).map_err(|error| error.to_string())?;
    let cluster = declaring.acting();
    cluster.read_as(kube_scheduler::READER.name);
    Ok(cluster)
}

/// The template of a pod without a node.
pub fn template_of(cluster: &Cluster<'_>, pod: &Value) -> Option<TemplateId> {
    let key = key_of(pod);
    let position = cluster.templates.iter().position(|template| {
        let workload = &cluster.spec.workloads[template.workload];
        let pods = template.members.iter().map(|&member| &workload.revisions[0].pods[member]);
        workload.kind == WorkloadKind::Fixed
            && workload.key.namespace == key.namespace
            && pods.into_iter().any(|pod| pod.node.is_none() && pod.name == key.name)
    });
    position.map(TemplateId)
}

/// A probe of a cluster at its start.
pub fn at_the_start<'c>(cluster: &Cluster<'c>) -> Probe<'c> {
    let probe = Probe::new(cluster.ctx());
    cluster.initial_values().into_iter().for_each(|(var, term, value)| probe.fix(var, term, value));
    probe
}

/// The terms of a scheduling cycle.
pub fn outcome<'c>(cluster: &Cluster<'c>, cells: &[Cell<'c>], template: TemplateId) -> Outcome {
    let mut cycle = kube_scheduler::cycle(cluster, cells, template);
    let mut columns = std::mem::take(&mut cycle.simple_columns);
    columns.extend(kube_scheduler::resource_columns(cluster, cells, template));
    let totals: Vec<Int<'c>> = (0..cells.len()).map(|cell| kube_scheduler::total(cluster, &columns, cell)).collect();
    Outcome::new(&cycle, &columns, &totals)
}

/// Whether Z3 finds the same nodes feasible and best at the start, and the same totals; what differs otherwise.
pub fn confirm<'c>(cluster: &Cluster<'c>, cells: &[Cell<'c>], template: TemplateId) -> Option<String> {
    let cycle = kube_scheduler::cycle(cluster, cells, template);
    let conditions = [cycle.feasible, cycle.best].concat();
    at_the_start(cluster).confirm(&cycle.totals, &conditions)
}

/// Name and cell of every node at the start.
pub fn nodes(cluster: &Cluster<'_>, cells: &[Cell<'_>]) -> Result<Vec<(String, usize)>, String> {
    let named = |(name, start): (&str, Option<(usize, usize)>)| {
        let cell = cells.iter().position(|cell| Some((cell.class, cell.slot)) == start);
        Ok((name.to_owned(), cell.ok_or("a node is in no cell")?))
    };
    cluster.starts().into_iter().map(named).collect()
}

/// The elements of a list that may be absent.
pub fn elements(list: &Value) -> &[Value] {
    list.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn manifest(object: &Value, version: &str, kind: &str) -> Value {
    let mut object = object.clone();
    if let Some(fields) = object.as_object_mut() {
        fields.insert("apiVersion".to_owned(), version.into());
        fields.insert("kind".to_owned(), kind.into());
    }
    object
}

fn without_node(pod: &Value) -> Value {
    let mut pod = pod.clone();
    if let Some(spec) = pod.get_mut("spec").and_then(Value::as_object_mut) {
        spec.remove("nodeName");
    }
    pod
}

/// Nodes are in the form the API server stores, and nothing is to be added to them. Of their conditions the scheduler
/// knows nothing: what they mean to it is said by taints.
fn restore_nodes(spec: &mut ClusterSpec, record: &Value) -> Result<(), String> {
    for (node, recorded) in spec.nodes.iter_mut().zip(elements(&record["nodes"])) {
        node.node = serde_json::from_value::<Node>(recorded.clone()).map_err(|error| error.to_string())?;
        node.node.status.get_or_insert_default().conditions = None;
    }
    Ok(())
}

/// Nothing is to be added to pods either; and those to be scheduled may already name a node, which the input layer takes
/// to be where they run.
fn restore_pods(spec: &mut ClusterSpec, record: &Value, pending: &[Value]) -> Result<(), String> {
    let recorded = elements(&record["pods"]).iter().chain(pending);
    let recorded: BTreeMap<ObjectKey, &Value> = recorded.map(|pod| (key_of(pod), pod)).collect();
    for workload in &mut spec.workloads {
        for pod in workload.revisions.iter_mut().flat_map(|revision| &mut revision.pods) {
            let key = ObjectKey { namespace: workload.key.namespace.clone(), name: pod.name.clone() };
            if let Some(&object) = recorded.get(&key) {
                let object: Pod = serde_json::from_value(object.clone()).map_err(|error| error.to_string())?;
                pod.object = Some(Arc::new(object));
            }
        }
    }
    Ok(())
}

/// ReplicaSets and StatefulSets own pods here without being reconciled: only their selectors count.
fn owners(list: &Value, kind: &str) -> Result<Vec<OwnerSelector>, String> {
    let read = |set: &Value| {
        let selector = match &set["spec"]["selector"] {
            Value::Null => LabelSelector::default(),
            given => serde_json::from_value(given.clone()).map_err(|error| error.to_string())?,
        };
        Ok(OwnerSelector { kind: kind.to_owned(), key: key_of(set), selector })
    };
    elements(list).iter().map(read).collect()
}

fn key_of(object: &Value) -> ObjectKey {
    let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
    ObjectKey { namespace: text("namespace"), name: text("name") }
}

fn in_words(diagnostics: &Diagnostics) -> String {
    diagnostics.iter().next().map(|first| first.message.clone()).unwrap_or_default()
}
