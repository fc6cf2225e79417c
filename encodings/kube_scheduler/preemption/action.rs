//! The scheduler evicts the victims of a preemption.
//!
//! Part of the rule `scheduler/DefaultPreemption`.
//!
//! The pod itself stays pending, nominated to the node, and is scheduled once the victims are gone. Where all of them are
//! leaving already, there is nothing to do but wait there. Pods of lower priority are nominated to the node no longer.

use k8s_openapi::api::policy::v1::PodDisruptionBudget;

use crate::cluster::view::story::{Narrator, Scene, Sentence};
use crate::cluster::view::{Cluster, Leaving};
use crate::cluster::{Cell, Phase, TemplateId};
use crate::encodings::{disruption, ranks};
use crate::system::{ActionDraft, ActionKind, State};
use crate::term::{Bool, Ctx, Int, TermId};

use super::super::Cycle;
use super::super::cache::{self, Sights};
use super::{Preemption, RULE, budgets, eligibility, lower, preemption, ranking, victims};

/// A template whose pods may preempt, and how.
pub struct Preemptor<'c> {
    /// The template.
    pub template: TemplateId,
    /// The preemption for its next pod, for each order of others that unknown ages allow.
    pub preemptions: Vec<Preemption<'c>>,
}

impl<'c> Preemptor<'c> {
    /// Whether its next pod, if one waits, preempts now or waits for victims.
    pub fn is_busy(&self, cluster: &Cluster<'c>) -> Bool<'c> {
        let busy = |it: &Preemption<'c>| it.waits | cluster.ctx().any(it.candidates.iter().copied());
        cluster.ctx().any(self.preemptions.iter().map(busy))
    }
}

/// Those of the scheduled templates whose pods may preempt some others, by position.
pub fn preemptors<'c>(
    cluster: &Cluster<'c>,
    sights: &Sights<'c>,
    scheduled: &[TemplateId],
    cycles: &[Cycle<'c>],
) -> Vec<Option<Preemptor<'c>>> {
    let state = cluster.state();
    let allowed = |budget: &_| disruptions_allowed(cluster, &state, budget);
    let preemptor = |(&template, cycle): (&TemplateId, &Cycle<'c>)| {
        let may = eligibility::may_preempt(cluster, template) && !cluster.is_stopped();
        let finds_victims = !victims::groups(cluster, template, 0).is_empty();
        (may && finds_victims).then(|| {
            let cells = sights.by(cluster, template);
            let preempts = |turn| preemption(cluster, cells, &cycle.verdicts, template, &allowed, turn);
            let turns = 0..victims::turns(cluster, template);
            Preemptor { template, preemptions: turns.map(preempts).collect() }
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

/// What may be chosen: one of the preemptions, on a node of one cell.
struct Alternative<'a, 'c> {
    preemption: &'a Preemption<'c>,
    cell: usize,
}

impl<'c> Alternative<'_, 'c> {
    /// Victims of a template in a phase.
    fn victims(&self, ctx: &'c Ctx, template: TemplateId, phase: Phase) -> Int<'c> {
        let groups = &self.preemption.groups;
        let group = groups.iter().position(|group| (group.template, group.phase) == (template, phase));
        group.map_or_else(|| ctx.int(0), |group| self.preemption.runs[self.cell].victims[group])
    }

    /// How many pods of a template are evicted.
    fn evicted(&self, ctx: &'c Ctx, template: TemplateId) -> Int<'c> {
        let phases = [Phase::Starting, Phase::Unready, Phase::Running];
        ctx.sum(phases.map(|phase| self.victims(ctx, template, phase)))
    }
}

/// Adds the preemption of one template's pods, when it is its `turn`.
pub fn add<'c>(cluster: &Cluster<'c>, cells: &[Cell<'c>], preemptor: &Preemptor<'c>, turn: Bool<'c>) {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let of = |preemption| (0..cells.len()).map(move |cell| Alternative { preemption, cell });
    let alternatives: Vec<Alternative<'_, 'c>> = preemptor.preemptions.iter().flat_map(of).collect();
    let may_be_chosen = |it: &Alternative<'_, 'c>| {
        let evicts = cluster.movable().map(|victim| it.evicted(ctx, victim).ge(1));
        let evicts = evicts.chain([ctx.bool(cluster.may_be_nominated(preemptor.template))]);
        turn & it.preemption.best[it.cell] & ctx.any(evicts)
    };
    let allowed: Vec<Bool<'c>> = alternatives.iter().map(may_be_chosen).collect();
    let guard = ctx.any(allowed.iter().copied());
    if guard.constant() == Some(false) {
        return;
    }
    let (var, chosen, valid) = cluster.choose_cell("node", &allowed);
    let options: Vec<(Alternative<'_, 'c>, Bool<'c>)> = alternatives.into_iter().zip(chosen).collect();
    let mut next = state.clone();
    evict(cluster, cells, (preemptor.template, &options), &mut next);
    let loses = |victim| ctx.any(options.iter().map(|(it, chosen)| *chosen & it.evicted(ctx, victim).ge(1)));
    let draft = ActionDraft::new(
        format!("kube-scheduler preempts for {}", cluster.templates[preemptor.template.0].name),
        ActionKind::Event { rank: ranks::SCHEDULER },
        guard,
        next,
    )
    .choosing(vec![var], valid)
    .marked(cluster.eviction_marks(loses));
    cluster.act(&RULE, draft, narrator(cluster, preemptor.template, &options));
}

/// Deletes the victims of the chosen alternative, and nominates the pod to the node.
fn evict<'c>(
    cluster: &Cluster<'c>,
    cells: &[Cell<'c>],
    (template, options): (TemplateId, &[(Alternative<'_, 'c>, Bool<'c>)]),
    next: &mut State<'c>,
) {
    let ctx = cluster.ctx();
    let on = |cell: usize| options.iter().filter(move |(it, _)| it.cell == cell);
    let chosen: Vec<Bool<'c>> = (0..cells.len()).map(|cell| ctx.any(on(cell).map(|(_, chosen)| *chosen))).collect();
    cluster.rewrite_one(next, &chosen, |cell| {
        let same = |known: &Cell<'c>| (known.class, known.slot) == (cell.class, cell.slot);
        let here = cells.iter().position(same).unwrap_or(cells.len());
        let evicted = |victim, phase| {
            let victims = on(here).map(|(it, chosen)| (*chosen, it.victims(ctx, victim, phase)));
            victims
                .reduce(|(_, others), (chosen, these)| (chosen, chosen.ite(these, others)))
                .map_or(ctx.int(0), |it| it.1)
        };
        let change = cluster.change(cell).delete_by_phase(evicted, Leaving::Evicted);
        match cluster.may_be_nominated(template) {
            true => outbid(cluster, cell, template)
                .fold(change, |it, (other, all)| it.dismiss(other, all))
                .nominate(template),
            false => change,
        }
    });
}

/// Nominations of lower priority to a cell's nodes, as far as the scheduler knows of them.
fn outbid<'a, 'c>(
    cluster: &'a Cluster<'c>,
    cell: &'a Cell<'c>,
    template: TemplateId,
) -> impl Iterator<Item = (TemplateId, Int<'c>)> + use<'a, 'c> {
    let known = move |&other: &TemplateId| cluster.may_be_nominated(other) && cluster.share_a_cache(template, other);
    let nominated = lower(cluster, template).filter(known);
    nominated.map(|other| (other, cluster.nominated_on(cell, other)))
}

fn narrator<'c>(cluster: &Cluster<'c>, template: TemplateId, options: &[(Alternative<'_, 'c>, Bool<'c>)]) -> Narrator {
    let ctx = cluster.ctx();
    let chosen = |value: &dyn Fn(&Alternative<'_, 'c>) -> Int<'c>| {
        ctx.sum(options.iter().map(|(it, chosen)| chosen.ite(value(it), 0))).id()
    };
    let evicted =
        |victim: TemplateId| (cluster.templates[victim.0].name.clone(), chosen(&|it| it.evicted(ctx, victim)));
    let evicted: Vec<(String, TermId)> = cluster.movable().map(evicted).collect();
    let violations = chosen(&|it| it.preemption.runs[it.cell].violations);
    let name = cluster.templates[template.0].name.clone();
    let scheduler = cache::scheduler(cluster, template);
    let priority = cluster.templates[template.0].priority();
    let candidates: Vec<TermId> = options.iter().map(|(it, _)| it.preemption.candidates[it.cell].id()).collect();
    Box::new(move |scene: &Scene<'_>| {
        let evicted = evicted.iter().map(|(name, count)| (name, scene.get(*count))).filter(|&(_, count)| count > 0);
        let evicted: Vec<String> = evicted.map(|(name, count)| format!("{count} pod(s) of {name}")).collect();
        let text = format!("preempts {} on {} for a pod of {name}", evicted.join(" and "), scene.moved_names());
        let sentence = Sentence::new(&scheduler, text)
            .because(format!("it fits nowhere, and its priority, {priority}, is higher"))
            .by(&victims::RULE)
            .by_if(candidates.iter().filter(|&&it| scene.holds(it)).count() > 1, &ranking::RULE);
        match scene.get(violations) {
            0 => sentence,
            some => sentence
                .by(&budgets::RULE)
                .because(format!("{some} of them violate a PodDisruptionBudget; no other node has fewer")),
        }
    })
}
