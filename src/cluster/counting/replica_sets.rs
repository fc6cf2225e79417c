//! Which quotas may refuse ReplicaSets of Deployments, and what counts against them.
//!
//! A quota that all ReplicaSets together never reach is left out: one of each template that a Deployment has or may get,
//! those of size 0 that are its history, and those of nobody. What never comes or goes is counted once and for all.

use k8s_openapi::api::core::v1::ResourceQuota;

use crate::cluster::object::command::CommandAction;
use crate::cluster::object::resources::{self, ResourceError};
use crate::cluster::object::spec::{ClusterSpec, Workload, WorkloadKind};

/// The resource that counts ReplicaSets.
pub const RESOURCE: &str = "count/replicasets.apps";

/// What a quota leaves to ReplicaSets that come and go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Position of the quota.
    pub quota: usize,
    /// How many of them it admits.
    pub left: i64,
    /// How many there may be altogether.
    pub hard: i64,
}

/// Quotas on ReplicaSets, as far as they may refuse some.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// By workload: those that may refuse one of its ReplicaSets.
    allowances: Vec<Vec<Allowance>>,
}

impl Limits {
    /// Of a cluster.
    ///
    /// # Errors
    ///
    /// If an amount does not parse.
    pub fn of(spec: &ClusterSpec) -> Result<Self, ResourceError> {
        let mut allowances = vec![Vec::new(); spec.workloads.len()];
        for (quota, object) in spec.quotas.iter().enumerate() {
            let Some(hard) = hard(object)? else { continue };
            let namespace = object.metadata.namespace.as_deref().unwrap_or("default");
            let owners = spec.workloads.iter().enumerate();
            let owners = owners.filter(|(_, it)| it.key.namespace == namespace && it.kind.has_replica_sets());
            let (moving, staying): (Vec<_>, Vec<_>) = owners.partition(|(_, it)| varies(spec, it));
            let sum = |of: &[(usize, &Workload)], count: fn(&Workload) -> i64| of.iter().map(|(_, it)| count(it)).sum();
            let known: i64 = sum(&moving, at_start) + sum(&staying, at_start);
            let unseen = (used(object)?.unwrap_or(0) - known).max(0);
            let (may_be, stay): (i64, i64) = (sum(&moving, most), sum(&staying, most) + unseen);
            if may_be + stay <= hard {
                continue;
            }
            let allowance = Allowance { quota, left: hard - stay, hard };
            moving.iter().for_each(|(workload, _)| allowances[*workload].push(allowance));
        }
        Ok(Limits { allowances })
    }

    /// What may refuse ReplicaSets of a workload; each of them counts all that come and go in the workload's namespace.
    pub fn on(&self, workload: usize) -> &[Allowance] {
        self.allowances.get(workload).map_or(&[], Vec::as_slice)
    }

    /// Workloads whose ReplicaSets count against the quotas that may refuse those of another one.
    pub fn counted_with(&self, workload: usize) -> impl Iterator<Item = usize> + '_ {
        let first = self.on(workload).first();
        let among = move |other: &usize| self.on(*other).first() == first && first.is_some();
        (0..self.allowances.len()).filter(among)
    }
}

/// How many ReplicaSets a quota admits; `None` if it does not say. Quotas of a scope count pods only.
fn hard(quota: &ResourceQuota) -> Result<Option<i64>, ResourceError> {
    let Some(spec) = &quota.spec else { return Ok(None) };
    let is_scoped = spec.scopes.as_ref().is_some_and(|it| !it.is_empty()) || spec.scope_selector.is_some();
    let amount = spec.hard.as_ref().and_then(|hard| hard.get(RESOURCE)).filter(|_| !is_scoped);
    amount.map(|amount| resources::amount("pods", amount)).transpose()
}

/// How many ReplicaSets there are by a quota's status.
fn used(quota: &ResourceQuota) -> Result<Option<i64>, ResourceError> {
    let used = quota.status.as_ref().and_then(|status| status.used.as_ref()?.get(RESOURCE));
    used.map(|amount| resources::amount("pods", amount)).transpose()
}

/// Whether ReplicaSets of a workload may come or go.
fn varies(spec: &ClusterSpec, workload: &Workload) -> bool {
    use CommandAction::{Create, Delete};
    let mut commands = spec.scenario.commands.iter().map(|command| &command.action);
    workload.created_later
        || workload.kind == WorkloadKind::Deployment && workload.revisions.iter().any(|revision| revision.unmade)
        || commands.any(|it| matches!(it, Create { target } | Delete { target } if *target == workload.key))
}

/// ReplicaSets of a workload that there are at the start.
fn at_start(workload: &Workload) -> i64 {
    let made = workload.revisions.iter().filter(|revision| !revision.unmade);
    let own = if workload.kind == WorkloadKind::Deployment { made.count() } else { 1 };
    if workload.created_later { 0 } else { (own + workload.emptied.len()) as i64 }
}

/// ReplicaSets of a workload that there may be at a time, at most.
fn most(workload: &Workload) -> i64 {
    let revisions = if workload.kind == WorkloadKind::Deployment { workload.revisions.len() } else { 1 };
    (revisions + workload.emptied.len()) as i64
}
