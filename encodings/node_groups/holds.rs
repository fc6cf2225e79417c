//! What pods do to the removal of their nodes.
//!
//! Part of the rules `cluster-autoscaler/drainability` and `karpenter/candidates`.

use crate::cluster::object::node_groups::{self, Hold};
use crate::cluster::object::scenario::Scaler;
use crate::cluster::view::Cluster;
use crate::cluster::{Cell, Phase, TemplateId};
use crate::term::{Bool, Int};

/// Whether pods of a template that are to be evicted let their node go at present.
#[derive(Clone, Copy)]
pub struct Leave<'c> {
    /// All of them do.
    pub all: Bool<'c>,
    /// Those that are not ready do.
    pub unready: Bool<'c>,
}

impl<'c> Leave<'c> {
    /// Of pods that always do, or never.
    pub fn constant(cluster: &Cluster<'c>, lets: bool) -> Self {
        let lets = cluster.ctx().bool(lets);
        Leave { all: lets, unready: lets }
    }
}

/// What all pods do to the removal of their nodes.
pub struct Holds<'a, 'c> {
    cluster: &'a Cluster<'c>,
    /// All that do not just go with their node, and whether they let it go at present.
    pods: Vec<(TemplateId, Hold, Leave<'c>)>,
}

impl<'a, 'c> Holds<'a, 'c> {
    /// Looks at all templates once: `leave` says whether pods that budgets may protect let their node go.
    pub fn new(cluster: &'a Cluster<'c>, scaler: &Scaler, leave: impl Fn(TemplateId) -> Leave<'c>) -> Self {
        let holds =
            cluster.movable().map(|id| (id, hold(cluster, scaler, id))).filter(|(_, hold)| *hold != Hold::Stays);
        let pods = holds.map(|(id, hold)| match hold {
            Hold::Stays | Hold::Free => (id, hold, Leave::constant(cluster, true)),
            Hold::Keeps => (id, hold, Leave::constant(cluster, false)),
            Hold::Budgeted => (id, hold, leave(id)),
        });
        Holds { cluster, pods: pods.collect() }
    }

    /// Templates of pods that would have to move.
    pub fn moving(&self) -> impl Iterator<Item = TemplateId> + '_ {
        self.pods.iter().filter(|(_, hold, _)| *hold != Hold::Keeps).map(|&(id, _, _)| id)
    }

    /// Whether the pods on the nodes of a cell let it go.
    pub fn lets_go(&self, cell: &Cell<'c>) -> Bool<'c> {
        let cluster = self.cluster;
        let lets = |&(id, _, leave): &(TemplateId, Hold, Leave<'c>)| {
            let ready = cluster.is_down(cell).ite(0, cluster.pods(cell, id, Phase::Running));
            cluster.active_on(cell, id).eq(0) | leave.all | (leave.unready & ready.eq(0))
        };
        cluster.ctx().all(self.pods.iter().map(lets))
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

/// What pods of a template do to the removal of their node.
fn hold(cluster: &Cluster<'_>, scaler: &Scaler, id: TemplateId) -> Hold {
    let template = &cluster.templates[id.0];
    let owner = node_groups::owner_kind(&cluster.spec.workloads[template.workload]);
    let options = &cluster.spec.scenario.controllers.autoscaler_options;
    scaler.hold(owner, cluster.annotations(id), &template.spec, options)
}
