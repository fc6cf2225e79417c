//! NodeResourcesFit as a filter; its score is in `resources`.

use crate::cluster::arithmetic::gcd;
use crate::cluster::counting::layout::requested;
use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::usage::Counted;
use crate::cluster::{Cell, TemplateId};
use crate::term::Bool;

use super::nominations::Change;
use super::refusal::{Reason, Refusal, Stage};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "scheduler/NodeResourcesFit",
    component: Scheduler,
    upstream: [
        "pkg/scheduler/framework/plugins/noderesources/fit.go" => ["Filter", "fitsRequest", "Score"],
        "pkg/scheduler/framework/plugins/noderesources/resource_allocation.go" => ["score"],
        "pkg/scheduler/framework/plugins/noderesources/least_allocated.go" => ["leastResourceScorer"],
        "pkg/scheduler/framework/plugins/noderesources/most_allocated.go" => ["mostResourceScorer"],
        "pkg/scheduler/framework/plugins/noderesources/requested_to_capacity_ratio.go" => [
            "requestedToCapacityRatioScorer",
        ],
    ],
    decides: "Nodes are refused of which the pods there and the new one would request more than is allocatable. By \
        the score, nodes of which less is requested are better, or as the strategy of the profile has it.",
    parts: [
        "the filter, with its codes and messages" => "exact",
        "the score" => "exact: tabulated by running upstream's arithmetic",
        "the score on nodes where so many kinds of pods can meet that no table holds all that they may use" =>
            "exact for LeastAllocated, which stands in for other strategies there",
    ],
};

/// NodeResourcesFit: requests of the pods on the node and of the new one within allocatable; requests of 0 always fit.
///
/// Preempting pods helps if the node would have enough without any.
pub fn refusal<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>, template: TemplateId, change: &Change<'c>) -> Refusal<'c> {
    let ctx = cluster.ctx();
    let pod = &cluster.templates[template.0];
    let mut reasons = Vec::new();
    let mut hopeless = Vec::new();
    for (resource, amount) in requested(pod).filter(|&(_, amount)| amount > 0) {
        let short = is_short(cluster, cell, resource, amount, change);
        let message = if resource == "pods" { "Too many pods".to_owned() } else { format!("Insufficient {resource}") };
        reasons.push(Reason::new(short, message));
        if resource != "pods" && amount > cluster.node(cell).allocatable().get(resource) {
            hopeless.push(short);
        }
    }
    Refusal {
        refuses: ctx.any(reasons.iter().map(|reason| reason.applies)),
        rule: &RULE,
        stage: Stage::Filter,
        resolvable: !ctx.any(hopeless),
        reasons,
    }
}

fn is_short<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>, resource: &str, amount: i64, change: &Change<'c>) -> Bool<'c> {
    let counted = Counted::Requested(resource.to_owned());
    let unit = gcd(cluster.usage.unit(cluster, &counted), amount);
    let each = |other: TemplateId| cluster.templates[other.0].requests.get(resource) / unit;
    let used = cluster.usage.sum(cluster, cell, &counted, unit) + change.sum(cluster.ctx(), each);
    used.gt(cluster.node(cell).room(resource, amount, unit))
}
