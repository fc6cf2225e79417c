//! Pods that are too many.

use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Scene, Sentence};
use crate::term::Bool;

use super::{Set, delete, status, told};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "statefulset/condemned",
    component: StatefulSet,
    upstream: [
        "pkg/controller/statefulset/stateful_set_control.go" => ["updateStatefulSet", "processCondemned"],
    ],
    decides: "Which pods beyond `spec.replicas` are deleted. OrderedReady deletes the highest one once all others are \
        available, or it alone is not, and waits until it is gone; Parallel deletes all.",
    parts: [
        "pods outside of the range of ordinals" => "exact",
        "pods of a StatefulSet that is deleted" => "all go at once, as the garbage collector has it",
    ],
};

/// Adds the action.
pub fn add<'c>(cluster: &Cluster<'c>, set: &Set<'_, 'c>) {
    let exists = cluster.exists(&set.state, set.vars);
    let in_turn: Vec<Bool<'c>> = match set.spec.parallel {
        true => set.replicas.iter().map(|_| cluster.ctx().bool(true)).collect(),
        false => in_turn(cluster, set),
    };
    let goes = set.replicas.iter().zip(in_turn);
    let goes: Vec<Bool<'c>> =
        goes.map(|(replica, in_turn)| replica.active & (!exists | (!replica.wanted & in_turn))).collect();
    let mut next = set.state.clone();
    delete(cluster, set, &mut next, &goes);
    status::write(cluster, set, &mut next, cluster.ctx().int(0));
    let (names, actor, size) = (set.named(&goes), set.actor(), set.size.id());
    let exists = exists.id();
    let tell = move |scene: &Scene<'_>| {
        let sentence = Sentence::new(actor.clone(), format!("deletes {}", told(&names, scene)));
        match scene.holds(exists) {
            true => sentence.because(format!("spec.replicas is {}", scene.get(size))),
            false => sentence.because("the StatefulSet was deleted"),
        }
    };
    let guard = cluster.ctx().any(goes);
    cluster.act(&RULE, set.draft("deletes", guard, next), Box::new(tell));
}

/// Whether it is the turn of each pod that is not wanted, where one goes after the other: no replica is waited for, none
/// above it exists, and it is available or the lowest of those that are not.
fn in_turn<'c>(cluster: &Cluster<'c>, set: &Set<'_, 'c>) -> Vec<Bool<'c>> {
    let ctx = cluster.ctx();
    let condemned: Vec<Bool<'c>> = set.replicas.iter().map(|it| it.exists() & !it.wanted).collect();
    let others_available = set.is_available(cluster);
    let mut is_first = ctx.bool(true);
    let mut below: Vec<Bool<'c>> = Vec::new();
    for (replica, &condemned) in set.replicas.iter().zip(&condemned) {
        below.push(is_first);
        is_first = is_first & (!condemned | replica.available);
    }
    let mut is_highest = ctx.bool(true);
    let mut turns: Vec<Bool<'c>> = Vec::new();
    for (position, replica) in set.replicas.iter().enumerate().rev() {
        let may_go = !replica.terminating & (replica.available | below[position]);
        turns.push(others_available & is_highest & may_go);
        is_highest = is_highest & !condemned[position];
    }
    turns.reverse();
    turns
}
