//! Node failure and recovery, as the node lifecycle controller sees them. What the taints of a node that is down do is the
//! business of the scheduler's and of taint eviction's encodings.

use crate::cluster::view::Cluster;
use crate::cluster::view::deed::Deed;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Scene, Sentence};
use crate::cluster::{Attribute, Cell};
use crate::term::Bool;

use super::{Switch, outside, switch};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "environment/failures",
    component: NodeFailure,
    upstream: [
        "pkg/controller/nodelifecycle/node_lifecycle_controller.go" => ["monitorNodeHealth"],
    ],
    decides: "Which nodes fail and come back, and when: any of those that the scenario names, at any time.",
    parts: [
        "any node of those named, any set of them up to `atMost`, in any order and at any time; one node a block" =>
            "exact, but that nodes that fail in the same moment do so one after the other",
        "a failing node turns NotReady, its pods are no longer ready, and it carries NoSchedule and NoExecute taints \
            until it is back" =>
            "exact but for what node lifecycle says of NoExecute",
    ],
    omits: [
        "the grace period before NotReady" => "a node that fails turns NotReady at once",
    ],
};

/// Adds failures and recoveries, where the scenario has them.
pub fn add(cluster: &Cluster<'_>) {
    let Some(failures) = &cluster.spec.scenario.failures else { return };
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let cells = cluster.cells(&state);
    let may_fail = |cell: &Cell<'_>| cluster.node(cell).may_fail();
    let down = cluster.sum(&state, |cell| if may_fail(cell) { cluster.get(cell, Attribute::Down) } else { ctx.int(0) });
    let room = down.lt(i64::from(failures.at_most));
    let up: Vec<Bool<'_>> = cells
        .iter()
        .map(|cell| cell.exists & ctx.bool(may_fail(cell)) & !cluster.is_down(cell) & !cluster.is_gone(cell) & room)
        .collect();
    let told = "fails: it turns NotReady, its pods are no longer ready";
    add_switch(cluster, "node failure", (&up, true), told, |node| Deed::NodeFails { node });
    if failures.recover {
        let down: Vec<Bool<'_>> = cells
            .iter()
            .map(|cell| cell.exists & ctx.bool(may_fail(cell)) & cluster.is_down(cell) & !cluster.is_gone(cell))
            .collect();
        let told = "is back: Ready again, its taints are gone";
        add_switch(cluster, "node recovery", (&down, false), told, |node| Deed::NodeRecovers { node });
    }
}

fn add_switch<'c>(
    cluster: &Cluster<'c>,
    name: &str,
    (allowed, is_down): (&[Bool<'c>], bool),
    what: &'static str,
    deed: fn(String) -> Deed,
) {
    let Some(Switch { guard, input, choice, next }) = switch(cluster, allowed, is_down) else { return };
    let tell = move |scene: &Scene<'_>| Sentence::new(scene.moved_names(), what).done(deed(scene.moved_name()));
    outside(cluster, (&RULE, name.to_owned(), None), guard, (vec![input], choice), next, Vec::new(), Box::new(tell));
}
