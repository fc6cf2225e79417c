//! How many nodes of a NodePool may be disrupted at a time.

use crate::cluster::object::karpenter::{NodePool, Reason};
use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::{Cell, Presence};
use crate::encodings::node_groups;
use crate::term::{Bool, Int};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "karpenter/budgets",
    component: Karpenter,
    upstream: [
        "pkg/controllers/disruption/helpers.go" => ["BuildDisruptionBudgetMapping"],
        "pkg/apis/v1/nodepool.go" => ["GetAllowedDisruptionsByReason", "GetAllowedDisruptions"],
    ],
    decides: "A node may be disrupted while fewer nodes of its NodePool are not ready or about to go than each budget for \
        that reason allows.",
    parts: [
        "numbers, percentages of the NodePool's nodes rounded up, reasons, 10 % where none is given" => "exact",
        "budgets with a schedule" => "over: they may be inactive",
    ],
};

/// How nodes of a NodePool may be there.
const THERE: [Presence; 3] = [Presence::Here, Presence::Going, Presence::Yielding];

/// Whether one more node of a NodePool may be disrupted for a reason.
pub fn allow<'c>(cluster: &Cluster<'c>, (group, pool): (usize, &NodePool), reason: Reason) -> Bool<'c> {
    let (nodes, disrupted) = (node_groups::size(cluster, group, &THERE), disrupted(cluster, group));
    let budgets = pool.budgets.iter().filter(|budget| budget.reasons.contains(&reason));
    cluster.ctx().all(budgets.map(|budget| disrupted.lt(nodes.map(|all| budget.nodes.of(all)))))
}

/// How many of its nodes are not ready, or about to go.
fn disrupted<'c>(cluster: &Cluster<'c>, group: usize) -> Int<'c> {
    let state = cluster.state();
    let leaving = node_groups::size(cluster, group, &[Presence::Going, Presence::Yielding]);
    let here = cluster.cells_in(&state, Presence::Here).into_iter();
    let of_group = here.filter(|cell| cluster.node(cell).group() == Some(group));
    let down = |cell: Cell<'c>| cluster.is_down(&cell).ite(cell.multiplicity, 0);
    leaving + cluster.ctx().sum(of_group.map(down))
}
