//! Whether the pods of a node fit elsewhere: [`places`](crate::encodings::node_groups::places), in the autoscaler's eyes.

use crate::cluster::Presence;
use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::encodings::node_groups::holds::Holds;
use crate::encodings::node_groups::places::Places;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "cluster-autoscaler/simulation",
    component: NodeAutoscaler,
    upstream: [
        "cluster-autoscaler/simulator/cluster.go" => [
            "SimulateNodeRemoval", "findPlaceFor", "replaceWithTaintedGhostNode",
        ],
        "cluster-autoscaler/simulator/scheduling/hinting_simulator.go" => ["TrySchedulePods"],
    ],
    decides: "A node may go whose pods each pass the scheduler's filters on some other node, and together fit the others' \
        room; the node itself stays in sight, empty and with its taint.",
    parts: [
        "a node with one pod that moves" => "exact",
        "several pods: which node each of them takes" =>
            "over: where no single pod and no kind of resource tells that they do not fit, they do, in whatever order; \
                spread constraints and affinity between the moving pods are not asked",
        "whether the node that goes counts as a domain: `countsGoingNode`" =>
            "exact; older releases did not count it",
        "nodes that are on their way are no place" => "exact",
    ],
};

/// What is asked of all nodes.
pub fn places<'a, 'c>(cluster: &'a Cluster<'c>, holds: &Holds<'a, 'c>) -> Places<'a, 'c> {
    let options = &cluster.spec.scenario.controllers.autoscaler_options;
    let ghost = options.counts_going_node.then_some(Presence::Going);
    Places::new(cluster, holds, ghost, &[])
}
