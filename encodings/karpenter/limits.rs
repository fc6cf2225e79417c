//! Whether a NodePool may have another node.

use crate::cluster::arithmetic::gcd;
use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::encodings::node_groups;
use crate::term::{Bool, Int};

use super::{ACTIVE, PRESENT, pool_of_class};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "karpenter/limits",
    component: Karpenter,
    upstream: [
        "pkg/controllers/provisioning/scheduling/scheduler.go" => ["filterByRemainingResources", "updateRemainingResources"],
        "pkg/apis/v1/nodepool.go" => ["ExceededBy"],
    ],
    decides: "A NodePool may have another node of a type if its nodes and that one have together no more of any resource \
        than `limits` say.",
    parts: [
        "nodes that are about to go do not count, those that are on their way do" => "exact",
        "cpu, memory, nodes and whatever else is limited: of a node its capacity, or what it allocates where that is not given" =>
            "exact",
        "a NodePool without limits, or with more than the scenario looks at" =>
            "as many nodes as the scenario says; verdicts name what is left out",
    ],
};

/// Whether a node of a class may be added as far as its NodePool's limits say, once one of the class `instead` is gone.
pub fn allow<'c>(cluster: &Cluster<'c>, class: usize, instead: Option<usize>) -> Bool<'c> {
    let Some((group, pool)) = pool_of_class(cluster, class) else { return cluster.ctx().bool(false) };
    let within = pool.limits.iter().map(|(resource, &limit)| {
        let counted = |class: usize| cluster.class(class).offer().counted.get(resource).copied().unwrap_or(0);
        let of_group = |class: &usize| cluster.class(*class).group() == Some(group);
        let amounts = (0..cluster.classes().len()).filter(of_group).map(counted);
        let unit = amounts.fold(0, gcd).max(1);
        let spared = instead.filter(of_group).map_or(0, counted);
        let used = used(cluster, group, &|class| counted(class) / unit);
        used.le((limit + spared - counted(class)).div_euclid(unit))
    });
    cluster.ctx().all(within)
}

/// The sum of an amount over the nodes of a group that are there to stay, or on their way.
fn used<'c>(cluster: &Cluster<'c>, group: usize, amount: &dyn Fn(usize) -> i64) -> Int<'c> {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let cells = ACTIVE.into_iter().flat_map(|presence| cluster.cells_in(&state, presence));
    let of_group = cells.filter(|cell| cluster.node(cell).group() == Some(group));
    ctx.sum(of_group.map(|cell| cell.multiplicity * ctx.int(amount(cell.class))))
}

/// Whether the model has another node for a group.
pub fn are_nodes_left<'c>(cluster: &Cluster<'c>, group: usize) -> Bool<'c> {
    node_groups::size(cluster, group, &PRESENT).lt(cluster.spec.scenario.node_groups[group].max)
}
