//! `rollout-completes`: a changed template reaches all replicas.

use std::collections::BTreeMap;

use crate::cluster::object::scenario::PropertySpec;
use crate::cluster::object::spec::{Workload, WorkloadKind};
use crate::cluster::object::stateful::{Stateful, Update};
use crate::cluster::object::{daemon, stateful};
use crate::cluster::view::{Cluster, WorkloadVars};
use crate::cluster::{Cell, Phase, TemplateId};
use crate::system::{Checkpoint, PropertyKind, State};
use crate::term::{Bool, Int};

use super::definition::Definition;
use super::{PropertyError, targets};

/// The property.
pub const DEFINITION: Definition = Definition {
    name: "rollout-completes",
    says: "a changed template reaches all replicas",
    violated_by: "a settled state in which the workload's present template does not have `spec.replicas` bound pods, \
                  or another template still has some (of a DaemonSet: only the latter, and on nodes that are up), and \
                  no pod is still starting, or waits for `minReadySeconds`. Pods of a StatefulSet below its partition \
                  may be of any template; with OnDelete no rollout is expected, nor is one to a template whose pods \
                  never become ready (`neverReady`)",
    needs: "it needs a command that applies a changed template",
    may_apply: |spec| spec.workloads.iter().any(|workload| workload.revisions.len() > 1),
    build,
    ..Definition::PLAIN
};

/// Where everything has come to rest and no pod is still starting that ever will, the present template has all the replicas.
fn build(cluster: &Cluster<'_>, property: &PropertySpec) -> Result<bool, PropertyError> {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let mut found = false;
    let rolls = |object: &Workload| object.revisions.len() > 1 && !is_on_delete(object);
    for (_, object, vars) in targets(cluster, &property.target).filter(|(_, object, _)| rolls(object)) {
        if object.kind == WorkloadKind::DaemonSet {
            add_of_daemons(cluster, object, vars);
            found = true;
            continue;
        }
        let starting = ctx.any(
            starting(cluster, vars)
                .map(|template| cluster.sum(&state, |cell| cluster.pods(cell, template, Phase::Starting)).ge(1)),
        );
        let ageing = vars.templates.iter().map(|&template| cluster.is_ageing(&state, template));
        let ageing = ctx.any(ageing);
        let broken = ctx.any(broken(cluster, vars).map(|revision| cluster.revision(&state, vars).eq(revision)));
        let complete = match &object.stateful {
            Some(set) => set_is_complete(cluster, &state, set, vars),
            None => is_complete(cluster, &state, vars),
        };
        let holds = (!cluster.exists(&state, vars) | broken | starting | ageing | complete).id();
        let kind = PropertyKind::Invariant { holds, at: Checkpoint::Settled };
        cluster.property(DEFINITION.name, object.key.to_string(), kind);
        found = true;
    }
    Ok(found)
}

/// Templates whose pods become ready.
fn starting<'a>(cluster: &'a Cluster<'_>, vars: &'a WorkloadVars) -> impl Iterator<Item = TemplateId> + 'a {
    vars.templates.iter().copied().filter(|template| !cluster.templates[template.0].never_ready)
}

/// Revisions whose pods never become ready: no rollout to them is expected to get anywhere.
fn broken<'a>(cluster: &'a Cluster<'_>, vars: &'a WorkloadVars) -> impl Iterator<Item = i64> + 'a {
    let templates = vars.templates.iter().map(|template| &cluster.templates[template.0]);
    templates.filter(|template| template.never_ready).map(|template| template.revision as i64)
}

/// Whether the present ReplicaSet has all replicas, and others none.
fn is_complete<'c>(cluster: &Cluster<'c>, state: &State<'c>, vars: &WorkloadVars) -> Bool<'c> {
    let revision = cluster.revision(state, vars);
    cluster.ctx().all(vars.templates.iter().enumerate().map(|(index, &template)| {
        let is_present = revision.eq(index as i64);
        let want = is_present.ite(state.get(vars.replicas), 0);
        state.get(vars.sizes[index]).eq(want) & cluster.bound(state, template).eq(want)
    }))
}

/// Whether a StatefulSet has a bound pod of each ordinal and no other ones, and from the partition upwards they are of the
/// present template.
fn set_is_complete<'c>(cluster: &Cluster<'c>, state: &State<'c>, set: &Stateful, vars: &WorkloadVars) -> Bool<'c> {
    let (ctx, revision, size) = (cluster.ctx(), cluster.revision(state, vars), state.get(vars.replicas));
    let Update::Rolling { partition, .. } = set.update else { return ctx.bool(true) };
    let mut bound: BTreeMap<i64, Int<'c>> = BTreeMap::new();
    for &template in &vars.templates {
        let pod = &cluster.templates[template.0];
        let Some(index) = pod.ordinal.map(|ordinal| ordinal - set.start) else { continue };
        let fits = ctx.bool(index < partition.unwrap_or(0)) | revision.eq(pod.revision as i64);
        let counts = fits.ite(cluster.bound(state, template), 0);
        let known = bound.entry(index).or_insert_with(|| ctx.int(0));
        *known = *known + counts;
    }
    let active = ctx.sum(vars.templates.iter().map(|&template| cluster.active(state, template)));
    let there = |(index, bound): (i64, Int<'c>)| (ctx.bool(index < 0) | size.le(index)) | bound.ge(1);
    active.eq(size) & ctx.all(bound.into_iter().map(there))
}

/// Whether it is left to users to delete pods of other revisions.
fn is_on_delete(object: &Workload) -> bool {
    let is_set = || object.stateful.as_ref().is_some_and(|set| set.update == stateful::Update::OnDelete);
    let is_daemon = || object.kind == WorkloadKind::DaemonSet;
    is_set() || is_daemon() && daemon::Update::of(&object.update) == daemon::Update::OnDelete
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
