//! How many pods of a controller the updater may disturb at a time.

use crate::cluster::TemplateId;
use crate::cluster::view::rule::{Rule, rule};
use crate::system::State;
use crate::term::{Bool, Int};

use super::Target;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "vertical/restriction",
    component: VerticalAutoscaler,
    upstream: [
        "vertical-pod-autoscaler/pkg/updater/restriction/pods_restriction_factory.go" => [
            "GetCreatorMaps", "isPodDisruptable",
        ],
        "vertical-pod-autoscaler/pkg/updater/restriction/pods_eviction_restriction.go" => ["CanEvict"],
    ],
    decides: "How many pods of a ReplicaSet or StatefulSet the updater may evict in one pass: none if it has fewer than \
        `minReplicas` (2 unless given) on nodes, else half of `spec.replicas` less those that are missing already; the only one, \
        too.",
    parts: [
        "`minReplicas`; the flags `--min-replicas` and `--eviction-tolerance` as they are by default" => "exact",
        "pods that are bound and not ready" =>
            "over: whether they are Pending, and go at any time, or Running, and count, is taken both ways",
    ],
    omits: [
        "`--in-place-skip-disruption-budget`, `--eviction-rate-limit`" => "off, as by default",
    ],
};

/// How many of so many replicas may be missing: upstream's default is half of them.
pub fn tolerance(replicas: i64) -> i64 {
    replicas / 2
}

/// How many pods a pass that begins now may evict.
pub fn allowed<'c>(target: &Target<'_, 'c>, state: &State<'c>) -> Int<'c> {
    let (ctx, cluster) = (target.cluster.ctx(), target.cluster);
    let configured = state.get(target.group.size);
    let alive = alive(target, state);
    let tolerated = configured.map(tolerance);
    let beyond = (alive + tolerated).minus_or_zero(configured).min(tolerance(target.group.most(cluster)).max(1));
    let only = configured.eq(alive) & tolerated.eq(0);
    may_begin(target, state).ite(only.ite(ctx.int(1), beyond), 0)
}

/// Whether the pods of the controller are looked at, at all.
pub fn may_begin<'c>(target: &Target<'_, 'c>, state: &State<'c>) -> Bool<'c> {
    state.get(target.group.size).ge(1) & alive(target, state).ge(target.vertical.min_replicas)
}

/// Pods on nodes that are not being deleted.
fn alive<'c>(target: &Target<'_, 'c>, state: &State<'c>) -> Int<'c> {
    target.cluster.total_of(target.group.own, |template: TemplateId| target.cluster.bound(state, template))
}
