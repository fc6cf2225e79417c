//! Which victims would violate a PodDisruptionBudget: every pod of lower priority on the node, in order of importance,
//! uses up each budget that selects it; one for which a budget is used up already is violating. Pods that a budget
//! lists as disrupted already use nothing of it.

use k8s_openapi::api::policy::v1::PodDisruptionBudget;

use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::{
    Template, TemplateId,
    object::{budget, selector},
};
use crate::term::Int;

use super::victims::Group;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "preemption/budgets",
    component: Preemption,
    upstream: [
        "pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go" => ["filterPodsWithPDBViolation"],
    ],
    decides: "A victim violates a PodDisruptionBudget that more important ones have used up already.",
    parts: [
        "budgets: `status.disruptionsAllowed`, used up in order; `disruptedPods`; an empty selector selects nothing" =>
            "exact; in a run the number is what the disruption controller would compute, and budgets without a \
                modelled owner's pods keep the one read",
    ],
};

/// A budget as the scheduler sees it.
pub struct Budget<'c> {
    /// The object.
    pub object: &'c PodDisruptionBudget,
    /// `status.disruptionsAllowed`.
    pub allowed: Int<'c>,
}

impl Budget<'_> {
    /// Whether evicting a pod of a template uses the budget up by one.
    fn is_used_by(&self, cluster: &Cluster<'_>, template: TemplateId) -> bool {
        let pod = &cluster.templates[template.0];
        selects(self.object, pod) && !is_disrupted(cluster, self.object, pod)
    }
}

/// Whether a budget selects a template's pods, as the scheduler has it.
pub fn selects(budget: &PodDisruptionBudget, pod: &Template) -> bool {
    let selector = budget.spec.as_ref().and_then(|spec| spec.selector.as_ref());
    let says_something = !pod.labels.is_empty() && selector.is_some_and(|selector| !selector::is_empty(selector));
    says_something && budget::selects(budget, &pod.namespace, &pod.labels)
}

/// Whether the template's pods are listed as disrupted; pods that differ in that are different templates.
fn is_disrupted(cluster: &Cluster<'_>, budget: &PodDisruptionBudget, pod: &Template) -> bool {
    let listed = budget.status.as_ref().and_then(|status| status.disrupted_pods.as_ref());
    let pods = &cluster.spec.workloads[pod.workload].revisions[pod.revision].pods;
    let mut names = pod.members.iter().map(|&member| &pods[member].name);
    pod.sample.is_some() && listed.is_some_and(|listed| names.any(|name| listed.contains_key(name)))
}

/// How many of the pods `here` of each group, which are in order of importance, violate a budget.
pub fn violating<'c>(
    cluster: &Cluster<'c>,
    groups: &[Group],
    here: &[Int<'c>],
    budgets: &[Budget<'c>],
) -> Vec<Int<'c>> {
    let ctx = cluster.ctx();
    let mut violating = vec![ctx.int(0); groups.len()];
    for budget in budgets {
        let mut used = ctx.int(0);
        let using = groups.iter().zip(here).zip(&mut violating);
        for ((_, &pods), violating) in using.filter(|((group, _), _)| budget.is_used_by(cluster, group.template)) {
            used = used + pods;
            *violating = (*violating).max((used - budget.allowed).max(0).min(pods));
        }
    }
    violating
}
