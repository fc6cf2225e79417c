//! Deployment controller of Kubernetes v1.34: `pkg/controller/deployment/{sync,rolling,recreate}.go`.
//!
//! One reconcile does one thing, as upstream: if the ReplicaSet of the present template has to be resized, that is all;
//! otherwise old ones shrink, unavailable pods first, oldest ReplicaSet first. A ReplicaSet is available as far as its
//! pods are ready.
//!
//! Left out: proportional scaling of several active ReplicaSets when `spec.replicas` changes in the middle of a rollout
//! (the rolling rules resize them instead), `minReadySeconds` (ready pods are available), the progress deadline (it only
//! sets a condition), revision history, collisions of names. A paused Deployment resizes only the ReplicaSet of its
//! present template.

use itertools::Itertools;

use crate::cluster::TemplateId;
use crate::cluster::arithmetic::rollout::Limits;
use crate::cluster::spec::{Workload, WorkloadKind};
use crate::cluster::story::{Scene, Sentence};
use crate::cluster::view::{Cluster, WorkloadVars};
use crate::system::{ActionDraft, ActionKind, State};
use crate::term::{Bool, Int};

use super::ranks;

/// Adds the actions of every Deployment; ReplicaSets without one follow their own `spec.replicas`.
pub fn add(cluster: &Cluster<'_>) {
    for (_, object, vars) in cluster.owners() {
        let rolling = object.strategy.type_.as_deref() != Some("Recreate");
        for present in 0..vars.templates.len() {
            add_resize(cluster, object, vars, present, rolling);
            if vars.templates.len() > 1 && rolling && !object.paused {
                add_roll(cluster, object, vars, present);
            }
            if vars.templates.len() > 1 && !rolling && !object.paused {
                add_recreate(cluster, object, vars, present);
            }
        }
        add_vanish(cluster, object, vars);
    }
}

fn actor(object: &Workload) -> String {
    match object.kind {
        WorkloadKind::Deployment => format!("Deployment {}", object.key),
        _ => format!("ReplicaSet {}", object.key),
    }
}

/// A resize of one ReplicaSet: which and to what.
type Resize<'c> = (usize, Int<'c>);

fn act<'c>(
    cluster: &Cluster<'c>,
    object: &Workload,
    vars: &WorkloadVars,
    what: &str,
    guard: Bool<'c>,
    resizes: Vec<Resize<'c>>,
) {
    let state = cluster.state();
    let mut next = state.clone();
    let mut lines = Vec::new();
    for &(revision, size) in &resizes {
        let var = vars.sizes[revision];
        lines.push((object.revisions[revision].name.clone(), state.get(var).id(), var.index()));
        next.set(var, size);
    }
    let draft = ActionDraft {
        name: format!("deployment {} {what}", object.key),
        kind: ActionKind::Event { rank: ranks::DEPLOYMENT },
        guard,
        inputs: Vec::new(),
        choice: cluster.ctx().bool(true),
        next,
        marks: Vec::new(),
    };
    let (actor, replicas) = (actor(object), state.get(vars.replicas).id());
    let tell = move |scene: &Scene<'_>| {
        let changed = lines.iter().map(|(name, before, after)| (name, scene.get(*before), scene.after[*after]));
        let changed = changed
            .filter(|(_, before, after)| before != after)
            .map(|(name, before, after)| format!("{name} from {before} to {after}"))
            .join(", ");
        Sentence::new(actor.clone(), format!("scales ReplicaSet {changed}"))
            .because(format!("spec.replicas is {}", scene.get(replicas)))
    };
    cluster.act(draft, Box::new(tell));
}

/// Whether the Deployment exists and its present template is the given revision.
fn is_present<'c>(cluster: &Cluster<'c>, state: &State<'c>, vars: &WorkloadVars, revision: usize) -> Bool<'c> {
    cluster.exists(state, vars) & cluster.revision(state, vars).eq(revision as i64)
}

fn all_sizes<'c>(cluster: &Cluster<'c>, state: &State<'c>, vars: &WorkloadVars) -> Int<'c> {
    cluster.ctx().sum(vars.sizes.iter().map(|&size| state.get(size)))
}

/// The size that the present ReplicaSet should have next.
fn wanted_size<'c>(
    cluster: &Cluster<'c>,
    state: &State<'c>,
    object: &Workload,
    vars: &WorkloadVars,
    present: usize,
    rolling: bool,
) -> Int<'c> {
    let replicas = state.get(vars.replicas);
    let own = state.get(vars.sizes[present]);
    if vars.templates.len() == 1 || object.paused {
        return replicas;
    }
    if !rolling {
        let old = |revision: &usize| *revision != present;
        let gone = cluster.ctx().all((0..vars.templates.len()).filter(old).map(|revision| {
            let template = vars.templates[revision];
            let pods = cluster.sum(state, |cell| cluster.holding_on(cell, template));
            state.get(vars.sizes[revision]).eq(0) & pods.eq(0) & state.get(cluster.pending[template.0]).eq(0)
        }));
        return gone.ite(replicas, own.min(replicas));
    }
    let strategy = &object.strategy;
    let surge = replicas.map(|replicas| Limits::resolve(strategy, replicas).max_surge);
    let room = (replicas + surge).minus_or_zero(all_sizes(cluster, state, vars));
    let grown = own + room.min(replicas.minus_or_zero(own));
    own.ge(replicas).ite(replicas, grown)
}

/// Resizes the ReplicaSet of the present template.
fn add_resize(cluster: &Cluster<'_>, object: &Workload, vars: &WorkloadVars, present: usize, rolling: bool) {
    let state = cluster.state();
    let wanted = wanted_size(cluster, &state, object, vars, present, rolling);
    let guard = is_present(cluster, &state, vars, present) & wanted.ne(state.get(vars.sizes[present]));
    let what = format!("resizes {}", object.revisions[present].name);
    act(cluster, object, vars, &what, guard, vec![(present, wanted)]);
}

/// Shrinks old ReplicaSets by as many pods as availability allows.
fn add_roll(cluster: &Cluster<'_>, object: &Workload, vars: &WorkloadVars, present: usize) {
    let state = cluster.state();
    let replicas = state.get(vars.replicas);
    let strategy = &object.strategy;
    let unavailable = replicas.map(|replicas| Limits::resolve(strategy, replicas).max_unavailable);
    let min_available = replicas.minus_or_zero(unavailable);
    let size = |revision: usize| state.get(vars.sizes[revision]);
    let available = |revision: usize| {
        let template: TemplateId = vars.templates[revision];
        cluster.ready(&state, template).min(size(revision))
    };
    let new_unavailable = size(present).minus_or_zero(available(present));
    let mut budget = (all_sizes(cluster, &state, vars) - min_available - new_unavailable).max(0);
    let may_shrink = budget.ge(1);
    let old: Vec<usize> = (0..vars.templates.len()).filter(|&revision| revision != present).collect();
    let mut sizes: Vec<Int<'_>> = Vec::new();
    for &revision in &old {
        let cut = budget.min(size(revision).minus_or_zero(available(revision)));
        sizes.push(size(revision).minus_or_zero(cut));
        budget = budget - cut;
    }
    let ready = cluster.ctx().sum((0..vars.templates.len()).map(available));
    let mut spare = ready.minus_or_zero(min_available);
    for size in &mut sizes {
        let cut = spare.min(*size);
        *size = size.minus_or_zero(cut);
        spare = spare.minus_or_zero(cut);
    }
    let wanted = wanted_size(cluster, &state, object, vars, present, true);
    let changes = cluster.ctx().any(old.iter().zip(&sizes).map(|(&revision, new)| new.ne(size(revision))));
    let guard = is_present(cluster, &state, vars, present) & wanted.eq(size(present)) & may_shrink & changes;
    let what = format!("rolls to {}", object.revisions[present].name);
    act(cluster, object, vars, &what, guard, old.into_iter().zip(sizes).collect());
}

/// Recreate: old ReplicaSets go to 0 before the new one grows.
fn add_recreate(cluster: &Cluster<'_>, object: &Workload, vars: &WorkloadVars, present: usize) {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let old: Vec<usize> = (0..vars.templates.len()).filter(|&revision| revision != present).collect();
    let some = ctx.any(old.iter().map(|&revision| state.get(vars.sizes[revision]).ge(1)));
    let guard = is_present(cluster, &state, vars, present) & some;
    let what = format!("recreates as {}", object.revisions[present].name);
    act(cluster, object, vars, &what, guard, old.into_iter().map(|revision| (revision, ctx.int(0))).collect());
}

/// A deleted Deployment takes its ReplicaSets with it.
fn add_vanish(cluster: &Cluster<'_>, object: &Workload, vars: &WorkloadVars) {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let gone = !cluster.exists(&state, vars);
    if gone.constant() == Some(false) {
        return;
    }
    let some = ctx.any(vars.sizes.iter().map(|&size| state.get(size).ge(1)));
    let resizes = (0..vars.sizes.len()).map(|revision| (revision, ctx.int(0))).collect();
    act(cluster, object, vars, "is garbage-collected", gone & some, resizes);
}
