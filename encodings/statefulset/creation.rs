//! Pods that are missing.

use crate::cluster::TemplateId;
use crate::cluster::object::stateful::Update;
use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Scene, Sentence};
use crate::encodings::{admission, vertical};
use crate::term::{Bool, Int};

use super::replica::Replica;
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
        "quotas that admit some of several pods at once" => "those of the lowest ordinals",
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
    let mut count = cluster.ctx().int(0);
    let made = set.replicas.iter().zip(after).map(|(replica, after)| {
        let missing = exists & replica.wanted & !replica.exists() & admits(cluster, set, replica, count);
        let made = if set.spec.parallel { missing } else { missing & after };
        count = count + made.to_int();
        made
    });
    let made: Vec<Bool<'c>> = made.collect();
    let mut next = set.state.clone();
    for (replica, &made) in set.replicas.iter().zip(&made) {
        let revision = is_current(cluster, set, replica.ordinal).ite(set.current_revision, set.update_revision);
        for &(of, template) in &replica.templates {
            let pending = cluster.pending[template.0];
            let here = made & revision.eq(of as i64) & cluster.is_made(&set.state, template);
            next.set(pending, here.ite(1, set.state.get(pending)));
        }
    }
    status::write(cluster, set, &mut next, cluster.ctx().int(0));
    let names = set.named(&made);
    let is_sized = set.object.vertical.is_some();
    let (actor, size, parallel) = (set.actor(), set.size.id(), set.spec.parallel);
    let tell = move |scene: &Scene<'_>| {
        let how = if parallel { "podManagementPolicy is Parallel" } else { "all pods before it are available" };
        let sentence = Sentence::new(actor.clone(), format!("creates {}", told(&names, scene)));
        sentence
            .by_if(is_sized, &vertical::admission::RULE)
            .because(format!("spec.replicas is {}, {how}", scene.get(size)))
    };
    let guard = cluster.ctx().any(made);
    let templates = set.vars.templates.iter();
    let seen = set.sees().into_iter().chain(templates.flat_map(|&template| admission::seen(cluster, template)));
    cluster.act(&RULE, set.draft("creates", guard, next).seeing(seen), Box::new(tell));
}

/// Whether quotas admit a pod of an ordinal after so many others.
fn admits<'c>(cluster: &Cluster<'c>, set: &Set<'_, 'c>, replica: &Replica<'c>, others: Int<'c>) -> Bool<'c> {
    let revision = is_current(cluster, set, replica.ordinal).ite(set.current_revision, set.update_revision);
    let of_template = |&(of, template): &(usize, TemplateId)| {
        let room = admission::room(cluster, &set.state, template).pods;
        let is_other = revision.ne(of as i64) | !cluster.is_made(&set.state, template);
        room.map_or_else(|| cluster.ctx().bool(true), |room| is_other | room.gt(others))
    };
    cluster.ctx().all(replica.templates.iter().map(of_template))
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
