//! Quotas on other objects than pods: which of them may refuse somebody, and which matter to nobody.
//!
//! ReplicaSets that Deployments make are asked for in the model
//! ([`crate::cluster::counting::replica_sets`]). Other owners of pods come with users, GitOps controllers and CronJobs only,
//! claims with StatefulSets and pods; a verdict that was found where these may be refused is without that.

use std::collections::BTreeSet;

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::ResourceQuota;

use crate::cluster::counting::replica_sets;
use crate::cluster::object::command::CommandAction;
use crate::cluster::object::spec::{ClusterSpec, Workload, WorkloadKind};

use super::census::Census;

/// What quotas count of owners of pods, and which workloads somebody may make one of.
const OWNERS: [(&str, &[WorkloadKind]); 5] = [
    ("count/deployments.apps", &[WorkloadKind::Deployment]),
    ("count/statefulsets.apps", &[WorkloadKind::StatefulSet]),
    ("count/daemonsets.apps", &[WorkloadKind::DaemonSet]),
    ("count/jobs.batch", &[WorkloadKind::Job, WorkloadKind::CronJob]),
    ("count/cronjobs.batch", &[WorkloadKind::CronJob]),
];

/// What quotas limit of volumes, but for the amounts of single storage classes.
const CLAIMS: [&str; 3] = ["persistentvolumeclaims", "count/persistentvolumeclaims", "requests.storage"];

/// Counts the quotas that may refuse what is not modelled; `claiming` are namespaces in which StatefulSets make claims.
/// Forgets the history of Deployments that no quota counts.
pub fn settle(cluster: &mut ClusterSpec, claiming: &BTreeSet<String>, census: &mut Census) {
    for quota in &cluster.quotas {
        let namespace = quota.metadata.namespace.as_deref().unwrap_or("default");
        let own: Vec<&Workload> = cluster.workloads.iter().filter(|it| it.key.namespace == namespace).collect();
        for resource in limited(quota) {
            let of = OWNERS.iter().find(|(of, _)| *of == resource).map(|(_, kinds)| *kinds);
            let may_be_refused = |it: &&Workload| {
                of.is_some_and(|kinds| kinds.contains(&it.kind)) && (makes_jobs(it, resource) || may_come(cluster, it))
            };
            if own.iter().any(may_be_refused) {
                census.leave_out(&format!("ResourceQuota of {resource}"), "may refuse owners of pods");
            }
            if is_of_claims(resource)
                && (claiming.contains(namespace) || own.iter().any(|it| has_ephemeral_volumes(it)))
            {
                census.leave_out(&format!("ResourceQuota of {resource}"), "may refuse claims of pods");
            }
        }
    }
    settle_history(cluster, census);
}

/// Whether pods of a StatefulSet have claims of their own.
pub fn claims_volumes(set: &StatefulSet) -> bool {
    let claims = set.spec.as_ref().and_then(|spec| spec.volume_claim_templates.as_ref());
    claims.is_some_and(|claims| !claims.is_empty())
}

/// What a quota limits.
fn limited(quota: &ResourceQuota) -> impl Iterator<Item = &str> {
    let hard = quota.spec.as_ref().and_then(|spec| spec.hard.as_ref());
    hard.into_iter().flat_map(|hard| hard.keys()).map(String::as_str)
}

fn is_of_claims(resource: &str) -> bool {
    CLAIMS.contains(&resource) || resource.contains(".storageclass.storage.k8s.io/")
}

/// Whether Jobs of a CronJob count against a quota.
fn makes_jobs(workload: &Workload, resource: &str) -> bool {
    workload.kind == WorkloadKind::CronJob && resource == "count/jobs.batch"
}

/// Whether somebody may make a workload while the model runs: a user, or a GitOps controller once a user has deleted it.
fn may_come(cluster: &ClusterSpec, workload: &Workload) -> bool {
    let deletes =
        |action: &CommandAction| matches!(action, CommandAction::Delete { target } if *target == workload.key);
    let mut declared = cluster.scenario.syncs.iter().flat_map(|sync| &sync.declared);
    let is_deleted = cluster.scenario.commands.iter().any(|command| deletes(&command.action));
    workload.created_later || is_deleted && declared.any(|it| it.target == workload.key)
}

fn has_ephemeral_volumes(workload: &Workload) -> bool {
    let pods = workload.revisions.iter().filter_map(|revision| revision.template.spec.as_ref());
    pods.flat_map(|pod| pod.volumes.iter().flatten()).any(|volume| volume.ephemeral.is_some())
}

/// Says where ReplicaSets of size 0 may be deleted which quotas count, and forgets those that none counts.
fn settle_history(cluster: &mut ClusterSpec, census: &mut Census) {
    let counts = |quota: &&ResourceQuota| limited(quota).any(|resource| resource == replica_sets::RESOURCE);
    let namespaces = cluster.quotas.iter().filter(counts).map(|quota| quota.metadata.namespace.clone());
    let namespaces: BTreeSet<String> = namespaces.map(|it| it.unwrap_or_else(|| "default".to_owned())).collect();
    let is_counted = |it: &Workload| namespaces.contains(&it.key.namespace);
    cluster.workloads.iter_mut().filter(|it| !is_counted(it)).for_each(|it| it.emptied.clear());
    // An amount that does not parse is told when the model is built.
    let limits = replica_sets::Limits::of(cluster).unwrap_or_default();
    let limited = cluster.workloads.iter().enumerate().filter(|(at, _)| !limits.on(*at).is_empty());
    let limited: BTreeSet<&str> = limited.map(|(_, it)| it.key.namespace.as_str()).collect();
    let outgrows = |it: &&Workload| {
        let old = it.emptied.len() + it.revisions.len() - 1;
        it.kind == WorkloadKind::Deployment
            && limited.contains(it.key.namespace.as_str())
            && old as i64 > it.history_limit
    };
    if cluster.workloads.iter().any(|it| outgrows(&it)) {
        census.leave_out("revisionHistoryLimit under a ResourceQuota", "deletes ReplicaSets that count");
    }
}
