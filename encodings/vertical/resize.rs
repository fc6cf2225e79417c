//! Pods that are resized where they run.

use k8s_openapi::api::core::v1::{Container, PodSpec};

use crate::cluster::arithmetic::gcd;
use crate::cluster::counting::layout::requested;
use crate::cluster::object::vertical::Mode;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Scene, Sentence};
use crate::cluster::view::usage::Counted;
use crate::cluster::{Attribute, Cell, Phase, TemplateId};
use crate::system::{ActionDraft, ActionKind};
use crate::term::Bool;

use super::{Target, restriction};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "vertical/resize",
    component: VerticalAutoscaler,
    upstream: [
        "vertical-pod-autoscaler/pkg/updater/restriction/pods_inplace_restriction.go" => [
            "CanInPlaceUpdate", "InPlaceUpdate",
        ],
    ],
    decides: "Which running pods get what is recommended where they are (`InPlaceOrRecreate`): those whose node is up and has \
        room for the difference, one at a time, as the restriction allows.",
    parts: [
        "room on the node" => "exact: for what all pods there request, and the difference",
        "pods whose quality of service would change" => "exact: they are evicted instead",
        "pods that are bound and not ready" => "over: those that were ready are resized, those that have yet to be may be evicted",
    ],
    omits: [
        "containers that are restarted for it (`resizePolicy`), limits of memory that cannot be lowered" =>
            "pods stay ready",
        "a resize that waits for room" => "the scheduler counts what the pod has, where upstream counts what it asked for",
        "`minReadySeconds` of pods that were available" => "they are so again after any time, or never",
    ],
};

/// Whether a pod of a template that is on the nodes of a cell can be given what is recommended there.
pub fn is_possible<'c>(target: &Target<'_, 'c>, cell: &Cell<'c>, from: TemplateId) -> Bool<'c> {
    let (ctx, cluster) = (target.cluster.ctx(), target.cluster);
    // Others may have taken the room.
    if target.vertical.mode != Mode::InPlaceOrRecreate || cluster.crowded[from.0].is_some() {
        return ctx.bool(false);
    }
    let state = cluster.state();
    let into = |&to: &TemplateId| cluster.is_made(&state, to) & has_room(target, cell, from, to);
    !cluster.is_down(cell) & ctx.any(alternatives(target, from).iter().map(into))
}

/// The templates that pods of another one become when they are resized.
fn alternatives(target: &Target<'_, '_>, from: TemplateId) -> Vec<TemplateId> {
    let of = |id: TemplateId| &target.cluster.templates[id.0];
    let others = target.cluster.of_same_revision(from).into_iter();
    let same_pod = others.filter(|&to| to != from && of(to).ordinal == of(from).ordinal);
    same_pod.filter(|&to| quality(&of(to).spec) == quality(&of(from).spec)).collect()
}

/// Whether the nodes of a cell have room for what pods of one template request beyond what those of another do.
fn has_room<'c>(target: &Target<'_, 'c>, cell: &Cell<'c>, from: TemplateId, to: TemplateId) -> Bool<'c> {
    let (ctx, cluster) = (target.cluster.ctx(), target.cluster);
    if cluster.position(cell.class, Attribute::Pods(to, Phase::Running)).is_none() {
        return ctx.bool(false);
    }
    let (before, after) = (&cluster.templates[from.0].requests, &cluster.templates[to.0]);
    let fits = |(resource, amount): (&str, i64)| {
        let more = amount - before.get(resource);
        if more <= 0 {
            return ctx.bool(true);
        }
        let counted = Counted::Requested(resource.to_owned());
        let unit = gcd(cluster.usage.unit(cluster, &counted), more);
        let used = cluster.usage.sum(cluster, cell, &counted, unit);
        used.le(cluster.node(cell).room(resource, more, unit))
    };
    ctx.all(requested(after).map(fits))
}

/// The quality of service of a pod, which no resize may change.
fn quality(pod: &PodSpec) -> Quality {
    let limited = |container: &Container| {
        let Some(resources) = &container.resources else { return false };
        ["cpu", "memory"].iter().all(|&name| {
            let limit = resources.limits.as_ref().and_then(|limits| limits.get(name));
            let request = resources.requests.as_ref().and_then(|requests| requests.get(name)).or(limit);
            limit.is_some() && limit == request
        })
    };
    let asks = |container: &Container| {
        let lists = container.resources.iter().flat_map(|it| it.requests.iter().chain(&it.limits));
        lists.into_iter().any(|list| list.contains_key("cpu") || list.contains_key("memory"))
    };
    let mut containers = pod.containers.iter().chain(pod.init_containers.iter().flatten());
    if containers.clone().all(limited) {
        Quality::Guaranteed
    } else if containers.any(asks) {
        Quality::Burstable
    } else {
        Quality::BestEffort
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quality {
    Guaranteed,
    Burstable,
    BestEffort,
}

/// Adds the resizes of one group of pods.
pub fn add(target: &Target<'_, '_>) {
    if target.vertical.mode != Mode::InPlaceOrRecreate {
        return;
    }
    for &from in target.group.own {
        for to in alternatives(target, from) {
            for phase in [Phase::Running, Phase::Unready] {
                add_one(target, (from, to), phase);
            }
        }
    }
}

/// A pod of one template becomes one of another.
fn add_one<'c>(target: &Target<'_, 'c>, (from, to): (TemplateId, TemplateId), phase: Phase) {
    let (cluster, state) = (target.cluster, target.cluster.state());
    let ctx = cluster.ctx();
    let may =
        target.is_outdated(&state, from) & cluster.is_made(&state, to) & restriction::allowed(target, &state).ge(1);
    let here = |cell: &Cell<'c>| {
        let is_there = cell.exists & !cluster.is_down(cell) & cluster.pods(cell, from, phase).ge(1);
        may & is_there & has_room(target, cell, from, to)
    };
    let allowed: Vec<Bool<'c>> = cluster.cells(&state).iter().map(here).collect();
    let guard = ctx.any(allowed.iter().copied());
    if guard.constant() == Some(false) {
        return;
    }
    let (input, chosen, valid) = cluster.choose_cell("node", &allowed);
    let mut next = state.clone();
    cluster.rewrite_one(&mut next, &chosen, |cell| cluster.change(cell).resize((from, to), phase));
    let [before, after] = [from, to].map(|id| cluster.templates[id.0].name.clone());
    let how = if phase == Phase::Unready { "resizes, not ready," } else { "resizes" };
    let name = format!("vertical {} {how} {before} to {after}", target.vertical.key);
    let draft = ActionDraft::new(name, ActionKind::Periodic, guard, next).choosing(vec![input], valid);
    let actor = target.actor();
    let tell = move |scene: &Scene<'_>| {
        let text = format!("resizes a pod of {before} on {} to {after}", scene.moved_names());
        Sentence::new(actor.clone(), text).by(&restriction::RULE).because("the node has room for what is recommended")
    };
    cluster.act(&RULE, draft, Box::new(tell));
}
