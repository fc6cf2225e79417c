//! A descheduler that evicts what the scheduler puts back.

use crate::cases::Make::Sized;
use crate::cases::manifests::{App, file, spread};
use crate::cases::scale::Scale;
use crate::cases::{Case, File, Suite};

use super::manifests::{HOSTNAME, Pool, ZONE, policy, scenario};

/// The cases.
pub const CASES: [Case; 3] = [
    Case {
        id: "d75",
        suite: Suite::Failures,
        title: "duplicates are evicted although no other node can take them",
        story: "Pods of web fit on one node only: the others are too small. RemoveDuplicates evicts all but one of them, and \
                the scheduler puts them back. That other nodes are tainted or not selected it has learnt to see, but not that \
                they have no room (kubernetes-sigs/descheduler issue 75).",
        fix: "`nodeFit: true`: what fits no other node is not evicted.",
        properties: &["no-eviction-loop"],
        make: Sized(duplicates),
    },
    Case {
        id: "d1219",
        suite: Suite::Failures,
        title: "the descheduler balances one constraint at a time",
        story: "Six pods are to be spread over two zones, which is a must, and over nodes, which is a wish. One zone has only \
                one node, which has three pods of them, as the zones demand. The descheduler looks at the nodes alone, finds \
                that one uneven, and evicts; by the constraint over zones the pods come back to it \
                (kubernetes-sigs/descheduler issue 1219).",
        fix: "Pods are spread over nodes only.",
        properties: &["no-eviction-loop"],
        make: Sized(one_constraint),
    },
    Case {
        id: "d994",
        suite: Suite::Failures,
        title: "LowNodeUtilization evicts pods, and the scheduler puts them back on the same node",
        story: "Pods of web prefer the node that has an SSD, and use three quarters of it. The other nodes are idle. \
                LowNodeUtilization evicts pods from the node until it is half full, and they come back, because the scheduler \
                weighs their preference more than an idle node (kubernetes-sigs/descheduler issue 994).",
        fix: "A node may be used up to four fifths before the descheduler calls it overutilized.",
        properties: &["no-eviction-loop"],
        make: Sized(ping_pong),
    },
];

fn duplicates(scale: Scale, fixed: bool) -> Vec<File> {
    let replicas = "min(scale, 8)";
    let app = App::new("web", scale.number(replicas), 8);
    let arguments = if fixed { vec![("DefaultEvictor", "nodeFit: true".to_owned())] } else { Vec::new() };
    let pools = [Pool::new("large", "1"), Pool::new("small", "scale - 1").of(4)];
    let sizes = scale.open_sizes("web", &[("replicas", replicas)]);
    vec![
        file("web.yaml", app.manifest(true)),
        file("descheduler.yaml", policy("RemoveDuplicates", &arguments)),
        scenario("d75", scale, &pools, &(sizes + "  properties: [no-eviction-loop]\n  bound: 6\n")),
    ]
}

fn one_constraint(scale: Scale, fixed: bool) -> Vec<File> {
    const PLUGIN: &str = "RemovePodsViolatingTopologySpreadConstraint";
    let zones = if fixed { String::new() } else { spread("web", ZONE, "DoNotSchedule") };
    let constraints = format!("topologySpreadConstraints:\n{zones}{}", spread("web", HOSTNAME, "ScheduleAnyway"));
    let arguments = [(PLUGIN, "constraints: [DoNotSchedule, ScheduleAnyway]".to_owned())];
    let zone = |name, count, label: &str| Pool::new(name, count).with(format!("labels: {{{ZONE}: {label}}}"));
    let pools = [zone("zone-a", "scale - 1", "a"), zone("zone-b", "1", "b")];
    vec![
        file("web.yaml", App::new("web", 6, 8).with(constraints).manifest(true)),
        file("descheduler.yaml", policy(PLUGIN, &arguments)),
        scenario("d1219", scale, &pools, "  properties: [no-eviction-loop]\n  bound: 6\n"),
    ]
}

/// The constraint over zones, of which there is one, is there to keep the default constraints away.
fn ping_pong(scale: Scale, fixed: bool) -> Vec<File> {
    const PLUGIN: &str = "LowNodeUtilization";
    let most = if fixed { 80 } else { 50 };
    let arguments =
        [(PLUGIN, format!("thresholds: {{cpu: 20, memory: 20}}, targetThresholds: {{cpu: {most}, memory: {most}}}"))];
    let pod_spec = format!(
        "affinity:\n  nodeAffinity:\n    preferredDuringSchedulingIgnoredDuringExecution:\n    - weight: 100\n      \
         preference:\n        matchExpressions:\n        - {{key: disk, operator: In, values: [ssd]}}\n\
         topologySpreadConstraints:\n{}",
        spread("web", ZONE, "ScheduleAnyway")
    );
    let pool = |name, count, more: &str| Pool::new(name, count).with(format!("labels: {{{more}{ZONE}: a}}"));
    let pools = [pool("ssd", "1", "disk: ssd, "), pool("node", "scale - 1", "")];
    vec![
        file("web.yaml", App::new("web", 6, 8).with(pod_spec).manifest(true)),
        file("descheduler.yaml", policy(PLUGIN, &arguments)),
        scenario("d994", scale, &pools, "  properties: [no-eviction-loop]\n  bound: 6\n"),
    ]
}
