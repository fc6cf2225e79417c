//! Pod garbage collection, as far as nodes need it that are no more: pods that are bound to them stay as they were until they
//! are collected.

use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Scene, Sentence};
use crate::cluster::{Attribute, Cell, TemplateId};
use crate::system::{ActionDraft, ActionKind};
use crate::term::Bool;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "pod-collector/orphans",
    component: PodCollector,
    upstream: [
        "pkg/controller/podgc/gc_controller.go" => ["gcOrphaned", "discoverDeletedNodes"],
    ],
    decides: "What becomes of pods whose node was deleted: they stay as they were, ready ones ready, until they are collected.",
    parts: [
        "pods that are bound to a node that is gone: collected at some time, and gone at once, without having terminated; \
            budgets are not asked" =>
            "over: at any time, which covers the 40 to 60 s that it takes; all pods of the node together, in `async` those of \
                one template after another",
        "until then they are as ready as they were, and controllers count them" => "exact",
    ],
    omits: [
        "pods that have finished; pods of out-of-service nodes; pods that are deleted before they were scheduled",
        "pods without a modelled owner, unless others may take them" => "they stay, where nobody asks for them",
        "what autoscalers measure of such pods",
    ],
};

/// Adds the collection of pods of nodes that are gone, where a command deletes some.
pub fn add(cluster: &Cluster<'_>) {
    let state = cluster.state();
    let is_possible = |cell: &Cell<'_>| cluster.position(cell.class, Attribute::Gone).is_some();
    if !cluster.cells(&state).iter().any(is_possible) {
        return;
    }
    let all: Vec<TemplateId> = cluster.movable().collect();
    match cluster.spec.scenario.interleaving.waits() {
        true => add_one(cluster, &all),
        false => all.iter().for_each(|&template| add_one(cluster, &[template])),
    }
}

/// Pods of these templates are collected from one node.
fn add_one<'c>(cluster: &Cluster<'c>, templates: &[TemplateId]) {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let some = |cell: &Cell<'c>| ctx.any(templates.iter().map(|&it| cluster.holding_on(cell, it).ge(1)));
    let cells = cluster.cells(&state);
    let orphaned: Vec<Bool<'c>> = cells.iter().map(|cell| cell.exists & cluster.is_gone(cell) & some(cell)).collect();
    let guard = ctx.any(orphaned.iter().copied());
    if guard.constant() == Some(false) {
        return;
    }
    let (var, chosen, valid) = cluster.choose_cell("node", &orphaned);
    let mut next = state.clone();
    cluster.rewrite_one(&mut next, &chosen, |cell| {
        templates.iter().fold(cluster.change(cell), |change, &template| change.collect(template))
    });
    let what = match templates {
        [only] => format!("pods of {}", cluster.templates[only.0].name),
        _ => "pods".to_owned(),
    };
    let draft = ActionDraft::new(format!("pod garbage collection of {what}"), ActionKind::Periodic, guard, next)
        .choosing(vec![var], valid);
    let tell = move |scene: &Scene<'_>| {
        Sentence::new("pod garbage collector", format!("deletes {what} that are bound to {}", scene.moved_names()))
            .because("the node was deleted, 40 to 60 s ago")
    };
    cluster.act(&RULE, draft, Box::new(tell));
}
