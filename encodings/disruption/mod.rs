//! Evictions through the API and the PodDisruptionBudgets that limit them.
//!
//! [`budget`] says what a budget allows, [`answer`] what that means for a pod. Here are the evictions of drains.

pub mod answer;
pub mod budget;
mod holdup;

use k8s_openapi::api::policy::v1::PodDisruptionBudget;

use crate::cluster::object::budget::selects;
use crate::cluster::object::karpenter;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Narrator, Scene, Sentence};
use crate::cluster::view::{Change, Cluster, Leaving};
use crate::cluster::{Attribute, Cell, Phase, Presence, TemplateId};
use crate::system::{ActionDraft, ActionKind, State};
use crate::term::{Bool, Int};

use super::ranks;
use answer::Evictee;
use budget::Status;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "disruption/eviction",
    component: Disruption,
    upstream: [
        "staging/src/k8s.io/kubectl/pkg/drain/drain.go" => ["evictPods"],
    ],
    decides: "When the evictions of a drain that do not come with its cordon go on.",
    parts: [
        "pods under a budget are evicted one at a time, whenever the budget allows it" =>
            "in `settled` runs after everything else has settled",
        "other pods: all at once, as the node is cordoned; in `async` one at a time, at any time after that" =>
            "exact in `async`",
        "pods that are not ready" =>
            "over: those that have yet to be may have started or not; those that have not, which budgets do not \
                protect, may go at any time. Those that were ready have started",
    ],
    omits: [
        "drains that give up" => "they try for ever",
    ],
};

/// The rules of evictions.
pub static RULES: &[&Rule] = &[&budget::RULE, &answer::RULE, &RULE];

/// Budgets that select a template's pods.
pub(super) fn budgets<'c>(
    cluster: &Cluster<'c>,
    template: TemplateId,
) -> impl Iterator<Item = &'c PodDisruptionBudget> {
    let pod = cluster.templates[template.0].clone();
    cluster.spec.disruption_budgets.iter().filter(move |budget| selects(budget, &pod.namespace, &pod.labels))
}

/// Whether a budget limits evictions of a template's pods.
pub fn is_budgeted(cluster: &Cluster<'_>, template: TemplateId) -> bool {
    let pod = &cluster.templates[template.0];
    cluster.spec.disruption_budgets.iter().any(|budget| selects(budget, &pod.namespace, &pod.labels))
}

/// Whether a drain leaves a template's pods alone: those of DaemonSets, which would be made again on the same node, and those
/// of the node itself.
pub fn is_left_alone(cluster: &Cluster<'_>, template: TemplateId) -> bool {
    matches!(cluster.spec.workloads[cluster.templates[template.0].workload].owner_kind.as_str(), "DaemonSet" | "Node")
}

/// Whether a drain evicts a template's pods one by one, and not all as it cordons their node: where a budget limits evictions,
/// or anything may come in between.
pub fn is_gradual(cluster: &Cluster<'_>, template: TemplateId) -> bool {
    is_budgeted(cluster, template) || !cluster.spec.scenario.interleaving.waits()
}

/// Whether no pod that a drain would evict is left on the nodes of a cell.
pub fn is_drained<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>) -> Bool<'c> {
    let left = cluster.movable().filter(|&id| is_gradual(cluster, id) && !is_left_alone(cluster, id));
    cluster.ctx().all(left.map(|id| cluster.active_on(cell, id).eq(0)))
}

/// What `kubectl drain` does to a cell's nodes: it cordons them, and evicts the pods that can go at once.
pub fn drain<'a, 'c>(cluster: &'a Cluster<'c>, cell: &Cell<'c>) -> Change<'a, 'c> {
    let evicted = |template| goes_at_once(cluster, cell, template);
    cluster.change(cell).delete_each(evicted, Leaving::Evicted).cordon(true).maintenance(1)
}

/// What `kubectl drain --disable-eviction` does to a cell's nodes: it cordons them, and deletes their pods, whatever budgets say.
pub fn clear<'a, 'c>(cluster: &'a Cluster<'c>, cell: &Cell<'c>) -> Change<'a, 'c> {
    let deleted = |template| match is_left_alone(cluster, template) {
        true => cluster.ctx().int(0),
        false => cluster.active_on(cell, template),
    };
    cluster.change(cell).delete_each(deleted, Leaving::Evicted).cordon(true)
}

/// How many more disruptions a budget allows; any number if it is not in force.
pub(crate) fn allowed<'c>(cluster: &Cluster<'c>, state: &State<'c>, budget: &PodDisruptionBudget) -> Int<'c> {
    let status = budget::status(cluster, state, budget);
    let most: i64 = cluster.templates.iter().map(|template| template.max_pods).sum();
    status.in_force.ite(status.allowed, most)
}

/// Whether the nodes of a cell are being drained of pods of a template, for maintenance or because they are removed.
fn is_under_way<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>, template: TemplateId) -> Bool<'c> {
    let is_going = match is_waited_for(cluster, cell, template) {
        true => cluster.ctx().bool(false),
        false => cluster.is_in(cell, Presence::Going),
    };
    cluster.get(cell, Attribute::Maintenance).eq(1) | is_going
}

/// What the removal of a cell's nodes begins with: pods that can go at once are evicted, and a taint keeps others away.
pub fn taint_and_drain<'a, 'c>(cluster: &'a Cluster<'c>, cell: &Cell<'c>) -> Change<'a, 'c> {
    let evicted = |template| removed_at_once(cluster, cell, template);
    cluster.change(cell).delete_each(evicted, Leaving::Evicted).presence(Presence::Going)
}

/// Whether the removal of a cell's nodes waits for pods of a template, and does not evict them.
fn is_waited_for(cluster: &Cluster<'_>, cell: &Cell<'_>, template: TemplateId) -> bool {
    cluster.node(cell).scaler().is_some_and(|it| it.is_karpenter()) && karpenter::is_kept(cluster.annotations(template))
}

/// How many pods of a template on a cell's nodes their removal evicts as it begins.
pub fn removed_at_once<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>, template: TemplateId) -> Int<'c> {
    match is_waited_for(cluster, cell, template) {
        true => cluster.ctx().int(0),
        false => goes_at_once(cluster, cell, template),
    }
}

/// How many pods of a template on a cell's nodes a drain evicts as it begins.
fn goes_at_once<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>, template: TemplateId) -> Int<'c> {
    match is_gradual(cluster, template) || is_left_alone(cluster, template) {
        true => cluster.ctx().int(0),
        false => cluster.active_on(cell, template),
    }
}

/// Adds the evictions that come after the cordon.
pub fn add(cluster: &Cluster<'_>) {
    let state = cluster.state();
    let evicted = |template: &TemplateId| is_gradual(cluster, *template) && !is_left_alone(cluster, *template);
    for template in cluster.movable().filter(evicted) {
        let known = budgets(cluster, template).map(|budget| (budget, budget::status(cluster, &state, budget)));
        let budgets: &[_] = &known.collect::<Vec<_>>();
        holdup::add(cluster, template, budgets);
        let kind = ActionKind::Event { rank: ranks::BUDGETED_EVICTION };
        let eviction = |standing| Eviction { cluster, template, budgets, standing };
        eviction(Standing::Ready).add(kind, "evicts");
        eviction(Standing::Unready).add(kind, "evicts, not ready,");
        if cluster.templates[template.0].phases.contains(&Phase::Unready) {
            eviction(Standing::NoLonger).add(kind, "evicts, not ready any more,");
        }
        eviction(Standing::Unstarted).add(ActionKind::Periodic, "evicts, not started,");
    }
}

/// How the eviction API takes a pod.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Ready.
    Ready,
    /// Started, as is supposed, and not ready: it has yet to be, or its node is down.
    Unready,
    /// Started, and not ready any more.
    NoLonger,
    /// Not started, as is supposed.
    Unstarted,
}

/// Evictions of a template's pods that are in one of these ways.
struct Eviction<'a, 'c> {
    cluster: &'a Cluster<'c>,
    template: TemplateId,
    /// The budgets that select them.
    budgets: &'a [(&'c PodDisruptionBudget, Status<'c>)],
    standing: Standing,
}

impl<'c> Eviction<'_, 'c> {
    /// Whether the API evicts such a pod.
    fn is_allowed(&self) -> Bool<'c> {
        let ctx = self.cluster.ctx();
        let ready = ctx.bool(self.standing == Standing::Ready);
        let evicted = |runs| answer::is_evicted(ctx, self.budgets, Evictee { runs: ctx.bool(runs), ready });
        // What its budget lets go in any case is somebody else's business.
        if self.standing == Standing::Unstarted { evicted(false) & !evicted(true) } else { evicted(true) }
    }

    /// How many of them are in each phase on a node.
    fn pods(&self, cell: &Cell<'c>, phase: Phase) -> Int<'c> {
        let down = self.cluster.is_down(cell);
        let pods = self.cluster.pods(cell, self.template, phase);
        match (phase, self.standing) {
            (Phase::Starting, Standing::Unready | Standing::Unstarted) | (Phase::Unready, Standing::NoLonger) => pods,
            (Phase::Running, Standing::Ready) => down.ite(0, pods),
            (Phase::Running, Standing::Unready) => down.ite(pods, 0),
            _ => self.cluster.ctx().int(0),
        }
    }

    fn add(&self, kind: ActionKind, what: &'static str) {
        let (cluster, template, ctx) = (self.cluster, self.template, self.cluster.ctx());
        let (state, allowed) = (cluster.state(), self.is_allowed());
        let there = |cell: &Cell<'c>| {
            let phases = [Phase::Starting, Phase::Running, Phase::Unready];
            ctx.sum(phases.map(|phase| self.pods(cell, phase)))
        };
        let draining =
            |cell: &Cell<'c>| cell.exists & is_under_way(cluster, cell, template) & allowed & there(cell).ge(1);
        let draining: Vec<Bool<'c>> = cluster.cells(&state).iter().map(draining).collect();
        let guard = ctx.any(draining.iter().copied());
        if guard.constant() == Some(false) {
            return;
        }
        let (var, chosen, valid) = cluster.choose_cell("node", &draining);
        let mut next = state.clone();
        cluster.rewrite_one(&mut next, &chosen, |cell| {
            let starting = self.pods(cell, Phase::Starting).min(1);
            let running = self.pods(cell, Phase::Running).min(starting.eq(0).to_int());
            let unready = self.pods(cell, Phase::Unready).min(1);
            let one = |phase| match phase {
                Phase::Starting => starting,
                Phase::Unready => unready,
                _ => running,
            };
            cluster.change(cell).delete_of(template, one, Leaving::Evicted)
        });
        let name = cluster.templates[template.0].name.clone();
        let draft = ActionDraft::new(format!("drain {what} {name}"), kind, guard, next)
            .choosing(vec![var], valid)
            .marked(cluster.eviction_marks(|other| ctx.bool(other == template)));
        cluster.act(&RULE, draft, self.narrator(name));
    }

    fn narrator(&self, name: String) -> Narrator {
        let (is_ready, is_budgeted) = (self.standing == Standing::Ready, !self.budgets.is_empty());
        let (pod, why) = match self.standing {
            _ if !is_budgeted => ("a pod", "no PodDisruptionBudget protects it"),
            Standing::Ready => ("a pod", "its PodDisruptionBudget allows one more disruption"),
            Standing::Unready => ("a pod that is not ready", "its PodDisruptionBudget does not protect it"),
            Standing::NoLonger => ("a pod that is not ready any more", "its PodDisruptionBudget does not protect it"),
            Standing::Unstarted => ("a pod that has not started", "no PodDisruptionBudget protects such pods"),
        };
        Box::new(move |scene: &Scene<'_>| {
            let text = format!("evicts {pod} of {name} from {}", scene.moved_names());
            Sentence::new("drain", text).by(&answer::RULE).by_if(is_ready && is_budgeted, &budget::RULE).because(why)
        })
    }
}
