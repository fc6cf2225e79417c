//! `rollout-completes`: a changed template reaches all replicas.

use crate::cluster::Phase;
use crate::cluster::object::daemon::Update;
use crate::cluster::object::scenario::PropertySpec;
use crate::cluster::object::spec::{Workload, WorkloadKind};
use crate::cluster::view::{Cluster, WorkloadVars};
use crate::cluster::{Cell, TemplateId};
use crate::system::{Checkpoint, PropertyKind};

use super::definition::Definition;
use super::{PropertyError, targets};

/// The property.
pub const DEFINITION: Definition = Definition {
    name: "rollout-completes",
    says: "a changed template reaches all replicas",
    violated_by: "a settled state in which the workload's present template does not have `spec.replicas` bound pods, or another \
                  template still has some, and no pod is still starting; of a DaemonSet, another template still has a pod on a \
                  node that is up. Not of a DaemonSet with OnDelete",
    needs: "it needs a command that applies a changed template",
    may_apply: |spec| spec.workloads.iter().any(|workload| workload.revisions.len() > 1),
    build,
    ..Definition::PLAIN
};

/// Where everything has come to rest and no pod is still starting, the present template has all the replicas.
fn build(cluster: &Cluster<'_>, property: &PropertySpec) -> Result<bool, PropertyError> {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let mut found = false;
    let rolls = |object: &Workload, vars: &WorkloadVars| vars.templates.len() > 1 && !is_on_delete(object);
    for (_, object, vars) in targets(cluster, &property.target).filter(|(_, object, vars)| rolls(object, vars)) {
        if object.kind == WorkloadKind::DaemonSet {
            add_of_daemons(cluster, object, vars);
            found = true;
            continue;
        }
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

/// Whether it is left to users to delete pods of other revisions.
fn is_on_delete(object: &Workload) -> bool {
    object.kind == WorkloadKind::DaemonSet && Update::of(&object.update) == Update::OnDelete
}

/// The same of a DaemonSet: which nodes have a pod of the present template is up to its controller, but others are gone
/// from nodes that are up.
fn add_of_daemons<'c>(cluster: &Cluster<'c>, object: &Workload, vars: &WorkloadVars) {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let revision = cluster.revision(&state, vars);
    let up = |cell: &Cell<'c>| cell.exists & !cluster.is_down(cell);
    let has = |template: TemplateId, cell: &Cell<'c>| {
        (cluster.active_on(cell, template) + cluster.waiting_on(cell, template)).ge(1)
    };
    let cells = cluster.cells(&state);
    let starting = ctx.any(cells.iter().flat_map(|cell| {
        let some = |template: &TemplateId| up(cell) & cluster.pods(cell, *template, Phase::Starting).ge(1);
        vars.templates.iter().map(some).collect::<Vec<_>>()
    }));
    let is_left = |(index, &template): (usize, &TemplateId)| {
        let is_old = !revision.eq(index as i64);
        is_old & ctx.any(cells.iter().map(|cell| up(cell) & has(template, cell)))
    };
    let left = ctx.any(vars.templates.iter().enumerate().map(is_left));
    let holds = (!cluster.exists(&state, vars) | starting | !left).id();
    let kind = PropertyKind::Invariant { holds, at: Checkpoint::Settled };
    cluster.property(DEFINITION.name, object.key.to_string(), kind);
}
