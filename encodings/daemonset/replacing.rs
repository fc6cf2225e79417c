//! Rolling update without a surge: pods of other revisions are deleted, and creation does the rest. Those that are not
//! available go at once; of the others as many as `maxUnavailable` leaves, counting every node without an available pod.

use crate::cluster::view::rule::{Rule, rule};
use crate::term::Bool;

use super::sight::Node;
use super::{Reconcile, Step};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "daemonset/replacing",
    component: DaemonSet,
    upstream: [
        "pkg/controller/daemon/update.go" => ["rollingUpdate", "updatedDesiredNodeCounts", "findUpdatedPodsOnNode"],
    ],
    decides: "Which pods of other revisions a rolling update without a surge deletes.",
    parts: [
        "RollingUpdate with maxUnavailable: pods that are not available at once, others as far as it allows" =>
            "exact in how many; which nodes are next is free, and they go one after the other",
        "OnDelete" => "exact: a pod gets the present template once somebody has deleted the last one",
        "`minReadySeconds`" => "a pod is ready for the model once it is available, which may take any time in a block; one that is ready at \
                the start is available",
    ],
    omits: [
        "revision history" => "nothing in the model reads it",
    ],
};

/// Whether a node counts as unavailable: it should have an available pod, or has pods, and none is.
fn is_unavailable<'c>(node: &Node<'c>) -> Bool<'c> {
    let has_one = (node.new + node.old).eq(1) & (node.new_is_ready | node.old_is_ready);
    node.exists & (node.has_any | node.is_wanted) & !has_one
}

/// Adds both kinds of deletions.
pub fn add<'c>(reconcile: &Reconcile<'_, 'c>) {
    let sight = &reconcile.sight;
    if sight.old.is_empty() {
        return;
    }
    let (unavailable, limit) = (sight.count(is_unavailable), reconcile.limit());
    let why = "they are of another revision, and maxUnavailable allows one more";
    let step =
        Step::new(&RULE, "replaces", "deletes its pods on", why).counting(unavailable, limit, "have no available pod");
    let is_candidate = |node: &Node<'c>| node.has_old_only() & node.old_is_ready;
    reconcile.add_one(&step, unavailable.lt(limit), is_candidate, |cell, when| sight.delete(cell, &sight.old, when));
    let why = "they are of another revision, and not available";
    let step = Step::new(&RULE, "replaces unavailable pods", "deletes its pods on", why);
    let is_broken = |node: &Node<'c>| node.has_old_only() & !node.old_is_ready;
    reconcile.add_all(&step, is_broken, |cell, when| sight.delete(cell, &sight.old, when));
}
