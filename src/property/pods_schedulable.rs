//! `pods-schedulable`: every pod finds a node.

use crate::cluster::object::scenario::PropertySpec;
use crate::cluster::view::Cluster;
use crate::cluster::{Presence, TemplateId};
use crate::system::{Checkpoint, PropertyKind, State};
use crate::term::Int;

use super::definition::{About, Definition, Field};
use super::{PropertyError, targets};

/// The property.
pub const DEFINITION: Definition = Definition {
    name: "pods-schedulable",
    says: "every pod finds a node",
    violated_by: "a settled state in which a pod of the workload has no node, and none may yet come for it, or is refused \
                  by a quota; a pod of a Job only while no pod of a Job is bound, for those make room when they end",
    about: About { waiting: true, missing: true, ..Definition::PLAIN.about },
    field: Field::OfWorkload("spec.template.spec"),
    build,
    ..Definition::PLAIN
};

fn build(cluster: &Cluster<'_>, property: &PropertySpec) -> Result<bool, PropertyError> {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let mut found = false;
    for (_, object, vars) in targets(cluster, &property.target) {
        if cluster.is_stopped() {
            return Ok(true);
        }
        // A pod that a node will come for is not blamed.
        let is_helped = |template| cluster.is_helped(template);
        let waiting = vars.templates.iter().map(|&it| lacking(cluster, &state, it).eq(0) | is_helped(it));
        // At rest a ReplicaSet lacks pods only where they are refused.
        let may_be_refused =
            |&(&template, _): &(&TemplateId, _)| object.kind.has_replica_sets() && !cluster.quotas(template).is_empty();
        let sets = vars.templates.iter().zip(&vars.sizes).filter(may_be_refused);
        let refused = sets.map(|(&template, &size)| cluster.active(&state, template).ge(state.get(size)));
        let holds = ctx.all(waiting.chain(refused));
        let holds = if object.kind.is_batch() { holds | cluster.some_job_runs(&state) } else { holds }.id();
        let kind = PropertyKind::Invariant { holds, at: Checkpoint::Settled };
        cluster.property(DEFINITION.name, object.key.to_string(), kind);
        found = true;
    }
    Ok(found)
}

/// Pods of a template without a node; those of DaemonSets that wait for one that is being removed go with it.
fn lacking<'c>(cluster: &Cluster<'c>, state: &State<'c>, template: TemplateId) -> Int<'c> {
    if !cluster.is_daemon(template) {
        return cluster.waiting(state, template);
    }
    cluster.sum(state, |cell| cluster.is_in(cell, Presence::Going).ite(0, cluster.waiting_on(cell, template)))
}
