//! Which pods let their node go.

use crate::cluster::object::scenario::Scaler;
use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::encodings::disruption;
use crate::encodings::node_groups::holds::{Holds, Leave};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "cluster-autoscaler/drainability",
    component: NodeAutoscaler,
    upstream: [
        "cluster-autoscaler/simulator/drainability/rules/rules.go" => ["Drainable"],
        "cluster-autoscaler/simulator/drainability/rules/mirror/rule.go" => [],
        "cluster-autoscaler/simulator/drainability/rules/daemonset/rule.go" => [],
        "cluster-autoscaler/simulator/drainability/rules/safetoevict/rule.go" => [],
        "cluster-autoscaler/simulator/drainability/rules/replicated/rule.go" => [],
        "cluster-autoscaler/simulator/drainability/rules/system/rule.go" => [],
        "cluster-autoscaler/simulator/drainability/rules/notsafetoevict/rule.go" => [],
        "cluster-autoscaler/simulator/drainability/rules/localstorage/rule.go" => [],
        "cluster-autoscaler/simulator/drainability/rules/pdb/rule.go" => [],
        "cluster-autoscaler/utils/drain/drain.go" => ["HasBlockingLocalStorage"],
    ],
    decides: "A node stays while a pod is there that nobody would make again, that says so, that has local storage, or \
        whose budgets have no disruption left.",
    parts: [
        "pods of DaemonSets and mirror pods go with their node" => "exact",
        "owners that make their pods again, `safe-to-evict`, `safe-to-evict-local-volumes`, local storage" => "exact",
        "budgets: each that selects a pod must allow a disruption" => "exact, of budgets as they are now",
        "pods of kube-system that no budget selects keep their node for an hour only" =>
            "over: the hour may have passed",
    ],
    omits: [
        "pods that have finished, or terminate for too long; `--skip-nodes-with-custom-controller-pods=false`, \
            `--min-replica-count`",
    ],
};

/// What all pods do to the removal of their nodes.
pub fn holds<'a, 'c>(cluster: &'a Cluster<'c>) -> Holds<'a, 'c> {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    Holds::new(cluster, &Scaler::ClusterAutoscaler, |id| {
        let allowed = |budget| disruption::allowed(cluster, &state, budget).ge(1);
        let allows = ctx.all(disruption::budgets(cluster, id).map(allowed));
        Leave { all: allows, unready: ctx.bool(false) }
    })
}
