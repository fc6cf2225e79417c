//! Cycles in one step: where nothing depends on the order in which nodes and pods are looked at, all evictions of a
//! plugin happen together. A limit of evictions per node (see `ClusterSpec::deschedules_stepwise`) is used up template
//! by template; others do not count here.
//!
//! Part of the rule `descheduler/cycle`.

use crate::cluster::TemplateId;
use crate::cluster::view::rule::Rule;
use crate::cluster::view::story::{Scene, Sentence};
use crate::cluster::view::{Cluster, Leaving};
use crate::system::{ActionDraft, ActionKind};
use crate::term::{Int, TermId};

use crate::encodings::paces;

use super::cycle::after_evictions;
use super::sight::Sight;

/// Adds a cycle of a plugin that evicts `count(node, template)` pods from each node of a cell; `why` explains it in a story.
pub fn add<'c>(
    cluster: &Cluster<'c>,
    sight: &Sight<'_, 'c>,
    (rule, plugin): (&'static Rule, &'static str),
    templates: &[TemplateId],
    count: &dyn Fn(usize, TemplateId) -> Int<'c>,
    why: impl Fn(&Scene<'_>, TemplateId) -> Option<String> + Send + Sync + 'static,
) {
    let ctx = sight.ctx();
    let enough = sight.nodes_in_play().ge(2);
    let mut left: Vec<Option<Int<'c>>> = vec![sight.policy.max_per_node.map(|most| ctx.int(most)); sight.cells.len()];
    let mut limited = |at: usize, id: TemplateId| {
        let wanted = enough.ite(count(at, id), 0);
        let allowed = left[at].map_or(wanted, |left| wanted.min(left));
        left[at] = left[at].map(|left| left.minus_or_zero(allowed));
        allowed
    };
    let evictions: Vec<Vec<Int<'c>>> =
        templates.iter().map(|&id| (0..sight.cells.len()).map(|at| limited(at, id)).collect()).collect();
    let of = |at: usize, id: TemplateId| {
        let row = templates.iter().position(|&known| known == id);
        row.map_or_else(|| ctx.int(0), |row| evictions[row][at])
    };
    let evicts = |id: TemplateId| ctx.any((0..sight.cells.len()).map(|at| sight.cells[at].exists & of(at, id).ge(1)));
    let mut next = sight.state.clone();
    cluster.rewrite_all(&mut next, |cell| {
        let at = sight.cells.iter().position(|it| (it.class, it.slot) == (cell.class, cell.slot));
        let count = |id| at.map_or_else(|| ctx.int(0), |at| of(at, id));
        after_evictions(cluster, sight.pods, cell, &count, Leaving::Evicted)
    });
    let draft = ActionDraft::new(
        format!("descheduler {plugin}"),
        ActionKind::Periodic,
        ctx.any(templates.iter().map(|&id| evicts(id))),
        next,
    )
    .marked(cluster.eviction_marks(evicts))
    .paced(paces::descheduler(cluster, &format!("descheduler {plugin}")));
    let counts = |row: &Vec<Int<'c>>| -> Vec<TermId> {
        sight.cells.iter().zip(row).map(|(cell, &count)| (cell.multiplicity * count).id()).collect()
    };
    let lines: Vec<(TemplateId, String, Vec<TermId>)> = templates
        .iter()
        .zip(&evictions)
        .map(|(&id, row)| (id, cluster.templates[id.0].name.clone(), counts(row)))
        .collect();
    let tell = move |scene: &Scene<'_>| {
        let mut sentence = Sentence::new("descheduler", String::new());
        let mut parts = Vec::new();
        for (id, name, cells) in &lines {
            let evicted: i64 = cells.iter().map(|&count| scene.get(count)).sum();
            if evicted > 0 {
                parts.push(format!("{evicted} pod(s) of {name}"));
                sentence.why.extend(why(scene, *id));
            }
        }
        sentence.text = format!("evicts {} from {}", parts.join(", "), scene.moved_names());
        sentence
    };
    cluster.act(rule, draft, Box::new(tell));
}
