//! Which phases the bound pods of a workload are told apart in.
//!
//! A phase multiplies the states that a node can be in, so it is left out where nobody can tell: pods are then ready once they
//! are bound, or gone once they are deleted. In `settled` runs what starts or terminates has done so before anybody looks.
//! In `racing` runs slow actions and properties meet it as little, for they wait until nothing starts or terminates any more
//! on nodes that are up; on those that are down no pod is ready, whatever its phase. So only what acts within a block counts:
//!
//! * *readiness*: rollouts and the pods that a ReplicaSet deletes first; budgets, which are read by evictions; and what is
//!   remembered of pods that an autoscaler measures, when others go;
//! * *readiness that is lost*: where the scenario says that pods cease to be ready. That takes a while to pass, in any
//!   interleaving, so it is told wherever it may happen;
//! * *termination*: the scheduler, for whose pods there is more room later. Where only the owner deletes pods, and all that
//!   are ever scheduled are pods of its own, none of them waits by then: those that wait are deleted first.
//!   Quotas count pods until they are gone.
//!
//! `tests/phases.rs` compares models that tell phases apart with models that do not.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::PodSpec;

use crate::cluster::object::command::CommandAction;
use crate::cluster::object::images;
use crate::cluster::object::node_groups;
use crate::cluster::object::selector;
use crate::cluster::object::spec::{ClusterSpec, ExistingPod, NodeSpec, Workload, WorkloadKind};
use crate::cluster::object::stateful::Stateful;
use crate::cluster::object::vertical::Vertical;
use crate::system::Interleaving;

use super::loose;
use super::templates::{Phase, Template, Tenure};

/// The phases of an owner's pods of one template, as far as others are no reason to leave one out.
pub fn of_owned(spec: &ClusterSpec, owner: &Workload, slow_start: bool, pod: &PodSpec) -> Vec<Phase> {
    let races = spec.scenario.interleaving != Interleaving::Settled;
    let mut phases = Vec::new();
    let is_broken = |pod: &PodSpec| images::has_one_of(pod, &spec.scenario.never_ready);
    let is_watched = owner.revisions.len() > 1
        || owner.revisions.iter().filter_map(|it| it.template.spec.as_ref()).any(is_broken)
        || owner.stateful.is_some() && owner.min_ready_seconds > 0;
    if slow_start || starts_unready(owner) || is_watched || races && readiness_is_told(spec, owner) {
        phases.push(Phase::Starting);
    }
    phases.push(Phase::Running);
    if may_cease_to_be_ready(spec, owner, pod) {
        phases.push(Phase::Unready);
    }
    // What becomes of a Job's pod that is being deleted may be what its controller waits for.
    let counts_at_the_end = owner.batch.as_ref().is_some_and(|batch| batch.waits_for_end);
    let goes = match (owner.kind, &owner.stateful) {
        (WorkloadKind::DaemonSet, _) => daemons_may_go(spec, owner),
        (_, Some(set)) => !keeps_its_pods(spec, owner, set),
        _ => true,
    };
    // A pod that cannot end, because its node is down, keeps the node of a DaemonSet's next pod, the name of a StatefulSet's,
    // the next Job of a CronJob, and room in a quota.
    let is_awaited = matches!(owner.kind, WorkloadKind::DaemonSet | WorkloadKind::StatefulSet)
        || owner.kind.is_batch()
        || !spec.quotas.is_empty();
    let lingers = is_awaited && nodes_may_be_down(spec);
    let is_named = owner.stateful.is_some();
    if counts_at_the_end || races && goes || lingers && (goes || is_named) || pods(owner).any(loose::is_terminating) {
        phases.push(Phase::Terminating);
    }
    phases
}

/// Whether pods of a template that are ready may not be so any more.
fn may_cease_to_be_ready(spec: &ClusterSpec, owner: &Workload, pod: &PodSpec) -> bool {
    let scenario = &spec.scenario;
    let is_ever_ready = !images::has_one_of(pod, &scenario.never_ready);
    is_ever_ready
        && (images::has_one_of(pod, &scenario.crash_looping)
            || scenario.unready.iter().any(|it| it.target == owner.key))
}

/// Whether pods of a DaemonSet may be deleted: by others, for an update, or because they are where they should not be.
/// Drains leave them.
fn daemons_may_go(spec: &ClusterSpec, owner: &Workload) -> bool {
    let deletes = |action: &CommandAction| matches!(action, CommandAction::Delete { target } if *target == owner.key);
    let pod = owner.revisions[owner.current].template.spec.clone().unwrap_or_default();
    let leaves = selector::leave_nodes_that_are_down(pod.tolerations.as_deref().unwrap_or_default());
    owner.revisions.len() > 1
        || pods(owner).next().is_some()
        || leaves && nodes_may_be_down(spec)
        || preemption_is_possible(spec)
        || spec.descheduler.is_some()
        || spec.nodes.iter().any(evicts)
        || spec.scenario.commands.iter().any(|command| deletes(&command.action))
}

/// The phases of pods without a modelled owner.
pub fn of_others<'a>(spec: &ClusterSpec, tenure: Tenure, members: impl Iterator<Item = &'a ExistingPod>) -> Vec<Phase> {
    let mut phases: Vec<Phase> = members.map(Phase::of).collect();
    phases.push(Phase::Running);
    if tenure == Tenure::Loose && spec.scenario.interleaving != Interleaving::Settled {
        phases.push(Phase::Terminating);
    }
    phases.sort();
    phases.dedup();
    phases
}

/// Leaves out that pods terminate, where nobody can tell.
pub fn forget_termination(spec: &ClusterSpec, templates: &mut [Template]) {
    let is_quiet = spec.scenario.interleaving == Interleaving::Racing && !pods_may_be_taken(spec);
    let mut movable = templates.iter_mut().filter(|template| template.tenure != Tenure::Resident);
    if let (Some(only), None) = (movable.next(), movable.next())
        && only.tenure == Tenure::Owned
        && !only.is_daemon()
        && !only.kind.is_batch()
        && is_quiet
        && spec.quotas.is_empty()
        && !pods(&spec.workloads[only.workload]).any(loose::is_terminating)
    {
        only.phases.retain(|&phase| phase != Phase::Terminating);
    }
}

fn pods(owner: &Workload) -> impl Iterator<Item = &ExistingPod> {
    owner.revisions.iter().flat_map(|revision| &revision.pods)
}

fn starts_unready(owner: &Workload) -> bool {
    pods(owner).any(|pod| !pod.ready)
}

/// Whether something that acts within a block can tell a pod that starts from one that is ready, where there is one revision.
fn readiness_is_told(spec: &ClusterSpec, owner: &Workload) -> bool {
    let shrinks_at_the_start = owner.revisions.iter().any(|revision| revision.size > owner.replicas)
        || owner.stateful.as_ref().is_some_and(|set| pods(owner).any(|pod| is_beyond(owner, set, pod)));
    let is_budgeted = || {
        let mut budgets = spec.disruption_budgets.iter();
        budgets.any(|budget| budget.metadata.namespace.as_deref().unwrap_or("default") == owner.key.namespace)
    };
    let is_measured = || {
        spec.autoscalers.iter().any(|autoscaler| autoscaler.target == owner.key)
            || spec.scenario.loads.iter().any(|load| load.target == owner.key)
    };
    !spec.scenario.interleaving.waits()
        || shrinks_at_the_start
        || preemption_is_possible(spec)
        || pods_may_be_taken(spec) && (is_budgeted() || is_measured())
}

/// Whether a pod of a StatefulSet is none of those that it wants.
fn is_beyond(owner: &Workload, set: &Stateful, pod: &ExistingPod) -> bool {
    pod.ordinal.is_some_and(|ordinal| !(set.start..set.start + owner.replicas).contains(&ordinal))
}

/// Whether nobody ever deletes pods of a StatefulSet.
fn keeps_its_pods(spec: &ClusterSpec, owner: &Workload, set: &Stateful) -> bool {
    let is_scaled = spec.scales(&owner.key);
    let is_commanded = spec.scenario.commands.iter().any(|it| it.action.target() == Some(&owner.key));
    let is_put_back = spec.scenario.drifts_at_start(owner);
    let goes = |pod: &ExistingPod| loose::is_terminating(pod) || is_beyond(owner, set, pod);
    owner.revisions.len() == 1
        && !is_scaled
        && !is_commanded
        && !is_put_back
        && !pods(owner).any(goes)
        && !pods_may_be_taken(spec)
}

/// Whether somebody else than their owner may delete pods.
pub fn pods_may_be_taken(spec: &ClusterSpec) -> bool {
    let drains =
        |action: &CommandAction| matches!(action, CommandAction::Drain { .. } | CommandAction::DeleteNode { .. });
    nodes_may_be_down(spec)
        || preemption_is_possible(spec)
        || spec.scenario.maintenance.is_some()
        || node_groups::nodes_may_be_removed(spec)
        || spec.scenario.commands.iter().any(|command| drains(&command.action))
        || spec.scenario.controllers.descheduler && spec.descheduler.is_some()
        || spec.scenario.controllers.taint_eviction && spec.nodes.iter().any(evicts)
        || spec.workloads.iter().any(|owner| owner.vertical.as_ref().is_some_and(Vertical::updates))
}

pub(super) fn nodes_may_be_down(spec: &ClusterSpec) -> bool {
    let scenario = &spec.scenario;
    scenario.failures.is_some() || scenario.overload.is_some() || spec.nodes.iter().any(NodeSpec::is_not_ready)
}

fn evicts(node: &NodeSpec) -> bool {
    let taints = node.node.spec.as_ref().and_then(|spec| spec.taints.as_ref());
    taints.into_iter().flatten().any(|taint| taint.effect == "NoExecute")
}

/// Whether a pod that is to be scheduled has a higher priority than another one.
fn preemption_is_possible(spec: &ClusterSpec) -> bool {
    let (mut scheduled, mut all) = (BTreeSet::new(), BTreeSet::new());
    for owner in &spec.workloads {
        if owner.kind == WorkloadKind::Fixed {
            for pod in pods(owner) {
                let priority = pod.object.as_ref().and_then(|pod| pod.spec.as_ref()?.priority).unwrap_or(0);
                all.insert(priority);
                scheduled.extend(pod.node.is_none().then_some(priority));
            }
        } else {
            let priorities = owner.revisions.iter().map(|it| it.template.spec.as_ref().and_then(|spec| spec.priority));
            scheduled.extend(priorities.map(|priority| priority.unwrap_or(0)));
        }
    }
    all.extend(&scheduled);
    scheduled.last() > all.first()
}
