//! `pods-schedulable`: every pod finds a node.

use crate::cluster::TemplateId;
use crate::cluster::object::scenario::PropertySpec;
use crate::cluster::object::spec::Workload;
use crate::cluster::view::{Cluster, WorkloadVars};
use crate::system::{Checkpoint, PropertyKind, State};
use crate::term::{Bool, Int};

use super::definition::{About, Definition, Field};
use super::{PropertyError, targets};

/// The property.
pub const DEFINITION: Definition = Definition {
    name: "pods-schedulable",
    says: "every pod finds a node",
    violated_by: "a settled state in which a pod of the workload has no node, and none may yet come for it, or is refused \
                  by a quota, itself or its ReplicaSet; a pod of a Job only while no pod of a Job is bound, for those make room when they end",
    about: About { waiting: true, missing: true, ..Definition::PLAIN.about },
    field: Field::OfWorkload("spec.template.spec"),
    build,
    ..Definition::PLAIN
};

fn build(cluster: &Cluster<'_>, property: &PropertySpec) -> Result<bool, PropertyError> {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let mut found = false;
    for (index, object, vars) in targets(cluster, &property.target) {
        if cluster.is_stopped() {
            return Ok(true);
        }
        // A pod that a node will come for is not blamed.
        let is_helped = |template| cluster.is_helped(template);
        let waiting = vars.templates.iter().map(|&it| lacking(cluster, &state, it).eq(0) | is_helped(it));
        // At rest a ReplicaSet lacks pods only where they are refused.
        let may_be_refused =
            |(own, _): &(&Vec<TemplateId>, _)| object.kind.has_replica_sets() && has_quotas(cluster, own);
        let sets = vars.by_revision.iter().zip(&vars.sizes).filter(may_be_refused);
        let refused =
            sets.map(|(own, &size)| cluster.total_of(own, |it| cluster.active(&state, it)).ge(state.get(size)));
        let holds = ctx.all(waiting.chain(refused)) & !lacks_set(cluster, &state, (index, object, vars));
        let holds = if object.kind.is_batch() { holds | cluster.some_job_runs(&state) } else { holds }.id();
        let kind = PropertyKind::Invariant { holds, at: Checkpoint::Settled };
        cluster.property(DEFINITION.name, object.key.to_string(), kind);
        found = true;
    }
    Ok(found)
}

/// Whether a Deployment has too few pods because a quota refuses the ReplicaSet that would make them.
fn lacks_set<'c>(
    cluster: &Cluster<'c>,
    state: &State<'c>,
    (index, object, vars): (usize, &Workload, &WorkloadVars),
) -> Bool<'c> {
    let (ctx, present) = (cluster.ctx(), cluster.revision(state, vars));
    let is_missing = |revision: usize| present.eq(revision as i64) & !cluster.has_replica_set(state, vars, revision);
    let is_missing = ctx.any((0..vars.made.len()).map(is_missing));
    if object.paused || is_missing.constant() == Some(false) {
        return ctx.bool(false);
    }
    let active = ctx.sum(vars.templates.iter().map(|&template| cluster.active(state, template)));
    let is_short = active.lt(state.get(vars.replicas));
    cluster.exists(state, vars) & is_missing & is_short & cluster.refuses_replica_set(state, index)
}

/// Whether a quota may refuse pods of some of these templates.
fn has_quotas(cluster: &Cluster<'_>, templates: &[TemplateId]) -> bool {
    templates.iter().any(|&template| !cluster.quotas(template).is_empty())
}

/// Pods of a template without a node; those of DaemonSets that wait for one that is being removed go with it.
fn lacking<'c>(cluster: &Cluster<'c>, state: &State<'c>, template: TemplateId) -> Int<'c> {
    if !cluster.is_daemon(template) {
        return cluster.waiting(state, template);
    }
    cluster.sum(state, |cell| cluster.is_departing(cell).ite(0, cluster.waiting_on(cell, template)))
}
