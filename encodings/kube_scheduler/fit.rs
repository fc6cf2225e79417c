//! NodeResourcesFit as a filter of kube-scheduler v1.34: `pkg/scheduler/framework/plugins/noderesources/fit.go`.

use crate::cluster::arithmetic::gcd;
use crate::cluster::counting::layout::requested;
use crate::cluster::view::Cluster;
use crate::cluster::view::usage::Counted;
use crate::cluster::{Cell, TemplateId};
use crate::term::Bool;

use super::nominations::Change;
use super::refusal::{Reason, Refusal, Stage};

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
        plugin: "NodeResourcesFit",
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
