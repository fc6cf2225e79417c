//! What the cases are about, case by case; those of public issues are told in `failures`.

use super::Make::Numbered;
use super::{Case, Suite, autoscaling, eviction, many, placement, wide};

/// The published cases, the wide ones, and those among many workloads.
pub const CASES: [Case; 18] = [
    Case {
        id: "c1",
        suite: Suite::Published,
        title: "start-up load drives the autoscaler to its maximum and back",
        story: "Pods burn 8 cores while they start and 3 afterwards. The autoscaler aims at 4, takes the start-up load for \
                demand and adds pods, which start up in turn: the replicas climb to the maximum, fall when everybody has \
                calmed down, and climb again.",
        fix: "The autoscaler aims at the full request, which covers the start-up load.",
        properties: &["no-replica-oscillation"],
        make: Numbered(autoscaling::startup_load),
    },
    Case {
        id: "c2",
        suite: Suite::Published,
        title: "applying a manifest without replicas resets an autoscaled Deployment",
        story: "The Deployment was once applied with `replicas`; an autoscaler has looked after it since. Somebody removes \
                `replicas` from the manifest, as the documentation advises, and applies it: kubectl removes the field, the \
                API server fills in 1, and all but one pod are deleted, far below minReplicas.",
        fix: "The manifest that was applied last has no `replicas` either, so that applying it again leaves them alone.",
        properties: &["min-replicas"],
        make: Numbered(autoscaling::apply_without_replicas),
    },
    Case {
        id: "c3",
        suite: Suite::Published,
        title: "an autoscaled pod fits nowhere because of two spread constraints",
        story: "Pods are spread evenly over zones and over nodes, both as hard constraints, but one zone has a node more \
                than the other. When load rises the autoscaler asks for one more pod: the zone constraint allows only the \
                smaller zone, and there the host constraint forbids every node. The pod stays Pending.",
        fix: "Only the host constraint is left.",
        properties: &["pods-schedulable"],
        make: Numbered(placement::two_spread_constraints),
    },
    Case {
        id: "c4",
        suite: Suite::Published,
        title: "full nodes panic, their pods fill the next ones",
        story: "Three pods fill a node to more than 98 %, where its kernel panics. Its pods move to other nodes, fill those, \
                and so on; nodes that come back empty are filled first.",
        fix: "Pods request what leaves every node room.",
        properties: &["no-node-overload-loop"],
        make: Numbered(placement::overload),
    },
    Case {
        id: "c5",
        suite: Suite::Published,
        title: "descheduler and scheduler disagree about duplicates",
        story: "The descheduler evicts pods of one Deployment that share a node, because other nodes have fewer. Those nodes \
                have no room left, so the scheduler puts the new pods where the old ones were, for ever.",
        fix: "The nodes with fewer pods have room.",
        properties: &["no-eviction-loop"],
        make: Numbered(eviction::duplicates),
    },
    Case {
        id: "c6",
        suite: Suite::Published,
        title: "rolling maintenance piles pods up on few nodes",
        story: "One pod runs on each node and nodes are drained one after another. The evicted pod moves in with another one, \
                because spreading is only preferred, and stays there; draining that node later takes two replicas at once.",
        fix: "Spreading is required: an evicted pod waits until its node is back.",
        properties: &["expected-replicas"],
        make: Numbered(placement::maintenance),
    },
    Case {
        id: "c7",
        suite: Suite::Published,
        title: "a Deployment pinned to a tainted node never comes to rest",
        story: "The pods name their node, so no scheduler looks at them; the node has a NoExecute taint that they do not \
                tolerate. The taint evicts them, the ReplicaSet makes new ones, without end.",
        fix: "The node has no taint.",
        properties: &["no-eviction-loop", "settles"],
        make: Numbered(eviction::pinned_to_tainted_node),
    },
    Case {
        id: "c8",
        suite: Suite::Published,
        title: "descheduler and scheduler disagree about soft constraints",
        story: "Pods prefer on-demand nodes slightly to spot nodes and would like to be spread over both kinds and over all \
                nodes. The descheduler takes the wish to be spread for a rule and evicts what violates it; the scheduler \
                weighs all wishes and puts the pods back (kubernetes-sigs/descheduler issue 921).",
        fix: "The descheduler looks at hard constraints only.",
        properties: &["no-eviction-loop"],
        make: Numbered(eviction::soft_constraints),
    },
    Case {
        id: "w1",
        suite: Suite::Wide,
        title: "where another application runs decides whether duplicates are evicted for ever",
        story: "One node is large, the others have room for one pod each. The descheduler evicts pods of web that share \
                the large node. As long as the small nodes are free the evicted pods move there; once the \
                other application has taken these, they come back to the large node, and are evicted again. Both \
                applications start anywhere.",
        fix: "Pods of an application refuse to share a node, so that an evicted one waits instead of coming back.",
        properties: &["no-eviction-loop"],
        make: Numbered(wide::duplicates_anywhere),
    },
    Case {
        id: "w2",
        suite: Suite::Wide,
        title: "under some load an autoscaled pod fits nowhere",
        story: "Each pod uses anything between 0 and 2000m at any time, whatever the others use, the autoscaler adds and removes one \
                pod at a time, and pods are spread over zones of unequal size and over nodes, both as hard constraints. \
                The pod that brings the application to its maximum fits nowhere.",
        fix: "Only the host constraint is left.",
        properties: &["pods-schedulable"],
        make: Numbered(wide::load_and_spread),
    },
    Case {
        id: "w3",
        suite: Suite::Wide,
        title: "a node fails during a rollout that needs room for one more pod",
        story: "Two applications fill all nodes but one: any node may fail, and its pods find room elsewhere, wherever \
                the others run. A rollout finds room for the one pod that it starts before it stops another. But if a node \
                is down when it begins, the new pod fits nowhere, and the rollout gets stuck.",
        fix: "One replica less leaves room for both.",
        properties: &["pods-schedulable"],
        make: Numbered(wide::failure_in_rollout),
    },
    Case {
        id: "w4",
        suite: Suite::Wide,
        title: "two Deployments compete for room that is there but scattered",
        story: "A node has room for two pods of web, or for one of web and one of search. The cluster has room for one \
                pod of search on each node; but pods of web run anywhere, and where two share a node, there is none. When load \
                rises, the autoscaler asks for one more pod of search, which fits nowhere.",
        fix: "Pods of search are no larger than those of web, so that all room is alike.",
        properties: &["pods-schedulable"],
        make: Numbered(wide::competition_for_room),
    },
    Case {
        id: "m1",
        suite: Suite::Many,
        title: "among many workloads, one with two spread constraints whose autoscaler goes one too far",
        story: "Twice as many workloads as nodes share a cluster that has room for all of them. One has three nodes of its \
                own, two in one zone and one in the other, and hard spread constraints over zones and over nodes. When load \
                rises its autoscaler asks for a sixth pod, which neither constraint lets go anywhere.",
        fix: "Only the host constraint is left.",
        properties: &["pods-schedulable"],
        make: Numbered(many::spread),
    },
    Case {
        id: "m2",
        suite: Suite::Many,
        title: "among many workloads, one that is pinned to a tainted node",
        story: "Twice as many workloads as nodes share a cluster that has room for all of them. One names its node, which has \
                a NoExecute taint that it does not tolerate: the taint evicts its pod, the ReplicaSet makes a new one, \
                without end.",
        fix: "The pods tolerate the taint.",
        properties: &["no-eviction-loop", "settles"],
        make: Numbered(many::pinned),
    },
    Case {
        id: "m3",
        suite: Suite::Many,
        title: "among many workloads, one whose manifest resets what the autoscaler decided",
        story: "Twice as many workloads as nodes share a cluster that has room for all of them. One is autoscaled between four \
                and eight pods; the next version of its manifest says `replicas: 1`, and applying it takes away three.",
        fix: "The manifest does not mention replicas.",
        properties: &["min-replicas"],
        make: Numbered(many::reset),
    },
    Case {
        id: "m4",
        suite: Suite::Many,
        title: "among many workloads, one whose duplicates are evicted for ever",
        story: "Twice as many workloads as nodes share a cluster that has room for all of them. One has three nodes of its \
                own, of which two are full. The descheduler evicts pods that share the third one; they have nowhere else to \
                go and come back.",
        fix: "The other two nodes have room.",
        properties: &["no-eviction-loop"],
        make: Numbered(many::duplicates),
    },
    Case {
        id: "m5",
        suite: Suite::Many,
        title: "many workloads whose autoscalers together ask for more than there is",
        story: "Twice as many workloads as nodes share a cluster. While it is quiet there is room for all; when all have as \
                much load as they may have, their autoscalers ask for 1.3 times the cpu that there is, and whoever grows last \
                finds no room.",
        fix: "The workloads are smaller: together they use three fifths of the cluster at most.",
        properties: &["pods-schedulable"],
        make: Numbered(many::shortage),
    },
    Case {
        id: "m6",
        suite: Suite::Many,
        title: "among many workloads, one whose rollout needs a node more than there is",
        story: "Twice as many workloads as nodes share a cluster that has room for all of them. One has three nodes of its \
                own and three pods that refuse to share a node. Its rollout may take none away before a new one is ready, and \
                a fourth pod fits nowhere.",
        fix: "One pod may be missing during a rollout.",
        properties: &["pods-schedulable", "rollout-completes"],
        make: Numbered(many::anti_affinity),
    },
];
