//! Which nodes may be disrupted.

use crate::cluster::object::karpenter::{NodePool, Reason};
use crate::cluster::object::scenario::Scaler;
use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::{Cell, Presence, TemplateId};
use crate::encodings::disruption::{self, budget};
use crate::encodings::kube_scheduler::Filters;
use crate::encodings::node_groups::cells_in;
use crate::encodings::node_groups::holds::{Holds, Leave};
use crate::encodings::node_groups::wishes::may_ask;
use crate::term::Bool;

use super::{budgets, pool_of};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "karpenter/candidates",
    component: Karpenter,
    upstream: [
        "pkg/controllers/disruption/types.go" => ["NewCandidate"],
        "pkg/controllers/state/statenode.go" => ["ValidateNodeDisruptable", "ValidatePodsDisruptable"],
        "pkg/utils/pdb/pdb.go" => ["CanEvictPods", "isEvictable"],
        "pkg/utils/pod/scheduling.go" => ["IsDisruptable", "IsEvictable"],
        "pkg/controllers/nodeclaim/disruption/consolidation.go" => ["Reconcile"],
    ],
    decides: "A node may be disrupted unless it is annotated with `karpenter.sh/do-not-disrupt`, a pod on it is, a pod on it \
        has a PodDisruptionBudget without a disruption left, or several, or it is the only node for a pod that waits.",
    parts: [
        "`karpenter.sh/do-not-disrupt: \"true\"` of nodes and of pods, those of DaemonSets and mirror pods included" => "exact",
        "a duration as its value" => "over: it may have passed",
        "budgets: the one that selects a pod must allow a disruption, but for pods that are not ready under `AlwaysAllow`; \
            several budgets keep the pod" =>
            "exact, of budgets as they are now; over for budgets of DaemonSets' pods, which are not asked",
        "how long nodes have to be left alone (`consolidateAfter`), and that a destination has to be" =>
            "over: any time may have passed; `Never` is exact",
        "nodes that are nominated for a pod that waits" => "over: those that are the only place for one",
        "labels for capacity type and zone, and an instance type that the cloud knows, without which upstream does not \
            consolidate" =>
            "over: they are taken to be there",
    ],
    omits: [
        "nodes that are not initialized" => "a node that comes is ready",
        "static NodePools, with `replicas`" => "verdicts name them",
    ],
};

/// What all pods do to the disruption of their nodes.
pub fn holds<'a, 'c>(cluster: &'a Cluster<'c>) -> Holds<'a, 'c> {
    Holds::new(cluster, &Scaler::Karpenter(NodePool::default()), |id| leave(cluster, id))
}

/// Whether pods that are not annotated let their node go.
fn leave<'c>(cluster: &Cluster<'c>, id: TemplateId) -> Leave<'c> {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let known = disruption::budgets(cluster, id).map(|it| (it, budget::status(cluster, &state, it)));
    let known: Vec<_> = known.collect();
    let is_one = ctx.sum(known.iter().map(|(_, status)| status.in_force.to_int())).le(1);
    let each = |is_ready: bool| {
        let lets = known.iter().map(|(budget, status)| {
            let policy = budget.spec.as_ref().and_then(|spec| spec.unhealthy_pod_eviction_policy.as_deref());
            let is_free = !is_ready && policy == Some("AlwaysAllow");
            !status.in_force | status.allowed.ge(1) | ctx.bool(is_free)
        });
        is_one & ctx.all(lets)
    };
    Leave { all: each(true), unready: each(false) }
}

/// Nodes that may be disrupted, by cell.
pub struct Candidates<'a, 'c> {
    cluster: &'a Cluster<'c>,
    holds: &'a Holds<'a, 'c>,
    /// With those nodes only that are there and not about to go.
    cells: Vec<Cell<'c>>,
    /// Whether one of the nodes may be disrupted, as far as it and its pods say.
    free: Vec<Bool<'c>>,
}

impl<'a, 'c> Candidates<'a, 'c> {
    /// Looks at all cells once.
    pub fn new(cluster: &'a Cluster<'c>, holds: &'a Holds<'a, 'c>) -> Self {
        let ctx = cluster.ctx();
        let cells = cells_in(cluster, Presence::Here, Scaler::is_karpenter);
        let nominated = nominated(cluster);
        let free = |(index, cell): (usize, &Cell<'c>)| {
            let node = cluster.node(cell);
            let may_go = node.may_be_removed() && !node.is_kept() && !cluster.is_stopped();
            let now = cell.exists & ctx.bool(may_go);
            if now.constant() == Some(false) { now } else { now & holds.lets_go(cell) & !nominated[index] }
        };
        let free = cells.iter().enumerate().map(free).collect();
        Candidates { cluster, holds, cells, free }
    }

    /// The cells.
    pub fn cells(&self) -> &[Cell<'c>] {
        &self.cells
    }

    /// Whether one of a cell's nodes may be disrupted for a reason, and whether pods on it would have to move.
    pub fn may_go(&self, at: usize, reason: Reason) -> Bool<'c> {
        let (ctx, cell) = (self.cluster.ctx(), &self.cells[at]);
        let Some((group, pool)) = pool_of(self.cluster, cell) else { return ctx.bool(false) };
        let is_empty = self.holds.left(cell).eq(0);
        let is_meant = if reason == Reason::Empty { is_empty } else { !is_empty };
        let now = self.free[at] & is_meant;
        if now.constant() == Some(false) { now } else { now & budgets::allow(self.cluster, (group, pool), reason) }
    }

    /// What pods do to the removal of their nodes.
    pub fn holds(&self) -> &'a Holds<'a, 'c> {
        self.holds
    }
}

/// By cell: whether a pod waits that its node takes, and no other one. At rest none does.
fn nominated<'c>(cluster: &Cluster<'c>) -> Vec<Bool<'c>> {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let cells = cluster.cells(&state);
    let mut nominated = vec![ctx.bool(false); cells.len()];
    if cluster.spec.scenario.interleaving.waits() {
        return nominated;
    }
    for id in cluster.movable().filter(|&id| may_ask(cluster, id)).take_while(|_| !cluster.is_stopped()) {
        let waits = cluster.unnominated(&state, id).ge(1);
        let filters = Filters::new(cluster, &cells, id);
        let passes: Vec<Bool<'c>> = (0..cells.len()).map(|cell| filters.verdict(cell).passes()).collect();
        let number = ctx.sum(passes.iter().zip(&cells).map(|(passes, cell)| passes.ite(cell.multiplicity, 0)));
        let is_one = waits & number.eq(1);
        nominated.iter_mut().zip(&passes).for_each(|(nominated, &passes)| *nominated = *nominated | (is_one & passes));
    }
    nominated
}
