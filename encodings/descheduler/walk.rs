//! Plugins that go from node to node, and on each node from pod to pod.
//!
//! Part of the rule `descheduler/cycle`.
//!
//! Nodes have their turn in any order that the plugin allows, pods of a node in the order of its ranks, equal ones in any
//! order. The limit of the cycle ends the plugin, the limit of a node ends the node; pods that are refused otherwise are
//! passed over.

use std::collections::HashMap;

use crate::cluster::TemplateId;
use crate::cluster::object::spec::CacheView;
use crate::system::State;
use crate::term::{Bool, Int};

use super::cycle::{Candidate, Stage, Step};
use super::order::Rank;
use super::sight::Sight;

/// What a plugin decides on its walk.
pub trait Walk<'c> {
    /// Templates whose pods it may evict.
    fn templates(&self, sight: &Sight<'_, 'c>) -> Vec<TemplateId>;

    /// Whether a node in play that has not had its turn may be the next, by cell.
    fn next_nodes(&self, sight: &Sight<'_, 'c>, waiting: &[Bool<'c>]) -> Vec<Bool<'c>>;

    /// Pods of a template that are listed when a node gets its turn.
    fn listed(&self, sight: &Sight<'_, 'c>, at: usize, template: TemplateId) -> Int<'c>;

    /// Whether a listed pod is to go when it is looked at.
    fn is_to_go(&self, sight: &Sight<'_, 'c>, _at: usize, _template: TemplateId) -> Bool<'c> {
        sight.ctx().bool(true)
    }

    /// Pods of a smaller rank are looked at first.
    fn rank(&self, _sight: &Sight<'_, 'c>, _template: TemplateId) -> Rank {
        Rank::default()
    }

    /// Whether the plugin stays with a node, before the first and after each eviction.
    fn stays(&self, sight: &Sight<'_, 'c>, _at: usize) -> Bool<'c> {
        sight.ctx().bool(true)
    }
}

/// Of waiting nodes those that have pods to look at; any of them where that may change.
pub fn with_pods<'c>(walk: &dyn Walk<'c>, sight: &Sight<'_, 'c>, waiting: &[Bool<'c>]) -> Vec<Bool<'c>> {
    if sight.policy.cache == CacheView::Live {
        return waiting.to_vec();
    }
    let templates = walk.templates(sight);
    let some = |at: usize| {
        sight.ctx().any(templates.iter().map(|&id| walk.listed(sight, at, id).ge(1) & walk.is_to_go(sight, at, id)))
    };
    waiting.iter().enumerate().map(|(at, &waits)| waits & some(at)).collect()
}

/// Adds the steps of a walk.
pub fn add<'c>(stage: &Stage<'_, 'c>, walk: &dyn Walk<'c>) {
    let ctx = stage.cluster.ctx();
    let sight = stage.sight(&stage.cluster.state());
    let pods = next_pods(stage, &sight, walk);
    let some_pod = ctx.any(pods.iter().map(|&(_, _, eligible)| eligible));
    let waiting: Vec<Bool<'c>> =
        (0..sight.cells.len()).map(|at| sight.in_play(at) & !sight.state.is(stage.memory.visited[at])).collect();
    let nodes = walk.next_nodes(&sight, &waiting);
    let nodes: Vec<Bool<'c>> = nodes.into_iter().zip(&waiting).map(|(next, &waiting)| next & waiting).collect();
    let some_node = ctx.any(nodes.iter().copied());
    add_pod(stage, &sight, walk, &pods, some_pod);
    add_node(stage, &sight, walk, &nodes, some_node & !some_pod);
    stage.act_finish(!some_pod & !some_node);
}

/// The pods that may be the next to go from the present node: of those left, the ones of the smallest rank.
fn next_pods<'c>(stage: &Stage<'_, 'c>, sight: &Sight<'_, 'c>, walk: &dyn Walk<'c>) -> Vec<Candidate<'c>> {
    let templates = walk.templates(sight);
    let (ctx, memory) = (sight.ctx(), stage.memory);
    let ranks: HashMap<TemplateId, Rank> = templates.iter().map(|&id| (id, walk.rank(sight, id))).collect();
    let mut all: Vec<Candidate<'c>> = Vec::new();
    for (at, id) in memory.places().into_iter().filter(|(_, id)| templates.contains(id)) {
        let Some(left) = memory.left(id) else { continue };
        let here = sight.state.get(memory.node).eq(at as i64 + 1) & sight.state.get(left).ge(1);
        all.push((at, id, here & walk.is_to_go(sight, at, id)));
    }
    let first = |&(at, id, eligible): &Candidate<'c>| {
        let before = all.iter().filter(|&&(there, other, _)| there == at && ranks[&other] < ranks[&id]);
        (at, id, eligible & !ctx.any(before.map(|&(_, _, eligible)| eligible)))
    };
    all.iter().map(first).collect()
}

/// One pod is looked at.
fn add_pod<'c>(
    stage: &Stage<'_, 'c>,
    sight: &Sight<'_, 'c>,
    walk: &dyn Walk<'c>,
    pods: &[Candidate<'c>],
    guard: Bool<'c>,
) {
    if guard.constant() == Some(false) {
        return;
    }
    let (ctx, memory) = (sight.ctx(), stage.memory);
    let last = stage.cluster.templates.len() as i64 - 1;
    let (var, input) = stage.cluster.input("pod", 0, last);
    let chosen: Vec<Candidate<'c>> =
        pods.iter().map(|&(at, id, eligible)| (at, id, eligible & input.eq(id.0 as i64))).collect();
    let mut next = sight.state.clone();
    for &id in &walk.templates(sight) {
        if let Some(left) = memory.left(id) {
            next.set(left, next.get(left).minus_or_zero(input.eq(id.0 as i64).to_int()));
        }
    }
    let attempt = stage.attempt(&mut next, &chosen);
    let leaves = leaves(stage, walk, &next, &chosen, attempt.accepted) | attempt.node;
    let mut left = next.clone();
    memory.forget_list(stage.cluster, &mut left);
    next.replace_if(leaves, &left);
    stage.finish(&mut next, attempt.total);
    let (marks, tell) = stage.eviction(&chosen, attempt.accepted);
    let choice = ctx.any(chosen.iter().map(|&(_, _, chosen)| chosen));
    stage.act(Step { name: "looks at a pod", guard, inputs: vec![var], choice, next, marks, tell });
}

/// Whether the plugin leaves the node after an accepted eviction.
fn leaves<'c>(
    stage: &Stage<'_, 'c>,
    walk: &dyn Walk<'c>,
    after: &State<'c>,
    chosen: &[Candidate<'c>],
    accepted: Bool<'c>,
) -> Bool<'c> {
    let (ctx, sight) = (stage.cluster.ctx(), stage.sight(after));
    let leaves = (0..sight.cells.len()).map(|at| {
        let here = ctx.any(chosen.iter().filter(|it| it.0 == at).map(|&(_, _, chosen)| chosen));
        match here.constant() {
            Some(false) => ctx.bool(false),
            _ => here & accepted & !walk.stays(&sight, at),
        }
    });
    ctx.any(leaves)
}

/// A node gets its turn: its pods are listed.
fn add_node<'c>(
    stage: &Stage<'_, 'c>,
    sight: &Sight<'_, 'c>,
    walk: &dyn Walk<'c>,
    nodes: &[Bool<'c>],
    guard: Bool<'c>,
) {
    if guard.constant() == Some(false) {
        return;
    }
    let (ctx, memory) = (sight.ctx(), stage.memory);
    let (var, chosen, choice) = stage.cluster.choose_cell("node", nodes);
    let mut next = sight.state.clone();
    memory.forget_list(stage.cluster, &mut next);
    let at_node = |value: &dyn Fn(usize) -> Int<'c>| {
        ctx.sum(chosen.iter().enumerate().map(|(at, &chosen)| chosen.ite(value(at), 0)))
    };
    next.set(memory.node, at_node(&|at| ctx.int(at as i64 + 1)).min(nodes.len() as i64));
    for (at, &chosen) in chosen.iter().enumerate() {
        next.set_bool(memory.visited[at], next.is(memory.visited[at]) | chosen);
    }
    for id in walk.templates(sight) {
        let Some(left) = memory.left(id) else { continue };
        let listed = |at: usize| match memory.evicted(at, id) {
            Some(_) => walk.stays(sight, at).ite(walk.listed(sight, at, id), 0),
            None => ctx.int(0),
        };
        next.set(left, at_node(&listed).min(stage.cluster.templates[id.0].max_pods));
    }
    let (inputs, marks) = (vec![var], Vec::new());
    let tell = Box::new(|_: &crate::cluster::view::story::Scene<'_>| Default::default());
    stage.act(Step { name: "takes a node", guard, inputs, choice, next, marks, tell });
}
