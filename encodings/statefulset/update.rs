//! Pods of another revision than the template's.

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::cluster::arithmetic::rollout;
use crate::cluster::object::stateful::Update;
use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Scene, Sentence};
use crate::term::{Bool, Int};

use super::{Set, delete, status, told};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "statefulset/update",
    component: StatefulSet,
    upstream: [
        "pkg/controller/statefulset/stateful_set_control.go" => [
            "updateStatefulSet", "updateStatefulSetAfterInvariantEstablished",
        ],
    ],
    decides: "Which pods are deleted so that they come back with the template's revision: those of the highest \
        ordinals, down to the partition, one after the other. OrderedReady begins only when every replica is \
        available and nothing is left to be scaled down, so an update that got stuck stays so after it is reverted.",
    parts: [
        "RollingUpdate with `partition`; OnDelete" => "exact",
        "`maxUnavailable`, behind the feature gate `MaxUnavailableStatefulSet`, which is off unless the scenario turns it \
            on" =>
            "exact",
    ],
};

/// Adds the action; OnDelete leaves the deletion to others.
pub fn add<'c>(cluster: &Cluster<'c>, set: &Set<'_, 'c>) {
    let Update::Rolling { partition, max_unavailable } = &set.spec.update else { return };
    if set.object.revisions.len() < 2 {
        return;
    }
    let ctx = cluster.ctx();
    let first = set.spec.start + partition.unwrap_or(0);
    let outdated = set.replicas.iter().map(|replica| {
        let updated = replica.is_of(cluster, &set.state, set.update_revision);
        let reached = ctx.bool(replica.ordinal >= first);
        reached & replica.wanted & replica.active & !updated
    });
    let outdated: Vec<Bool<'c>> = outdated.collect();
    let goes = match max_unavailable {
        None => one_by_one(cluster, set, &outdated),
        Some(most) => several(cluster, set, &outdated, most),
    };
    let ready = cluster.exists(&set.state, set.vars) & (ctx.bool(set.spec.parallel) | is_in_order(cluster, set));
    let goes: Vec<Bool<'c>> = goes.into_iter().map(|goes| ready & goes).collect();
    let mut next = set.state.clone();
    delete(cluster, set, &mut next, &goes);
    status::write(cluster, set, &mut next, ctx.sum(goes.iter().map(|goes| goes.to_int())));
    let names = set.named(&goes);
    let (actor, revision) = (set.actor(), set.update_revision.id());
    let revisions: Vec<String> = set.object.revisions.iter().map(|it| it.name.clone()).collect();
    let tell = move |scene: &Scene<'_>| {
        let text = format!("deletes {} to make it again from the present template", told(&names, scene));
        let revision = usize::try_from(scene.get(revision)).ok().and_then(|at| revisions.get(at));
        let revision = revision.map_or("another", String::as_str);
        Sentence::new(actor.clone(), text).because(format!("the update revision is {revision}"))
    };
    let guard = ctx.any(goes);
    cluster.act(&RULE, set.draft("updates", guard, next), Box::new(tell));
}

/// Whether every replica is available, and none is left that is not wanted.
fn is_in_order<'c>(cluster: &Cluster<'c>, set: &Set<'_, 'c>) -> Bool<'c> {
    let surplus = cluster.ctx().any(set.replicas.iter().map(|it| it.exists() & !it.wanted));
    set.is_available(cluster) & !surplus
}

/// The highest one that is outdated, if all above it are available.
fn one_by_one<'c>(cluster: &Cluster<'c>, set: &Set<'_, 'c>, outdated: &[Bool<'c>]) -> Vec<Bool<'c>> {
    let mut goes_on = cluster.ctx().bool(true);
    let pairs = set.replicas.iter().zip(outdated).rev();
    let goes = pairs.map(|(replica, &outdated)| {
        let goes = goes_on & outdated;
        goes_on = goes_on & (!replica.wanted | (replica.available & !outdated));
        goes
    });
    let mut goes: Vec<Bool<'c>> = goes.collect();
    goes.reverse();
    goes
}

/// As many of the highest ones as may still become unavailable.
fn several<'c>(cluster: &Cluster<'c>, set: &Set<'_, 'c>, outdated: &[Bool<'c>], most: &IntOrString) -> Vec<Bool<'c>> {
    let ctx = cluster.ctx();
    let unavailable = ctx.sum(set.replicas.iter().map(|it| (it.wanted & !it.available).to_int()));
    let allowed = set.size.map(|size| rollout::max_unavailable_of_set(most, size)).minus_or_zero(unavailable);
    let mut above: Int<'c> = ctx.int(0);
    let goes = outdated.iter().rev().map(|&outdated| {
        let goes = outdated & above.lt(allowed);
        above = above + outdated.to_int();
        goes
    });
    let mut goes: Vec<Bool<'c>> = goes.collect();
    goes.reverse();
    goes
}
