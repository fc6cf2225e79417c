//! NodeUnschedulable: cordoned nodes, unless the pod tolerates the taint of that name.

use crate::cluster::object::selector;
use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::{Cell, TemplateId};

use super::refusal::Refusal;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "scheduler/NodeUnschedulable",
    component: Scheduler,
    upstream: [
        "pkg/scheduler/framework/plugins/nodeunschedulable/node_unschedulable.go" => ["Filter"],
    ],
    decides: "Cordoned nodes are refused, unless the pod tolerates the taint of that name.",
    parts: [
        "the filter, with its codes and messages" => "exact",
    ],
};

/// Whether the nodes of a cell are cordoned, and the pod minds.
pub fn refusal<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>, template: TemplateId) -> Refusal<'c> {
    let ctx = cluster.ctx();
    let taint = selector::taint("node.kubernetes.io/unschedulable", "NoSchedule");
    let tolerated = selector::tolerates(cluster.templates[template.0].tolerations(), &taint);
    let cordoned = if tolerated { ctx.bool(false) } else { cluster.is_cordoned(cell) };
    Refusal::unresolvable(ctx, &RULE, cordoned, "node(s) were unschedulable")
}
