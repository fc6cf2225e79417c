//! Whether a pod may preempt at all.
//!
//! Upstream looks for victims that are still leaving on the node that the pod is nominated to. Those of pods as they were
//! read are told by their conditions. A pod that a preemption of the run nominated does not preempt before it gives that
//! up, see [`super::nominee`].

use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::{Cell, Phase, Template, TemplateId};
use crate::term::Bool;

use super::super::filters::Verdict;
use super::victims::Group;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "preemption/eligibility",
    component: Preemption,
    upstream: [
        "pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go" => ["PodEligibleToPreemptOthers"],
    ],
    decides: "A pod may preempt unless its `preemptionPolicy` is Never, or victims of an earlier preemption are \
        still leaving.",
    parts: [
        "who may preempt (`preemptionPolicy`, victims of the pod's own nominated node that are still leaving)" =>
            "exact",
    ],
};

/// Whether the scheduler's profile and the pod's policy let it preempt.
pub fn may_preempt(cluster: &Cluster<'_>, template: TemplateId) -> bool {
    let policy = cluster.templates[template.0].spec.preemption_policy.as_deref();
    cluster.profile(template).preemption && policy != Some("Never")
}

/// Whether the pod has to wait for victims that are leaving.
pub fn waits_for_victims<'c>(
    cluster: &Cluster<'c>,
    cells: &[Cell<'c>],
    verdicts: &[Verdict<'c>],
    template: TemplateId,
    groups: &[Group],
) -> Bool<'c> {
    let ctx = cluster.ctx();
    let nominated = cluster.templates[template.0].nominated_to();
    let leaving = groups.iter().filter(|group| group.phase == Phase::Terminating);
    let leaving: Vec<TemplateId> = leaving.map(|group| group.template).collect();
    let on = |(cell, verdict): (&Cell<'c>, &Verdict<'c>)| {
        let nominated = nominated.is_some_and(|node| cluster.node(cell).is_named(node));
        let waits = leaving.iter().map(|&victim| {
            let preempted = was_preempted(&cluster.templates[victim.0]);
            ctx.bool(nominated && preempted)
                & verdict.resolvable()
                & cluster.pods(cell, victim, Phase::Terminating).ge(1)
        });
        cell.exists & ctx.any(waits)
    };
    ctx.any(cells.iter().zip(verdicts).map(on))
}

/// Whether pods were leaving when they were read because the scheduler preempted them.
fn was_preempted(pod: &Template) -> bool {
    let leaving = pod.sample.as_ref().filter(|sample| sample.metadata.deletion_timestamp.is_some());
    let Some(sample) = leaving else { return false };
    let mut conditions = sample.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let target = conditions.find(|condition| condition.type_ == "DisruptionTarget");
    let preempted = |it: &k8s_openapi::api::core::v1::PodCondition| {
        it.status == "True" && it.reason.as_deref() == Some("PreemptionByScheduler")
    };
    target.is_some_and(preempted)
}
