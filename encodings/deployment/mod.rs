//! Deployment controller. The decision of one reconcile is written over views of a Deployment and its ReplicaSets
//! ([`reconcile`] and the modules below it, which follow upstream's files); here it acts on the cluster. A ReplicaSet
//! that does not exist is one of size 0, and one that its controller has yet to look at is available as far as its pods
//! are ready.
//!
//! Annotations at the start are those of the `spec.replicas` at the start. The first size of a ReplicaSet is a resize like
//! others: old ones shrink in the next reconcile, upstream's in the same one.

pub mod availability;
pub mod creation;
pub mod history;
pub mod progress;
pub mod reconcile;
pub mod recreate;
pub mod rolling;
pub mod scaling;
pub mod status;
pub mod step;
pub mod view;

use itertools::Itertools;

use crate::cluster::TemplateId;
use crate::cluster::object::spec::{Revision, Workload, WorkloadKind};
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Scene, Sentence};
use crate::cluster::view::{Cluster, Declaring, Objects, WorkloadVars, effect};
use crate::system::{ActionDraft, ActionKind, Effect, IntVar, State};
use crate::term::{Bool, Ctx, Int, TermId, VarId};

use super::{ranks, replicaset};
use creation::Creation;
use reconcile::Reconcile;
use status::Status;
use step::Step;
use view::{Annotation, Deployment, ReplicaSet};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "deployment/reconcile",
    component: Deployment,
    upstream: [
        "pkg/controller/deployment/deployment_controller.go" => ["syncDeployment"],
        "pkg/controller/deployment/sync.go" => ["sync", "getNewReplicaSet", "scaleReplicaSet"],
    ],
    decides: "What one reconcile of a Deployment does: scale where `spec.replicas` changed or the rollout is paused, \
        else go on with the rollout.",
    parts: [
        "revisions; one reconcile does one thing" => "exact",
        "creating a ReplicaSet and shrinking old ones in one reconcile" =>
            "two steps; in `racing` and `async` others may come in between",
        "several ReplicaSets resized in one reconcile" =>
            "one step; in `async` an error of the API may end it after any of them",
        "deletion of a Deployment takes its ReplicaSets with it" => "exact",
    ],
    omits: [
        "statuses of ReplicaSets that lag behind" => "available pods are at most the size",
        "conditions, revision history, collisions of names" => "nothing in the model reads them",
        "adoption and release of ReplicaSets, `deletionTimestamp`",
    ],
};

/// The rules of the controller.
pub static RULES: &[&Rule] = &[
    &RULE,
    &creation::RULE,
    &rolling::RULE,
    &recreate::RULE,
    &scaling::RULE,
    &availability::RULE,
    &status::RULE,
    &progress::RULE,
    &history::RULE,
];

/// For each workload: the annotation `desired-replicas` of its ReplicaSets, 0 where they are of size 0. Empty where
/// `spec.replicas` cannot change in the middle of a rollout.
pub struct DesiredVars(Vec<Vec<IntVar>>);

/// Declares the annotations that tell a change of `spec.replicas` in the middle of a rollout, and counts of available pods.
pub fn declare(cluster: &mut Declaring<'_>) -> DesiredVars {
    availability::declare(cluster);
    let mut all = vec![Vec::new(); cluster.spec.workloads.len()];
    for (index, object, vars) in cluster.owners().filter(|(_, object, _)| object.kind.has_replica_sets()) {
        if vars.sizes.len() > 1 && may_scale(&cluster.spec, object) {
            let declare = |revision: &Revision| {
                let full = || cluster.fixed_replicas(object, "its ReplicaSets remember them");
                let initial = if revision.size > 0 { full() } else { 0 };
                cluster.int(format!("{} desired-replicas", revision.name), 0, vars.max_replicas, Some(initial))
            };
            all[index] = object.revisions.iter().map(declare).collect();
        }
    }
    DesiredVars(all)
}

/// Whether anything changes a workload's `spec.replicas`.
fn may_scale(spec: &Objects<'_>, object: &Workload) -> bool {
    spec.scales(&object.key) || spec.scenario.resizes(object)
}

/// Adds the actions of every Deployment; ReplicaSets without one follow their own `spec.replicas`.
pub fn add(cluster: &Cluster<'_>, desired: &DesiredVars) {
    availability::add(cluster);
    for (index, object, vars) in cluster.owners().filter(|(_, object, _)| object.kind.has_replica_sets()) {
        if cluster.is_stopped() {
            return;
        }
        for present in 0..vars.sizes.len() {
            add_reconcile(cluster, (index, object, vars), &desired.0[index], present);
        }
        add_vanish(cluster, object, vars);
    }
}

/// Adds the reconcile while the given revision is the present template.
fn add_reconcile(
    cluster: &Cluster<'_>,
    (index, object, vars): (usize, &Workload, &WorkloadVars),
    desired: &[IntVar],
    present: usize,
) {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let deployment = Deployment {
        strategy: &object.strategy,
        replicas: state.get(vars.replicas),
        paused: object.paused,
        progress_deadline: None,
        revision_history_limit: None,
        status: Status::none(ctx),
    };
    let sets = sets(cluster, &state, vars, desired, &deployment);
    let reconcile = Reconcile { ctx, deployment: &deployment, sets: &sets, new: Some(present) };
    let creation = Creation::of(cluster, &state, (index, object, vars), present);
    let whole = creation.as_ref().map_or_else(|| reconcile.step(), |creation| creation.step(&reconcile, present));
    let (inputs, choice, step) = ending(cluster, &sets, &whole);
    let mut next = state.clone();
    let mut changes = Vec::new();
    for (revision, set) in sets.iter().enumerate() {
        next.set(vars.sizes[revision], step.sizes[revision]);
        changes.push(whole.sizes[revision].ne(set.size));
        if let Some(&var) = desired.get(revision) {
            next.set(var, noted(set, (step.sizes[revision], step.annotated[revision]), deployment.replicas));
            let noted = noted(set, (whole.sizes[revision], whole.annotated[revision]), deployment.replicas);
            changes.push(noted.ne(set.desired.value));
        }
    }
    let is_present = cluster.exists(&state, vars) & cluster.revision(&state, vars).eq(present as i64);
    let what = format!("reconciles {}", object.revisions[present].name);
    let by = Deciding::of(object, &reconcile);
    let mut incomplete = !sizes_are_final(ctx, &state, vars, desired, present);
    let mut admitted = ctx.bool(true);
    if let Some(creation) = &creation {
        creation.note(&mut next, &whole);
        changes.push(creation.happens(&whole));
        (admitted, incomplete) = (creation.is_admitted(&whole), incomplete | creation.is_missing());
        creation.diagnose(cluster, &state, (index, object), (present, is_present));
    }
    let guard = is_present & ctx.any(changes) & admitted;
    let open = is_present & incomplete;
    act(cluster, object, vars, (&what, by), (guard, open, inputs, choice), next);
}

/// The annotation `desired-replicas` of a ReplicaSet that has this size now, and was annotated or not.
fn noted<'c>(set: &ReplicaSet<'c>, (size, annotated): (Int<'c>, Bool<'c>), replicas: Int<'c>) -> Int<'c> {
    size.eq(0).ite(0, set.desired.rewritten(annotated, replicas).value)
}

/// Where a reconcile ends: with its last write, but where slow actions do not wait an error may end it after any other. The input that
/// says so, its allowed values, and what is done.
fn ending<'c>(cluster: &Cluster<'c>, sets: &[ReplicaSet<'c>], whole: &Step<'c>) -> (Vec<VarId>, Bool<'c>, Step<'c>) {
    let (ctx, last) = (cluster.ctx(), whole.events.len());
    if last < 2 || cluster.spec.scenario.interleaving.waits() {
        return (Vec::new(), ctx.bool(true), whole.clone());
    }
    let (var, writes) = cluster.input("writes", 1, last as i64);
    let happens: Vec<Bool<'c>> = whole.events.iter().map(|event| event.happens).collect();
    let ends_at = |number: usize| {
        let goes_on = ctx.any(happens[number..].iter().copied());
        writes.eq(number as i64) & happens[number - 1] & goes_on
    };
    let is_whole = writes.eq(last as i64);
    let choice = ctx.any((1..last).map(ends_at)) | is_whole;
    (vec![var], choice, whole.clone().or(is_whole, whole.up_to(ctx, sets, writes)))
}

/// Whether the present revision has all replicas, others have none, and annotations say so: then there is nothing to do.
fn sizes_are_final<'c>(
    ctx: &'c Ctx,
    state: &State<'c>,
    vars: &WorkloadVars,
    desired: &[IntVar],
    present: usize,
) -> Bool<'c> {
    let replicas = state.get(vars.replicas);
    let size = |(revision, &size): (usize, &IntVar)| match revision == present {
        true => state.get(size).eq(replicas),
        false => state.get(size).eq(0),
    };
    let note = |(revision, &note): (usize, &IntVar)| match revision == present {
        true => state.get(note).eq(replicas),
        false => state.get(note).eq(0),
    };
    let sizes = vars.sizes.iter().enumerate().map(size);
    ctx.all(sizes.chain(desired.iter().enumerate().map(note)))
}

/// What a Deployment of several revisions sees of its pods: which are ready, and while it recreates them, which are there
/// at all.
fn seen(object: &Workload, vars: &WorkloadVars) -> Vec<Effect> {
    let mut kinds: Vec<fn(TemplateId) -> Effect> = vec![effect::started, effect::deleted, effect::bound];
    if object.strategy.type_.as_deref() == Some("Recreate") {
        kinds.extend([effect::ended as fn(TemplateId) -> Effect, effect::waiting, effect::withdrawn]);
    }
    effect::on_nodes(&kinds, vars.templates.iter().copied())
}

/// The ReplicaSets as the controller sees them, as far as its strategy looks at them.
fn sets<'c>(
    cluster: &Cluster<'c>,
    state: &State<'c>,
    vars: &WorkloadVars,
    desired: &[IntVar],
    deployment: &Deployment<'_, 'c>,
) -> Vec<ReplicaSet<'c>> {
    let ctx = cluster.ctx();
    let several = vars.sizes.len() > 1;
    let counts_available = several && (deployment.is_rolling() || deployment.paused || !desired.is_empty());
    let waits_for_pods = several && !deployment.is_rolling() && !deployment.paused;
    let view = |revision: usize| {
        let (size, own) = (state.get(vars.sizes[revision]), vars.of_revision(revision));
        let available = || cluster.total_of(own, |template| cluster.available(state, template)).min(size);
        let available = if counts_available { available() } else { ctx.int(0) };
        let pods = |template| cluster.sum(state, |cell| cluster.holding_on(cell, template));
        let has_some = |template: TemplateId| pods(template).ge(1) | state.get(cluster.pending[template.0]).ge(1);
        let has_pods = || ctx.any(own.iter().map(|&template| has_some(template)));
        let replicas = desired.get(revision).map_or(deployment.replicas, |&var| state.get(var));
        let most = || Deployment { replicas, ..*deployment }.max_replicas();
        ReplicaSet {
            size,
            replicas: ctx.int(0),
            ready: available,
            available,
            has_pods: if waits_for_pods { has_pods() } else { ctx.bool(false) },
            desired: Annotation::of(ctx, replicas),
            max: Annotation::of(ctx, if several { most() } else { replicas }),
            revision: ctx.int(0),
        }
    };
    (0..vars.sizes.len()).map(view).collect()
}

fn actor(object: &Workload) -> String {
    match object.kind {
        WorkloadKind::Deployment => format!("Deployment {}", object.key),
        _ => format!("ReplicaSet {}", object.key),
    }
}

/// What decides a reconcile, beside the rule of its action.
#[derive(Default)]
struct Deciding {
    /// Whether `spec.replicas` changed.
    scales: Option<TermId>,
    /// What decides if not.
    otherwise: Option<&'static Rule>,
}

impl Deciding {
    fn of(object: &Workload, reconcile: &Reconcile<'_, '_, '_>) -> Self {
        if object.kind != WorkloadKind::Deployment {
            return Deciding::default();
        }
        let (scales, otherwise) = reconcile.deciding();
        Deciding { scales: scales.map(|scales| scales.id()), otherwise: Some(otherwise) }
    }

    fn rule(&self, scene: &Scene<'_>) -> Option<&'static Rule> {
        match self.scales.is_some_and(|scales| scene.holds(scales)) {
            true => Some(&scaling::RULE),
            false => self.otherwise,
        }
    }
}

/// Adds an action that resizes ReplicaSets.
fn act<'c>(
    cluster: &Cluster<'c>,
    object: &Workload,
    vars: &WorkloadVars,
    (what, deciding): (&str, Deciding),
    (guard, open, inputs, choice): (Bool<'c>, Bool<'c>, Vec<VarId>, Bool<'c>),
    next: State<'c>,
) {
    let state = cluster.state();
    let lines = vars.sizes.iter().zip(&object.revisions);
    let lines = lines.map(|(&var, revision)| (revision.name.clone(), state.get(var).id(), var.index()));
    let lines: Vec<_> = lines.collect();
    let made = vars.made.iter().zip(&object.revisions).map(|(var, revision)| (revision.name.clone(), var.index()));
    let made: Vec<(String, usize)> = made.collect();
    let draft = ActionDraft::new(
        format!("deployment {} {what}", object.key),
        ActionKind::Event { rank: ranks::DEPLOYMENT },
        guard,
        next,
    )
    .choosing(inputs, choice)
    .seeing(seen(object, vars))
    .locked(open, []);
    let (actor, replicas) = (actor(object), state.get(vars.replicas).id());
    let tell = move |scene: &Scene<'_>| {
        let changed = lines.iter().map(|(name, before, after)| (name, scene.get(*before), scene.after[*after]));
        let changed = changed
            .filter(|(_, before, after)| before != after)
            .map(|(name, before, after)| format!("{name} from {before} to {after}"))
            .join(", ");
        let created = made.iter().find(|(_, var)| scene.before[*var] < scene.after[*var]);
        let text = match (changed.is_empty(), created) {
            (true, Some((name, _))) => format!("creates ReplicaSet {name}, of size 0"),
            (true, None) => "notes the new spec.replicas at its ReplicaSets".to_owned(),
            (false, _) => format!("scales ReplicaSet {changed}"),
        };
        let mut sentence = Sentence::new(actor.clone(), text).by_if(created.is_some(), &creation::RULE);
        sentence.rules.extend(deciding.rule(scene));
        sentence.because(format!("spec.replicas is {}", scene.get(replicas)))
    };
    let own = if object.kind == WorkloadKind::Deployment { &RULE } else { &replicaset::RULE };
    cluster.act(own, draft, Box::new(tell));
}

/// A deleted Deployment takes its ReplicaSets with it.
fn add_vanish(cluster: &Cluster<'_>, object: &Workload, vars: &WorkloadVars) {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let gone = !cluster.exists(&state, vars);
    if gone.constant() == Some(false) {
        return;
    }
    let none: Int<'_> = ctx.int(0);
    let mut next = state.clone();
    vars.sizes.iter().for_each(|&size| next.set(size, none));
    let some = ctx.any(vars.sizes.iter().map(|&size| state.get(size).ge(1))) | creation::forget(ctx, vars, &mut next);
    act(
        cluster,
        object,
        vars,
        ("is garbage-collected", Deciding::default()),
        (gone & some, gone & some, Vec::new(), ctx.bool(true)),
        next,
    );
}
