//! c5, c7 and c8: pods that are evicted and come back.

use super::File;
use super::manifests::{
    App, NODE_SIZE, POD_SIZE, descheduler_policy, file, members, pool, running_daemons, scenario, spread,
};

/// What is left on the nodes with few pods of c5.
const LEFT: usize = 4;
/// A taint's node of c7 has to have room for all pods, so they are small: cpu and memory.
const SMALL: (&str, &str) = ("10m", "10Mi");

/// c5. On some nodes one pod and no room, on others three or four.
pub fn duplicates(scale: usize, fixed: bool) -> Vec<File> {
    let ones = (3 * scale).div_ceil(5);
    let threes = scale.div_ceil(5).min(scale - ones);
    let fours = scale - ones - threes;
    let (full, medium, crowded) = (members("full", ones), members("medium", threes), members("crowded", fours));
    let times =
        |nodes: &[String], count: usize| nodes.iter().flat_map(|node| vec![node.clone(); count]).collect::<Vec<_>>();
    let placed = [times(&full, 1), times(&medium, 3), times(&crowded, 4)].concat();
    let app = App::new("web", placed.len(), POD_SIZE);
    let mut cluster = format!("{}---\n{}", app.running(true), app.pods(&placed));
    if !fixed {
        let other = running_daemons("indexer", NODE_SIZE - POD_SIZE - LEFT, &full);
        cluster = format!("{cluster}---\n{other}");
    }
    let role = if fixed { "" } else { "labels: {role: indexer}" };
    let pools = pool("full", ones, role) + &pool("medium", threes, "") + &pool("crowded", fours, "");
    vec![
        file("cluster.yaml", cluster),
        file("descheduler.yaml", descheduler_policy("RemoveDuplicates", "")),
        scenario("c5", &pools, "  properties: [no-eviction-loop]\n  bound: 10\n"),
    ]
}

/// c7. The scheduler never sees pods that name their node.
pub fn pinned_to_tainted_node(scale: usize, fixed: bool) -> Vec<File> {
    let mut app = App::new("web", scale, POD_SIZE).with("nodeName: pinned-1\n");
    app.requests = (SMALL.0.to_owned(), SMALL.1.to_owned());
    let taint = if fixed { "" } else { "taints: [{key: key1, value: value1, effect: NoExecute}]" };
    let most = 110.max(scale + 10);
    let pinned = pool("pinned", 1, taint).replace("pods: \"110\"", &format!("pods: \"{most}\""));
    let pools = pinned + &pool("node", scale - 1, "");
    vec![
        file("web.yaml", app.manifest(true)),
        scenario("c7", &pools, "  properties: [no-eviction-loop, settles]\n  bound: 10\n"),
    ]
}

/// c8. Wishes of different weight.
pub fn soft_constraints(scale: usize, fixed: bool) -> Vec<File> {
    let on_demand = scale.div_ceil(5);
    let preference = |weight: usize, kind: &str| {
        format!(
            "    - weight: {weight}\n      preference:\n        matchExpressions:\n        \
             - {{key: lifecycle, operator: In, values: [{kind}]}}\n"
        )
    };
    let pod_spec = format!(
        "affinity:\n  nodeAffinity:\n    preferredDuringSchedulingIgnoredDuringExecution:\n{}{}topologySpreadConstraints:\n{}{}",
        preference(5, "on-demand"),
        preference(4, "spot"),
        spread("web", "kubernetes.io/hostname", "ScheduleAnyway"),
        spread("web", "lifecycle", "ScheduleAnyway")
    );
    let constraints =
        if fixed { "constraints: [DoNotSchedule]" } else { "constraints: [DoNotSchedule, ScheduleAnyway]" };
    let labels = |kind: &str| format!("labels: {{lifecycle: {kind}}}");
    let pools = pool("on-demand", on_demand, &labels("on-demand")) + &pool("spot", scale - on_demand, &labels("spot"));
    vec![
        file("web.yaml", App::new("web", 2 * scale, POD_SIZE).with(pod_spec).manifest(true)),
        file("descheduler.yaml", descheduler_policy("RemovePodsViolatingTopologySpreadConstraint", constraints)),
        scenario("c8", &pools, "  properties: [no-eviction-loop]\n  bound: 10\n"),
    ]
}
