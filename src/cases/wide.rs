//! w1 to w4: cases that leave starts, loads and failures open.

use super::File;
use super::manifests::{App, NODE_SIZE, POD_SIZE, autoscaler_by_usage, descheduler_policy, file, pool_of, scenario};
use super::placement::{UnevenZones, uneven_zones};

const HOSTNAME: &str = "kubernetes.io/hostname";
const ZONE: &str = "topology.kubernetes.io/zone";
/// Nodes that have room for one pod only.
const SMALL: usize = 12;
/// Nodes that have room for five pods.
const LARGE: usize = 40;
/// Two of these fit a node, and one together with [`WIDE`].
const NARROW: usize = 24;
/// One of these and one of [`NARROW`] fill a node.
const WIDE: usize = 40;

/// Pools of nodes in up to three zones, as even as possible.
fn zones(nodes: usize, size: usize) -> String {
    let number = nodes.min(3);
    let zone = |index: usize| {
        let name = ["a", "b", "c"][index];
        let count = nodes / number + usize::from(index < nodes % number);
        pool_of(&format!("zone-{name}"), count, size, &format!("labels: {{{ZONE}: {name}}}"))
    };
    (0..number).map(zone).collect()
}

/// w1. One large node among small ones; whether duplicates find another node depends on where the other application is.
pub fn duplicates_anywhere(scale: usize, fixed: bool) -> Vec<File> {
    let app = |name, replicas| {
        let alone = format!(
            "affinity:\n  podAntiAffinity:\n    requiredDuringSchedulingIgnoredDuringExecution:\n    \
             - topologyKey: {HOSTNAME}\n      labelSelector:\n        matchLabels: {{app: {name}}}\n"
        );
        App::new(name, replicas, POD_SIZE).with(if fixed { alone } else { String::new() }).manifest(true)
    };
    let pools = zones(scale - 1, SMALL) + &pool_of("large", 1, LARGE, "");
    vec![
        file("web.yaml", app("web", scale / 2 + 2)),
        file("cache.yaml", app("cache", scale / 2 + 1)),
        file("descheduler.yaml", descheduler_policy("RemoveDuplicates", "")),
        scenario("w1", &pools, "  initialPlacement: any\n  properties: [no-eviction-loop]\n  bound: 3\n"),
    ]
}

/// w2. The start is that of c3: two pods on every node but one, and no further pod satisfies both constraints.
pub fn load_and_spread(scale: usize, fixed: bool) -> Vec<File> {
    let UnevenZones { nodes, app, placed, pools } = uneven_zones(scale, fixed);
    let slowly = "  behavior:\n    scaleUp:\n      policies: [{type: Pods, value: 1, periodSeconds: 15}]\n    \
                  scaleDown:\n      policies: [{type: Pods, value: 1, periodSeconds: 15}]\n";
    let rest = "  loads:\n  - target: deployment/web\n    per: eachPod\n    range: 0m..2000m\n    initial: 1000m\n    changes: any\n  \
                properties: [pods-schedulable]\n  bound: 4\n";
    vec![
        file("cluster.yaml", format!("{}---\n{}", app.running(true), app.pods(&placed))),
        file("hpa.yaml", autoscaler_by_usage("web", 1, 2 * nodes, "1000m") + slowly),
        scenario("w2", &pools, rest),
    ]
}

/// w3. Both applications fill all nodes but one, wherever their pods run; the rollout needs room for one pod more.
pub fn failure_in_rollout(scale: usize, fixed: bool) -> Vec<File> {
    let replicas = if fixed { scale.max(2) - 1 } else { scale };
    let web = |version| App { version, ..App::new("web", replicas, NARROW) }.rolling(0, 1).manifest(true);
    let cache = App::new("cache", scale.max(3) - 2, NARROW);
    let rest = "  initialPlacement: any\n  slowStart: [deployment/web]\n  \
                failures: {nodes: all, atMost: 1, recover: false}\n  commands:\n  - apply: web-2.yaml\n  \
                properties: [pods-schedulable]\n  bound: 2\n";
    vec![
        file("web.yaml", web(1)),
        file("web-2.yaml", web(2)),
        file("cache.yaml", cache.manifest(true)),
        scenario("w3", &zones(scale, NODE_SIZE), rest),
    ]
}

/// w4. Narrow pods that share nodes leave no node room for a wide one, though there is room for it in total.
pub fn competition_for_room(scale: usize, fixed: bool) -> Vec<File> {
    let wide = if fixed { NARROW } else { WIDE };
    let rest = "  initialPlacement: any\n  loads:\n  - target: deployment/search\n    range: 0m..2000m\n    initial: 1000m\n    \
                changes: any\n  properties: [pods-schedulable]\n  bound: 3\n";
    vec![
        file("web.yaml", App::new("web", scale, NARROW).manifest(true)),
        file("search.yaml", App::new("search", (scale - 1).max(1), wide).manifest(true)),
        file("hpa.yaml", autoscaler_by_usage("search", (scale - 1).max(1), scale, "1000m")),
        scenario("w4", &zones(scale, NODE_SIZE), rest),
    ]
}
