//! What the status of a StatefulSet remembers: which revision is the current one, and how many pods are of it; and which
//! pods have been ready for `minReadySeconds`.

use crate::cluster::object::stateful::Update;
use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Scene, Sentence};
use crate::system::{ActionDraft, ActionKind, State};
use crate::term::{Bool, Int};

use crate::encodings::paces;

use super::Set;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "statefulset/status",
    component: StatefulSet,
    upstream: [
        "pkg/controller/statefulset/stateful_set_control.go" => ["computeReplicaStatus", "updateStatefulSetStatus"],
        "pkg/controller/statefulset/stateful_set_utils.go" => ["completeRollingUpdate", "isRunningAndAvailable"],
    ],
    decides: "When the update revision becomes the current one: once all replicas are of it and ready. And when a pod \
        counts as available.",
    parts: [
        "`status.currentRevision`, `status.currentReplicas`" =>
            "exact: every reconcile ends with writing them, and the next one has seen that",
        "`minReadySeconds`" => "over: a ready pod becomes available after any time, or never",
    ],
    omits: [
        "other fields of the status" => "nothing in the model reads them",
        "revision history, collisions of names",
    ],
};

/// Adds the actions.
pub fn add<'c>(cluster: &Cluster<'c>, set: &Set<'_, 'c>) {
    add_revisions(cluster, set);
    for &(ordinal, _) in &set.status.available {
        add_available(cluster, set, ordinal);
    }
}

/// How many pods that are not being deleted are of a revision.
fn of_revision<'c>(cluster: &Cluster<'c>, set: &Set<'_, 'c>, revision: Int<'c>) -> Int<'c> {
    let own = set.replicas.iter().map(|it| it.is_of(cluster, &set.state, revision).to_int());
    cluster.ctx().sum(own)
}

/// Whether a rolling update is complete: every replica is there, ready, and of the update revision.
fn is_complete<'c>(cluster: &Cluster<'c>, set: &Set<'_, 'c>) -> Bool<'c> {
    let ctx = cluster.ctx();
    let count = |of: &dyn Fn(&super::Replica<'c>) -> Bool<'c>| ctx.sum(set.replicas.iter().map(|it| of(it).to_int()));
    ctx.bool(matches!(set.spec.update, Update::Rolling { .. }))
        & of_revision(cluster, set, set.update_revision).eq(set.size)
        & count(&|it| it.ready).eq(set.size)
        & count(&|it| it.exists()).eq(set.size)
}

/// Writes the status with which a reconcile ends that saw the present state, and deleted so many pods for an update. Returns
/// whether that changes it.
pub fn write<'c>(cluster: &Cluster<'c>, set: &Set<'_, 'c>, next: &mut State<'c>, updating: Int<'c>) -> Bool<'c> {
    let Some(current) = set.status.current else { return cluster.ctx().bool(false) };
    let gone = !cluster.exists(&set.state, set.vars);
    let complete = is_complete(cluster, set) | gone;
    let revision = complete.ite(set.update_revision, set.current_revision);
    next.set(current, revision);
    let mut changes = revision.ne(set.current_revision);
    if let Some(var) = set.status.current_replicas {
        let replicas = gone.ite(0, of_revision(cluster, set, revision)).minus_or_zero(updating);
        next.set(var, replicas);
        changes = changes | replicas.ne(set.state.get(var));
    }
    changes
}

fn add_revisions<'c>(cluster: &Cluster<'c>, set: &Set<'_, 'c>) {
    let Some(current) = set.status.current else { return };
    let mut next = set.state.clone();
    let changes = write(cluster, set, &mut next, cluster.ctx().int(0));
    let (actor, after) = (set.actor(), current.index());
    let revisions: Vec<String> = set.object.revisions.iter().map(|it| it.name.clone()).collect();
    let tell = move |scene: &Scene<'_>| {
        let name = usize::try_from(scene.after[after]).ok().and_then(|at| revisions.get(at));
        let name = name.map_or("another", String::as_str);
        Sentence::new(actor.clone(), format!("writes its status: the current revision is {name}"))
    };
    cluster.act(&RULE, set.draft("writes its status", changes, next), Box::new(tell));
}

/// A ready pod has been so for long enough.
fn add_available<'c>(cluster: &Cluster<'c>, set: &Set<'_, 'c>, ordinal: i64) {
    let Some(&(_, flag)) = set.status.available.iter().find(|(known, _)| *known == ordinal) else { return };
    let Some(replica) = set.replicas.iter().find(|it| it.ordinal == ordinal) else { return };
    let guard = replica.ready & !set.state.is(flag);
    let mut next = set.state.clone();
    next.set_bool(flag, cluster.ctx().bool(true));
    let (pod, seconds) = (set.spec.pod(ordinal), set.object.min_ready_seconds);
    let name = format!("{pod} of statefulset {} is available", set.object.key);
    let pace = paces::since_noted(cluster, "availability after minReadySeconds", seconds);
    let draft = ActionDraft::new(name, ActionKind::Periodic, guard, next).seeing(set.sees()).paced(pace);
    let tell = move |_: &Scene<'_>| {
        Sentence::new("time", format!("passes: {pod} has been ready for {seconds} s, and is available"))
    };
    cluster.act(&RULE, draft, Box::new(tell));
}
