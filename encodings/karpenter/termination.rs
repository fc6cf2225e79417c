//! Nodes that go are drained, and gone once they are.

use crate::cluster::object::scenario::Scaler;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Scene, Sentence};
use crate::cluster::view::{Cluster, Leaving};
use crate::cluster::{Cell, Presence};
use crate::encodings::disruption;
use crate::encodings::node_groups::holds::Holds;
use crate::encodings::node_groups::{act, cells_in, removal};
use crate::term::Bool;

use super::{NAME, pool_of};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "karpenter/termination",
    component: Karpenter,
    upstream: [
        "pkg/controllers/node/termination/controller.go" => [],
        "pkg/controllers/node/termination/terminator/terminator.go" => ["Drain", "DeleteExpiringPods"],
        "pkg/controllers/node/termination/terminator/eviction.go" => [],
    ],
    decides: "A node that is disrupted carries the taint `karpenter.sh/disrupted`, its pods are evicted through the eviction \
        API, and it is gone once they are.",
    parts: [
        "pods under a budget are evicted as the budget allows; others at once, except in `async`" => "as drains do",
        "pods that are not to be disrupted are not evicted, and waited for" => "exact",
        "`terminationGracePeriod`: all pods are deleted, whatever budgets and annotations say" => "over: at any time",
        "a drain that does not end goes on for ever without it" => "exact",
        "the node is gone once its pods are, DaemonSets' and mirror pods with it" => "over: after any time",
    ],
    omits: [
        "evictions of DaemonSets' pods" => "they go with the node",
        "pods that tolerate the taint, which upstream does not evict" => "they are evicted like others",
        "that critical pods are evicted after others, pods that are stuck terminating, volume attachments",
        "the descheduler does not see the taint of nodes that go",
    ],
};

/// Adds it.
pub fn add<'c>(cluster: &Cluster<'c>, holds: &Holds<'_, 'c>) {
    add_grace_period(cluster, holds);
    removal::end(cluster, (&RULE, NAME), Scaler::is_karpenter, holds);
}

/// The time is over that a drain may take.
fn add_grace_period<'c>(cluster: &Cluster<'c>, holds: &Holds<'_, 'c>) {
    let ctx = cluster.ctx();
    let late = |cell: Cell<'c>| match pool_of(cluster, &cell) {
        Some((_, pool)) if pool.has_grace_period => cell.exists & holds.left(&cell).ge(1),
        _ => ctx.bool(false),
    };
    let going = cells_in(cluster, Presence::Going, Scaler::is_karpenter);
    let late: Vec<Bool<'c>> = going.into_iter().map(late).collect();
    let (var, chosen, valid) = cluster.choose_cell("node", &late);
    let deleted = |cell: &Cell<'c>, template| match disruption::is_left_alone(cluster, template) {
        true => ctx.int(0),
        false => cluster.active_on(cell, template),
    };
    let mut next = cluster.state();
    cluster.rewrite_one(&mut next, &chosen, |cell| {
        cluster.change(cell).delete_each(|template| deleted(cell, template), Leaving::Evicted)
    });
    let cells = cluster.cells(&cluster.state());
    let marks = cluster.eviction_marks(|template| {
        ctx.any(chosen.iter().zip(&cells).map(|(&chosen, cell)| chosen & deleted(cell, template).ge(1)))
    });
    let tell = |scene: &Scene<'_>| {
        Sentence::new(NAME, format!("deletes the pods on {}", scene.moved_names()))
            .because("the terminationGracePeriod of its NodePool is over")
    };
    let choice = (ctx.any(late), vec![var], valid);
    act(cluster, &RULE, "karpenter ends a drain", choice, next, marks, Box::new(tell));
}
