//! `rollout-completes`: a changed template reaches all replicas.

use crate::cluster::Phase;
use crate::cluster::object::scenario::PropertySpec;
use crate::cluster::view::Cluster;
use crate::system::{Checkpoint, PropertyKind};

use super::definition::Definition;
use super::{PropertyError, targets};

/// The property.
pub const DEFINITION: Definition = Definition {
    name: "rollout-completes",
    says: "a changed template reaches all replicas",
    violated_by: "a settled state in which the workload's present template does not have `spec.replicas` bound pods, or another \
                  template still has some, and no pod is still starting",
    needs: "it needs a command that applies a changed template",
    may_apply: |spec| spec.workloads.iter().any(|workload| workload.revisions.len() > 1),
    build,
    ..Definition::PLAIN
};

/// Where everything has come to rest and no pod is still starting, the present template has all the replicas.
fn build(cluster: &Cluster<'_>, property: &PropertySpec) -> Result<bool, PropertyError> {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let mut found = false;
    for (_, object, vars) in targets(cluster, &property.target).filter(|(_, _, vars)| vars.templates.len() > 1) {
        let revision = cluster.revision(&state, vars);
        let starting = ctx.any(
            vars.templates
                .iter()
                .map(|&template| cluster.sum(&state, |cell| cluster.pods(cell, template, Phase::Starting)).ge(1)),
        );
        let complete = ctx.all(vars.templates.iter().enumerate().map(|(index, &template)| {
            let is_present = revision.eq(index as i64);
            let want = is_present.ite(state.get(vars.replicas), 0);
            state.get(vars.sizes[index]).eq(want) & cluster.bound(&state, template).eq(want)
        }));
        let holds = (!cluster.exists(&state, vars) | starting | complete).id();
        let kind = PropertyKind::Invariant { holds, at: Checkpoint::Settled };
        cluster.property(DEFINITION.name, object.key.to_string(), kind);
        found = true;
    }
    Ok(found)
}
