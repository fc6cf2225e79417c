//! Recreate: old ReplicaSets are emptied; only when all their pods are gone the new one is created or grows.

use crate::cluster::view::rule::{Rule, rule};
use crate::term::{Bool, Ctx};

use super::step::Step;
use super::view::{Deployment, ReplicaSet, old};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "deployment/recreate",
    component: Deployment,
    upstream: [
        "pkg/controller/deployment/recreate.go" => [
            "rolloutRecreate", "scaleDownOldReplicaSetsForRecreate", "oldPodsRunning",
        ],
    ],
    decides: "Old ReplicaSets are emptied; only when all their pods are gone the new one is created or grows.",
    parts: [
        "Recreate" => "exact",
    ],
};

/// What a reconcile does; `new` is the position of the ReplicaSet of the present template.
pub fn step<'c>(
    ctx: &'c Ctx,
    deployment: &Deployment<'_, 'c>,
    sets: &[ReplicaSet<'c>],
    new: Option<usize>,
) -> Step<'c> {
    let mut step = Step::none(ctx, sets);
    let old = old(sets, new);
    for &position in &old {
        step.resize(position, ctx.bool(true), ctx.int(0));
    }
    let emptied = ctx.any(old.iter().map(|&position| sets[position].is_active()));
    let ready = !emptied & !any_pod(ctx, sets, &old);
    let grown = match new {
        Some(new) => {
            step.resize(new, ready, deployment.replicas);
            sets[new].size.ne(deployment.replicas)
        }
        None => {
            step.create(ctx, ready, deployment.replicas);
            ctx.bool(false)
        }
    };
    step.idle = ready & !grown;
    step
}

/// Whether old pods remain, as statuses or the pods themselves say.
fn any_pod<'c>(ctx: &'c Ctx, sets: &[ReplicaSet<'c>], old: &[usize]) -> Bool<'c> {
    ctx.any(old.iter().map(|&position| sets[position].replicas.ge(1) | sets[position].has_pods))
}
