//! ReplicaSet controller. Which pods are deleted is written over views of single pods ([`ranking`], [`deletion`]). Here
//! it acts on the cluster, whose pods are counted. Too few: the missing ones are created at once. Too many: they are
//! deleted in the order of their [`Standing`]: those without a node, then those that are not ready, then those on the
//! nodes that hold most active pods of the same Deployment (of a ReplicaSet without one: on any node). Among equals
//! upstream compares how long pods have been ready (in powers of two), restarts and age, which counted pods do not
//! have: the choice is free.
//!
//! Ranks are those of the moment when deletion begins. Pods are taken node by node: a rank that has to go altogether
//! loses all its pods; of the last rank each node loses a free number. A node that was taken from falls below the rank,
//! so the nodes of the present highest rank are always untouched, and one number need not be remembered.

pub mod deletion;
pub mod ranking;

use crate::cluster::object::spec::{Workload, WorkloadKind};
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Scene, Sentence};
use crate::cluster::view::{Cluster, Leaving, effect};
use crate::cluster::{Cell, Phase, TemplateId};
use crate::system::{ActionDraft, ActionKind, Effect, IntVar, State};
use crate::term::{Bool, Int, VarId};

use super::admission::{self, Room};
use super::ranks;
use super::vertical;
use ranking::{Standing, phase_rank};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "replicaset/reconcile",
    component: ReplicaSet,
    upstream: [
        "pkg/controller/replicaset/replica_set.go" => ["syncReplicaSet", "manageReplicas"],
    ],
    decides: "How many pods a ReplicaSet creates or deletes: as many as `spec.replicas` is off its active pods.",
    parts: [
        "missing pods are created at once, as far as quotas admit them" =>
            "exact; the limit of 500 pods per reconcile is out",
        "pods that request different amounts, because a VerticalPodAutoscaler changed some" =>
            "over: of those that are ready, and of those that are not, any may be deleted first",
    ],
    omits: [
        "back-off after failed creation",
    ],
};

/// The rules of the controller.
pub static RULES: &[&Rule] = &[&RULE, &deletion::RULE, &ranking::RULE];

/// Adds the actions of every ReplicaSet.
pub fn add(cluster: &Cluster<'_>) {
    for (_, object, vars) in cluster.owners().filter(|(_, object, _)| object.kind.has_replica_sets()) {
        if cluster.is_stopped() {
            return;
        }
        for (revision, own) in vars.by_revision.iter().enumerate() {
            let name = &object.revisions[revision].name;
            let set = ReplicaSet { name, object, size: vars.sizes[revision], own, mates: &vars.templates };
            for &template in own {
                add_create(cluster, &set, template);
                add_delete_waiting(cluster, &set, template);
                add_delete_bound(cluster, &set, template);
            }
        }
    }
}

/// One ReplicaSet.
struct ReplicaSet<'a> {
    name: &'a str,
    /// Its Deployment, or itself.
    object: &'a Workload,
    /// `spec.replicas`.
    size: IntVar,
    /// Its pods: several templates, if they request different amounts.
    own: &'a [TemplateId],
    /// Pods of all ReplicaSets of the Deployment.
    mates: &'a [TemplateId],
}

impl ReplicaSet<'_> {
    /// Whether all its pods are alike.
    fn is_uniform(&self) -> bool {
        self.own.len() == 1
    }

    /// Its pods that are not being deleted.
    fn active<'c>(&self, cluster: &Cluster<'c>, state: &State<'c>) -> Int<'c> {
        cluster.total_of(self.own, |template| cluster.active(state, template))
    }
}

fn event(rank: u32) -> ActionKind {
    ActionKind::Event { rank }
}

/// Creates the pods that are missing.
fn add_create(cluster: &Cluster<'_>, set: &ReplicaSet<'_>, template: TemplateId) {
    let state = cluster.state();
    let (size, active) = (state.get(set.size), set.active(cluster, &state));
    let missing = size.minus_or_zero(active);
    let room = admission::room(cluster, &state, template);
    let admitted = room.pods.map_or(missing, |pods| missing.min(pods));
    let (inputs, choice, created) = created(cluster, &room, admitted, template);
    let pending = cluster.pending[template.0];
    let mut next = state.clone();
    next.set(pending, (state.get(pending) + created).min(cluster.templates[template.0].max_pods));
    let actor = format!("ReplicaSet {}", set.name);
    let guard = match room.pods {
        None => active.lt(size),
        Some(_) => active.lt(size) & admitted.ge(1),
    };
    let is_made = cluster.is_made(&state, template);
    let guard = guard & is_made;
    // Where pods are never admitted, nothing is created, and that is what there is to say.
    if is_made.constant() != Some(false) {
        room.diagnose(cluster, &actor, missing.id(), guard.id());
    }
    if guard.constant() == Some(false) {
        return;
    }
    let pod = &cluster.templates[template.0].name;
    let (missing, active, size, created) = (missing.id(), active.id(), size.id(), created.id());
    let draft = ActionDraft::new(format!("replicaset {pod} creates"), event(ranks::REPLICASET), guard, next)
        .choosing(inputs, choice)
        .doing([effect::waiting(template)]);
    let draft = match room.pods {
        None if set.is_uniform() => draft.seeing([]).locked(guard, [effect::taken(template)]).leading(),
        None => draft,
        Some(_) => draft.seeing(admission::seen(cluster, template)),
    };
    let requesting = vertical::admission::requesting(cluster, template);
    let is_sized = cluster.templates[template.0].levels.is_some();
    let tell = move |scene: &Scene<'_>| {
        let (created, missing) = (scene.get(created), scene.get(missing));
        let sentence = Sentence::new(actor.clone(), format!("creates {created} pod(s){requesting}"));
        let sentence = sentence.by_if(is_sized, &vertical::admission::RULE);
        let why = format!("{} exist, spec.replicas is {}", scene.get(active), scene.get(size));
        match created < missing {
            true => sentence.because(why).because("a quota admits no more").by(&admission::QUOTA),
            false => sentence.because(why),
        }
    };
    cluster.act(&RULE, draft, Box::new(tell));
}

/// How many pods are created: as many as are admitted, but where a quota's status may lag behind, where slow actions do not wait, any smaller
/// number, too.
fn created<'c>(
    cluster: &Cluster<'c>,
    room: &Room<'c>,
    admitted: Int<'c>,
    template: TemplateId,
) -> (Vec<VarId>, Bool<'c>, Int<'c>) {
    if room.pods.is_none() || cluster.spec.scenario.interleaving.waits() {
        return (Vec::new(), cluster.ctx().bool(true), admitted);
    }
    let (var, count) = cluster.input("pods", 1, cluster.templates[template.0].max_pods);
    (vec![var], count.le(admitted), count)
}

/// What a ReplicaSet sees when it deletes pods: which ones it has, where, and which of them are ready. Nothing makes pods
/// too many but a smaller size.
fn own(templates: &[TemplateId]) -> Vec<Effect> {
    let kinds: [fn(TemplateId) -> Effect; 5] =
        [effect::bound, effect::started, effect::deleted, effect::waiting, effect::withdrawn];
    effect::on_nodes(&kinds, templates.iter().copied())
}

/// Deletes pods that have no node yet: they go first, all alike.
fn add_delete_waiting(cluster: &Cluster<'_>, set: &ReplicaSet<'_>, template: TemplateId) {
    let state = cluster.state();
    let waiting = state.get(cluster.pending[template.0]);
    let surplus = set.active(cluster, &state).minus_or_zero(state.get(set.size));
    let most = waiting.min(surplus);
    let (inputs, choice, deleted) = deleted(cluster, set, most, template);
    let mut next = state.clone();
    next.set(cluster.pending[template.0], waiting.minus_or_zero(deleted));
    let (actor, count) = (format!("ReplicaSet {}", set.name), deleted.id());
    let draft = ActionDraft::new(
        format!("replicaset {} deletes waiting pods", cluster.templates[template.0].name),
        event(ranks::REPLICASET),
        most.ge(1),
        next,
    )
    .choosing(inputs, choice)
    .doing([effect::withdrawn(template)])
    .seeing(own(set.own))
    .locked(surplus.ge(1), []);
    let tell = move |scene: &Scene<'_>| {
        Sentence::new(actor.clone(), format!("deletes {} pod(s) that wait for a node", scene.get(count)))
    };
    cluster.act(&deletion::RULE, draft, Box::new(tell));
}

/// How many waiting pods are deleted: all that may be, where they are all alike; else any number, for those of others may go
/// as well.
fn deleted<'c>(
    cluster: &Cluster<'c>,
    set: &ReplicaSet<'_>,
    most: Int<'c>,
    template: TemplateId,
) -> (Vec<VarId>, Bool<'c>, Int<'c>) {
    if set.is_uniform() {
        return (Vec::new(), cluster.ctx().bool(true), most);
    }
    let (var, count) = cluster.input("pods", 1, cluster.templates[template.0].max_pods.max(1));
    (vec![var], count.le(most), count)
}

/// What deletion sees of one cell.
struct Candidate<'c> {
    cell: Cell<'c>,
    /// Pods of the class of pods that goes next, on each node.
    pods: Int<'c>,
    /// Whether it is of the highest rank.
    first: Bool<'c>,
}

/// Deletes bound pods, some of one node at a time.
fn add_delete_bound(cluster: &Cluster<'_>, set: &ReplicaSet<'_>, template: TemplateId) {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let surplus = set.active(cluster, &state).minus_or_zero(state.get(set.size));
    let (candidates, others) = candidates(cluster, &state, set, template);
    let most = candidates.iter().map(|candidate| candidate.pods.range().hi).max().unwrap_or(0);
    if most == 0 {
        return;
    }
    let in_rank = ctx.sum(candidates.iter().map(|it| it.first.ite(it.cell.multiplicity * it.pods, 0))) + others;
    let allowed: Vec<Bool<'_>> = candidates.iter().map(|candidate| candidate.first).collect();
    let (node_var, chosen, chosen_one) = cluster.choose_cell("node", &allowed);
    let (count_var, count) = cluster.input("pods", 1, most);
    let here = ctx.sum(chosen.iter().zip(&candidates).map(|(chosen, it)| chosen.ite(it.pods, 0))).min(most);
    let whole_rank = surplus.ge(in_rank);
    let rest = surplus - count;
    let partial = count.le(surplus) & count.le(here) & rest.le(in_rank.minus_or_zero(here));
    let mut next = state.clone();
    cluster.rewrite_one(&mut next, &chosen, |cell| cluster.change(cell).delete(template, count, Leaving::Deleted));
    let waits = ctx.any(set.own.iter().map(|it| state.get(cluster.pending[it.0]).ge(1)));
    let draft = ActionDraft::new(
        format!("replicaset {} deletes", cluster.templates[template.0].name),
        event(ranks::REPLICASET),
        surplus.ge(1) & !waits & is_there(cluster, &state, set, (template, &allowed)),
        next,
    )
    .choosing(vec![node_var, count_var], chosen_one & whole_rank.ite_bool(count.eq(here), partial))
    .seeing(own(set.mates))
    .locked(surplus.ge(1), []);
    let (actor, count, size) = (format!("ReplicaSet {}", set.name), count.id(), state.get(set.size).id());
    let tell = move |scene: &Scene<'_>| {
        let text = format!("deletes {} pod(s) on {}", scene.get(count), scene.moved_names());
        let sentence = Sentence::new(actor.clone(), text).by(&ranking::RULE);
        sentence.because(format!("spec.replicas is {}", scene.get(size)))
    };
    cluster.act(&deletion::RULE, draft, Box::new(tell));
}

/// Whether a bound pod of a template may be the next to go.
fn is_there<'c>(
    cluster: &Cluster<'c>,
    state: &State<'c>,
    set: &ReplicaSet<'_>,
    (template, allowed): (TemplateId, &[Bool<'c>]),
) -> Bool<'c> {
    match set.is_uniform() {
        true => cluster.bound(state, template).ge(1),
        false => cluster.ctx().any(allowed.iter().copied()),
    }
}

/// Bound pods of a template by cell, those that are not ready apart from those that are; and how many pods of the ReplicaSet that
/// request something else are of the rank that goes next.
fn candidates<'c>(
    cluster: &Cluster<'c>,
    state: &State<'c>,
    set: &ReplicaSet<'_>,
    template: TemplateId,
) -> (Vec<Candidate<'c>>, Int<'c>) {
    let ctx = cluster.ctx();
    let cells = cluster.cells(state);
    let templates: Vec<TemplateId> =
        [template].into_iter().chain(set.own.iter().copied().filter(|&other| other != template)).collect();
    let groups: Vec<Vec<(Bool<'c>, Standing<'c>)>> =
        templates.iter().map(|&template| groups(cluster, &cells, set, template)).collect();
    let first = ranking::foremost(ctx, &groups.concat());
    let mut firsts = first.chunks((cells.len() * 2).max(1)).map(|first| first.split_at(cells.len()));
    let mut of = |template: TemplateId| {
        let (first_unready, first_ready) = firsts.next().unwrap_or_default();
        let firsts = first_unready.iter().zip(first_ready);
        let candidate = |(cell, (&first_unready, &first_ready)): (&Cell<'c>, (&Bool<'c>, &Bool<'c>))| {
            let pods = first_unready.ite(unready(cluster, cell, template), running(cluster, cell, template));
            Candidate { cell: cell.clone(), pods, first: first_unready | first_ready }
        };
        cells.iter().zip(firsts).map(candidate).collect::<Vec<_>>()
    };
    let own = of(template);
    let others = templates[1..].iter().flat_map(|&other| of(other));
    let others = ctx.sum(others.map(|it| it.first.ite(it.cell.multiplicity * it.pods, 0)));
    (own, others)
}

fn running<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>, template: TemplateId) -> Int<'c> {
    cluster.pods(cell, template, Phase::Running)
}

fn unready<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>, template: TemplateId) -> Int<'c> {
    cluster.is_down(cell).ite(cluster.active_on(cell, template), cluster.unready_on(cell, template))
}

/// How bound pods of a template stand: by cell, first those that are not ready, then those that are. Of pods that request
/// different amounts it is not asked how many there are on their node: ranks are those of the moment when deletion began, and the
/// node may have lost some since.
fn groups<'c>(
    cluster: &Cluster<'c>,
    cells: &[Cell<'c>],
    set: &ReplicaSet<'_>,
    template: TemplateId,
) -> Vec<(Bool<'c>, Standing<'c>)> {
    let ctx = cluster.ctx();
    let ready = |cell: &Cell<'c>| cluster.is_down(cell).ite(0, running(cluster, cell, template));
    // Pods are mates by the owner of their ReplicaSet: those of a ReplicaSet without an owner have none.
    let has_mates = set.object.kind == WorkloadKind::Deployment && set.is_uniform();
    let mates: &[TemplateId] = if has_mates { set.mates } else { &[] };
    let group = |cell: &Cell<'c>, pods: Int<'c>, is_ready: bool| {
        let colocated = ctx.sum(mates.iter().map(|&sibling| cluster.active_on(cell, sibling)));
        let (phase, deletion_cost) = (ctx.int(phase_rank("Running")), ctx.int(0));
        let (scheduled, is_ready) = (ctx.bool(true), ctx.bool(is_ready));
        let standing = Standing { scheduled, phase, ready: is_ready, deletion_cost, colocated };
        (cell.exists & pods.ge(1), standing)
    };
    let groups = cells.iter().map(|cell| group(cell, unready(cluster, cell, template), false));
    groups.chain(cells.iter().map(|cell| group(cell, ready(cell), true))).collect()
}
