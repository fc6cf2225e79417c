//! What the eviction API answers.

use k8s_openapi::api::policy::v1::PodDisruptionBudget;

use crate::cluster::view::rule::{Rule, rule};
use crate::term::{Bool, Ctx};

use super::budget::Status;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "disruption/answer",
    component: Disruption,
    upstream: [
        "pkg/registry/core/pod/storage/eviction.go" => ["Create", "canIgnorePDB", "checkAndDecrement"],
    ],
    decides: "Whether the eviction API evicts a pod, as the budgets that select it say.",
    parts: [
        "a pod that has not started, has ended, or is being deleted: whatever budgets say" => "exact",
        "a pod under several budgets: refused" => "exact",
        "a ready pod: if its budget allows one more disruption" => "exact",
        "`unhealthyPodEvictionPolicy`: a pod that is not ready goes with `AlwaysAllow`, else while enough others are \
            healthy, else as a ready one" =>
            "exact",
    ],
};

/// A pod that is to be evicted.
#[derive(Clone, Copy)]
pub struct Evictee<'c> {
    /// Whether it runs: it has started, has not ended, and is not being deleted.
    pub runs: Bool<'c>,
    /// Whether it is ready.
    pub ready: Bool<'c>,
}

/// Whether a pod is evicted that these budgets select.
pub fn is_evicted<'c>(ctx: &'c Ctx, budgets: &[(&PodDisruptionBudget, Status<'c>)], pod: Evictee<'c>) -> Bool<'c> {
    let lets_go = |(budget, status): &(&PodDisruptionBudget, Status<'c>)| {
        let enough = status.healthy.ge(status.desired) & status.desired.ge(1);
        let unready = !pod.ready & (enough | ctx.bool(always_allows(budget)));
        !status.in_force | unready | status.allowed.ge(1)
    };
    let in_force = ctx.sum(budgets.iter().map(|(_, status)| status.in_force.to_int()));
    !pod.runs | (in_force.le(1) & ctx.all(budgets.iter().map(lets_go)))
}

fn always_allows(budget: &PodDisruptionBudget) -> bool {
    let policy = budget.spec.as_ref().and_then(|spec| spec.unhealthy_pod_eviction_policy.as_deref());
    policy == Some("AlwaysAllow")
}
