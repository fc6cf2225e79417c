//! What is told of a binding: how many nodes were feasible, the highest score, and which rules left no other node.
//!
//! Part of the rule `scheduler/binding`.

use std::sync::Arc;

use crate::cluster::view::Cluster;
use crate::cluster::view::rule::Rule;
use crate::cluster::view::story::{Narrator, Scene, Sentence};
use crate::cluster::{Cell, TemplateId};
use crate::term::{Bool, TermId};

use super::explain::{Asked, refusing};
use super::{Column, Cycle, cache, company, fit, nominations, resources, scores};

/// What one cycle is told from.
struct Told {
    /// Whose pod it is.
    name: String,
    /// Who takes it.
    scheduler: String,
    /// Whether it is bound later, so that others do not know of it until then.
    is_apart: bool,
    /// Whether it may go to one node only.
    is_daemon: bool,
    asked: Arc<[Asked]>,
    /// How many nodes each cell has.
    counts: Arc<[TermId]>,
    feasible: Vec<TermId>,
    best: Vec<TermId>,
    totals: Vec<TermId>,
    nominated_node_used: TermId,
    /// Plugins of which some scores differ.
    columns: Vec<Scored>,
    /// The plugins that score resources, which totals hold in one table.
    resources: Vec<&'static Rule>,
}

/// What one plugin adds to totals.
struct Scored {
    rule: &'static Rule,
    weight: i64,
    skipped: TermId,
    scores: Vec<TermId>,
}

/// What is chosen in a step.
pub struct Choice {
    /// The pod, by position among the templates that are scheduled.
    pub pod: TermId,
    /// The cell.
    pub node: TermId,
    /// Whether others came first, where there are others.
    pub late: Option<TermId>,
}

/// The narrator of the action that binds a pod.
pub fn narrator<'c>(
    cluster: &Cluster<'c>,
    scheduled: &[TemplateId],
    cells: &[Cell<'c>],
    cycles: &[Cycle<'c>],
    asked: &[Arc<[Asked]>],
    choice: Choice,
) -> Narrator {
    let counts: Arc<[TermId]> = cells.iter().map(|cell| cell.multiplicity.id()).collect();
    let told = |((&id, cycle), asked): ((&TemplateId, &Cycle<'c>), &Arc<[Asked]>)| {
        Told::new(cluster, id, cycle, (Arc::clone(asked), Arc::clone(&counts)))
    };
    let told: Vec<Told> = scheduled.iter().zip(cycles).zip(asked).map(told).collect();
    Box::new(move |scene: &Scene<'_>| {
        let (told, node) = (&told[scene.get(choice.pod) as usize], scene.get(choice.node) as usize);
        match choice.late.is_some_and(|late| scene.holds(late)) {
            true => company::sentence(&told.name),
            false => told.tell(scene, node),
        }
    })
}

impl Told {
    fn new<'c>(
        cluster: &Cluster<'c>,
        id: TemplateId,
        cycle: &Cycle<'c>,
        (asked, counts): (Arc<[Asked]>, Arc<[TermId]>),
    ) -> Self {
        let ids = |terms: &[Bool<'c>]| terms.iter().map(|term| term.id()).collect::<Vec<TermId>>();
        let columns = cycle.simple_columns.iter().filter(|column| column.tells_apart());
        Told {
            name: cluster.templates[id.0].name.clone(),
            scheduler: cache::scheduler(cluster, id),
            is_apart: cluster.is_apart(id),
            is_daemon: cluster.is_daemon(id),
            asked,
            counts,
            feasible: ids(&cycle.feasible),
            best: ids(&cycle.best),
            totals: cycle.totals.iter().map(|total| total.id()).collect(),
            nominated_node_used: cycle.nominated_node_used.id(),
            columns: columns.map(Scored::new).collect(),
            resources: scoring_resources(cluster, id),
        }
    }

    /// A pod is bound to a node of a cell.
    fn tell(&self, scene: &Scene<'_>, node: usize) -> Sentence {
        let all: i64 = self.counts.iter().map(|&count| scene.get(count)).sum();
        let among = |which: &[TermId]| -> i64 {
            which.iter().zip(&*self.counts).map(|(&which, &count)| scene.get(which) * scene.get(count)).sum()
        };
        let (fit, tied) = (among(&self.feasible), among(&self.best));
        let (name, node_names) = (&self.name, scene.moved_names());
        let text = match self.is_apart {
            true => format!("chooses {node_names} for a pod of {name}, which nobody else knows yet"),
            false => format!("binds a pod of {name} to {node_names}"),
        };
        if self.is_daemon {
            return Sentence::new(&self.scheduler, text).because("the pod was made for this node");
        }
        let mut sentence = Sentence::new(&self.scheduler, text)
            .because(format!("{fit} of {all} nodes are feasible"))
            .by_if(scene.holds(self.nominated_node_used), &nominations::RULE);
        sentence.rules.extend(refusing(scene, &self.asked));
        if fit > 1 {
            sentence.rules.extend(self.telling_apart(scene, node));
        }
        match (fit, tied) {
            (1, _) => sentence,
            (_, 1) => sentence.because(format!("highest score, {}", scene.get(self.totals[node]))),
            _ => sentence.because(format!(
                "{tied} nodes tie at the highest score, {}; any of them may be chosen",
                scene.get(self.totals[node])
            )),
        }
    }

    /// The rules by which the chosen cell scores otherwise than some other one that is feasible.
    fn telling_apart(&self, scene: &Scene<'_>, chosen: usize) -> Vec<&'static Rule> {
        let there = |&cell: &usize| scene.get(self.counts[cell]) > 0 && scene.holds(self.feasible[cell]);
        let others: Vec<usize> = (0..self.counts.len()).filter(there).collect();
        let differs = |score: &dyn Fn(usize) -> i64| others.iter().any(|&cell| score(cell) != score(chosen));
        let columns = self.columns.iter().filter(|column| differs(&|cell| column.get(scene, cell)));
        let of_columns = |cell| self.columns.iter().map(|column| column.get(scene, cell)).sum::<i64>();
        let by_resources = differs(&|cell| scene.get(self.totals[cell]) - of_columns(cell));
        let resources = self.resources.iter().copied().filter(|_| by_resources);
        columns.map(|column| column.rule).chain(resources).collect()
    }
}

impl Scored {
    fn new(column: &Column<'_>) -> Self {
        Scored {
            rule: column.rule,
            weight: column.weight,
            skipped: column.skipped.id(),
            scores: column.normalized.iter().map(|score| score.id()).collect(),
        }
    }

    /// What it adds to the total of a cell.
    fn get(&self, scene: &Scene<'_>, cell: usize) -> i64 {
        if scene.holds(self.skipped) { 0 } else { scene.get(self.scores[cell]) * self.weight }
    }
}

/// The plugins that score resources for pods of a template. A table holds both together: which of them tells nodes apart it
/// does not say, so that both are named.
fn scoring_resources(cluster: &Cluster<'_>, template: TemplateId) -> Vec<&'static Rule> {
    let balances = !resources::is_balance_skipped(cluster, template);
    let fit = Some(&fit::RULE).filter(|rule| scores::weight(cluster, template, rule) > 0);
    let balance = Some(&resources::RULE).filter(|rule| balances && scores::weight(cluster, template, rule) > 0);
    fit.into_iter().chain(balance).collect()
}
