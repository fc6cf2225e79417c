//! Nodes that come: asked for where pods wait that fit nowhere and would fit a fresh node of a group, there some time later.

use crate::cluster::object::node_groups::EXPENDABLE_BELOW;
use crate::cluster::object::scenario::Scaler;
use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Scene, Sentence};
use crate::cluster::{Presence, TemplateId};
use crate::encodings::node_groups::wishes::{Wishes, may_ask};
use crate::encodings::node_groups::{act, cells_in};
use crate::system::ActionId;
use crate::term::{Bool, TermId};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "cluster-autoscaler/scale-up",
    component: NodeAutoscaler,
    upstream: [
        "cluster-autoscaler/core/static_autoscaler.go" => ["RunOnce", "addUpcomingNodesToClusterSnapshot"],
        "cluster-autoscaler/core/scaleup/orchestrator/orchestrator.go" => ["ScaleUp", "ComputeExpansionOption"],
        "cluster-autoscaler/core/podlistprocessor/filter_out_schedulable.go" => ["Process"],
        "cluster-autoscaler/core/podlistprocessor/filter_out_expendable.go" => ["Process"],
    ],
    decides: "A node of a group below its maximum is asked for when a pod waits that no node takes and a fresh node of \
        the group, with its DaemonSets' pods, would take; it is there some time later.",
    parts: [
        "which groups would help: the scheduler's filters on a fresh node" => "exact; of DaemonSets the present revision",
        "which of these groups grows: expanders, balancing of similar groups" => "over: any",
        "how many nodes are asked for" =>
            "over: one at a time, and another one while more pods wait than those that are on their way have room for",
        "pods of DaemonSets, pods with priorities below -10: no reason to grow" => "exact",
        "nodes come after any time, or never" => "over",
    ],
    omits: [
        "limits of the whole cluster, scale-up to the minimum of a group, back-off after failures",
        "scores by images count all nodes that groups may have" => "node pools have no images",
        "groups of several nodes that come all or not at all, provisioning requests",
        "nodes of a group that start cordoned: none comes in their place",
    ],
};

/// Nodes that may be asked for.
pub struct Requests<'a, 'c> {
    cluster: &'a Cluster<'c>,
    wishes: Wishes<'a, 'c>,
    /// By cell: whether one of its nodes may be asked for.
    allowed: Vec<Bool<'c>>,
}

impl<'a, 'c> Requests<'a, 'c> {
    /// What pods wish for.
    pub fn new(cluster: &'a Cluster<'c>) -> Self {
        let none = |_| cluster.ctx().int(0);
        let wishes = Wishes::new(cluster, Scaler::is_cluster_autoscaler, |id| asks_for_nodes(cluster, id), none);
        let absent = cells_in(cluster, Presence::Absent, Scaler::is_cluster_autoscaler);
        let allowed = absent.iter().map(|cell| cell.exists & wishes.is_wished(cell.class)).collect();
        Requests { cluster, wishes, allowed }
    }

    /// Whether some node may be asked for.
    fn is_any(&self) -> Bool<'c> {
        self.cluster.ctx().any(self.allowed.iter().copied())
    }

    /// Whether no pod waits for which a node would be asked for, or which a node that is there would take.
    pub fn are_none(&self) -> Bool<'c> {
        !self.is_any() & !self.wishes.is_busy()
    }

    /// Adds the requests, and tells which pods may hope.
    pub fn add(&self) -> Option<ActionId> {
        let cluster = self.cluster;
        self.tell_hopes();
        let (var, chosen, valid) = cluster.choose_cell("node", &self.allowed);
        let mut next = cluster.state();
        cluster.rewrite_one(&mut next, &chosen, |cell| cluster.change(cell).presence(Presence::Coming));
        let lines = self.wishes.lines("a new one of the group");
        let tell = move |scene: &Scene<'_>| {
            let sentence = Sentence::new("cluster-autoscaler", format!("asks for {}", scene.moved_names()));
            let lines = lines.iter().filter(|(holds, _): &&(TermId, String)| scene.holds(*holds));
            lines.fold(sentence, |sentence, (_, line)| sentence.because(line.clone()))
        };
        let choice = (self.is_any(), vec![var], valid);
        act(cluster, &RULE, "cluster-autoscaler asks for a node", choice, next, Vec::new(), Box::new(tell))
    }

    /// Pods may hope for a node that is not there, or not for much longer.
    fn tell_hopes(&self) {
        let cluster = self.cluster;
        let growing = [Presence::Absent, Presence::Coming, Presence::Going];
        let cells = growing.into_iter().flat_map(|it| cells_in(cluster, it, Scaler::is_cluster_autoscaler));
        let growing: Vec<_> = cells.collect();
        for wish in self.wishes.all() {
            let of_class = growing.iter().filter(|cell| cell.class == wish.class);
            cluster.help(wish.template, wish.fits & cluster.ctx().any(of_class.map(|cell| cell.exists)));
        }
    }
}

/// Whether waiting pods of a template are a reason to grow.
fn asks_for_nodes(cluster: &Cluster<'_>, id: TemplateId) -> bool {
    may_ask(cluster, id) && cluster.templates[id.0].priority() >= EXPENDABLE_BELOW
}
