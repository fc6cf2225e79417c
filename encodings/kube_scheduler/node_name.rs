//! NodeName: all nodes but the one that the pod asks for.

use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::{Cell, TemplateId};

use super::refusal::Refusal;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "scheduler/NodeName",
    component: Scheduler,
    upstream: [
        "pkg/scheduler/framework/plugins/nodename/node_name.go" => ["Filter", "Fits"],
    ],
    decides: "All nodes but the one that `spec.nodeName` asks for are refused.",
    parts: [
        "the filter, with its codes and messages" => "exact",
    ],
};

/// Whether the pod asks for another node.
pub fn refusal<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>, template: TemplateId) -> Refusal<'c> {
    let ctx = cluster.ctx();
    let wanted = cluster.templates[template.0].pinned_to();
    let other = wanted.is_some_and(|name| !cluster.node(cell).is_named(name));
    Refusal::unresolvable(ctx, &RULE, ctx.bool(other), "node(s) didn't match the requested node name")
}
