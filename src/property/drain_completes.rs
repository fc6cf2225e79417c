//! `drain-completes`: a drain that began comes to its end.

use crate::cluster::object::budget;
use crate::cluster::object::scenario::PropertySpec;
use crate::cluster::view::Cluster;
use crate::cluster::{Attribute, Cell, TemplateId};
use crate::system::{Checkpoint, PropertyKind};
use crate::term::Bool;

use super::definition::{About, Definition};
use super::{PropertyError, targets};

/// The property.
pub const DEFINITION: Definition = Definition {
    name: "drain-completes",
    says: "a drain that began comes to its end",
    violated_by: "a settled state in which pods of the workload that a PodDisruptionBudget selects are left on a node whose \
                  drain began (`maintenance`, or a command `drain`), and nothing is going to happen by itself that might let \
                  it go on: no pod is still starting, or waits for `minReadySeconds`; no node is down that may come back, or \
                  whose pods are going to be evicted; no other node's maintenance is over; no autoscaler asks for another \
                  size, and no GitOps controller puts something back; no pod waits for a node that may yet come, or for \
                  a pod of a Job to end. Commands that are yet to come, and deschedulers, are not waited for",
    needs: "it needs `maintenance` or a command `drain` in the scenario, and a workload that a PodDisruptionBudget selects",
    about: About { places: true, ..Definition::PLAIN.about },
    may_apply: |spec| spec.scenario.drains() && !spec.disruption_budgets.is_empty(),
    build,
    ..Definition::PLAIN
};

fn build<'c>(cluster: &Cluster<'c>, property: &PropertySpec) -> Result<bool, PropertyError> {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let cells: Vec<Cell<'c>> = cluster.cells(&state);
    let is_drained = |cell: &Cell<'c>| cell.exists & cluster.get(cell, Attribute::Maintenance).eq(1);
    let drained: Vec<Bool<'c>> = cells.iter().map(is_drained).collect();
    if drained.iter().all(|drained| drained.constant() == Some(false)) {
        return Ok(false);
    }
    let mut ahead = None;
    for (_, object, vars) in targets(cluster, &property.target) {
        if cluster.is_stopped() {
            return Ok(true);
        }
        let guarded: Vec<TemplateId> = vars.templates.iter().copied().filter(|&it| is_held(cluster, it)).collect();
        if guarded.is_empty() {
            continue;
        }
        let has_left = |cell: &Cell<'c>| ctx.any(guarded.iter().map(|&it| cluster.active_on(cell, it).ge(1)));
        let waits = ctx.any(cells.iter().zip(&drained).map(|(cell, &drained)| drained & has_left(cell)));
        let ahead = *ahead.get_or_insert_with(|| goes_on(cluster, &cells, &drained));
        let kind = PropertyKind::Invariant { holds: (!waits | ahead).id(), at: Checkpoint::Settled };
        cluster.property(DEFINITION.name, object.key.to_string(), kind);
    }
    Ok(ahead.is_some())
}

/// Whether drains evict pods of a template as budgets let them.
fn is_held(cluster: &Cluster<'_>, template: TemplateId) -> bool {
    let pod = &cluster.templates[template.0];
    let mut budgets = cluster.spec.disruption_budgets.iter();
    !pod.is_daemon() && budgets.any(|it| budget::selects(it, &pod.namespace, &pod.labels))
}

/// Whether something is going to happen by itself that might let a drain go on.
fn goes_on<'c>(cluster: &Cluster<'c>, cells: &[Cell<'c>], drained: &[Bool<'c>]) -> Bool<'c> {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let job_runs = cluster.some_job_runs(&state);
    let in_time = cluster.movable().take_while(|_| !cluster.is_stopped());
    let pods = ctx.any(in_time.map(|template| {
        cluster.is_starting(&state, template)
            | cluster.is_ageing(&state, template)
            | cluster.is_leaving(&state, template)
            | cluster.waiting(&state, template).ge(1) & (cluster.is_helped(template) | job_runs)
    }));
    cluster.is_ahead() | pods | cluster.some_may_recover(&state) | ends_elsewhere(cluster, cells, drained)
}

/// Whether the maintenance of a node is over: all that it waited for is gone. The company may keep it from that.
fn ends_elsewhere<'c>(cluster: &Cluster<'c>, cells: &[Cell<'c>], drained: &[Bool<'c>]) -> Bool<'c> {
    let ctx = cluster.ctx();
    if cluster.spec.company.holds_nodes {
        return ctx.bool(false);
    }
    let held: Vec<TemplateId> = cluster.movable().filter(|&it| is_held(cluster, it)).collect();
    let is_empty = |cell: &Cell<'c>| ctx.all(held.iter().map(|&it| cluster.active_on(cell, it).eq(0)));
    let maintained = cells.iter().zip(drained).filter(|(cell, _)| cluster.node(cell).is_maintained());
    ctx.any(maintained.map(|(cell, &drained)| drained & is_empty(cell)))
}
