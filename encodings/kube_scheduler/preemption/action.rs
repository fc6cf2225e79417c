//! The scheduler evicts the victims of a preemption.
//!
//! The pod itself stays pending and is scheduled once the victims are gone. Where all of them are leaving already, there
//! is nothing to do but wait. Upstream nominates it to the node and keeps
//! the room for it; here pods of lower priority wait while it waits for its victims, and of several pods that wait, the
//! one of the highest priority goes first.

use k8s_openapi::api::policy::v1::PodDisruptionBudget;

use crate::cluster::story::{Narrator, Scene, Sentence};
use crate::cluster::view::Cluster;
use crate::cluster::{Cell, Phase, TemplateId};
use crate::encodings::{disruption, ranks};
use crate::system::{ActionDraft, ActionKind, State};
use crate::term::{Bool, Int, TermId};

use super::super::Cycle;
use super::{Preemption, budgets, eligibility, preemption, victims};

/// A template whose pods may preempt, and how.
pub struct Preemptor<'c> {
    /// The template.
    pub template: TemplateId,
    /// The preemption for its next pod.
    pub preemption: Preemption<'c>,
}

impl<'c> Preemptor<'c> {
    /// Whether its next pod, if one waits, preempts now or waits for victims.
    pub fn is_busy(&self, cluster: &Cluster<'c>) -> Bool<'c> {
        self.preemption.waits | cluster.ctx().any(self.preemption.candidates.iter().copied())
    }
}

/// Those of the scheduled templates whose pods may preempt some others, by position.
pub fn preemptors<'c>(
    cluster: &Cluster<'c>,
    cells: &[Cell<'c>],
    scheduled: &[TemplateId],
    cycles: &[Cycle<'c>],
) -> Vec<Option<Preemptor<'c>>> {
    let state = cluster.state();
    let preemptor = |(&template, cycle): (&TemplateId, &Cycle<'c>)| {
        let may = eligibility::may_preempt(cluster, template);
        let finds_victims = !victims::groups(cluster, template).is_empty();
        (may && finds_victims).then(|| {
            let allowed = |budget: &_| disruptions_allowed(cluster, &state, budget);
            let preemption = preemption(cluster, cells, &cycle.verdicts, template, &allowed);
            Preemptor { template, preemption }
        })
    };
    scheduled.iter().zip(cycles).map(preemptor).collect()
}

/// What the disruption controller writes into a budget's status; the number that was read where none of the budget's
/// pods has a modelled owner.
fn disruptions_allowed<'c>(cluster: &Cluster<'c>, state: &State<'c>, budget: &PodDisruptionBudget) -> Int<'c> {
    let selected = |id: &TemplateId| budgets::selects(budget, &cluster.templates[id.0]);
    match cluster.owners().any(|(_, _, vars)| vars.templates.iter().any(selected)) {
        true => disruption::allowed(cluster, state, budget),
        false => cluster.ctx().int(budget.status.as_ref().map_or(0, |status| status.disruptions_allowed.into())),
    }
}

/// Adds the preemption of one template's pods, when it is its `turn`.
pub fn add<'c>(cluster: &Cluster<'c>, cells: &[Cell<'c>], preemptor: &Preemptor<'c>, turn: Bool<'c>) {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let Preemptor { template, preemption } = preemptor;
    let evicts = |run: usize| ctx.any(evictions(preemption, run).map(|(_, victims)| victims.ge(1)));
    let allowed: Vec<Bool<'c>> =
        preemption.best.iter().enumerate().map(|(run, &best)| turn & best & evicts(run)).collect();
    let guard = ctx.any(allowed.iter().copied());
    if guard.constant() == Some(false) {
        return;
    }
    let (var, chosen, valid) = cluster.choose_cell("node", &allowed);
    let mut next = state.clone();
    let position = |cell: &Cell<'c>| {
        cells.iter().position(|known| (known.class, known.slot) == (cell.class, cell.slot)).unwrap_or_default()
    };
    cluster.cells.rewrite_one(ctx, &mut next, &chosen, |cell| {
        let run = position(cell);
        cluster.deleting(cell, |template, phase| victims_of(cluster, preemption, run, template, phase))
    });
    cluster.forget_ages(&mut next);
    let loses = |victim: TemplateId| {
        let some = |run: usize| evicted(cluster, preemption, run, victim).ge(1);
        ctx.any(chosen.iter().enumerate().map(|(run, &chosen)| chosen & some(run)))
    };
    let draft = ActionDraft {
        name: format!("kube-scheduler preempts for {}", cluster.templates[template.0].name),
        kind: ActionKind::Event { rank: ranks::SCHEDULER },
        guard,
        inputs: vec![var],
        choice: valid,
        marks: cluster.eviction_marks(loses),
        next,
    };
    cluster.act(draft, narrator(cluster, preemptor, &chosen));
}

/// Pods of a template in a phase that have to go from a node of the cell at `run`.
fn victims_of<'c>(
    cluster: &Cluster<'c>,
    preemption: &Preemption<'c>,
    run: usize,
    template: TemplateId,
    phase: Phase,
) -> Int<'c> {
    let group = preemption.groups.iter().position(|group| (group.template, group.phase) == (template, phase));
    group.map_or_else(|| cluster.ctx().int(0), |group| preemption.runs[run].victims[group])
}

/// Victims on a node of the cell at `run` that are not leaving yet, by template and phase.
fn evictions<'a, 'c>(
    preemption: &'a Preemption<'c>,
    run: usize,
) -> impl Iterator<Item = (TemplateId, Int<'c>)> + use<'a, 'c> {
    let groups = preemption.groups.iter().zip(&preemption.runs[run].victims);
    let staying = groups.filter(|(group, _)| group.phase != Phase::Terminating);
    staying.map(|(group, &victims)| (group.template, victims))
}

/// How many pods of a template are evicted from a node of the cell at `run`.
fn evicted<'c>(cluster: &Cluster<'c>, preemption: &Preemption<'c>, run: usize, template: TemplateId) -> Int<'c> {
    let own = evictions(preemption, run).filter(|(victim, _)| *victim == template);
    cluster.ctx().sum(own.map(|(_, victims)| victims))
}

fn narrator<'c>(cluster: &Cluster<'c>, preemptor: &Preemptor<'c>, chosen: &[Bool<'c>]) -> Narrator {
    let ctx = cluster.ctx();
    let Preemptor { template, preemption } = preemptor;
    let over_chosen = |value: &dyn Fn(usize) -> Int<'c>| {
        ctx.sum(chosen.iter().enumerate().map(|(run, &chosen)| chosen.ite(value(run), 0))).id()
    };
    let victims: Vec<(String, TermId)> = cluster
        .movable()
        .map(|victim| {
            let gone = over_chosen(&|run| evicted(cluster, preemption, run, victim));
            (cluster.templates[victim.0].name.clone(), gone)
        })
        .collect();
    let violations = over_chosen(&|run| preemption.runs[run].violations);
    let name = cluster.templates[template.0].name.clone();
    let priority = cluster.templates[template.0].priority();
    Box::new(move |scene: &Scene<'_>| {
        let victims = victims.iter().map(|(name, count)| (name, scene.get(*count))).filter(|&(_, count)| count > 0);
        let victims: Vec<String> = victims.map(|(name, count)| format!("{count} pod(s) of {name}")).collect();
        let text = format!("preempts {} on {} for a pod of {name}", victims.join(" and "), scene.moved_names());
        let sentence = Sentence::new("kube-scheduler", text)
            .because(format!("it fits nowhere, and its priority, {priority}, is higher"));
        match scene.get(violations) {
            0 => sentence,
            some => sentence.because(format!("{some} of them violate a PodDisruptionBudget; no other node has fewer")),
        }
    })
}
