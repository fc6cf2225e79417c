//! RemoveDuplicates: `pkg/framework/plugins/removeduplicates/removeduplicates.go`.
//!
//! Pods of one ReplicaSet beyond the average per feasible node, rounded up, are evicted from each node. Which of equal
//! pods go does not matter. Nodes are feasible by selector, affinity and taints; fewer than two: nothing happens.

use crate::cluster::spec::{DeschedulerPolicy, NamespaceFilter};
use crate::cluster::story::{Scene, Sentence};
use crate::cluster::view::Cluster;
use crate::cluster::{Cell, TemplateId};
use crate::system::{ActionDraft, ActionKind};
use crate::term::{Bool, Ctx, Int, TermId};

/// What the plugin finds out about one ReplicaSet.
struct Plan<'c> {
    template: TemplateId,
    /// Pods that may stay on each node.
    stay: Int<'c>,
    /// Pods and feasible nodes, for the story.
    numbers: (TermId, TermId),
    /// Evictions on each node, per cell.
    evictions: Vec<Int<'c>>,
}

impl<'c> Plan<'c> {
    /// Whether some pod goes.
    fn evicts(&self, ctx: &'c Ctx, cells: &[Cell<'c>]) -> Bool<'c> {
        ctx.any(self.evictions.iter().zip(cells).map(|(count, cell)| cell.exists & count.ge(1)))
    }
}

/// Adds the plugin.
pub fn add(cluster: &Cluster<'_>, policy: &DeschedulerPolicy, namespaces: &NamespaceFilter) {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let cells = cluster.cells(&state);
    let templates = super::eligible(cluster, namespaces);
    let plans: Vec<Plan<'_>> = templates.iter().map(|&id| plan(cluster, policy, &cells, id)).collect();
    let total = |plan: &Plan<'_>| -> Vec<TermId> {
        plan.evictions.iter().zip(&cells).map(|(&count, cell)| (cell.multiplicity * count).id()).collect()
    };
    let totals: Vec<Vec<TermId>> = plans.iter().map(total).collect();
    let mut next = state.clone();
    let position = |cell: &Cell<'_>| cells.iter().position(|it| it.class == cell.class && it.slot == cell.slot);
    cluster.cells.rewrite_all(ctx, &mut next, |cell| {
        let at = position(cell);
        cluster.without(cell, |template| {
            let plan = plans.iter().find(|plan| plan.template == template);
            plan.and_then(|plan| at.map(|at| plan.evictions[at])).unwrap_or_else(|| ctx.int(0))
        })
    });
    cluster.forget_ages(&mut next);
    let evicts = |template: TemplateId| {
        plans
            .iter()
            .find(|plan| plan.template == template)
            .map_or_else(|| ctx.bool(false), |plan| plan.evicts(ctx, &cells))
    };
    let draft = ActionDraft {
        name: "descheduler RemoveDuplicates".to_owned(),
        kind: ActionKind::Periodic,
        guard: ctx.any(plans.iter().map(|plan| plan.evicts(ctx, &cells))),
        inputs: Vec::new(),
        choice: ctx.bool(true),
        next,
        marks: cluster.eviction_marks(evicts),
    };
    let lines: Vec<(String, TermId, (TermId, TermId))> = plans
        .iter()
        .map(|plan| (cluster.templates[plan.template.0].name.clone(), plan.stay.id(), plan.numbers))
        .collect();
    let tell = move |scene: &Scene<'_>| {
        let mut sentence = Sentence::new("descheduler", String::new());
        let mut counts = Vec::new();
        for ((name, stay, (pods, nodes)), cells) in lines.iter().zip(&totals) {
            let evicted: i64 = cells.iter().map(|&count| scene.get(count)).sum();
            if evicted > 0 {
                counts.push(format!("{evicted} pod(s) of {name}"));
                let [stay, pods, nodes] = [*stay, *pods, *nodes].map(|term| scene.get(term));
                sentence = sentence.because(format!(
                    "RemoveDuplicates: {pods} pods of {name} over {nodes} feasible nodes allow {stay} per node"
                ));
            }
        }
        sentence.text = format!("evicts {} from {}", counts.join(", "), scene.moved_names());
        sentence
    };
    cluster.act(draft, Box::new(tell));
}

fn plan<'c>(cluster: &Cluster<'c>, policy: &DeschedulerPolicy, cells: &[Cell<'c>], template: TemplateId) -> Plan<'c> {
    let ctx = cluster.ctx();
    let here = |cell: &Cell<'c>| super::in_play(cluster, cell).ite(cluster.active_on(cell, template), 0);
    let most = cluster.templates[template.0].max_pods;
    let pods = ctx.sum(cells.iter().map(|cell| cell.multiplicity * here(cell))).min(most);
    let nodes = ctx.sum(cells.iter().map(|cell| match super::is_feasible(cluster, cell.class, template) {
        true => super::in_play(cluster, cell).ite(cell.multiplicity, 0),
        false => ctx.int(0),
    }));
    let nodes = nodes.min(cluster.spec.nodes.len() as i64);
    let stay = (pods + nodes.minus_or_zero(1)).div(nodes.max(1)).max(1);
    let balanced = nodes.lt(2);
    let fit: Vec<Bool<'c>> = match policy.plugins.iter().any(|it| it.evictor.node_fit) {
        true => super::fit_elsewhere(cluster, cells, template),
        false => vec![ctx.bool(true); cells.len()],
    };
    let limit = policy.max_per_node.unwrap_or(i64::from(i32::MAX));
    let evictions = cells.iter().zip(&fit).map(|(cell, &fit)| {
        let excess = here(cell).minus_or_zero(stay).min(limit);
        (fit & !balanced).ite(excess, 0)
    });
    Plan { template, stay, numbers: (pods.id(), nodes.id()), evictions: evictions.collect() }
}
