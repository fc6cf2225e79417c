//! Nodes that panic when they are full, and come back when they are empty.

use crate::cluster::Cell;
use crate::cluster::view::Cluster;
use crate::cluster::view::deed::Deed;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Scene, Sentence};
use crate::system::{ActionDraft, ActionKind, MarkId};
use crate::term::{Bool, Int};

use super::{Switch, switch};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "environment/overload",
    component: Overload,
    decides: "A node panics when the cpu that its pods request reaches a given share of its allocatable.",
    parts: [
        "a node whose pods request a given share of its cpu panics, turns NotReady, and recovers when it is empty" =>
            "as declared; it is the cluster's own doing, no change from outside",
        "its pods" => "they are evicted after their tolerated time",
    ],
};

/// Adds panics and recoveries, where the scenario has them.
pub fn add(cluster: &Cluster<'_>) {
    let Some(overload) = &cluster.spec.scenario.overload else { return };
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let cells = cluster.cells(&state);
    let may_panic = |cell: &Cell<'_>| ctx.bool(cluster.node(cell).may_panic());
    let full: Vec<Bool<'_>> = cells
        .iter()
        .map(|cell| {
            let limit = cluster.node(cell).allocatable().cpu * overload.threshold_percent;
            let used = used_cpu(cluster, cell) * ctx.int(100);
            cell.exists & may_panic(cell) & !cluster.is_gone(cell) & !cluster.is_down(cell) & used.ge(limit)
        })
        .collect();
    let why = format!("the cpu that its pods request reaches {} % of allocatable", overload.threshold_percent);
    let marks = vec![(cluster.panic_mark(), ctx.bool(true))];
    let told = ("panics: it turns NotReady", why);
    add_switch(cluster, "kernel panic", (&full, true), marks, told, |node| Deed::NodePanics { node });
    if overload.recover {
        let empty: Vec<Bool<'_>> = cells
            .iter()
            .map(|cell| {
                // Pods of DaemonSets stay for ever.
                let leaving = cluster.movable().filter(|&id| !cluster.is_daemon(id));
                let pods = ctx.sum(leaving.map(|id| cluster.holding_on(cell, id)));
                cell.exists & may_panic(cell) & !cluster.is_gone(cell) & cluster.is_down(cell) & pods.eq(0)
            })
            .collect();
        let told = ("recovers: Ready again", "it is empty".to_owned());
        let deed = |node| Deed::NodeCalmsDown { node };
        add_switch(cluster, "recovery from panic", (&empty, false), Vec::new(), told, deed);
    }
}

/// Requested cpu on each node of a cell, in thousandths.
fn used_cpu<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>) -> Int<'c> {
    let ctx = cluster.ctx();
    let pods = cluster.movable().map(|id| cluster.holding_on(cell, id) * ctx.int(cluster.templates[id.0].requests.cpu));
    ctx.sum(pods) + cluster.node(cell).used().cpu
}

fn add_switch<'c>(
    cluster: &Cluster<'c>,
    name: &str,
    (allowed, is_down): (&[Bool<'c>], bool),
    marks: Vec<(MarkId, Bool<'c>)>,
    (what, why): (&'static str, String),
    deed: fn(String) -> Deed,
) {
    let Some(Switch { guard, input, choice, next }) = switch(cluster, allowed, is_down) else { return };
    let tell = move |scene: &Scene<'_>| {
        let sentence = Sentence::new(scene.moved_names(), what).because(why.clone());
        sentence.done(deed(scene.moved_name()))
    };
    let kind = ActionKind::Periodic;
    let draft = ActionDraft::new(name.to_owned(), kind, guard, next).choosing(vec![input], choice).marked(marks);
    cluster.act(&RULE, draft, Box::new(tell));
}
