//! Pods that are missing.

use crate::cluster::object::stateful::Update;
use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Scene, Sentence};
use crate::term::Bool;

use super::{Set, status, told};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "statefulset/creation",
    component: StatefulSet,
    upstream: [
        "pkg/controller/statefulset/stateful_set_control.go" => ["updateStatefulSet", "processReplica"],
        "pkg/controller/statefulset/stateful_set_utils.go" => ["newVersionedStatefulSetPod"],
    ],
    decides: "Which missing pods are made, and of which revision. OrderedReady makes the lowest one once all below it \
        are available, Parallel makes all.",
    parts: [
        "a pod is made when the one of its name is gone" =>
            "exact: one that is being deleted on a node that is down stays until the node is back",
        "pods below the partition are of the current revision, others of the update revision; without `rollingUpdate`, \
            `status.currentReplicas` is the partition" =>
            "exact",
    ],
    omits: [
        "pods that have failed or succeeded, which are deleted and made again",
        "claims of pods: missing ones, stale ones, and `persistentVolumeClaimRetentionPolicy`" =>
            "every claim is there when its pod is made",
        "back-off after failed creation",
    ],
};

/// Adds the action.
pub fn add<'c>(cluster: &Cluster<'c>, set: &Set<'_, 'c>) {
    let exists = cluster.exists(&set.state, set.vars);
    let after = set.after_available(cluster);
    let made = set.replicas.iter().zip(after).map(|(replica, after)| {
        let missing = exists & replica.wanted & !replica.exists();
        if set.spec.parallel { missing } else { missing & after }
    });
    let made: Vec<Bool<'c>> = made.collect();
    let mut next = set.state.clone();
    for (replica, &made) in set.replicas.iter().zip(&made) {
        let revision = is_current(cluster, set, replica.ordinal).ite(set.current_revision, set.update_revision);
        for &(of, template) in &replica.templates {
            let pending = cluster.pending[template.0];
            let here = made & revision.eq(of as i64);
            next.set(pending, here.ite(1, set.state.get(pending)));
        }
    }
    status::write(cluster, set, &mut next, cluster.ctx().int(0));
    let names = set.named(&made);
    let (actor, size, parallel) = (set.actor(), set.size.id(), set.spec.parallel);
    let tell = move |scene: &Scene<'_>| {
        let how = if parallel { "podManagementPolicy is Parallel" } else { "all pods before it are available" };
        let sentence = Sentence::new(actor.clone(), format!("creates {}", told(&names, scene)));
        sentence.because(format!("spec.replicas is {}, {how}", scene.get(size)))
    };
    let guard = cluster.ctx().any(made);
    cluster.act(&RULE, set.draft("creates", guard, next), Box::new(tell));
}

/// Whether a new pod of an ordinal is of the current revision.
fn is_current<'c>(cluster: &Cluster<'c>, set: &Set<'_, 'c>, ordinal: i64) -> Bool<'c> {
    let (ctx, index) = (cluster.ctx(), ordinal - set.spec.start);
    match (&set.spec.update, set.status.current_replicas) {
        (Update::Rolling { partition: Some(partition), .. }, _) => ctx.bool(index < *partition),
        (Update::Rolling { partition: None, .. }, Some(replicas)) => set.state.get(replicas).gt(index),
        _ => ctx.bool(false),
    }
}
