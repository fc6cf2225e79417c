//! What the disruption controller writes into a budget's status.

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::cluster::counting::templates::Tenure;
use crate::cluster::object::budget::selects;
use crate::cluster::object::selector::Labels;
use crate::cluster::object::spec::{Workload, WorkloadKind};
use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::{Template, TemplateId};
use crate::system::State;
use crate::term::{Bool, Int};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "disruption/budget",
    component: Disruption,
    upstream: [
        "pkg/controller/disruption/disruption.go" => [
            "trySync", "getExpectedPodCount", "getExpectedScale", "countHealthyPods", "updatePdbStatus",
        ],
    ],
    decides: "How many pods of a PodDisruptionBudget are healthy, how many it wants, and how many more disruptions it \
        allows.",
    parts: [
        "healthy pods are ready ones; the expected count is `spec.replicas` of the owners that have pods" =>
            "exact; of owners that are not modelled it is the number of their pods",
        "pods that nobody owns are expected by `minAvailable` as a number only; owners without a scale, as DaemonSets, \
            leave no disruption elsewise" =>
            "exact",
    ],
    omits: [
        "the time until a status is written; a size to which no pod was added, because a quota refused it, which upstream \
            does not notice" =>
            "evictions see what is true now",
        "statuses of budgets that share pods, of which upstream keeps up with one only" => "no such pod is evicted",
    ],
};

/// A budget's status.
#[derive(Clone, Copy)]
pub struct Status<'c> {
    /// `currentHealthy`.
    pub healthy: Int<'c>,
    /// `desiredHealthy`.
    pub desired: Int<'c>,
    /// `disruptionsAllowed`.
    pub allowed: Int<'c>,
    /// Whether there is the budget.
    pub in_force: Bool<'c>,
}

fn selects_pods_of(budget: &PodDisruptionBudget, template: &Template) -> bool {
    selects(budget, &template.namespace, &template.labels)
}

/// The status of a budget in a state.
pub fn status<'c>(cluster: &Cluster<'c>, state: &State<'c>, budget: &PodDisruptionBudget) -> Status<'c> {
    let ctx = cluster.ctx();
    let healthy = healthy(cluster, state, budget);
    let spec = budget.spec.clone().unwrap_or_default();
    let (expected, desired) = match (&spec.min_available, &spec.max_unavailable) {
        (Some(IntOrString::Int(min)), _) => (ctx.int(1), ctx.int(i64::from(*min))),
        (Some(min), _) => {
            let expected = expected(cluster, state, budget);
            (expected, expected.map(|expected| scaled(min, expected)))
        }
        (None, Some(max)) => {
            let expected = expected(cluster, state, budget);
            (expected, expected.map(|expected| (expected - scaled(max, expected)).max(0)))
        }
        (None, None) => (ctx.int(0), ctx.int(0)),
    };
    let allowed = expected.ge(1).ite(healthy.minus_or_zero(desired), 0);
    Status { healthy, desired, allowed, in_force: cluster.is_in_force(state, budget) }
}

/// Its pods that are ready and not being deleted.
fn healthy<'c>(cluster: &Cluster<'c>, state: &State<'c>, budget: &PodDisruptionBudget) -> Int<'c> {
    let selected = cluster.templates.iter().enumerate().filter(|(_, template)| selects_pods_of(budget, template));
    let counted = cluster.ctx().sum(selected.map(|(index, _)| cluster.ready(state, TemplateId(index))));
    let uncounted = fixed(cluster).map(|(index, workload)| {
        let pods = workload.revisions.iter().flat_map(|revision| &revision.pods).enumerate();
        let of_none = pods.filter(|(pod, _)| !is_of_template(cluster, index, *pod)).map(|(_, pod)| pod);
        let healthy =
            of_none.filter(|pod| pod.ready && pod.object.as_deref().is_some_and(|it| is_selected(budget, it)));
        healthy.count() as i64
    });
    counted + uncounted.sum::<i64>()
}

/// How many pods the owners of its pods want; 0 if one of them cannot say.
fn expected<'c>(cluster: &Cluster<'c>, state: &State<'c>, budget: &PodDisruptionBudget) -> Int<'c> {
    let ctx = cluster.ctx();
    let of_owners = cluster.owners().filter_map(|(_, object, vars)| {
        let own = vars.templates.iter().copied();
        let selected: Vec<TemplateId> = own.filter(|id| selects_pods_of(budget, &cluster.templates[id.0])).collect();
        (!selected.is_empty()).then_some((object.kind, vars, selected))
    });
    let has_pods = |id: TemplateId| {
        let there = cluster.sum(state, |cell| cluster.holding_on(cell, id));
        (there + cluster.waiting(state, id)).ge(1)
    };
    let (of_owners, without_scale): (Vec<_>, Vec<_>) = of_owners.partition(|(kind, _, _)| kind.has_scale());
    let is_alone = of_owners.len() == 1;
    let wanted = of_owners.into_iter().map(|(_, vars, selected)| {
        let has_pods = selected.into_iter().map(has_pods);
        // An owner without pods is not asked; if it is the only one, nothing is healthy either.
        let replicas = state.get(vars.replicas);
        if is_alone { replicas } else { ctx.any(has_pods).ite(replicas, 0) }
    });
    let wanted = ctx.sum(wanted);
    let fixed = fixed(cluster).filter(|(_, workload)| {
        let mut pods = workload.revisions.iter().flat_map(|revision| &revision.pods);
        pods.any(|pod| pod.object.as_deref().is_some_and(|pod| is_selected(budget, pod)))
    });
    match fixed.map(|(_, workload)| scale(cluster, workload)).sum::<Option<i64>>() {
        // Pods of an owner without a scale leave no disruption.
        Some(fixed) => {
            let in_the_way = without_scale.into_iter().flat_map(|(_, _, selected)| selected).map(has_pods);
            ctx.any(in_the_way).ite(0, wanted + fixed)
        }
        None => ctx.int(0),
    }
}

/// What an owner that is not modelled wants: as many pods as it has, none if it is nobody; `None` if it has no scale.
fn scale(cluster: &Cluster<'_>, workload: &Workload) -> Option<i64> {
    match workload.owner_kind.as_str() {
        "Pod" => Some(0),
        "Deployment" | "ReplicaSet" | "ReplicationController" | "StatefulSet" => {
            Some(cluster.fixed_replicas(workload, "a budget expects them"))
        }
        _ => None,
    }
}

fn fixed<'a, 'c>(cluster: &'a Cluster<'c>) -> impl Iterator<Item = (usize, &'c Workload)> + use<'a, 'c> {
    let workloads = cluster.spec.workloads.iter().enumerate();
    workloads.filter(|(_, workload)| workload.kind == WorkloadKind::Fixed)
}

fn is_of_template(cluster: &Cluster<'_>, workload: usize, pod: usize) -> bool {
    let mut templates = cluster.templates.iter();
    templates.any(|it| it.workload == workload && it.tenure != Tenure::Owned && it.members.contains(&pod))
}

/// Whether a budget selects a pod that is not being deleted.
fn is_selected(budget: &PodDisruptionBudget, pod: &Pod) -> bool {
    let none = Labels::new();
    let namespace = pod.metadata.namespace.as_deref().unwrap_or("default");
    pod.metadata.deletion_timestamp.is_none()
        && selects(budget, namespace, pod.metadata.labels.as_ref().unwrap_or(&none))
}

/// A number, or a percentage of `total` rounded up.
fn scaled(value: &IntOrString, total: i64) -> i64 {
    match value {
        IntOrString::Int(number) => i64::from(*number),
        IntOrString::String(text) => {
            let percent: i64 = text.trim().trim_end_matches('%').parse().unwrap_or(0);
            (total * percent + 99).div_euclid(100)
        }
    }
}
