//! `initialPlacement`: workloads whose pods run anywhere at the start.

use crate::cluster::counting::start::{self, Shortage};
use crate::cluster::object::spec::{ClusterSpec, ExistingPod, ObjectKey, Revision, Workload, WorkloadKind};
use crate::cluster::object::stateful::Stateful;
use crate::input::diagnostics::Diagnostics;
use crate::input::object::RawObject;
use crate::input::path::FieldPath;

use super::Context;
use super::document::{InitialPlacement, Placement, Target};

const FIELD: &str = "spec.initialPlacement";

/// The workloads that are placed anywhere.
pub fn resolve(document: Option<&InitialPlacement>, context: &mut Context<'_>) -> Vec<ObjectKey> {
    match document {
        None | Some(InitialPlacement::All(Placement::Given)) => Vec::new(),
        Some(InitialPlacement::All(Placement::Any)) => {
            let all = context.cluster.workloads.iter().filter(|workload| problem(workload).is_none());
            all.map(|workload| workload.key.clone()).collect()
        }
        Some(InitialPlacement::Each(each)) => {
            let mut keys = Vec::new();
            for (name, &placement) in each {
                let key = named(name, context);
                keys.extend(key.filter(|_| placement == Placement::Any));
            }
            keys.sort();
            keys.dedup();
            keys
        }
    }
}

/// The workload of that name, if its pods can be anywhere.
fn named(name: &str, context: &mut Context<'_>) -> Option<ObjectKey> {
    let path = FieldPath::from(FIELD).key(name);
    let workload = context.target(&path, &Target::Short(name.to_owned()))?;
    if let Some((problem, help)) = problem(workload) {
        context.error(&path, format!("{}: {problem}", workload.key), help);
        return None;
    }
    Some(workload.key.clone())
}

/// Why a workload's pods are not placed anywhere.
fn problem(workload: &Workload) -> Option<(&'static str, &'static str)> {
    match workload.kind {
        WorkloadKind::Fixed | WorkloadKind::DaemonSet | WorkloadKind::Job | WorkloadKind::CronJob => Some((
            "its pods stay where they are",
            "only pods of Deployments, ReplicaSets and StatefulSets can start anywhere",
        )),
        _ if workload.created_later => {
            Some(("it is not there at the start", "leave it out: a command creates it later"))
        }
        _ => None,
    }
}

/// Forgets where the objects say that the pods of the workloads are which are placed anywhere. Each of their ReplicaSets
/// has all its replicas; of a Deployment that has no ReplicaSet yet, the present template has `spec.replicas`. A workload
/// for which the nodes have no room at all is an error.
pub fn release(raw: &RawObject, cluster: &mut ClusterSpec, sink: &mut Diagnostics) {
    let keys = cluster.scenario.placed_anywhere.clone();
    for workload in cluster.workloads.iter_mut().filter(|workload| keys.contains(&workload.key)) {
        if let Some(set) = workload.stateful.clone() {
            release_set(workload, &set);
            continue;
        }
        let is_new = workload.revisions.iter().all(|revision| revision.size == 0);
        workload.revisions.iter_mut().for_each(|revision| revision.pods.clear());
        if is_new {
            workload.revisions[workload.current].size = workload.replicas;
        }
    }
    // Amounts that do not parse are reported elsewhere.
    if !keys.is_empty()
        && let Ok(Some(Shortage { workload, pods, room })) = start::shortage(cluster)
    {
        let key = &cluster.workloads[workload].key;
        let message = format!("no placement is possible: {key} has {pods} pods, and the nodes have room for {room}");
        sink.push(raw.error(&FIELD.into(), message, "lower its replicas, or give more or larger nodes"));
    }
}

/// Makes every replica of a StatefulSet run, somewhere: of the revision that it is of already, or else of the current one.
fn release_set(workload: &mut Workload, set: &Stateful) {
    let runs =
        |ordinal| ExistingPod { name: set.pod(ordinal), ordinal: Some(ordinal), ready: true, ..Default::default() };
    let revision_of = |ordinal: i64| {
        let has = |revision: &Revision| revision.pods.iter().any(|pod| pod.ordinal == Some(ordinal) && !pod.leaving);
        workload.revisions.iter().position(has).unwrap_or(set.current)
    };
    let found: Vec<(i64, usize)> =
        (set.start..set.start + workload.replicas).map(|ordinal| (ordinal, revision_of(ordinal))).collect();
    for (position, revision) in workload.revisions.iter_mut().enumerate() {
        revision.pods = found.iter().filter(|(_, of)| *of == position).map(|&(ordinal, _)| runs(ordinal)).collect();
        revision.size = revision.pods.len() as i64;
    }
}
