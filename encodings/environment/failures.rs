//! Node failure and recovery, as the node lifecycle controller of Kubernetes v1.34 sees them
//! (`pkg/controller/nodelifecycle/node_lifecycle_controller.go`).
//!
//! A node that fails turns NotReady at once: its pods are no longer ready, and it carries NoSchedule and NoExecute
//! taints until it is back. What the taints do is the business of the scheduler's and of taint eviction's encodings.
//!
//! Left out: the grace period before NotReady, rate limits and zone states (they delay the taint, which the choice of
//! when the eviction happens covers), and that no taints are set when every zone is down.

use crate::cluster::story::{Scene, Sentence};
use crate::cluster::view::Cluster;
use crate::cluster::{Attribute, Cell};
use crate::term::Bool;

use super::outside;

/// Adds failures and recoveries, where the scenario has them.
pub fn add(cluster: &Cluster<'_>) {
    let Some(failures) = &cluster.spec.scenario.failures else { return };
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let cells = cluster.cells(&state);
    let may_fail = |cell: &Cell<'_>| cluster.classes[cell.class].may_fail;
    let down = cluster.sum(&state, |cell| if may_fail(cell) { cluster.get(cell, Attribute::Down) } else { ctx.int(0) });
    let room = down.lt(i64::from(failures.at_most));
    let up: Vec<Bool<'_>> =
        cells.iter().map(|cell| cell.exists & ctx.bool(may_fail(cell)) & !cluster.is_down(cell) & room).collect();
    switch(cluster, "node failure", &up, 1, "fails: it turns NotReady, its pods are no longer ready");
    if failures.recover {
        let down: Vec<Bool<'_>> =
            cells.iter().map(|cell| cell.exists & ctx.bool(may_fail(cell)) & cluster.is_down(cell)).collect();
        switch(cluster, "node recovery", &down, 0, "is back: Ready again, its taints are gone");
    }
}

fn switch<'c>(cluster: &Cluster<'c>, name: &str, allowed: &[Bool<'c>], to: i64, what: &'static str) {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let guard = ctx.any(allowed.iter().copied());
    if guard.constant() == Some(false) {
        return;
    }
    let (var, chosen, valid) = cluster.choose_cell("node", allowed);
    let mut next = state.clone();
    cluster.cells.rewrite_one(ctx, &mut next, &chosen, |cell| cluster.with(cell, Attribute::Down, |_| ctx.int(to)));
    cluster.forget_ages(&mut next);
    let tell = move |scene: &Scene<'_>| Sentence::new(format!("node {}", scene.moved_names()), what);
    outside(cluster, name.to_owned(), guard, (vec![var], valid), next, Vec::new(), Box::new(tell));
}
