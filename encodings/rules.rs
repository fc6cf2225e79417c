//! All rules, in the order of the tables that are made of them.
//!
//! Part of every rule.

use crate::cluster::view::rule::{Component, Rule};

use super::{
    admission, clocked, cluster_autoscaler, crash_loops, daemonset, deployment, descheduler, disruption, environment,
    gitops, hpa, job, karpenter, keda, kube_scheduler, kubelet, node_lifecycle, pod_collector, replicaset, statefulset,
    taint_eviction, vertical,
};

/// The rules of each place.
static PLACES: [&[&Rule]; 22] = [
    kube_scheduler::RULES,
    kube_scheduler::preemption::RULES,
    deployment::RULES,
    replicaset::RULES,
    admission::RULES,
    statefulset::RULES,
    daemonset::RULES,
    job::RULES,
    hpa::RULES,
    vertical::RULES,
    cluster_autoscaler::RULES,
    karpenter::RULES,
    &[&keda::RULE],
    gitops::RULES,
    &[&kubelet::RULE, &crash_loops::RULE],
    taint_eviction::RULES,
    node_lifecycle::RULES,
    &[&pod_collector::RULE],
    disruption::RULES,
    descheduler::RULES,
    environment::RULES,
    clocked::RULES,
];

/// All rules.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    PLACES.iter().flat_map(|rules| rules.iter().copied())
}

/// The rules of a component.
pub fn of(component: Component) -> impl Iterator<Item = &'static Rule> {
    all().filter(move |rule| rule.component == component)
}

/// The rule of an id.
pub fn find(id: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.id == id)
}
