//! KEDA: what its operator scales by itself. All else is done by the HorizontalPodAutoscaler that it makes of a ScaledObject,
//! which is one like any other.
//!
//! Whether triggers are active comes from outside: any of them at any time. Where it is not as it was before, something changed
//! outside.

use crate::cluster::object::activation::{Activation, Paused};
use crate::cluster::object::spec::Workload;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Narrator, Scene, Sentence};
use crate::cluster::view::{Cluster, Declaring, WorkloadVars};
use crate::system::{ActionDraft, ActionKind, BoolVar};
use crate::term::{Bool, Ctx, Int, TermId, VarId};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "keda/activation",
    component: Keda,
    upstream: [
        "pkg/scaling/executor/scale_scaledobjects.go" => ["RequestScale", "scaleToZeroOrIdle", "scaleFromZeroOrIdle"],
        "controllers/keda/hpa.go" => ["newHPAForScaledObject"],
        "controllers/keda/scaledobject_controller.go" => ["handlePause"],
    ],
    decides: "When the operator scales the target of a ScaledObject itself: to `idleReplicaCount` or 0 once no trigger is \
        active, and to `minReplicaCount` or 1 once one is.",
    parts: [
        "the HorizontalPodAutoscaler: limits, behavior, cpu and memory triggers, external ones" =>
            "exact; what external triggers show is over, as external metrics are",
        "activity of triggers" => "over: any at any time; of cpu and memory alone, always active",
        "`cooldownPeriod`, `pollingInterval`" => "time: scaling to 0 may come at any moment after triggers are not active",
        "`autoscaling.keda.sh/paused`, `paused-scale-in`, `paused-scale-out`, `force-activation`" => "exact",
        "`paused-replicas`" => "over: that size is set again and again, where upstream sets it when it reconciles the ScaledObject",
    ],
    omits: [
        "`fallback`, and triggers that fail",
        "`scalingModifiers`: their formula is one more external metric",
        "ScaledJobs",
    ],
};

/// Whether a trigger was active when that was last looked at, by position in the spec; none where it does not change.
pub struct Activity(Vec<Option<BoolVar>>);

/// Declares what is remembered of triggers. They are active at the start if the target is.
pub fn declare(cluster: &Declaring<'_>) -> Activity {
    let declare = |activation: &Activation| {
        let (_, object, _) = cluster.owners().find(|(_, object, _)| object.key == activation.target)?;
        let changes = !activation.always_active && !matches!(activation.paused, Paused::At(_));
        let replicas = || cluster.fixed_replicas(object, "KEDA remembers whether it is active");
        let is_active = || replicas() > activation.idle.unwrap_or(0);
        changes.then(|| cluster.bool(format!("keda {} active", activation.key), Some(is_active())))
    };
    Activity(cluster.spec.activations.iter().map(declare).collect())
}

/// Adds one action per ScaledObject.
pub fn add(cluster: &Cluster<'_>, Activity(activity): &Activity) {
    for (activation, &active) in cluster.spec.activations.iter().zip(activity) {
        if cluster.is_stopped() {
            return;
        }
        if let Some((index, object, vars)) = cluster.owners().find(|(_, object, _)| object.key == activation.target) {
            add_one(cluster, activation, (index, object, vars), active);
        }
    }
}

fn add_one(
    cluster: &Cluster<'_>,
    activation: &Activation,
    (index, _, vars): (usize, &Workload, &WorkloadVars),
    before: Option<BoolVar>,
) {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let current = state.get(vars.replicas);
    let (inputs, active): (Vec<VarId>, Bool<'_>) = match before {
        None => (Vec::new(), ctx.bool(true)),
        Some(_) => {
            let (input, active) = cluster.input("active", 0, 1);
            (vec![input], active.eq(1))
        }
    };
    let size = size(ctx, activation, current, active);
    let mut next = state.clone();
    next.set(vars.replicas, size.clamp(0, vars.max_replicas));
    let mut marks = vec![(cluster.resize_mark(index), ctx.bool(true))];
    if let Some(before) = before {
        let changed = state.is(before).ite_bool(!active, active);
        next.set_bool(before, active);
        cluster.disturb_if(&mut next, changed);
        marks.push((cluster.environment_mark(), changed));
    }
    let exists = cluster.exists(&state, vars);
    let acts = |active: bool| self::size(ctx, activation, current, ctx.bool(active)).ne(current);
    let (guard, choice) = match before {
        Some(_) => (exists & (acts(true) | acts(false)), size.ne(current)),
        None => (exists & acts(true), ctx.bool(true)),
    };
    if guard.constant() == Some(false) {
        return;
    }
    let draft = ActionDraft::new(format!("keda {}", activation.key), ActionKind::Periodic, guard, next)
        .choosing(inputs, choice)
        .marked(marks);
    cluster.act(&RULE, draft, narrator(activation, active.id(), current.id(), size.id()));
}

/// The size that the operator wants for the present one; where it leaves scaling to the autoscaler, the present one.
fn size<'c>(ctx: &'c Ctx, activation: &Activation, current: Int<'c>, active: Bool<'c>) -> Int<'c> {
    if let Paused::At(replicas) = activation.paused {
        return ctx.int(replicas);
    }
    let Activation { least, idle, paused, .. } = *activation;
    let from_idle = ctx.bool(idle.is_some()) & current.lt(least);
    let wakes = ctx.bool(paused != Paused::Out) & (from_idle | current.eq(0));
    let sleeps = match idle {
        Some(idle) => current.gt(idle),
        None => ctx.bool(least == 0) & current.ge(1),
    };
    let falls_short = ctx.bool(idle.is_none()) & current.lt(least);
    let at_rest = sleeps.ite(
        if paused == Paused::In { current } else { ctx.int(activation.idle_size()) },
        falls_short.ite(ctx.int(least), current),
    );
    active.ite(wakes.ite(ctx.int(activation.active_size()), current), at_rest)
}

fn narrator(activation: &Activation, active: TermId, current: TermId, size: TermId) -> Narrator {
    let (key, paused) = (activation.key.clone(), activation.paused);
    Box::new(move |scene: &Scene<'_>| {
        let (before, after) = (scene.get(current), scene.get(size));
        let sentence = Sentence::new(format!("KEDA {key}"), format!("scales from {before} to {after} replicas"));
        sentence.because(match (paused, scene.holds(active)) {
            (Paused::At(replicas), _) => format!("it is paused at {replicas} replicas"),
            (_, true) => "its triggers are active".to_owned(),
            (_, false) => "none of its triggers is active".to_owned(),
        })
    })
}
