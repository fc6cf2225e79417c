//! Rolling maintenance: `kubectl drain`, work, `kubectl uncordon`, a few nodes at a time. PodDisruptionBudgets limit the
//! evictions of a drain: see [`super::super::disruption`].

use crate::cluster::view::Cluster;
use crate::cluster::view::deed::Deed;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Scene, Sentence};
use crate::cluster::{Attribute, Cell};
use crate::system::ActionId;
use crate::term::Bool;

use super::super::{disruption, paces};
use super::outside;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "environment/maintenance",
    component: Users,
    upstream: [
        "staging/src/k8s.io/kubectl/pkg/drain/drain.go" => ["GetPodsForDeletion", "DeleteOrEvictPods"],
        "staging/src/k8s.io/kubectl/pkg/drain/filters.go" => [],
    ],
    decides: "Which nodes are drained and uncordoned, and when: those that the scenario names, so many at a time.",
    parts: [
        "a drain cordons the node and evicts its pods through the eviction API; nodes in any order, at any time, so \
            many at a time" =>
            "exact; with no budget in the way all pods of the node go at once, except in `async`",
        "pods without a controller and DaemonSet pods stay" =>
            "as `--ignore-daemonsets --delete-emptydir-data`, except that upstream's drain fails where there are pods without \
                a controller, as the command does",
    ],
};

/// Adds the beginning and the end of maintenance, where the scenario has it.
pub fn add(cluster: &Cluster<'_>) {
    let Some(maintenance) = &cluster.spec.scenario.maintenance else { return };
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let cells = cluster.cells(&state);
    let busy = cluster.sum(&state, |cell| match cluster.node(cell).is_maintained() {
        true => cluster.get(cell, Attribute::Maintenance).eq(1).to_int(),
        false => ctx.int(0),
    });
    let room = busy.lt(i64::from(maintenance.parallel));
    let ready: Vec<Bool<'_>> = cells
        .iter()
        .map(|cell| at_stage(cluster, cell, 0) & !cluster.is_down(cell) & !cluster.is_gone(cell) & room)
        .collect();
    let begins = begin(cluster, &ready);
    let busy: Vec<Bool<'_>> =
        cells.iter().map(|cell| at_stage(cluster, cell, 1) & disruption::is_drained(cluster, cell)).collect();
    let ends = end(cluster, &busy, if maintenance.once { 2 } else { 0 });
    if let Some(pause) = paces::pause(cluster) {
        cluster.pause(("maintenance steps", pause), &[begins, ends], &[begins]);
    }
}

/// Whether there are nodes in a cell that are maintained and at that stage of it.
fn at_stage<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>, stage: i64) -> Bool<'c> {
    let maintained = cluster.node(cell).is_maintained();
    cell.exists & cluster.ctx().bool(maintained) & cluster.get(cell, Attribute::Maintenance).eq(stage)
}

fn begin<'c>(cluster: &Cluster<'c>, allowed: &[Bool<'c>]) -> ActionId {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let cells = cluster.cells(&state);
    let (var, chosen, valid) = cluster.choose_cell("node", allowed);
    let mut next = state.clone();
    cluster.rewrite_one(&mut next, &chosen, |cell| disruption::drain(cluster, cell));
    let evicts = |template| {
        let here = chosen.iter().zip(&cells);
        let evicted = here.map(|(&chosen, cell)| chosen & cluster.active_on(cell, template).ge(1));
        let stays = disruption::is_gradual(cluster, template) || disruption::is_left_alone(cluster, template);
        if stays { ctx.bool(false) } else { ctx.any(evicted) }
    };
    let marks = cluster.eviction_marks(evicts);
    let tell = |scene: &Scene<'_>| {
        let text = format!("drains {}: cordons it and evicts its pods", scene.moved_names());
        Sentence::new("maintenance", text).done(Deed::MaintenanceBegins { node: scene.moved_name() })
    };
    let guard = ctx.any(allowed.iter().copied());
    let named = (&RULE, "maintenance drains".to_owned(), None);
    outside(cluster, named, guard, (vec![var], valid), next, marks, Box::new(tell))
}

fn end<'c>(cluster: &Cluster<'c>, allowed: &[Bool<'c>], after: i64) -> ActionId {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let (var, chosen, valid) = cluster.choose_cell("node", allowed);
    let mut next = state.clone();
    cluster.rewrite_one(&mut next, &chosen, |cell| cluster.change(cell).cordon(false).maintenance(after));
    let tell = |scene: &Scene<'_>| {
        let text = format!("ends on {}: it is uncordoned", scene.moved_names());
        Sentence::new("maintenance", text).done(Deed::MaintenanceEnds { node: scene.moved_name() })
    };
    let guard = ctx.any(allowed.iter().copied());
    outside(
        cluster,
        (&RULE, "maintenance ends".to_owned(), None),
        guard,
        (vec![var], valid),
        next,
        Vec::new(),
        Box::new(tell),
    )
}
