//! What one reconcile of the Deployment controller sees, with what `util/deployment_util.go` reads off it.
//!
//! Part of the rule `deployment/reconcile`.

use k8s_openapi::api::apps::v1::DeploymentStrategy;

use crate::cluster::arithmetic::rollout::Limits;
use crate::term::{Bool, Ctx, Int};

use super::status::Status;

/// A Deployment.
pub struct Deployment<'a, 'c> {
    /// `spec.strategy`.
    pub strategy: &'a DeploymentStrategy,
    /// `spec.replicas`.
    pub replicas: Int<'c>,
    /// `spec.paused`.
    pub paused: bool,
    /// `spec.progressDeadlineSeconds`, if progress is watched.
    pub progress_deadline: Option<i64>,
    /// `spec.revisionHistoryLimit`, if history is limited.
    pub revision_history_limit: Option<i64>,
    /// `status`, as the reconcile before wrote it.
    pub status: Status<'c>,
}

/// An integer annotation that may be missing.
#[derive(Clone, Copy)]
pub struct Annotation<'c> {
    /// Whether it is there, and a number.
    pub given: Bool<'c>,
    /// Its value; any number if it is missing.
    pub value: Int<'c>,
}

impl<'c> Annotation<'c> {
    /// An annotation that is there.
    pub fn of(ctx: &'c Ctx, value: Int<'c>) -> Self {
        Annotation { given: ctx.bool(true), value }
    }

    /// Whether it is there with that value.
    pub fn is(self, value: Int<'c>) -> Bool<'c> {
        self.given & self.value.eq(value)
    }

    /// This annotation, rewritten to `value` under a condition.
    pub fn rewritten(self, when: Bool<'c>, value: Int<'c>) -> Self {
        Annotation { given: self.given | when, value: when.ite(value, self.value) }
    }
}

/// A ReplicaSet of the Deployment. Slices of them are in the order of age, oldest first, ties by name.
#[derive(Clone, Copy)]
pub struct ReplicaSet<'c> {
    /// `spec.replicas`.
    pub size: Int<'c>,
    /// `status.replicas`.
    pub replicas: Int<'c>,
    /// `status.readyReplicas`.
    pub ready: Int<'c>,
    /// `status.availableReplicas`.
    pub available: Int<'c>,
    /// Whether one of its pods exists that is neither Failed nor Succeeded.
    pub has_pods: Bool<'c>,
    /// The annotation `desired-replicas`: the Deployment's replicas when this ReplicaSet was last resized.
    pub desired: Annotation<'c>,
    /// The annotation `max-replicas`: those replicas and the surge.
    pub max: Annotation<'c>,
    /// The annotation `revision`, 0 if it is missing.
    pub revision: Int<'c>,
}

impl<'c> ReplicaSet<'c> {
    /// Whether it is meant to have pods.
    pub fn is_active(&self) -> Bool<'c> {
        self.size.ge(1)
    }
}

impl<'c> Deployment<'_, 'c> {
    /// Whether old and new pods overlap.
    pub fn is_rolling(&self) -> bool {
        is_rolling(self.strategy)
    }

    fn limit(&self, of: impl Fn(Limits) -> i64) -> Int<'c> {
        self.replicas.map(|replicas| of(Limits::resolve(self.strategy, replicas)))
    }

    /// Pods that may exist above the replicas.
    pub fn max_surge(&self) -> Int<'c> {
        self.limit(|limits| limits.max_surge)
    }

    /// Pods that may be unavailable, at most the replicas.
    pub fn max_unavailable(&self) -> Int<'c> {
        self.limit(|limits| limits.max_unavailable)
    }

    /// The same before it is cut to the replicas.
    pub fn unclamped_max_unavailable(&self) -> Int<'c> {
        self.limit(|limits| limits.fencepost_unavailable)
    }

    /// Pods that a rolling update keeps available; 0 for Recreate.
    pub fn min_available(&self) -> Int<'c> {
        self.limit(|limits| limits.min_available())
    }

    /// Pods that may exist at once.
    pub fn max_replicas(&self) -> Int<'c> {
        self.limit(|limits| limits.max_replicas())
    }
}

/// Whether old and new pods overlap in a strategy.
pub fn is_rolling(strategy: &DeploymentStrategy) -> bool {
    strategy.type_.as_deref() != Some("Recreate")
}

/// The sum over some ReplicaSets.
pub fn total<'c>(ctx: &'c Ctx, sets: &[ReplicaSet<'c>], of: impl Fn(&ReplicaSet<'c>) -> Int<'c>) -> Int<'c> {
    ctx.sum(sets.iter().map(of))
}

/// Positions of the old ReplicaSets, oldest first.
pub fn old(sets: &[ReplicaSet<'_>], new: Option<usize>) -> Vec<usize> {
    (0..sets.len()).filter(|&position| Some(position) != new).collect()
}
