//! Autoscalers whose pods other autoscalers claim, too.
//!
//! An autoscaler reads no metrics while a pod that its target's selector selects is selected for another autoscaler as
//! well: two autoscalers of one workload, or workloads whose selectors overlap. A size outside its limits is corrected
//! before that is asked.

use crate::cluster::object::scenario::find_workload;
use crate::cluster::object::selector;
use crate::cluster::object::spec::{Autoscaler, WorkloadKind};
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::{Cluster, View};
use crate::cluster::{Template, TemplateId};
use crate::term::Bool;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "hpa/ambiguity",
    component: Autoscaler,
    upstream: [
        "pkg/controller/podautoscaler/horizontal.go" => [
            "validateAndParseSelector", "hpasControllingPodsUnderSelector",
        ],
    ],
    decides: "An autoscaler some of whose pods another one selects, too, reads no metrics: it only corrects a size \
        outside its limits.",
    parts: [
        "pods that several autoscalers select" => "exact for pods that are not being deleted",
    ],
    omits: [
        "workloads outside a model of few workloads" => "over: there, such an autoscaler acts",
    ],
};

/// Whether some pod that an autoscaler's target selects is selected for another one, too.
pub fn is_ambiguous<'c>(cluster: &Cluster<'c>, autoscaler: &Autoscaler) -> Bool<'c> {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let Some(own) = selector_of(cluster, autoscaler) else { return ctx.bool(false) };
    let namespace = &autoscaler.target.namespace;
    let others = cluster.spec.autoscalers.iter().filter(|other| other.key != autoscaler.key);
    let others: Vec<&LabelSelector> = others
        .filter(|other| other.target.namespace == *namespace)
        .filter_map(|other| selector_of(cluster, other))
        .collect();
    let is_shared = |labels: &selector::Labels| {
        selector::matches(own, labels) && others.iter().any(|other| selector::matches(other, labels))
    };
    if others.is_empty() {
        return ctx.bool(false);
    }
    let shared =
        |(_, template): &(TemplateId, &Template)| template.namespace == *namespace && is_shared(&template.labels);
    let templates = cluster.templates.iter().enumerate().map(|(at, template)| (TemplateId(at), template));
    let exists = templates.filter(shared).map(|(id, _)| cluster.active(&state, id).ge(1));
    ctx.any(exists) | ctx.bool(stays(cluster, namespace, &is_shared))
}

/// The selector of an autoscaler's target.
fn selector_of<'a>(cluster: &'a View<'_>, autoscaler: &Autoscaler) -> Option<&'a LabelSelector> {
    find_workload(cluster.spec.workloads, &autoscaler.target).map(|(_, workload)| &workload.selector)
}

/// Whether a pod without a modelled owner, that no template stands for, has such labels.
fn stays(cluster: &View<'_>, namespace: &str, is_shared: &impl Fn(&selector::Labels) -> bool) -> bool {
    let is_counted = |workload: usize, pod: usize| {
        cluster.templates.iter().any(|template| template.workload == workload && template.members.contains(&pod))
    };
    let fixed = cluster.spec.workloads.iter().enumerate().filter(|(_, it)| it.kind == WorkloadKind::Fixed);
    let mut near = fixed.filter(|(_, workload)| workload.key.namespace == *namespace);
    near.any(|(index, workload)| {
        workload.revisions[0].pods.iter().enumerate().any(|(position, pod)| {
            let labels = pod.object.as_ref().and_then(|pod| pod.metadata.labels.as_ref());
            labels.is_some_and(is_shared) && !is_counted(index, position)
        })
    })
}
