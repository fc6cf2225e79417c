//! Nodes that go: tainted and drained first, removed once they are drained.

use crate::cluster::object::scenario::{AutoscalerOptions, Scaler};
use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Scene, Sentence};
use crate::cluster::{Cell, Presence};
use crate::encodings::node_groups::holds::Holds;
use crate::encodings::node_groups::{act, cells_in, removal};
use crate::encodings::paces;
use crate::system::ActionId;
use crate::term::Bool;

use super::{drainability, eligibility, simulation, size};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "cluster-autoscaler/scale-down",
    component: NodeAutoscaler,
    upstream: [
        "cluster-autoscaler/core/scaledown/planner/planner.go" => ["NodesToDelete", "categorizeNodes"],
        "cluster-autoscaler/core/scaledown/unneeded/nodes.go" => ["RemovableAt"],
        "cluster-autoscaler/core/scaledown/actuation/actuator.go" => ["StartDeletion", "deleteNodesAsync"],
        "cluster-autoscaler/core/scaledown/actuation/drain.go" => ["DrainNode"],
    ],
    decides: "A node of a group above its minimum goes when it is little used, its pods may move and fit elsewhere, and no \
        pod waits that a new node would take. It is tainted, its pods are evicted through the eviction API, then it is gone.",
    parts: [
        "which of the nodes that may go, and when" =>
            "over: any, after any time; but not while a pod waits that a node would take (nodes are unneeded for minutes)",
        "one drain at a time, empty nodes beside it" => "exact for the default flags",
        "pods under a budget are evicted as the budget allows; others at once, except in `async`" => "as drains do",
        "a drain that does not end is given up, and the taint taken back" => "over: at any time",
        "the node is gone once its pods are, DaemonSets' and mirror pods with it" => "exact; after any time",
    ],
    omits: [
        "evictions of DaemonSets' pods" => "they go with the node",
        "the descheduler does not see the taint of nodes that go",
        "the soft taint of candidates, atomic groups, `--max-drain-parallelism` and `--max-scale-down-parallelism`",
        "pods with priorities below -10, which upstream neither moves nor counts" => "they are pods like others",
    ],
};

/// Adds all of it; nodes begin to go only while it is `quiet`, and a while after a node was asked for, or a drain given up.
pub fn add<'c>(cluster: &Cluster<'c>, quiet: Bool<'c>, asked: Option<ActionId>) {
    let holds = drainability::holds(cluster);
    let begins = add_beginning(cluster, &holds, quiet);
    removal::end(cluster, (&RULE, "cluster-autoscaler"), Scaler::is_cluster_autoscaler, &holds);
    let fails = add_failure(cluster, &holds);
    let AutoscalerOptions { delay_after_add, delay_after_failure, .. } =
        cluster.spec.scenario.controllers.autoscaler_options;
    delay(cluster, ("scale-down delay after a node was asked for", delay_after_add), asked, begins);
    delay(cluster, ("scale-down delay after a failure", delay_after_failure), fails, begins);
}

/// No node begins to go so soon after something else.
fn delay(cluster: &Cluster<'_>, (what, seconds): (&str, i64), after: Option<ActionId>, begins: Option<ActionId>) {
    if let (Some(seconds), Some(after), Some(begins)) = (paces::window(cluster, seconds), after, begins) {
        cluster.pause((what, seconds), &[after], &[begins]);
    }
}

/// Nodes that may go.
fn candidates<'c>(cluster: &Cluster<'c>, holds: &Holds<'_, 'c>, quiet: Bool<'c>) -> Vec<Bool<'c>> {
    let ctx = cluster.ctx();
    let going = cells_in(cluster, Presence::Going, Scaler::is_cluster_autoscaler);
    let is_draining = ctx.any(going.into_iter().map(|cell| cell.exists));
    let groups = &cluster.spec.scenario.node_groups;
    let may_shrink: Vec<Bool<'c>> =
        groups.iter().enumerate().map(|(index, group)| size(cluster, index).gt(group.min)).collect();
    let places = simulation::places(cluster, holds);
    let may_go = |(index, cell): (usize, &Cell<'c>)| {
        let node = cluster.node(cell);
        let Some(group) = node.group().filter(|_| node.may_be_removed() && !cluster.is_stopped()) else {
            return ctx.bool(false);
        };
        let now = cell.exists & may_shrink[group] & quiet & (!is_draining | holds.is_empty(cell));
        if now.constant() == Some(false) {
            return now;
        }
        let ready = eligibility::is_little_used(cluster, cell) & holds.lets_go(cell);
        if ready.constant() == Some(false) { ready } else { now & ready & places.fit_elsewhere(index) }
    };
    cells_in(cluster, Presence::Here, Scaler::is_cluster_autoscaler).iter().enumerate().map(may_go).collect()
}

/// A node is tainted, and the pods go that can go at once.
fn add_beginning<'c>(cluster: &Cluster<'c>, holds: &Holds<'_, 'c>, quiet: Bool<'c>) -> Option<ActionId> {
    let ctx = cluster.ctx();
    let allowed = candidates(cluster, holds, quiet);
    let threshold = cluster.spec.scenario.controllers.autoscaler_options.threshold_percent;
    removal::begin(cluster, &RULE, "cluster-autoscaler begins to remove a node", &allowed, |chosen| {
        let cells = cluster.cells(&cluster.state());
        let moving = ctx.sum(chosen.iter().zip(&cells).map(|(&chosen, cell)| chosen.ite(holds.left(cell), 0))).id();
        Box::new(move |scene: &Scene<'_>| {
            let what = format!("begins to remove {}: taints it and evicts its pods", scene.moved_names());
            let used = format!("less than {threshold} % of its cpu and memory are requested");
            let sentence = Sentence::new("cluster-autoscaler", what).because(used).by(&eligibility::RULE);
            match scene.get(moving) {
                0 => sentence.because("no pod on it would have to move"),
                count => sentence
                    .because(format!("in its simulation, the {count} pod(s) on it fit other nodes"))
                    .by(&drainability::RULE)
                    .by(&simulation::RULE),
            }
        })
    })
}

/// A drain that does not end is given up.
fn add_failure<'c>(cluster: &Cluster<'c>, holds: &Holds<'_, 'c>) -> Option<ActionId> {
    let stuck = |cell: Cell<'c>| cell.exists & holds.left(&cell).ge(1);
    let going = cells_in(cluster, Presence::Going, Scaler::is_cluster_autoscaler);
    let stuck: Vec<Bool<'c>> = going.into_iter().map(stuck).collect();
    let (var, chosen, valid) = cluster.choose_cell("node", &stuck);
    let mut next = cluster.state();
    cluster.rewrite_one(&mut next, &chosen, |cell| cluster.change(cell).presence(Presence::Here));
    let tell = |scene: &Scene<'_>| {
        let what = format!("gives up removing {}: it takes its taint back", scene.moved_names());
        Sentence::new("cluster-autoscaler", what).because("pods are left that could not be evicted in time")
    };
    let choice = (cluster.ctx().any(stuck), vec![var], valid);
    let name = "cluster-autoscaler gives up removing a node";
    act(cluster, &RULE, name, choice, next, Vec::new(), Box::new(tell))
}
