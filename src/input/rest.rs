//! DaemonSets that have nothing left to do: their pods stay where they are, and are taken for room that is used.
//!
//! That is so where every node has the pod that it should have and stays, and nobody can take one away or ask for another: no
//! command speaks of the DaemonSet or deletes a node, none of its pods is evicted by taints, preempted or descheduled. A drain leaves them,
//! and they stay on nodes that fail.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Node, PodSpec};

use crate::cluster::object::command::{Command, CommandAction};
use crate::cluster::object::daemon::{self, Update};
use crate::cluster::object::images;
use crate::cluster::object::policy::EVICT_ANNOTATION;
use crate::cluster::object::selector;
use crate::cluster::object::spec::{ClusterSpec, ExistingPod, NodeSpec, Origin, Workload, WorkloadKind};

use super::owner::make_unique;
use super::strangers::Strangers;
use super::templates::Priorities;

/// Turns the pods of DaemonSets at rest into pods that stay.
pub fn settle(cluster: &mut ClusterSpec, priorities: &Priorities) {
    let mut is_settled: Vec<bool> = cluster.workloads.iter().map(|workload| rests(cluster, workload)).collect();
    // Of pods that stay none is ever scheduled, so they preempt nobody.
    while let Some(disturbed) = preempted(cluster, &is_settled) {
        is_settled[disturbed] = false;
    }
    let mut strangers = Strangers::new(priorities);
    let mut kept = Vec::new();
    for (workload, is_settled) in std::mem::take(&mut cluster.workloads).into_iter().zip(is_settled) {
        if !is_settled {
            kept.push(workload);
            continue;
        }
        for pod in workload.revisions.iter().flat_map(|revision| &revision.pods) {
            pod.object.iter().for_each(|object| strangers.add(object, true, Origin::clone(&workload.origin)));
        }
    }
    for mut fixed in strangers.finish() {
        make_unique(&mut fixed, &kept);
        kept.push(fixed);
    }
    cluster.workloads = kept;
}

fn rests(cluster: &ClusterSpec, workload: &Workload) -> bool {
    // Where users delete pods, those of other revisions stay as well.
    let rolls = workload.revisions.len() > 1 && Update::of(&workload.update) != Update::OnDelete;
    let Some(pod) = &workload.revisions[workload.current].template.spec else { return false };
    let takes = |it: &Command| {
        it.action.target() == Some(&workload.key) || matches!(it.action, CommandAction::DeleteNode { .. })
    };
    let is_asked_about = cluster.scenario.properties.iter().any(|it| it.target.as_ref() == Some(&workload.key));
    workload.kind == WorkloadKind::DaemonSet
        && !workload.created_later
        && !rolls
        && !is_asked_about
        && !cluster.scenario.slow_start.contains(&workload.key)
        && !images::has_one_of(pod, &cluster.scenario.crash_looping)
        && !cluster.scenario.unready.iter().any(|it| it.target == workload.key)
        && !cluster.scenario.commands.iter().any(takes)
        && has_its_pods(cluster, pod, workload)
        && !is_descheduled(cluster, workload)
}

/// Whether every node has the pods that it should have, for good.
fn has_its_pods(cluster: &ClusterSpec, pod: &PodSpec, workload: &Workload) -> bool {
    let pods = || workload.revisions.iter().flat_map(|revision| &revision.pods);
    let mut there: BTreeMap<&str, usize> = BTreeMap::new();
    for existing in pods() {
        let Some(node) = existing.node.as_deref() else { return false };
        *there.entry(node).or_default() += 1;
    }
    let leaving = |it: &ExistingPod| it.object.as_ref().is_none_or(|it| it.metadata.deletion_timestamp.is_some());
    let specs = || workload.revisions.iter().filter_map(|revision| revision.template.spec.as_ref());
    let stays = |node: &Node| specs().all(|pod| stays_for_ever(pod, node));
    let is_right = |node: &NodeSpec| {
        let count = there.get(node.name.as_str()).copied().unwrap_or(0);
        let (matches, taints) = (selector::matches_node(pod, &node.node), taints(&node.node));
        match (daemon::is_wanted(pod, matches, taints), daemon::may_stay(pod, matches, taints)) {
            (true, _) => count == 1 && stays(&node.node) && node.group.is_none(),
            // None comes, but one that is there stays.
            (false, true) => count == 0 || count == 1 && stays(&node.node),
            (false, false) => count == 0,
        }
    };
    !pods().any(leaving) && cluster.nodes.iter().all(is_right)
}

fn taints(node: &Node) -> &[k8s_openapi::api::core::v1::Taint] {
    node.spec.as_ref().and_then(|spec| spec.taints.as_deref()).unwrap_or_default()
}

/// Whether no NoExecute taint, of the node's own or for being down, ever makes a pod leave.
fn stays_for_ever(pod: &PodSpec, node: &Node) -> bool {
    let tolerations = pod.tolerations.as_deref().unwrap_or_default();
    let for_ever = |taint: &&k8s_openapi::api::core::v1::Taint| {
        let first = tolerations.iter().find(|toleration| selector::tolerates_taint(toleration, taint));
        taint.effect != "NoExecute" || first.is_some_and(|toleration| toleration.toleration_seconds.is_none())
    };
    !selector::leave_nodes_that_are_down(tolerations) && taints(node).iter().all(|taint| for_ever(&taint))
}

/// A workload that is taken to be at rest although a pod that is to be scheduled has a higher priority than its pods.
fn preempted(cluster: &ClusterSpec, is_settled: &[bool]) -> Option<usize> {
    let moving = cluster.workloads.iter().zip(is_settled).filter(|(_, settled)| !**settled).map(|(it, _)| it);
    let highest = moving.filter_map(highest_priority).max()?;
    let priority =
        |workload: &Workload| workload.revisions[0].template.spec.as_ref().and_then(|spec| spec.priority).unwrap_or(0);
    (0..is_settled.len()).find(|&at| is_settled[at] && priority(&cluster.workloads[at]) < highest)
}

/// The highest priority of a workload's pods that are to be scheduled and may preempt.
fn highest_priority(workload: &Workload) -> Option<i32> {
    let waiting = |pod: &ExistingPod| pod.object.clone().filter(|_| pod.node.is_none())?.spec.clone();
    let priority =
        |spec: &PodSpec| (spec.preemption_policy.as_deref() != Some("Never")).then(|| spec.priority.unwrap_or(0));
    let revisions = workload.revisions.iter();
    match workload.kind {
        WorkloadKind::Fixed => {
            revisions.flat_map(|it| &it.pods).filter_map(waiting).filter_map(|spec| priority(&spec)).max()
        }
        _ => revisions.filter_map(|it| priority(it.template.spec.as_ref()?)).max(),
    }
}

fn is_descheduled(cluster: &ClusterSpec, workload: &Workload) -> bool {
    let asks = |pod: &ExistingPod| {
        let annotations = pod.object.as_ref().and_then(|object| object.metadata.annotations.as_ref());
        annotations.is_some_and(|annotations| annotations.contains_key(EVICT_ANNOTATION))
    };
    let mut pods = workload.revisions.iter().flat_map(|revision| &revision.pods);
    cluster.descheduler.as_ref().is_some_and(|policy| policy.evicts_daemon_sets() || pods.any(asks))
}
