//! Few workloads on all nodes, while all others stay as they are at the start: where counterexamples are looked for that
//! need little of the others.
//!
//! Nothing follows from what holds here. What is broken here is tried on the whole cluster ([`super::rehearse`]).

use std::collections::BTreeSet;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Pod, PodCondition, PodStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use crate::cluster::object::command::CommandAction;
use crate::cluster::object::spec::{Caches, ClusterSpec, ExistingPod, Revision, Workload, WorkloadKind};

use super::survey::Survey;

/// The workloads of `focus`, with pods of all others where they are; and positions of the commands that are left.
pub fn frozen(survey: &Survey<'_>, focus: &BTreeSet<usize>) -> (ClusterSpec, Vec<usize>) {
    part(survey, focus, |_, workload| settled(workload, |_| true))
}

/// The workloads of `focus` alone on all nodes, but for pods without a modelled owner, and, on nodes that `shows` names, for
/// pods of others that never move.
pub fn without_company(
    survey: &Survey<'_>,
    focus: &BTreeSet<usize>,
    shows: impl Fn(&str) -> bool,
) -> (ClusterSpec, Vec<usize>) {
    part(survey, focus, |position, workload| survey.never_moves(position).then(|| settled(workload, &shows)).flatten())
}

fn part(
    survey: &Survey<'_>,
    focus: &BTreeSet<usize>,
    other: impl Fn(usize, &Workload) -> Option<Workload>,
) -> (ClusterSpec, Vec<usize>) {
    let whole = survey.spec;
    let keys: Vec<_> = focus.iter().map(|&it| whole.workloads[it].key.clone()).collect();
    let workloads = whole.workloads.iter().enumerate().filter_map(|(position, workload)| match workload.kind {
        WorkloadKind::Fixed => Some(workload.clone()),
        _ if focus.contains(&position) => Some(workload.clone()),
        _ => other(position, workload),
    });
    let mut scenario = whole.scenario.clone();
    scenario.loads.retain(|load| keys.contains(&load.target));
    scenario.slow_start.retain(|key| keys.contains(key));
    scenario.unready.retain(|it| keys.contains(&it.target));
    scenario.placed_anywhere.retain(|key| keys.contains(key));
    let kept = |action: &CommandAction| action.target().is_none_or(|key| keys.contains(key));
    let commands = whole.scenario.commands.iter().enumerate().filter(|(_, command)| kept(&command.action));
    let commands: Vec<usize> = commands.map(|(position, _)| position).collect();
    scenario.commands = commands.iter().map(|&at| whole.scenario.commands[at].clone()).collect();
    scenario.keep_declared(|key| keys.contains(key));
    let spec = ClusterSpec {
        nodes: whole.nodes.clone(),
        workloads: workloads.collect(),
        autoscalers: whole.autoscalers.iter().filter(|it| keys.contains(&it.target)).cloned().collect(),
        activations: whole.activations.iter().filter(|it| keys.contains(&it.target)).cloned().collect(),
        services: whole.services.clone(),
        owner_selectors: whole.owner_selectors.clone(),
        disruption_budgets: whole.disruption_budgets.clone(),
        quotas: Vec::new(),
        limit_ranges: Vec::new(),
        namespaces: whole.namespaces.clone(),
        absent: whole.absent.clone(),
        scheduler: whole.scheduler.clone(),
        descheduler: whole.descheduler.clone(),
        claims: whole.claims.clone(),
        finished: whole.finished.clone(),
        scenario,
        caches: Caches::Shared,
        company: whole.company.clone(),
    };
    (spec, commands)
}

/// Pods of a workload that nobody moves any more, on some nodes.
fn settled(workload: &Workload, shows: impl Fn(&str) -> bool) -> Option<Workload> {
    let pods = workload.revisions.iter().flat_map(|revision| {
        let bound = revision.pods.iter().filter(|pod| pod.node.as_deref().is_some_and(&shows));
        bound.map(|pod| ExistingPod { object: Some(Arc::new(object(workload, revision, pod))), ..pod.clone() })
    });
    let pods: Vec<ExistingPod> = pods.collect();
    (!pods.is_empty()).then(|| Workload {
        kind: WorkloadKind::Fixed,
        owner_kind: "DaemonSet".to_owned(),
        replicas: pods.len() as i64,
        stateful: None,
        batch: None,
        vertical: None,
        revisions: vec![Revision { size: 0, pods, variants: Vec::new(), ..workload.revisions[0].clone() }],
        current: 0,
        ..workload.clone()
    })
}

fn object(workload: &Workload, revision: &Revision, pod: &ExistingPod) -> Pod {
    let labels = revision.template.metadata.as_ref().and_then(|meta| meta.labels.clone());
    let owner = OwnerReference {
        api_version: "apps/v1".to_owned(),
        kind: "DaemonSet".to_owned(),
        name: workload.key.name.clone(),
        controller: Some(true),
        ..OwnerReference::default()
    };
    let mut spec = revision.pod(pod.variant);
    spec.node_name = pod.node.clone();
    let ready = PodCondition { type_: "Ready".to_owned(), status: "True".to_owned(), ..PodCondition::default() };
    let status = PodStatus {
        phase: Some("Running".to_owned()),
        conditions: pod.ready.then(|| vec![ready]),
        ..PodStatus::default()
    };
    let metadata = ObjectMeta {
        name: Some(pod.name.clone()),
        namespace: Some(workload.key.namespace.clone()),
        labels,
        owner_references: Some(vec![owner]),
        ..ObjectMeta::default()
    };
    Pod { metadata, spec: Some(spec), status: Some(status) }
}
