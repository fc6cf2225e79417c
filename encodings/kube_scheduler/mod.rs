//! kube-scheduler: one pod at a time, filter, score, free choice among the best.
//!
//! `filters` and `scores` put the plugins in order. A pod that fits nowhere waits; it is tried again as soon as
//! something changes, which here means that the action is enabled exactly when some waiting pod fits somewhere. One
//! that fits nowhere may make room, see `preemption`. Of waiting pods that fit or make room, those of the highest
//! priority go first; among equals the order of the queue is free.

mod arrival;
pub mod cache;
mod calm;
mod company;
mod explain;
mod filters;
pub mod fit;
mod image_locality;
pub mod inter_pod_affinity;
mod labels;
mod node_affinity;
mod node_name;
pub mod node_ports;
mod node_unschedulable;
mod nominations;
pub mod preemption;
mod refusal;
mod resources;
mod scores;
pub mod spread;
mod taint_toleration;
mod tell;
mod topology;

use itertools::Itertools;

use crate::cluster::counting::classes::{HOSTNAME, ZONE};
use crate::cluster::counting::reads::{Reader, Reads};
use crate::cluster::object::images;
use crate::cluster::object::spec::ClusterSpec;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::{Binding, Cluster, effect};
use crate::cluster::{Cell, Template, TemplateId};
use crate::encodings::ranks;
use crate::system::{ActionDraft, ActionKind, Effect, Interleaving};
use crate::term::{Bool, Int, TermId};

use cache::Sights;

pub use filters::{Filters, Verdict};
pub use nominations::{Change, nominated};
pub use refusal::{Reason, Refusal, Stage};
pub use scores::{Column, resource_columns, total};
pub use spread::{Constraint, constraints};

/// What the scheduler reads of nodes.
pub const READER: Reader = Reader { name: "kube-scheduler", reads };

fn reads(spec: &ClusterSpec, templates: &[Template], reads: &mut Reads) {
    reads.taints();
    for template in templates {
        reads.placement_of(&template.spec);
        [template.pinned_to(), template.nominated_to()].into_iter().flatten().for_each(|name| reads.name(name));
    }
    let defaults = spec.scheduler.iter().flat_map(|profile| &profile.default_constraints);
    defaults.for_each(|constraint| reads.topology_key(&constraint.topology_key));
    [HOSTNAME, ZONE].iter().for_each(|key| reads.topology_key(key));
    // Nodes are not scored for pods that may go to one only.
    let placed = templates.iter().filter(|template| template.may_be_placed() && !template.is_daemon());
    placed.flat_map(|template| images::of_pod(&template.spec)).for_each(|image| reads.image(image));
}

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "scheduler/binding",
    component: Scheduler,
    upstream: [
        "pkg/scheduler/schedule_one.go" => [
            "ScheduleOne", "schedulePod", "findNodesThatFitPod", "evaluateNominatedNode", "prioritizeNodes",
            "selectHost",
        ],
    ],
    decides: "Which waiting pod is bound next, and to which of the nodes that pass all filters: one of those with \
        the highest weighted sum of scores.",
    parts: [
        "pods of which `schedulerName` names no profile" => "exact: they wait",
        "one pod at a time; filter, score, weights (default profile and KubeSchedulerConfiguration), free choice \
            among the best" =>
            "exact",
        "a pod that fits nowhere waits and is tried again as soon as it fits somewhere" =>
            "exact in effect: the action is enabled when a waiting pod fits. Back-off is time, and left out",
        "pods of DaemonSets: affinity to the name of their node leaves no other" => "exact",
        "priorities: of waiting pods that fit or preempt, those of the highest priority first; among equals any" =>
            "exact for the order by priority, over among equals",
    ],
    omits: [
        "volume plugins, scheduling gates, extenders",
        "sampling of nodes in clusters of more than 100" => "the best of all nodes is taken",
    ],
};

/// The rules of the scheduler, but for preemption.
pub static RULES: &[&Rule] = &[
    &RULE,
    &node_unschedulable::RULE,
    &node_name::RULE,
    &taint_toleration::RULE,
    &node_affinity::RULE,
    &node_ports::RULE,
    &fit::RULE,
    &resources::RULE,
    &spread::RULE,
    &inter_pod_affinity::RULE,
    &image_locality::RULE,
    &nominations::RULE,
    &cache::RULE,
    &company::RULE,
];

/// What one scheduling cycle of one template computes, cell by cell.
pub struct Cycle<'c> {
    /// The filters' verdicts.
    pub verdicts: Vec<Verdict<'c>>,
    /// Whether the cell exists and passes all filters.
    pub feasible: Vec<Bool<'c>>,
    /// Whether its score is the highest.
    pub best: Vec<Bool<'c>>,
    /// Scores by plugin, but for those of resources, which totals hold in one table.
    pub simple_columns: Vec<Column<'c>>,
    /// Total scores (up to a constant that all cells share).
    pub totals: Vec<Int<'c>>,
    /// Whether the pod's own nominated node passes and is taken without a look at others.
    pub nominated_node_used: Bool<'c>,
    /// Whether scores are asked for: not where a single node is feasible.
    pub scored: Bool<'c>,
}

/// One scheduling cycle for a pod of `template`.
pub fn cycle<'c>(cluster: &Cluster<'c>, cells: &[Cell<'c>], template: TemplateId) -> Cycle<'c> {
    let ctx = cluster.ctx();
    let filters = Filters::new(cluster, cells, template);
    let verdicts: Vec<Verdict<'c>> = (0..cells.len()).map(|index| filters.verdict(index)).collect();
    if cluster.is_daemon(template) {
        return cycle_of_daemons(cluster, cells, template, verdicts);
    }
    let passing: Vec<Bool<'c>> = verdicts.iter().map(|verdict| verdict.passes()).collect();
    let own = own_nomination(cluster, cells, template);
    let nominated_node_used = own.map_or_else(|| ctx.bool(false), |own| passing[own]);
    let taken =
        |(index, &passes): (usize, &Bool<'c>)| if Some(index) == own { passes } else { passes & !nominated_node_used };
    let feasible: Vec<Bool<'c>> = passing.iter().enumerate().map(taken).collect();
    let simple_columns = scores::simple_columns(cluster, cells, template, &feasible);
    let totals = scores::totals(cluster, cells, template, &simple_columns);
    let best_total = best_total(cluster, &feasible, &totals);
    let best = feasible.iter().zip(&totals).map(|(&feasible, &total)| feasible & total.eq(best_total)).collect();
    let nodes = ctx.sum(cells.iter().zip(&feasible).map(|(cell, feasible)| feasible.ite(cell.multiplicity, 0)));
    Cycle { verdicts, feasible, best, simple_columns, totals, nominated_node_used, scored: nodes.gt(1) }
}

/// The highest score of a feasible cell, -1 if there is none.
fn best_total<'c>(cluster: &Cluster<'c>, feasible: &[Bool<'c>], totals: &[Int<'c>]) -> Int<'c> {
    cluster.ctx().max(feasible.iter().zip(totals).map(|(&feasible, &total)| feasible.ite(total, -1)), -1)
}

/// Pods that were made for one node each have nothing to choose: the only feasible node is their own.
fn cycle_of_daemons<'c>(
    cluster: &Cluster<'c>,
    cells: &[Cell<'c>],
    template: TemplateId,
    verdicts: Vec<Verdict<'c>>,
) -> Cycle<'c> {
    let ctx = cluster.ctx();
    let waits = |cell: &Cell<'c>| cluster.unnominated_on(cell, template).ge(1);
    let fits = |(verdict, cell): (&Verdict<'c>, &Cell<'c>)| verdict.passes() & waits(cell);
    let feasible: Vec<Bool<'c>> = verdicts.iter().zip(cells).map(fits).collect();
    Cycle {
        verdicts,
        best: feasible.clone(),
        feasible,
        simple_columns: Vec::new(),
        totals: vec![ctx.int(0); cells.len()],
        nominated_node_used: ctx.bool(false),
        scored: ctx.bool(false),
    }
}

/// The cell of the node that the pod itself is nominated to.
fn own_nomination(cluster: &Cluster<'_>, cells: &[Cell<'_>], template: TemplateId) -> Option<usize> {
    let node = cluster.templates[template.0].nominated_to()?;
    cells.iter().position(|cell| cluster.node(cell).is_named(node))
}

/// Adds the scheduler's action: bind one waiting pod.
pub fn add(cluster: &Cluster<'_>) {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let cells = cluster.listed(&state);
    let may_wait = |id: &TemplateId| {
        let template = &cluster.templates[id.0];
        template.may_be_placed() && template.pinned_to().is_none()
    };
    let (scheduled, left): (Vec<TemplateId>, Vec<TemplateId>) =
        cluster.movable().filter(may_wait).partition(|&id| cluster.is_scheduled(id));
    explain::add_left(cluster, &left);
    if scheduled.is_empty() || cells.is_empty() {
        return;
    }
    let sights = Sights::of(cluster, &cells, &scheduled);
    let in_time = scheduled.iter().take_while(|_| !cluster.is_stopped());
    let cycles: Vec<Cycle<'_>> = in_time.map(|&id| cycle(cluster, sights.by(cluster, id), id)).collect();
    if cycles.len() < scheduled.len() {
        return;
    }
    let waiting: Vec<Bool<'_>> = scheduled
        .iter()
        .zip(&cycles)
        .map(|(&id, cycle)| {
            // What a scheduler alone takes to be there is in no total.
            let has_room = match cluster.is_daemon(id) || cluster.is_apart(id) {
                true => ctx.bool(false),
                false => cluster.surely_has_room(&state, id, |cell| !cycle.verdicts[cell].refused()),
            };
            let fits = ctx.any(cycle.feasible.iter().copied()) | has_room;
            cluster.unnominated(&state, id).ge(1) & fits & !company::crowds_out(cluster, &state, id)
        })
        .collect();
    let preemptors = preemption::preemptors(cluster, &sights, &scheduled, &cycles);
    let busy = preemptors.iter().enumerate().map(|(position, preemptor)| match preemptor {
        Some(preemptor) => {
            waiting[position] | cluster.unnominated(&state, scheduled[position]).ge(1) & preemptor.is_busy(cluster)
        }
        None => waiting[position],
    });
    let turn = in_priority_order(cluster, &scheduled, &busy.collect::<Vec<_>>());
    let binds: Vec<Bool<'_>> = turn.iter().zip(&waiting).map(|(&turn, &waiting)| turn & waiting).collect();
    let (pod_var, pod) = cluster.input("pod", 0, scheduled.len() as i64 - 1);
    let (node_var, node) = cluster.cell_input("node", cells.len());
    let others = company::first(cluster, &scheduled);
    let mut next = state.clone();
    let mut allowed = Vec::new();
    for (position, (&id, cycle)) in scheduled.iter().zip(&cycles).enumerate() {
        if cluster.is_stopped() {
            return;
        }
        let turn = binds[position] & pod.eq(position as i64);
        let late = company::comes_first(cluster, others.as_ref(), id, turn, &mut next);
        allowed.push(late);
        let picked = turn & !late;
        let chosen: Vec<Bool<'_>> =
            cycle.best.iter().enumerate().map(|(cell, &best)| picked & best & node.eq(cell as i64)).collect();
        // Whose turn it is stands once before all cells, too, so that whoever evaluates it looks at one pod's cells only.
        allowed.push(picked & ctx.any(chosen.iter().copied()));
        cluster.place(&mut next, id, &chosen);
        if !cluster.is_daemon(id) && !cluster.is_apart(id) {
            next.set(cluster.pending[id.0], (next.get(cluster.pending[id.0]) - picked.to_int()).max(0));
        }
    }
    let ids = |terms: &[Bool<'_>]| terms.iter().map(|term| term.id()).collect::<Vec<TermId>>();
    let binding = ids(&binds);
    let draft = ActionDraft::new("kube-scheduler", ActionKind::Event { rank: ranks::SCHEDULER }, ctx.any(binds), next)
        .choosing([pod_var, node_var].into_iter().chain(others.as_ref().map(|it| it.var)).collect(), ctx.any(allowed));
    let is_alone = others.is_none() && preemptors.iter().all(Option::is_none);
    let draft = match (is_alone, sights.are_shared()) {
        (true, true) => seeing(cluster, &scheduled, draft),
        (true, false) => draft.seeing(cache::seen_of_others(cluster)),
        (false, _) => draft,
    };
    let may_lead = is_alone && sights.are_shared() && cluster.spec.scenario.interleaving == Interleaving::Racing;
    let broken = may_lead.then(|| calm::is_broken(cluster, &cells, &scheduled, &cycles)).flatten();
    let draft = match broken {
        Some(broken) => draft.calm(broken, cluster.movable().map(effect::ended)),
        None => draft,
    };
    let asked: Vec<_> =
        scheduled.iter().zip(&cycles).map(|(&id, cycle)| explain::asked(cluster, id, &cells, cycle)).collect();
    let choice = tell::Choice { pod: pod.id(), node: node.id(), late: others.as_ref().map(|it| it.come_first.id()) };
    let narrator = tell::narrator(cluster, &scheduled, &cells, &cycles, &asked, choice);
    let action = cluster.act(&RULE, draft, narrator);
    cluster.note_binding(Binding {
        action,
        pod: pod_var,
        node: node_var,
        templates: scheduled.clone(),
        binds: binding,
        allowed: cycles.iter().map(|cycle| ids(&cycle.best)).collect(),
    });
    for (preemptor, &turn) in preemptors.iter().zip(&turn) {
        preemptor.iter().for_each(|preemptor| preemption::add(cluster, &cells, preemptor, turn));
    }
    preemption::add_nominees(cluster, &sights, &scheduled, &cycles);
    arrival::add(cluster, &scheduled);
    company::add(cluster);
    explain::add(cluster, &scheduled, &asked);
}

/// What the scheduler sees: where pods are, terminating ones included, but not which are ready. More pods that wait make
/// no difference to those that wait already, unless some go first.
fn seeing<'c>(cluster: &Cluster<'c>, scheduled: &[TemplateId], draft: ActionDraft<'c>) -> ActionDraft<'c> {
    let priorities = scheduled.iter().map(|id| cluster.templates[id.0].priority());
    let waiting = cluster.movable().map(effect::waiting);
    let placed: [fn(TemplateId) -> Effect; 4] = [effect::bound, effect::deleted, effect::ended, effect::withdrawn];
    let seen = effect::on_nodes(&placed, cluster.movable());
    match priorities.unique().count() {
        0 | 1 => draft.seeing(seen).gaining(waiting),
        _ => draft.seeing(seen.into_iter().chain(waiting)),
    }
}

/// Which templates' turn it is: those that are busy, and have no busy one of higher priority before them in their queue.
fn in_priority_order<'c>(cluster: &Cluster<'c>, scheduled: &[TemplateId], busy: &[Bool<'c>]) -> Vec<Bool<'c>> {
    let priority = |id: TemplateId| cluster.templates[id.0].priority();
    let turn = |(position, &id): (usize, &TemplateId)| {
        let goes_before = |other| priority(other) > priority(id) && cluster.share_a_cache(id, other);
        let before = scheduled.iter().zip(busy).filter(|&(&other, _)| goes_before(other));
        busy[position] & !cluster.ctx().any(before.map(|(_, &busy)| busy))
    };
    scheduled.iter().enumerate().map(turn).collect()
}
