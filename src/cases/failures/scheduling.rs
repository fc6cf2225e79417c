//! Pods for which there is no room where they may go, and pods that are evicted and come back.

use crate::cases::Make::{Numbered, Sized};
use crate::cases::manifests::{App, NODE_SIZE, file, members, pool, pool_of, scenario as numbered, spread};
use crate::cases::scale::Scale;
use crate::cases::{Case, File, Suite};

use super::manifests::{Daemon, HOSTNAME, Pool, priority_class, scenario};

/// What a pod of a DaemonSet asks for.
const AGENT: usize = 16;
/// A PriorityClass of its own for the pods of a DaemonSet.
const AGENTS: (&str, i32) = ("agents", 1000);

/// The cases.
pub const CASES: [Case; 4] = [
    Case {
        id: "k106127",
        suite: Suite::Failures,
        title: "a tainted node that no pod may use counts as an empty one that pods must be spread over",
        story: "Two pods of web for each worker are to be spread evenly over nodes, as a hard constraint. A node is kept for \
                other things by a taint that web does not tolerate. The constraint counts it all the same, as a node without \
                pods: every worker may have one pod, and all others stay Pending (kubernetes/kubernetes issue 106127; a \
                cordoned node does the same).",
        fix: "The constraint says `nodeTaintsPolicy: Honor`, which there is since v1.26.",
        properties: &["pods-schedulable"],
        make: Sized(tainted_domain),
    },
    Case {
        id: "k117520",
        suite: Suite::Failures,
        title: "pods that tolerate a taint for ten seconds come back to the node that evicts them",
        story: "A node is worn out and has a NoExecute taint, so that its pods leave. Pods of web tolerate the taint for ten \
                seconds, to end what they are doing. The scheduler asks only whether a pod tolerates the taint, not for how \
                long, and the node is the emptiest one: the pods come back, and are evicted again ten seconds later \
                (kubernetes/kubernetes issue 117520).",
        fix: "The node has a NoSchedule taint of the same name, too, which the pods do not tolerate.",
        properties: &["no-eviction-loop"],
        make: Sized(tolerated_taint),
    },
    Case {
        id: "k140984",
        suite: Suite::Failures,
        title: "a waiting pod takes the place of a DaemonSet's pod on its only node",
        story: "Since some nodes went and came back the cluster is full, and a pod of web waits for room. Whenever a pod of \
                the DaemonSet indexer goes, here because of an update, the waiting pod takes its place, and the new pod of \
                indexer, which may go to no other node, waits for ever: it may not preempt a pod of the same priority \
                (kubernetes/kubernetes issue 140984).",
        fix: "Pods of indexer have a priority of their own, above that of web.",
        properties: &["pods-schedulable"],
        make: Numbered(no_room_left),
    },
    Case {
        id: "k141227",
        suite: Suite::Failures,
        title: "preemption takes the pod of a DaemonSet, which can go nowhere else",
        story: "All nodes are full when an urgent pod arrives. On each node it could preempt a pod of web, which would find \
                another place some day, or one of the DaemonSet agent, which will not. Both have the same priority, so the \
                younger one goes; if that is the agent, its node is without one from then on (kubernetes/kubernetes issue \
                141227).",
        fix: "Pods of agent have a priority of their own, above that of urgent pods.",
        properties: &["pods-schedulable"],
        make: Numbered(preempted_agent),
    },
];

fn tainted_domain(scale: Scale, fixed: bool) -> Vec<File> {
    let honor = if fixed { "  nodeTaintsPolicy: Honor\n" } else { "" };
    let constraint = format!("topologySpreadConstraints:\n{}{honor}", spread("web", HOSTNAME, "DoNotSchedule"));
    let replicas = "2 * scale - 2";
    let app = App::new("web", scale.number(replicas), 8).with(constraint);
    let taint = "taints: [{key: dedicated, value: infra, effect: NoSchedule}]";
    let pools = [Pool::new("worker", "scale - 1"), Pool::new("infra", "1").with(taint)];
    let sizes = scale.open_sizes("web", &[("replicas", replicas)]);
    vec![
        file("web.yaml", app.manifest(true)),
        scenario("k106127", scale, &pools, &(sizes + "  properties: [pods-schedulable]\n  bound: 4\n")),
    ]
}

fn tolerated_taint(scale: Scale, fixed: bool) -> Vec<File> {
    let toleration = "tolerations:\n- {key: worn-out, operator: Exists, effect: NoExecute, tolerationSeconds: 10}\n";
    let app = App::new("web", scale.number("2 * scale"), 8).with(toleration);
    let also = if fixed { ", {key: worn-out, effect: NoSchedule}" } else { "" };
    let taints = format!("taints: [{{key: worn-out, effect: NoExecute}}{also}]");
    let pools = [Pool::new("worn-out", "1").with(taints), Pool::new("node", "scale - 1")];
    let sizes = scale.open_sizes("web", &[("replicas", "2 * scale")]);
    vec![
        file("web.yaml", app.manifest(true)),
        scenario("k117520", scale, &pools, &(sizes + "  properties: [no-eviction-loop]\n  bound: 6\n")),
    ]
}

/// Each node has room for two of the pods: one of indexer and one of web, and web has one more.
fn no_room_left(scale: usize, fixed: bool) -> Vec<File> {
    let nodes = members("node", scale);
    let indexer = Daemon { name: "indexer", size: AGENT, class: fixed.then_some(AGENTS) };
    let web = App::new("web", scale + 1, AGENT);
    let cluster = [indexer.running(&nodes), web.running(true), web.pods(&nodes)].join("---\n");
    let rest = "  commands:\n  - apply: indexer-2.yaml\n  \
                properties:\n  - {name: pods-schedulable, target: daemonset/indexer}\n  bound: 4\n";
    vec![
        file("cluster.yaml", cluster),
        file("indexer-2.yaml", indexer.manifest(2)),
        numbered("k140984", &pool_of("node", scale, 2 * AGENT, ""), rest),
    ]
}

/// An urgent pod needs what one pod of either kind leaves together with what is free.
fn preempted_agent(scale: usize, fixed: bool) -> Vec<File> {
    let (web_size, free) = (40, NODE_SIZE - 40 - AGENT);
    let nodes = members("node", scale);
    let agent = Daemon { name: "agent", size: AGENT, class: fixed.then_some(AGENTS) };
    let web = App::new("web", scale, web_size);
    let class = priority_class("urgent", 100);
    let cluster = [class, agent.running(&nodes), web.running(true), web.pods(&nodes)].join("---\n");
    let urgent = App::new("urgent", 1, free + AGENT).with("priorityClassName: urgent\n");
    let rest = "  commands:\n  - create: urgent.yaml\n  \
                properties:\n  - {name: pods-schedulable, target: daemonset/agent}\n  bound: 4\n";
    vec![
        file("cluster.yaml", cluster),
        file("urgent.yaml", urgent.manifest(true)),
        numbered("k141227", &pool("node", scale, ""), rest),
    ]
}
