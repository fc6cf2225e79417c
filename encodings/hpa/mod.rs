//! HorizontalPodAutoscaler controller. One action per autoscaler: read the metrics, propose, stabilise, limit, resize.
//! [`metrics`] and [`limits`] hold the decisions; they know neither where pods and usage come from nor how the past is
//! remembered. The action instantiates them on the state of a cluster, on the loads of its scenario ([`metrics::load`])
//! and on a memory without times ([`limits::memory`]).

mod ambiguity;
pub mod free;
pub mod limits;
pub mod metrics;

use crate::cluster::object::spec::Autoscaler;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Narrator, Scene, Sentence};
use crate::cluster::view::{Cluster, Declaring, WorkloadVars};
use crate::system::{ActionDraft, ActionKind, IntVar, State};
use crate::term::{Bool, Ctx, Int, TermId, VarId};

use super::environment::load::LoadVars;
use super::paces;
use limits::clocks::{self, Look};
use limits::memory::{self, Line, Memory, Recalled};
use limits::reconcile::{Reconciled, reconcile};
use limits::rules::{Direction, Rules, SelectPolicy};
use limits::{Bounds, Past, rates};
use metrics::combine::{self, combine};
use metrics::load::{self, Proposed};

pub use metrics::load::watchers;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "hpa/reconcile",
    component: Autoscaler,
    upstream: [
        "pkg/controller/podautoscaler/horizontal.go" => ["reconcileAutoscaler"],
    ],
    decides: "Whether and to what size one reconcile resizes the target: what the metrics propose, stabilised and \
        limited.",
    parts: [
        "the order of decisions: metrics, stabilisation, rates, limits" => "exact",
    ],
    omits: [
        "a target's status lagging behind its spec",
        "failures to read or to update the scale",
    ],
};

/// The rules of the controller.
pub static RULES: &[&Rule] = &[
    &RULE,
    &metrics::per_pod::RULE,
    &metrics::comparison::RULE,
    &metrics::combine::RULE,
    &metrics::pods::RULE,
    &metrics::requests::RULE,
    &metrics::whole::RULE,
    &limits::stabilisation::RULE,
    &limits::rates::RULE,
    &limits::rules::RULE,
    &metrics::load::RULE,
    &ambiguity::RULE,
    &free::RULE,
];

/// The state and configuration of one autoscaler.
pub struct HpaVars {
    /// Position in the spec.
    autoscaler: usize,
    /// Position of the target workload.
    workload: usize,
    bounds: Bounds,
    memory: Memory,
    /// By metric: what it proposed last, if it is an input from outside.
    outside: Vec<Option<IntVar>>,
}

/// Declares the state of every autoscaler whose target is modelled.
pub fn declare(cluster: &Declaring<'_>, loads: &[LoadVars]) -> Vec<HpaVars> {
    let declare = |(index, autoscaler): (usize, &Autoscaler)| {
        let (workload, object, _) = cluster.owners().find(|(_, object, _)| object.key == autoscaler.target)?;
        let spec = autoscaler.object.spec.as_ref()?;
        let bounds = Bounds::of(spec);
        let replicas = cluster.fixed_replicas(object, "an autoscaler remembers them");
        let memory = memory::declare(cluster, autoscaler, replicas, bounds);
        let undeclared = load::are_undeclared(cluster, workload, autoscaler, loads);
        let outside = declare_outside(cluster, autoscaler, &undeclared, replicas, bounds);
        Some(HpaVars { autoscaler: index, workload, bounds, memory, outside })
    };
    let exact = cluster.spec.autoscalers.iter().enumerate().filter(|(_, it)| !free::is_free(cluster, it));
    exact.filter_map(declare).collect()
}

/// What is remembered of metrics that are inputs from outside; they began with the size at the start.
fn declare_outside(
    cluster: &Declaring<'_>,
    autoscaler: &Autoscaler,
    undeclared: &[bool],
    replicas: i64,
    Bounds { min, max }: Bounds,
) -> Vec<Option<IntVar>> {
    let remembered = |(position, &is_undeclared): (usize, &bool)| {
        let name = || format!("hpa {} metric {position}", autoscaler.key);
        is_undeclared.then(|| cluster.int(name(), 0, max, Some(replicas.clamp(min, max))))
    };
    undeclared.iter().enumerate().map(remembered).collect()
}

/// Adds one action per autoscaler.
pub fn add(cluster: &Cluster<'_>, autoscalers: &[HpaVars], loads: &[LoadVars]) {
    for vars in autoscalers {
        if cluster.is_stopped() {
            return;
        }
        add_one(cluster, vars, loads);
    }
    if cluster.spec.scenario.controllers.hpa {
        free::add(cluster);
    }
}

fn add_one(cluster: &Cluster<'_>, vars: &HpaVars, loads: &[LoadVars]) {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let autoscaler = &cluster.spec.autoscalers[vars.autoscaler];
    let Some(target) = &cluster.workloads[vars.workload] else { return };
    let Bounds { min, max } = vars.bounds;
    let current = state.get(target.replicas);
    let proposals = load::proposals(cluster, vars.workload, target, autoscaler, loads, (min, max));
    let votes: Vec<_> = proposals.iter().map(|it| (it.replicas, it.valid)).collect();
    let combined = combine(ctx, &votes, current);
    // Where pods share a load in ways that are not known, the autoscaler always has a choice: if metrics fail, the present
    // size.
    let is_shared = proposals.iter().any(|proposal| proposal.is_shared());
    let replicas = if is_shared { combined.acts.ite(combined.replicas, current) } else { combined.replicas };
    let proposal = replicas.clamp(min, max);
    let recalled = vars.memory.recall(cluster, &state, (current, proposal), max);
    let changes = |period: i64| recalled.changes(ctx, current, period);
    let past = Past { recommendations: recalled.recommendations(), changes: &changes };
    let reconciled = reconcile(ctx, vars.memory.rules.as_ref(), vars.bounds, &past, current, proposal);
    let desired = reconciled.desired.clamp(0, target.max_replicas);
    let mut next = state.clone();
    next.set(target.replicas, desired);
    let wanted = reconciled.by_metrics.ite(proposal, desired);
    cluster.note_proposal(&mut next, vars.workload, current, wanted.clamp(0, target.max_replicas));
    vars.memory.remember(&state, &mut next, &recalled, (current, proposal), (&reconciled, desired));
    let foreign = vars.note_outside(ctx, (&proposals, reconciled.by_metrics), &state, &mut next);
    cluster.disturb_if(&mut next, foreign.changed);
    let restless = combined.acts & (recalled.restless | proposal.ne(current));
    // A guard is about the state alone, so what depends on inputs is asked of the choice.
    let (guard, choice) = if proposals.iter().any(|proposal| proposal.input.is_some()) {
        (ctx.bool(true), !reconciled.by_metrics | restless)
    } else if is_shared {
        (ctx.any(proposals.iter().map(|proposal| proposal.valid)), ctx.bool(true))
    } else {
        (restless, ctx.bool(true))
    };
    let is_ambiguous = ambiguity::is_ambiguous(cluster, autoscaler);
    if cluster.spec.scenario.drains() {
        let is_sure = ctx.bool(proposals.iter().all(|proposal| proposal.inputs().next().is_none()));
        let asks = is_sure & combined.acts & may_follow(vars.memory.rules.as_ref(), current, proposal);
        let moves = reconciled.by_metrics.ite_bool(asks & !is_ambiguous, !reconciled.disabled);
        cluster.note_ahead(cluster.exists(&state, target) & is_measured(cluster, vars, loads) & moves);
    }
    let reads = guard & !is_ambiguous;
    let guard = reconciled.by_metrics.ite_bool(reads, !reconciled.disabled);
    let measured = is_measured(cluster, vars, loads);
    let mut inputs: Vec<VarId> = proposals.iter().flat_map(Proposed::inputs).collect();
    inputs.extend(&recalled.inputs);
    let sharing = ctx.all(proposals.iter().filter_map(|proposal| Some(proposal.sharing.as_ref()?.choice)));
    let narrator = narrator(autoscaler, target, &proposals, &recalled, &reconciled, (current, proposal));
    let mut marks = vec![(cluster.resize_mark(vars.workload), desired.ne(current))];
    if foreign.changed.constant() != Some(false) {
        marks.push((cluster.environment_mark(), foreign.changed));
    }
    let draft = ActionDraft::new(
        format!("hpa {}", autoscaler.key),
        ActionKind::Periodic,
        cluster.exists(&state, target) & measured & guard,
        next,
    )
    .choosing(inputs, recalled.choice & choice & sharing & foreign.allowed)
    .marked(marks)
    .paced(paces::autoscaler(cluster, &format!("HorizontalPodAutoscaler {}", autoscaler.key)));
    let id = cluster.act(&RULE, draft, narrator);
    let look = Look { by_metrics: reconciled.by_metrics, proposal, current, desired };
    clocks::add(cluster, (&vars.memory, &recalled, vars.bounds), target, (id, &autoscaler.key.to_string()), look);
}

/// Whether what the autoscaler reads was measured.
fn is_measured<'c>(cluster: &Cluster<'c>, vars: &HpaVars, loads: &[LoadVars]) -> Bool<'c> {
    let own = loads.iter().filter(|load| load.workload == vars.workload);
    cluster.ctx().all(own.map(|load| load.is_measured(cluster, &cluster.state())))
}

/// Whether a proposal is another size, in a direction in which the behavior lets the autoscaler go.
fn may_follow<'c>(rules: Option<&Rules>, current: Int<'c>, proposal: Int<'c>) -> Bool<'c> {
    let ctx = current.ctx();
    let goes = |direction: &Direction| ctx.bool(direction.select != SelectPolicy::Disabled);
    let [up, down] = rules.map_or([ctx.bool(true); 2], |rules| [goes(&rules.up), goes(&rules.down)]);
    (proposal.gt(current) & up) | (proposal.lt(current) & down)
}

/// What a step does to metrics that are inputs from outside.
struct Outside<'c> {
    /// Whether one of them changes.
    changed: Bool<'c>,
    /// Which of their values are allowed.
    allowed: Bool<'c>,
}

impl HpaVars {
    /// Remembers what metrics from outside show. Where they are not read, they are taken to stay.
    fn note_outside<'c>(
        &self,
        ctx: &'c Ctx,
        (proposals, read): (&[Proposed<'c>], Bool<'c>),
        state: &State<'c>,
        next: &mut State<'c>,
    ) -> Outside<'c> {
        let mut outside = Outside { changed: ctx.bool(false), allowed: ctx.bool(true) };
        for (proposal, &before) in proposals.iter().zip(&self.outside) {
            let Some(before) = before else { continue };
            let changed = proposal.replicas.ne(state.get(before));
            outside.changed = outside.changed | (read & changed);
            outside.allowed = outside.allowed & (read | !changed);
            next.set(before, proposal.replicas);
        }
        outside
    }
}

fn narrator<'c>(
    autoscaler: &Autoscaler,
    target: &WorkloadVars,
    proposals: &[Proposed<'c>],
    recalled: &Recalled<'c>,
    reconciled: &Reconciled<'c>,
    (current, proposal): (Int<'c>, Int<'c>),
) -> Narrator {
    let lines: Vec<load::Line> = proposals.iter().map(|proposal| proposal.line.clone()).collect();
    let replicas = target.replicas.index();
    let (key, mut limit_lines) = (autoscaler.key.clone(), recalled.lines.clone());
    limit_lines.push(Line::Stabilised(reconciled.normalised.stabilised.replicas.id()));
    let ids: [TermId; 3] = [current.id(), proposal.id(), reconciled.by_metrics.id()];
    Box::new(move |scene: &Scene<'_>| {
        let [before, proposed, by_metrics] = ids.map(|id| scene.get(id));
        let after = scene.after[replicas];
        let text = match after == before {
            true => format!("keeps {before} replicas"),
            false => format!("scales from {before} to {after} replicas"),
        };
        let mut sentence = Sentence::new(format!("HorizontalPodAutoscaler {key}"), text);
        if by_metrics == 0 {
            return sentence.because("the size is outside minReplicas..maxReplicas".to_owned()).by(&rates::RULE);
        }
        for line in &lines {
            sentence.why.push(line.tell(scene));
            sentence.rules.extend(line.rules(scene));
        }
        sentence = sentence.by_if(lines.len() > 1, &combine::RULE);
        for line in &limit_lines {
            let Some(text) = line.tell(scene, proposed, after) else { continue };
            sentence = sentence.because(text).by(line.rule());
        }
        sentence
    })
}
