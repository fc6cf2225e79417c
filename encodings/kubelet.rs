//! The kubelet as far as the control plane sees it: pods that are bound start, become ready, and terminate; those pinned by
//! `spec.nodeName` bypass the scheduler.

use crate::cluster::counting::layout::requested;
use crate::cluster::counting::reads::{Reader, Reads};
use crate::cluster::counting::totals::Quantity;
use crate::cluster::object::spec::ClusterSpec;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Scene, Sentence};
use crate::cluster::view::{Cluster, effect};
use crate::cluster::{Cell, Phase, Template, TemplateId};
use crate::system::{ActionDraft, ActionKind, Interleaving};
use crate::term::{Bool, Int};

use super::{job, paces, ranks};

/// What kubelets read of nodes: the names that pods ask for, and what else such pods ask of them.
pub const READER: Reader = Reader { name: "kubelet", reads };

fn reads(_: &ClusterSpec, templates: &[Template], reads: &mut Reads) {
    for template in templates {
        let Some(name) = template.pinned_to() else { continue };
        reads.name(name);
        reads.affinity_of(&template.spec);
    }
}

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "kubelet/pods",
    component: Kubelet,
    upstream: [
        "pkg/kubelet/lifecycle/predicate.go" => ["Admit", "generalFilter"],
    ],
    decides: "When bound pods start, become ready and finish terminating, and which pods that name its node, or \
        are bound to it, a kubelet admits.",
    parts: [
        "bound pods start and become ready; those named in `slowStart` after any time, also never; those with an image of \
            `neverReady` never" => "over",
        "pods that are deleted terminate: at any time where event-driven actions race, at once in `settled` runs" =>
            "over in `racing` and `async`; grace periods are out in `settled`. Those of StatefulSets, for whose names \
                others wait, of DaemonSets, of Jobs, and those that a quota counts only on nodes that are up",
        "pods pinned by `spec.nodeName` bypass the scheduler and are admitted as far as their requests fit and their node \
            selector and affinity match" =>
            "exact",
        "pinned pods that do not fit or match: they fail at once, and their owners make new ones, which is an endless circle" =>
            "exact; those for a node that is down wait",
        "pods that one of several schedulers bound, and that do not fit any more because of what others bound meanwhile, host ports \
            included: they have failed as soon as they are bound, and their owners make new ones" =>
            "exact",
    ],
    omits: [
        "NoExecute taints and host ports of pinned pods" =>
            "taint eviction takes the former once they are admitted; the latter are not asked",
        "critical pods, for which a kubelet evicts others",
        "image pulls",
    ],
};

/// Adds admission of pinned pods, starts and terminations.
pub fn add(cluster: &Cluster<'_>, interleaving: Interleaving) {
    for template in cluster.movable() {
        if cluster.is_stopped() {
            return;
        }
        add_admission(cluster, template);
        let phases = &cluster.templates[template.0].phases;
        if phases.contains(&Phase::Starting) && !cluster.templates[template.0].never_ready {
            add_start(cluster, template, interleaving);
        }
        if phases.contains(&Phase::Terminating) && !job::awaits_the_end(cluster, template) {
            add_termination(cluster, template);
        }
    }
}

/// How many more pods of a template fit each node of a cell.
pub(crate) fn room<'c>(cluster: &Cluster<'c>, cell: &Cell<'c>, template: TemplateId) -> Int<'c> {
    let ctx = cluster.ctx();
    let pod = &cluster.templates[template.0];
    let rooms = requested(pod).filter(|&(_, amount)| amount > 0).map(|(resource, amount)| {
        let used = cluster.movable().map(|other| {
            let request = cluster.templates[other.0].requests.get(resource);
            cluster.holding_on(cell, other) * ctx.int(request)
        });
        let free = ctx.int(cluster.node(cell).free(resource)) - ctx.sum(used);
        free.max(0).div(amount)
    });
    ctx.min(rooms, pod.max_pods)
}

/// The kubelet takes pods that name its node.
fn add_admission(cluster: &Cluster<'_>, template: TemplateId) {
    let pod = &cluster.templates[template.0];
    let Some(node) = pod.pinned_to() else { return };
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let cells = cluster.cells(&state);
    let waiting = state.get(cluster.pending[template.0]);
    let Some(target) = cells.iter().find(|cell| cluster.node(cell).is_named(node)) else { return };
    let is_silent = cluster.is_down(target) | cluster.is_gone(target) | !cluster.is_there(target);
    let may_be_there = cluster.may_hold(target, template) && cluster.node(target).matches(&pod.spec);
    let room = if may_be_there { room(cluster, target, template) } else { ctx.int(0) };
    add_refusal(cluster, template, waiting.ge(1) & !is_silent & room.eq(0));
    if !may_be_there {
        return;
    }
    let admitted = is_silent.ite(0, waiting.min(room));
    let mut next = state.clone();
    let chosen: Vec<Bool<'_>> =
        cells.iter().map(|cell| ctx.bool(cell.class == target.class && cell.slot == target.slot)).collect();
    cluster.rewrite_one(&mut next, &chosen, |cell| cluster.change(cell).bind(template, admitted));
    next.set(cluster.pending[template.0], waiting.minus_or_zero(admitted));
    let draft = ActionDraft::new(
        format!("kubelet {node} admits {}", pod.name),
        ActionKind::Event { rank: ranks::SCHEDULER },
        admitted.ge(1),
        next,
    );
    let (actor, name, node, count) = (format!("kubelet {node}"), pod.name.clone(), node.to_owned(), admitted.id());
    let tell = move |scene: &Scene<'_>| {
        Sentence::new(actor.clone(), format!("admits {} pod(s) of {name}", scene.get(count)))
            .because(format!("spec.nodeName is {node}, so the scheduler and its filters are bypassed"))
    };
    cluster.act(&RULE, draft, Box::new(tell));
}

/// The kubelet refuses a pod that names its node and may not be there: it has failed as soon as it was made.
fn add_refusal<'c>(cluster: &Cluster<'c>, template: TemplateId, guard: Bool<'c>) {
    if guard.constant() == Some(false) {
        return;
    }
    let pod = &cluster.templates[template.0];
    let (state, name, node) = (cluster.state(), pod.name.clone(), pod.pinned_to().unwrap_or_default().to_owned());
    let mut next = state.clone();
    let waiting = state.get(cluster.pending[template.0]);
    next.set(cluster.pending[template.0], waiting.minus_or_zero(cluster.ctx().int(1)));
    let kind = ActionKind::Event { rank: ranks::SCHEDULER };
    let draft = ActionDraft::new(format!("kubelet {node} refuses {name}"), kind, guard, next);
    let tell = move |_: &Scene<'_>| {
        Sentence::new(format!("kubelet {node}"), format!("refuses a pod of {name}, which has failed"))
            .because("spec.nodeName names the node, which does not match the pod or has no room for what it requests")
    };
    cluster.act(&RULE, draft, Box::new(tell));
}

/// Pods become ready: all that are starting at once where nothing tells them apart in time, else one at a time.
fn add_start(cluster: &Cluster<'_>, template: TemplateId, interleaving: Interleaving) {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let pod = &cluster.templates[template.0];
    let cells = cluster.cells(&state);
    let is_silent = |cell: &_| cluster.is_down(cell) | cluster.is_gone(cell);
    let starting: Vec<Bool<'_>> = cells
        .iter()
        .map(|cell| cell.exists & !is_silent(cell) & cluster.pods(cell, template, Phase::Starting).ge(1))
        .collect();
    let mut next = state.clone();
    let together = interleaving == Interleaving::Settled && !pod.slow_start;
    let (inputs, choice) = if together {
        cluster.rewrite_all(&mut next, |cell| {
            let starting = cluster.pods(cell, template, Phase::Starting);
            cluster.change(cell).start(template, is_silent(cell).ite(0, starting))
        });
        (Vec::new(), ctx.bool(true))
    } else {
        let (var, chosen, valid) = cluster.choose_cell("node", &starting);
        cluster.rewrite_one(&mut next, &chosen, |cell| cluster.change(cell).start(template, ctx.int(1)));
        (vec![var], valid)
    };
    let kind = if pod.slow_start { ActionKind::Periodic } else { ActionKind::Event { rank: ranks::START } };
    let guard = cluster.is_some(&state, &Quantity::Starting(template), &starting);
    let draft = ActionDraft::new(format!("{} starts", pod.name), kind, guard, next)
        .choosing(inputs, choice)
        .seeing([effect::nodes()])
        .gaining([effect::bound(template)])
        .leading()
        .paced(pod.slow_start.then(|| paces::slow_start(cluster)).flatten());
    let name = pod.name.clone();
    let tell = move |scene: &Scene<'_>| {
        let what = if together { "pods" } else { "a pod" };
        Sentence::new("kubelet", format!("reports {what} of {name} on {} ready", scene.moved_names()))
    };
    cluster.act(&RULE, draft, Box::new(tell));
}

/// A pod that is being deleted is gone.
fn add_termination<'c>(cluster: &Cluster<'c>, template: TemplateId) {
    let state = cluster.state();
    let cells = cluster.cells(&state);
    // The name of a StatefulSet's pod and the node of a DaemonSet's are free, a CronJob may make the next Job, and what a quota
    // counts is no more used, when the kubelet says that the pod is gone; for others nobody waits.
    let pod = &cluster.templates[template.0];
    let is_named = pod.ordinal.is_some() || cluster.is_daemon(template) || pod.kind.is_batch();
    let is_awaited = is_named || !cluster.quotas(template).is_empty();
    let ends = |cell: &Cell<'c>| cluster.pods(cell, template, Phase::Terminating).ge(1);
    let answers = |cell: &Cell<'c>| {
        if is_awaited { !cluster.is_down(cell) & !cluster.is_gone(cell) } else { cluster.ctx().bool(true) }
    };
    let going: Vec<Bool<'c>> = cells.iter().map(|cell| cell.exists & ends(cell) & answers(cell)).collect();
    let some = match is_awaited {
        true => cluster.ctx().any(going.iter().copied()),
        false => cluster.is_some(&state, &Quantity::Terminating(template), &going),
    };
    let (var, chosen, valid) = cluster.choose_cell("node", &going);
    let mut next = state.clone();
    cluster.rewrite_one(&mut next, &chosen, |cell| cluster.change(cell).end(template));
    let name = cluster.templates[template.0].name.clone();
    let draft =
        ActionDraft::new(format!("{name} terminates"), ActionKind::Event { rank: ranks::TERMINATION }, some, next)
            .choosing(vec![var], valid)
            .seeing([effect::ended(template)].into_iter().chain(is_awaited.then(effect::nodes)))
            .gaining([effect::deleted(template)])
            .leading();
    let tell = move |scene: &Scene<'_>| {
        Sentence::new("kubelet", format!("finishes terminating a pod of {name} on {}", scene.moved_names()))
    };
    cluster.act(&RULE, draft, Box::new(tell));
}
