//! `rollout-completes`: a changed template reaches all replicas.

use std::collections::BTreeMap;

use crate::cluster::object::scenario::PropertySpec;
use crate::cluster::object::spec::{Revision, Workload, WorkloadKind};
use crate::cluster::object::stateful::{Stateful, Update};
use crate::cluster::object::{daemon, stateful};
use crate::cluster::view::story::{Line, Scene};
use crate::cluster::view::{Cluster, WorkloadVars};
use crate::cluster::{Cell, TemplateId};
use crate::system::{Checkpoint, PropertyKind, State};
use crate::term::{Bool, Int};

use super::definition::{About, Definition, Field};
use super::{PropertyError, targets};

/// The property.
pub const DEFINITION: Definition = Definition {
    name: "rollout-completes",
    says: "a changed template reaches all replicas",
    violated_by: "a settled state in which the workload's present template does not have `spec.replicas` bound pods, \
                  or another template still has some (of a DaemonSet: only the latter, and on nodes that are up), and \
                  no pod is still starting, waits for `minReadySeconds`, is to be ready again (`crashLooping`, \
                  `unready` with `recover`), or waits for a node that may yet come. Pods of a StatefulSet below its \
                  partition may be of any template; with OnDelete no rollout is expected, nor is one to a template \
                  whose pods never become ready (`neverReady`)",
    needs: "it needs a command that applies a changed template",
    about: About { missing: true, ..Definition::PLAIN.about },
    field: Field::OfWorkload("spec.template"),
    may_apply: |spec| spec.workloads.iter().any(|workload| workload.revisions.len() > 1),
    build,
    ..Definition::PLAIN
};

/// Where everything has come to rest and no pod is to be ready that ever will, the present template has all the replicas.
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
        let coming = |&template: &TemplateId| cluster.sum(&state, |cell| cluster.coming_on(cell, template)).ge(1);
        let coming = ctx.any(vars.templates.iter().map(coming));
        let ageing = vars.templates.iter().map(|&template| cluster.is_ageing(&state, template));
        let ageing = ctx.any(ageing);
        let hopeful = vars.templates.iter().map(|&it| cluster.waiting(&state, it).ge(1) & cluster.is_helped(it));
        let hopeful = ctx.any(hopeful);
        let broken = ctx.any(broken(cluster, vars).map(|revision| cluster.revision(&state, vars).eq(revision)));
        let complete = match &object.stateful {
            Some(set) => set_is_complete(cluster, &state, set, vars),
            None => is_complete(cluster, &state, vars),
        };
        let holds = !cluster.exists(&state, vars) | broken | coming | ageing | hopeful | complete;
        add_property(cluster, object, holds);
        diagnose(cluster, object, vars, holds);
        found = true;
    }
    Ok(found)
}

fn add_property<'c>(cluster: &Cluster<'c>, object: &Workload, holds: Bool<'c>) {
    let kind = PropertyKind::Invariant { holds: holds.id(), at: Checkpoint::Settled };
    cluster.property(DEFINITION.name, object.key.to_string(), kind);
}

/// Revisions whose pods never become ready: no rollout to them is expected to get anywhere.
fn broken<'a>(cluster: &'a Cluster<'_>, vars: &'a WorkloadVars) -> impl Iterator<Item = i64> + 'a {
    let templates = vars.templates.iter().map(|template| &cluster.templates[template.0]);
    templates.filter(|template| template.never_ready).map(|template| template.revision as i64)
}

/// Whether the present ReplicaSet has all replicas, and others none.
fn is_complete<'c>(cluster: &Cluster<'c>, state: &State<'c>, vars: &WorkloadVars) -> Bool<'c> {
    let revision = cluster.revision(state, vars);
    cluster.ctx().all(vars.by_revision.iter().enumerate().map(|(index, own)| {
        let is_present = revision.eq(index as i64);
        let want = is_present.ite(state.get(vars.replicas), 0);
        state.get(vars.sizes[index]).eq(want) & cluster.total_of(own, |it| cluster.bound(state, it)).eq(want)
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
    let coming = ctx.any(cells.iter().flat_map(|cell| {
        let some = |template: &TemplateId| up(cell) & cluster.coming_on(cell, *template).ge(1);
        vars.templates.iter().map(some).collect::<Vec<_>>()
    }));
    let broken = ctx.any(broken(cluster, vars).map(|broken| revision.eq(broken)));
    let is_left = |&template: &TemplateId| {
        let is_old = !revision.eq(cluster.templates[template.0].revision as i64);
        is_old & ctx.any(cells.iter().map(|cell| up(cell) & has(template, cell)))
    };
    let left = ctx.any(vars.templates.iter().map(is_left));
    add_property(cluster, object, !cluster.exists(&state, vars) | broken | coming | !left);
}

/// Says how far a rollout came that goes no further, and what a Deployment that is watched says of it.
fn diagnose<'c>(cluster: &Cluster<'c>, object: &Workload, vars: &WorkloadVars, holds: Bool<'c>) {
    let state = cluster.state();
    if object.kind != WorkloadKind::Deployment {
        return;
    }
    let sets = vars.by_revision.iter().zip(&object.revisions);
    let available = |(own, revision): (&Vec<TemplateId>, &Revision)| {
        let available = cluster.total_of(own, |it| cluster.available(&state, it)).id();
        (available, cluster.total_of(own, |it| cluster.bound(&state, it)).id(), revision.name.clone())
    };
    let sets: Vec<_> = sets.map(available).collect();
    let (holds, revision) = (holds.id(), cluster.revision(&state, vars).id());
    let (wanted, name) = (state.get(vars.replicas).id(), object.key.to_string());
    let deadline = object.progress_deadline.filter(|_| !object.paused);
    let told = move |scene: &Scene<'_>| {
        let present = usize::try_from(scene.get(revision)).ok().and_then(|at| sets.get(at));
        let Some((available, _, set)) = present.filter(|_| !scene.holds(holds)) else { return Vec::new() };
        let old: i64 = sets.iter().filter(|(_, _, other)| other != set).map(|(_, bound, _)| scene.get(*bound)).sum();
        let (available, wanted) = (scene.get(*available), scene.get(wanted));
        let mut lines =
            vec![format!("{available} of {wanted} pods of {set} are available, {old} of other templates remain")];
        lines.extend(deadline.filter(|_| old > 0).map(|seconds| {
            format!(
                "{seconds} s without progress later (progressDeadlineSeconds), {name} has the condition Progressing=False, \
                 ProgressDeadlineExceeded; nothing is rolled back"
            )
        }));
        lines.into_iter().map(Line::from).collect()
    };
    cluster.diagnose(DEFINITION.name, Box::new(told));
}
