//! Clusters that add and remove nodes.

use crate::cases::Make::Numbered;
use crate::cases::manifests::{App, file, pool, scenario, spread};
use crate::cases::{Case, File, Suite};

use super::manifests::HOSTNAME;

/// The cases.
pub const CASES: [Case; 1] = [Case {
    id: "a9287",
    suite: Suite::Failures,
    title: "the scheduler undoes the cluster autoscaler's scale-down",
    story: "A pod of web runs on each node, spread evenly as a hard constraint, and nodes are little used. The cluster autoscaler \
            takes a node away: in its simulation the node is gone at once, and the pod fits beside another one. In truth the \
            node stays for a while, tainted and empty, and the scheduler counts it, so that the evicted pod fits nowhere else: the \
            autoscaler adds a node, and begins again (kubernetes/autoscaler issue 9287). Releases since the spring of 2026 keep the \
            node in sight while they simulate; this is one before.",
    fix: "The constraint says `nodeTaintsPolicy: Honor`, which leaves the tainted node out.",
    properties: &["no-node-oscillation"],
    make: Numbered(scale_down),
}];

fn scale_down(scale: usize, fixed: bool) -> Vec<File> {
    let honor = if fixed { "  nodeTaintsPolicy: Honor\n" } else { "" };
    let constraint = format!("topologySpreadConstraints:\n{}{honor}", spread("web", HOSTNAME, "DoNotSchedule"));
    let (least, most) = (scale.max(2) - 1, scale + 1);
    let limits = format!("    autoscale: {{min: {least}, max: {most}}}\n    template:");
    let pools = pool("node", scale, "").replace("    template:", &limits);
    let rest = "  controllers:\n    # A release that takes the node that goes for gone at once.\n    \
                clusterAutoscaler: {countsGoingNode: false}\n  properties: [no-node-oscillation]\n  bound: 8\n";
    vec![file("web.yaml", App::new("web", scale, 24).with(constraint).manifest(true)), scenario("a9287", &pools, rest)]
}
