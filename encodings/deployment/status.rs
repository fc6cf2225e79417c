//! The status that a reconcile writes. It counts what ReplicaSets reported before the reconcile.

use crate::cluster::TemplateId;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::{Cluster, WorkloadVars};
use crate::system::State;
use crate::term::{Bool, Ctx, Int};

use super::step::Step;
use super::view::{Deployment, ReplicaSet, total};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "deployment/status",
    component: Deployment,
    upstream: [
        "pkg/controller/deployment/sync.go" => ["calculateStatus"],
    ],
    decides: "The status that a reconcile writes.",
    parts: [
        "the status of a Deployment" => "exact; only conformance asks",
    ],
    omits: [
        "`terminatingReplicas` (alpha)",
        "`observedGeneration`" => "what is seen is the present generation",
        "conditions of type ReplicaFailure",
    ],
};

/// Numbers of a Deployment's status.
#[derive(Clone, Copy)]
pub struct Status<'c> {
    /// Pods of all ReplicaSets.
    pub replicas: Int<'c>,
    /// Pods of the present template.
    pub updated: Int<'c>,
    /// Ready pods.
    pub ready: Int<'c>,
    /// Available pods.
    pub available: Int<'c>,
    /// Pods that ReplicaSets should have beyond the available ones.
    pub unavailable: Int<'c>,
}

impl<'c> Status<'c> {
    /// The status of a Deployment that was not reconciled yet.
    pub fn none(ctx: &'c Ctx) -> Self {
        let none = ctx.int(0);
        Status { replicas: none, updated: none, ready: none, available: none, unavailable: none }
    }

    /// The status that follows from what ReplicaSets report.
    pub fn of(ctx: &'c Ctx, sets: &[ReplicaSet<'c>], new: Option<usize>, step: &Step<'c>) -> Self {
        let created = step.creates.ite(step.first_size, 0);
        let available = total(ctx, sets, |set| set.available);
        Status {
            replicas: total(ctx, sets, |set| set.replicas),
            updated: new.map_or(ctx.int(0), |new| sets[new].replicas),
            ready: total(ctx, sets, |set| set.ready),
            available,
            unavailable: (total(ctx, sets, |set| set.size) + created).minus_or_zero(available),
        }
    }

    /// The status once ReplicaSets have reported what there is, while the revision at `present` is the present one.
    pub fn at_rest(cluster: &Cluster<'c>, state: &State<'c>, vars: &WorkloadVars, present: usize) -> Self {
        let ctx = cluster.ctx();
        let total = |of: &dyn Fn(TemplateId) -> Int<'c>| ctx.sum(vars.templates.iter().map(|&it| of(it)));
        let available = total(&|it| cluster.available(state, it));
        let sizes = ctx.sum(vars.sizes.iter().map(|&size| state.get(size)));
        Status {
            replicas: total(&|it| cluster.active(state, it)),
            updated: cluster.total_of(vars.of_revision(present), |it| cluster.active(state, it)),
            ready: total(&|it| cluster.ready(state, it)),
            available,
            unavailable: sizes.minus_or_zero(available),
        }
    }

    /// Whether the condition Available is True.
    pub fn is_available(&self, deployment: &Deployment<'_, 'c>) -> Bool<'c> {
        (self.available + deployment.max_unavailable()).ge(deployment.replicas)
    }

    /// Whether the rollout is complete: all pods are of the present template and available.
    pub fn is_complete(&self, deployment: &Deployment<'_, 'c>) -> Bool<'c> {
        let replicas = deployment.replicas;
        self.updated.eq(replicas) & self.replicas.eq(replicas) & self.available.eq(replicas)
    }

    /// Whether it shows progress beyond an earlier one.
    pub fn progresses(&self, earlier: &Status<'c>) -> Bool<'c> {
        let old = |status: &Status<'c>| status.replicas - status.updated;
        self.updated.gt(earlier.updated)
            | old(self).lt(old(earlier))
            | self.ready.gt(earlier.ready)
            | self.available.gt(earlier.available)
    }
}
