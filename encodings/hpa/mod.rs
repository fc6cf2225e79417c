//! HorizontalPodAutoscaler controller of Kubernetes v1.34: `pkg/controller/podautoscaler/{horizontal,replica_calculator}.go`.
//!
//! One action per autoscaler: read the metrics, propose, stabilise, limit, resize. The arithmetic is that of
//! `cluster::arithmetic`, tabulated. What depends on time is chosen freely, in an order that some passage of time allows:
//! which recommendations a stabilisation window still holds, and how much of earlier changes a policy's period still
//! counts.
//!
//! Of the recommendations, the last one, the largest and the smallest are remembered. A window holds none of them, or
//! the last, or anything up to the extreme: between the last and the extreme any value may be recalled, which
//! over-approximates what a third recommendation in between would allow. Policies with a period of at most the sync
//! period (15 s) see no earlier change.
//!
//! Left out: metrics of External, Object and ContainerResource kind and metrics whose load nobody declared (such a metric
//! may propose anything within the limits); the CPU initialisation period (pods count from the moment they are ready);
//! a target's status lagging behind its spec.

mod limits;
mod metrics;

use crate::cluster::arithmetic::hpa_limits::{self, Shortcut};
use crate::cluster::spec::Autoscaler;
use crate::cluster::story::{Narrator, Scene, Sentence};
use crate::cluster::view::{Cluster, WorkloadVars};
use crate::system::{ActionDraft, ActionKind, State};
use crate::term::{Bool, Int, TermId, VarId};

use super::environment::load::LoadVars;
use super::model::ModelError;

pub use limits::Memory;
pub use metrics::{Watcher, watchers};

/// The state and configuration of one autoscaler.
pub struct HpaVars {
    /// Position in the spec.
    autoscaler: usize,
    /// Position of the target workload.
    workload: usize,
    min: i64,
    max: i64,
    memory: Memory,
}

/// Declares the state of every autoscaler whose target is modelled.
pub fn declare(cluster: &Cluster<'_>) -> Vec<HpaVars> {
    let declare = |(index, autoscaler): (usize, &Autoscaler)| {
        let (workload, object, _) = cluster.owners().find(|(_, object, _)| object.key == autoscaler.target)?;
        let spec = autoscaler.object.spec.as_ref()?;
        let (min, max) = (spec.min_replicas.map_or(1, i64::from), i64::from(spec.max_replicas));
        let memory = limits::declare(cluster, autoscaler, object.replicas, min, max);
        Some(HpaVars { autoscaler: index, workload, min, max, memory })
    };
    cluster.spec.autoscalers.iter().enumerate().filter_map(declare).collect()
}

/// Adds one action per autoscaler.
pub fn add(cluster: &Cluster<'_>, autoscalers: &[HpaVars], loads: &[LoadVars]) -> Result<(), ModelError> {
    for vars in autoscalers {
        add_one(cluster, vars, loads)?;
    }
    Ok(())
}

fn add_one(cluster: &Cluster<'_>, vars: &HpaVars, loads: &[LoadVars]) -> Result<(), ModelError> {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let autoscaler = &cluster.spec.autoscalers[vars.autoscaler];
    let Some(target) = &cluster.workloads[vars.workload] else { return Ok(()) };
    let current = state.get(target.replicas);
    let proposals = metrics::proposals(cluster, vars.workload, target, autoscaler, loads, (vars.min, vars.max));
    let valid = ctx.all(proposals.iter().map(|proposal| proposal.valid));
    let proposal = ctx.max(proposals.iter().map(|it| it.replicas), vars.min).clamp(vars.min, vars.max);
    let decision = limits::decide(cluster, &vars.memory, &state, current, proposal, (vars.min, vars.max))?;
    let shortcut = shortcut(vars, current);
    let uses_metrics = shortcut.lt(0);
    let desired = uses_metrics.ite(decision.desired, shortcut).clamp(0, target.max_replicas);
    let mut next = state.clone();
    next.set(target.replicas, desired);
    limits::remember(&vars.memory, &state, &mut next, &decision, (current, desired), (proposal, uses_metrics));
    let restless = decision.restless | proposal.ne(current);
    let guard = cluster.exists(&state, target) & uses_metrics.ite_bool(valid & restless, shortcut.ne(current));
    let mut inputs: Vec<VarId> = proposals.iter().filter_map(|proposal| proposal.input).collect();
    inputs.extend(&decision.inputs);
    let free = ctx.all(proposals.iter().map(|proposal| proposal.choice));
    let narrator = narrator(autoscaler, target, &proposals, &decision, (current, proposal, uses_metrics));
    let draft = ActionDraft {
        name: format!("hpa {}", autoscaler.key),
        kind: ActionKind::Periodic,
        guard,
        inputs,
        choice: free & decision.choice,
        next,
        marks: vec![(cluster.resize_mark(vars.workload), desired.ne(current))],
    };
    cluster.act(draft, narrator);
    Ok(())
}

/// The size that is decided without metrics, or -1.
fn shortcut<'c>(vars: &HpaVars, current: Int<'c>) -> Int<'c> {
    current.map(|current| match hpa_limits::shortcut(current, vars.min, vars.max) {
        Some(Shortcut::Disabled) => current,
        Some(shortcut) => shortcut.replicas(vars.min, vars.max),
        None => -1,
    })
}

fn narrator<'c>(
    autoscaler: &Autoscaler,
    target: &WorkloadVars,
    proposals: &[metrics::Proposed<'c>],
    decision: &limits::Decision<'c>,
    (current, proposal, uses_metrics): (Int<'c>, Int<'c>, Bool<'c>),
) -> Narrator {
    let lines: Vec<metrics::Line> = proposals.iter().map(|proposal| proposal.line.clone()).collect();
    let replicas = target.replicas.index();
    let (key, limit_lines) = (autoscaler.key.clone(), decision.lines.clone());
    let ids: [TermId; 3] = [current.id(), proposal.id(), uses_metrics.id()];
    Box::new(move |scene: &Scene<'_>| {
        let [before, proposed, by_metrics] = ids.map(|id| scene.get(id));
        let after = scene.after[replicas];
        let text = match after == before {
            true => format!("keeps {before} replicas"),
            false => format!("scales from {before} to {after} replicas"),
        };
        let mut sentence = Sentence::new(format!("HorizontalPodAutoscaler {key}"), text);
        if by_metrics == 0 {
            return sentence.because("the size is outside minReplicas..maxReplicas".to_owned());
        }
        sentence.why.extend(lines.iter().map(|line| line.tell(scene)));
        sentence.why.extend(limit_lines.iter().filter_map(|line| line.tell(scene, proposed, after)));
        sentence
    })
}

/// The present state's terms that several parts of the encoding read.
pub(crate) struct Counted<'c> {
    /// Pods with a usable sample.
    pub ready: Int<'c>,
    /// Pods whose sample is not used.
    pub unready: Int<'c>,
    /// Pods on nodes that are down: no sample.
    pub missing: Int<'c>,
}

impl<'c> Counted<'c> {
    /// Counts the pods of a workload. Only for cpu does readiness matter; other metrics use every pod that runs.
    pub fn of(cluster: &Cluster<'c>, state: &State<'c>, target: &WorkloadVars, cpu: bool) -> Self {
        let ctx = cluster.ctx();
        let total = |value: &dyn Fn(crate::cluster::TemplateId) -> Int<'c>| {
            ctx.sum(target.templates.iter().map(|&template| value(template)))
        };
        let down =
            |template| cluster.sum(state, |cell| cluster.is_down(cell).ite(cluster.active_on(cell, template), 0));
        let active = total(&|template| cluster.active(state, template));
        let missing = total(&down);
        let ready = if cpu {
            cluster.ready_of(state, target)
        } else {
            total(&|template| cluster.bound(state, template)).minus_or_zero(missing)
        };
        Counted { ready, unready: active.minus_or_zero(ready + missing), missing }
    }
}
