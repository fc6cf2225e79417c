//! `pods-schedulable`: every pod finds a node.

use crate::cluster::TemplateId;
use crate::cluster::object::scenario::PropertySpec;
use crate::cluster::view::Cluster;
use crate::system::{Checkpoint, PropertyKind, State};
use crate::term::Bool;

use super::definition::{About, Definition};
use super::{PropertyError, targets};

/// The property.
pub const DEFINITION: Definition = Definition {
    name: "pods-schedulable",
    says: "every pod finds a node",
    violated_by: "a settled state in which a pod of the workload has no node, or is refused by a quota; a pod of a Job only \
                  while no pod of a Job is bound, for those make room when they end",
    about: About { waiting: true, missing: true, ..Definition::PLAIN.about },
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
        let waiting = vars.templates.iter().map(|template| cluster.waiting(&state, *template).eq(0));
        // At rest a ReplicaSet lacks pods only where they are refused.
        let may_be_refused =
            |&(&template, _): &(&TemplateId, _)| object.kind.has_replica_sets() && !cluster.quotas(template).is_empty();
        let sets = vars.templates.iter().zip(&vars.sizes).filter(may_be_refused);
        let refused = sets.map(|(&template, &size)| cluster.active(&state, template).ge(state.get(size)));
        let holds = ctx.all(waiting.chain(refused));
        let holds = if object.kind.is_batch() { holds | some_job_runs(cluster, &state) } else { holds }.id();
        let kind = PropertyKind::Invariant { holds, at: Checkpoint::Settled };
        cluster.property(DEFINITION.name, object.key.to_string(), kind);
        found = true;
    }
    Ok(found)
}

/// Whether a pod of some Job is bound: then those that wait do so for it.
fn some_job_runs<'c>(cluster: &Cluster<'c>, state: &State<'c>) -> Bool<'c> {
    let jobs = cluster.owners().filter(|(_, object, _)| object.kind.is_batch());
    let bound = jobs.flat_map(|(_, _, vars)| vars.templates.iter().map(|&it| cluster.bound(state, it).ge(1)));
    cluster.ctx().any(bound)
}
