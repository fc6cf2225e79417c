//! c3, c4 and c6: where pods may go, and what happens when they have to move.

use super::File;
use super::manifests::{App, POD_SIZE, autoscaler, file, members, pool, scenario, spread};

const HOSTNAME: &str = "kubernetes.io/hostname";
const ZONE: &str = "topology.kubernetes.io/zone";

/// Two pods on every node but one of two zones of m + 1 and m nodes, so that no further pod satisfies constraints on both.
pub struct UnevenZones {
    /// Number of nodes, 2m + 1.
    pub nodes: usize,
    /// The Deployment with its constraints: on nodes, and on zones unless it is fixed.
    pub app: App,
    /// The node of each pod.
    pub placed: Vec<String>,
    /// The node pools.
    pub pools: String,
}

/// The start that c3 and w2 share.
pub fn uneven_zones(scale: usize, fixed: bool) -> UnevenZones {
    let smaller = scale / 2;
    let nodes = 2 * smaller + 1;
    let constraint = |key| spread("web", key, "DoNotSchedule");
    let zone = if fixed { String::new() } else { constraint(ZONE) };
    let constraints = format!("topologySpreadConstraints:\n{zone}{}", constraint(HOSTNAME));
    let app = App::new("web", 2 * nodes - 1, POD_SIZE).with(constraints);
    let (larger, smaller) = (members("zone-a", smaller + 1), members("zone-b", smaller));
    let all = || larger.iter().chain(&smaller).cloned();
    let placed: Vec<String> = all().chain(all().skip(1)).collect();
    let in_zone = |name: &str| format!("labels: {{{ZONE}: {name}}}");
    let pools = pool("zone-a", larger.len(), &in_zone("a")) + &pool("zone-b", smaller.len(), &in_zone("b"));
    UnevenZones { nodes, app, placed, pools }
}

/// c3. With zones of m + 1 and m nodes, 4m + 1 pods satisfy both constraints in one way only: two on every node but one
/// of the larger zone, which has one. One more pod would unbalance the zones there, and the nodes elsewhere.
pub fn two_spread_constraints(scale: usize, fixed: bool) -> Vec<File> {
    let UnevenZones { nodes, app, placed, pools } = uneven_zones(scale, fixed);
    let rest = "  loads:\n  - target: deployment/web\n    range: 7280m..16\n    initial: 7280m\n    changes: any\n  \
                properties: [pods-schedulable]\n  bound: 10\n";
    vec![
        file("cluster.yaml", format!("{}---\n{}", app.running(true), app.pods(&placed))),
        file("hpa.yaml", autoscaler("web", 1, 2 * nodes, 91)),
        scenario("c3", &pools, rest),
    ]
}

/// c4. Three pods of 21 use 63 of 64: 98.4 %.
pub fn overload(scale: usize, fixed: bool) -> Vec<File> {
    let size = if fixed { POD_SIZE } else { 21 };
    let rest = "  overload: {threshold: 98%, recover: true}\n  properties: [no-node-overload-loop]\n  bound: 10\n";
    vec![
        file("web.yaml", App::new("web", 2 * scale + 1, size).manifest(true)),
        scenario("c4", &pool("node", scale, ""), rest),
    ]
}

/// c6. One pod on each node.
pub fn maintenance(scale: usize, fixed: bool) -> Vec<File> {
    let when = if fixed { "DoNotSchedule" } else { "ScheduleAnyway" };
    let constraints = format!("topologySpreadConstraints:\n{}", spread("web", HOSTNAME, when));
    let app = App::new("web", scale, POD_SIZE).with(constraints);
    let rest = "  maintenance: {parallel: 1, once: false}\n  \
                properties:\n  - {name: expected-replicas, value: spec.replicas - 1}\n  bound: 10\n";
    vec![
        file("cluster.yaml", format!("{}---\n{}", app.running(true), app.pods(&members("node", scale)))),
        scenario("c6", &pool("node", scale, ""), rest),
    ]
}
