//! TaintToleration, as a filter: the node's first untolerated taint of effect NoSchedule or NoExecute, and that of
//! nodes that are down. As a score: the untolerated taints of effect PreferNoSchedule.

use k8s_openapi::api::core::v1::{Taint, Toleration};

use crate::cluster::object::selector::{self, HARD_EFFECTS};
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::{Cluster, NodeView};
use crate::cluster::{Cell, TemplateId};
use crate::term::Bool;

use super::refusal::Refusal;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "scheduler/TaintToleration",
    component: Scheduler,
    upstream: [
        "pkg/scheduler/framework/plugins/tainttoleration/taint_toleration.go" => ["Filter", "Score", "NormalizeScore"],
    ],
    decides: "Nodes with a NoSchedule or NoExecute taint that the pod does not tolerate are refused; fewer \
        untolerated PreferNoSchedule taints are better.",
    parts: [
        "the filter, with its codes and messages" =>
            "exact; a node that is down carries the not-ready or unreachable taint, put there by the node lifecycle \
                controller",
        "the score" => "exact: tabulated by running upstream's arithmetic",
    ],
};

/// What the plugin has against the nodes of a cell.
pub fn refusals<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>, template: TemplateId) -> Vec<Refusal<'c>> {
    let (ctx, node) = (cluster.ctx(), cluster.node(cell));
    let tolerations = cluster.templates[template.0].tolerations();
    let refusal = |refused: Bool<'c>, taint: &Taint| {
        let value = taint.value.as_deref().unwrap_or_default();
        let message = format!("node(s) had untolerated taint {{{}: {value}}}", taint.key);
        Refusal::unresolvable(ctx, &RULE, refused, message)
    };
    let mut refusals = Vec::new();
    if let Some(taint) = selector::untolerated(tolerations, node.taints(), &HARD_EFFECTS).next() {
        refusals.push(refusal(ctx.bool(true), taint));
    }
    let leaving = cluster.is_barred_as_going(cell, tolerations);
    if let Some(taint) = cluster.leaving_taint(cell).filter(|_| leaving.constant() != Some(false)) {
        refusals.push(refusal(leaving, &taint));
    }
    let not_ready = selector::taint("node.kubernetes.io/not-ready", "NoSchedule");
    if !selector::tolerates(tolerations, &not_ready) {
        refusals.push(refusal(cluster.is_down(cell), &not_ready));
    }
    refusals
}

/// How many taints of effect PreferNoSchedule a pod does not tolerate.
pub fn unpreferred(tolerations: &[Toleration], node: NodeView<'_, '_>) -> i64 {
    selector::untolerated(tolerations, node.taints(), &["PreferNoSchedule"]).count() as i64
}
