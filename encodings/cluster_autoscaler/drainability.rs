//! Which pods let their node go.

use crate::cluster::object::node_groups::{self, Hold};
use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::{Cell, TemplateId};
use crate::encodings::disruption;
use crate::term::{Bool, Int};

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

/// What pods of a template do to the removal of their node.
fn hold(cluster: &Cluster<'_>, id: TemplateId) -> Hold {
    let template = &cluster.templates[id.0];
    let workload = &cluster.spec.workloads[template.workload];
    let metadata = match &template.sample {
        Some(pod) => Some(&pod.metadata),
        None => workload.revisions[template.revision].template.metadata.as_ref(),
    };
    let annotations = metadata.and_then(|it| it.annotations.as_ref());
    let options = &cluster.spec.scenario.controllers.autoscaler_options;
    node_groups::hold(node_groups::owner_kind(workload), annotations, &template.spec, options)
}

/// What all pods do to the removal of their nodes.
pub struct Drainability<'a, 'c> {
    cluster: &'a Cluster<'c>,
    /// All that do not just go with their node, and whether they let it go at present.
    pods: Vec<(TemplateId, Hold, Bool<'c>)>,
}

impl<'a, 'c> Drainability<'a, 'c> {
    /// Looks at all templates once.
    pub fn new(cluster: &'a Cluster<'c>) -> Self {
        let (ctx, state) = (cluster.ctx(), cluster.state());
        let allows = |id: TemplateId| {
            let allowed = |budget| disruption::allowed(cluster, &state, budget).ge(1);
            ctx.all(disruption::budgets(cluster, id).map(allowed))
        };
        let holds = cluster.movable().map(|id| (id, hold(cluster, id)));
        let holds = holds.filter(|&(id, hold)| hold != Hold::Stays && !cluster.is_daemon(id));
        let pods = holds.map(|(id, hold)| match hold {
            Hold::Stays | Hold::Free => (id, hold, ctx.bool(true)),
            Hold::Keeps => (id, hold, ctx.bool(false)),
            Hold::Budgeted => (id, hold, allows(id)),
        });
        Drainability { cluster, pods: pods.collect() }
    }

    /// Templates of pods that would have to move.
    pub fn moving(&self) -> impl Iterator<Item = TemplateId> + '_ {
        self.pods.iter().filter(|(_, hold, _)| *hold != Hold::Keeps).map(|&(id, _, _)| id)
    }

    /// Whether the pods on the nodes of a cell let it go.
    pub fn lets_go(&self, cell: &Cell<'c>) -> Bool<'c> {
        let lets = |&(id, _, free): &(TemplateId, Hold, Bool<'c>)| self.cluster.active_on(cell, id).eq(0) | free;
        self.cluster.ctx().all(self.pods.iter().map(lets))
    }

    /// Pods on each node of a cell that do not go with it.
    pub fn left(&self, cell: &Cell<'c>) -> Int<'c> {
        self.cluster.ctx().sum(self.pods.iter().map(|&(id, _, _)| self.cluster.active_on(cell, id)))
    }

    /// Whether there are none on the nodes of a cell, not even such as are being deleted.
    pub fn is_empty(&self, cell: &Cell<'c>) -> Bool<'c> {
        self.cluster.ctx().all(self.pods.iter().map(|&(id, _, _)| self.cluster.holding_on(cell, id).eq(0)))
    }
}
