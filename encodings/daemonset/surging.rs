//! Rolling update with a surge: a pod of the present revision is made beside one of another revision, which is deleted when
//! the new one is available or it is not ready itself. A pod that is not available gets a neighbour at once; others
//! as far as `maxSurge` allows.

use crate::cluster::view::rule::{Rule, rule};
use crate::term::Bool;

use super::sight::Node;
use super::{Reconcile, Step};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "daemonset/surging",
    component: DaemonSet,
    upstream: [
        "pkg/controller/daemon/update.go" => ["rollingUpdate", "updatedDesiredNodeCounts", "findUpdatedPodsOnNode"],
        "pkg/controller/daemon/daemon_controller.go" => ["podsShouldBeOnNode"],
    ],
    decides: "Where a rolling update with a surge makes pods, and which pods of other revisions it deletes.",
    parts: [
        "RollingUpdate with maxSurge: a new pod beside one that is not available at once, beside others as far as it \
            allows; the other goes once the new one is available, or it is not ready itself" =>
            "exact in how many; which nodes are next is free, and they come one after the other",
        "nodes whose pod may stay but not come: it goes once more pods are available than nodes want one" =>
            "exact for versions that leave such nodes out of the surge",
        "a percentage of no nodes at all" => "no surge, where upstream does without for once",
    ],
};

/// Whether a node uses up some of the surge.
fn is_surging<'c>(node: &Node<'c>) -> Bool<'c> {
    let has_too_many = node.new.ge(2) | node.old.ge(2);
    let waits = node.new.eq(1) & node.old.eq(1) & !node.new_is_ready;
    node.exists & (has_too_many | waits)
}

/// Whether a node's pod counts as available: that of another revision, if there is one.
fn is_available<'c>(node: &Node<'c>) -> Bool<'c> {
    let is_plain = node.new.le(1) & node.old.le(1);
    let is_ready = node.old.ge(1).ite_bool(node.old_is_ready, node.new.ge(1) & node.new_is_ready);
    node.exists & is_plain & is_ready
}

/// Adds new pods beside others, and deletions of these.
pub fn add<'c>(reconcile: &Reconcile<'_, 'c>) {
    if !reconcile.sight.old.is_empty() {
        add_creations(reconcile);
        add_deletions(reconcile);
        add_retreat(reconcile);
    }
}

fn add_creations<'c>(reconcile: &Reconcile<'_, 'c>) {
    let sight = &reconcile.sight;
    let (surging, limit) = (sight.count(is_surging), reconcile.limit());
    let why = "its pod there is of another revision, and maxSurge allows one more";
    let step = Step::new(&RULE, "surges", "makes a pod for", why).counting(surging, limit, "have two");
    let is_candidate = |node: &Node<'c>| node.is_wanted & node.has_old_only() & node.old_is_ready;
    reconcile.add_one(&step, surging.lt(limit), is_candidate, |cell, when| sight.make(cell, when));
    let why = "its pod there is of another revision, and not available";
    let step = Step::new(&RULE, "surges beside unavailable pods", "makes a pod for", why);
    let is_broken = |node: &Node<'c>| node.is_wanted & node.has_old_only() & !node.old_is_ready;
    reconcile.add_all(&step, is_broken, |cell, when| sight.make(cell, when));
}

fn add_deletions<'c>(reconcile: &Reconcile<'_, 'c>) {
    let sight = &reconcile.sight;
    let is_replaced = |node: &Node<'c>| node.new.ge(1) & node.old.eq(1) & (node.new_is_ready | !node.old_is_ready);
    let why = "the pod of the present revision is available, or that of the other one is not ready";
    let step = Step::new(&RULE, "replaces", "deletes its old pods on", why);
    reconcile.add_all(&step, is_replaced, |cell, when| sight.delete(cell, &sight.old, when));
}

/// Nodes on which pods may stay, but not come.
fn add_retreat<'c>(reconcile: &Reconcile<'_, 'c>) {
    let sight = &reconcile.sight;
    let is_left = |node: &Node<'c>| !node.is_wanted & node.has_old_only();
    let (available, wanted) = (sight.count(is_available), sight.wanted());
    let why = "no new pod may come there, and more are available than nodes want one";
    let step = Step::new(&RULE, "retreats", "deletes its old pods on", why);
    let has_ready = |node: &Node<'c>| is_left(node) & node.old_is_ready;
    reconcile.add_one(&step, available.gt(wanted), has_ready, |cell, when| sight.delete(cell, &sight.old, when));
    let why = "no new pod may come there, and they are not available";
    let step = Step::new(&RULE, "retreats from unavailable pods", "deletes its old pods on", why);
    let has_unready = |node: &Node<'c>| is_left(node) & !node.old_is_ready;
    reconcile.add_all(&step, has_unready, |cell, when| sight.delete(cell, &sight.old, when));
}
