//! The condition Progressing.

use crate::cluster::view::rule::{Rule, rule};
use crate::term::{Bool, Ctx, Int};

use super::reconcile::Reconcile;
use super::status::Status;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "deployment/progress",
    component: Deployment,
    upstream: [
        "pkg/controller/deployment/progress.go" => ["syncRolloutStatus"],
        "pkg/controller/deployment/sync.go" => ["checkPausedConditions", "getNewReplicaSet"],
    ],
    decides: "Whether a rollout progresses, is complete, or has passed its deadline.",
    parts: [
        "the condition Progressing" => "exact; only conformance asks",
    ],
    omits: [
        "ReplicaSets that cannot be created",
    ],
};

/// Why the condition has its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// There is no such condition.
    Absent,
    /// The ReplicaSet of the present template was there.
    FoundNewReplicaSet,
    /// It was created.
    NewReplicaSetCreated,
    /// Pods came or went.
    ReplicaSetUpdated,
    /// The rollout is complete.
    NewReplicaSetAvailable,
    /// No progress for too long.
    ProgressDeadlineExceeded,
    /// The Deployment is paused.
    DeploymentPaused,
    /// It is no longer.
    DeploymentResumed,
}

impl Reason {
    /// All of them.
    pub const ALL: [Reason; 8] = [
        Reason::Absent,
        Reason::FoundNewReplicaSet,
        Reason::NewReplicaSetCreated,
        Reason::ReplicaSetUpdated,
        Reason::NewReplicaSetAvailable,
        Reason::ProgressDeadlineExceeded,
        Reason::DeploymentPaused,
        Reason::DeploymentResumed,
    ];

    /// As a term's value.
    pub fn code(self) -> i64 {
        self as i64
    }

    /// The status that the condition has for this reason.
    pub fn status(self) -> &'static str {
        match self {
            Reason::ProgressDeadlineExceeded => "False",
            Reason::Absent | Reason::DeploymentPaused | Reason::DeploymentResumed => "Unknown",
            _ => "True",
        }
    }
}

/// The condition.
#[derive(Clone, Copy)]
pub struct Progress<'c> {
    /// The code of its [`Reason`].
    pub reason: Int<'c>,
    /// Seconds since it was last updated.
    pub since: Int<'c>,
}

impl<'c> Progress<'c> {
    /// No condition.
    pub fn none(ctx: &'c Ctx) -> Self {
        Progress { reason: ctx.int(Reason::Absent.code()), since: ctx.int(0) }
    }

    /// This condition where `when` holds, otherwise the other.
    pub fn or(self, when: Bool<'c>, other: Self) -> Self {
        Progress { reason: when.ite(self.reason, other.reason), since: when.ite(self.since, other.since) }
    }

    fn is(self, reason: Reason) -> Bool<'c> {
        self.reason.eq(reason.code())
    }

    /// Updates the condition, whatever it was.
    fn replaced(self, when: Bool<'c>, reason: Reason) -> Self {
        Progress { reason: when.ite(reason.code(), self.reason), since: when.ite(0, self.since) }
    }

    /// Sets the condition; with the same reason it stays as it is.
    fn set(self, when: Bool<'c>, reason: Reason) -> Self {
        self.replaced(when & !self.is(reason), reason)
    }

    /// As a pause or its end changes it.
    pub fn after_pause(self, paused: bool) -> Self {
        let overdue = self.is(Reason::ProgressDeadlineExceeded);
        if paused {
            return self.set(!overdue, Reason::DeploymentPaused);
        }
        self.set(self.is(Reason::DeploymentPaused), Reason::DeploymentResumed)
    }

    /// As finding the new ReplicaSet (without having to renew its revision), or creating it, changes it.
    pub fn after_search(self, found: Bool<'c>, created: Bool<'c>) -> Self {
        let found = found & self.is(Reason::Absent);
        self.set(found, Reason::FoundNewReplicaSet).set(created, Reason::NewReplicaSetCreated)
    }

    /// As the end of a reconcile that rolls out changes it.
    pub fn after_rollout(self, reconcile: &Reconcile<'_, '_, 'c>, status: &Status<'c>, deadline: i64) -> Self {
        let deployment = reconcile.deployment;
        let settled = status.replicas.eq(status.updated) & self.is(Reason::NewReplicaSetAvailable);
        let complete = status.is_complete(deployment);
        let progresses = status.progresses(&deployment.status);
        let expects = !self.is(Reason::Absent) & !self.is(Reason::NewReplicaSetAvailable);
        let overdue = expects & (self.is(Reason::ProgressDeadlineExceeded) | self.since.gt(deadline));
        self.set(!settled & complete, Reason::NewReplicaSetAvailable)
            .replaced(!settled & !complete & progresses, Reason::ReplicaSetUpdated)
            .set(!settled & !complete & !progresses & overdue, Reason::ProgressDeadlineExceeded)
    }
}
