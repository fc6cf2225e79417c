//! Node failure and recovery, as the node lifecycle controller of Kubernetes v1.34 sees them
//! (`pkg/controller/nodelifecycle/node_lifecycle_controller.go`).
//!
//! A node that fails turns NotReady at once: its pods are no longer ready, and it carries NoSchedule and NoExecute
//! taints until it is back. What the taints do is the business of the scheduler's and of taint eviction's encodings.
//!
//! Left out: the grace period before NotReady, and what [`crate::encodings::node_lifecycle`] leaves to time (it delays the
//! taint, which the choice of when the eviction happens covers).

use crate::cluster::view::Cluster;
use crate::cluster::view::story::{Scene, Sentence};
use crate::cluster::{Attribute, Cell};
use crate::term::Bool;

use super::{Switch, outside, switch};

/// Adds failures and recoveries, where the scenario has them.
pub fn add(cluster: &Cluster<'_>) {
    let Some(failures) = &cluster.spec.scenario.failures else { return };
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let cells = cluster.cells(&state);
    let may_fail = |cell: &Cell<'_>| cluster.node(cell).may_fail();
    let down = cluster.sum(&state, |cell| if may_fail(cell) { cluster.get(cell, Attribute::Down) } else { ctx.int(0) });
    let room = down.lt(i64::from(failures.at_most));
    let up: Vec<Bool<'_>> =
        cells.iter().map(|cell| cell.exists & ctx.bool(may_fail(cell)) & !cluster.is_down(cell) & room).collect();
    add_switch(cluster, "node failure", &up, true, "fails: it turns NotReady, its pods are no longer ready");
    if failures.recover {
        let down: Vec<Bool<'_>> =
            cells.iter().map(|cell| cell.exists & ctx.bool(may_fail(cell)) & cluster.is_down(cell)).collect();
        add_switch(cluster, "node recovery", &down, false, "is back: Ready again, its taints are gone");
    }
}

fn add_switch<'c>(cluster: &Cluster<'c>, name: &str, allowed: &[Bool<'c>], is_down: bool, what: &'static str) {
    let Some(Switch { guard, input, choice, next }) = switch(cluster, allowed, is_down) else { return };
    let tell = move |scene: &Scene<'_>| Sentence::new(scene.moved_names(), what);
    outside(cluster, name.to_owned(), guard, (vec![input], choice), next, Vec::new(), Box::new(tell));
}
