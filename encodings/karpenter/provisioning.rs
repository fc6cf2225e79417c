//! Nodes that come: asked for where pods wait that fit nowhere and would fit a fresh node of a NodePool, there some time later.

use std::cmp::Reverse;

use crate::cluster::object::scenario::Scaler;
use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Scene, Sentence};
use crate::cluster::{Cell, Presence, TemplateId};
use crate::encodings::disruption;
use crate::encodings::node_groups::holds::Holds;
use crate::encodings::node_groups::wishes::{Wish, Wishes, may_ask};
use crate::encodings::node_groups::{act, cells_in};
use crate::term::{Bool, Int, TermId};

use super::{NAME, limits, pool_of_class};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "karpenter/provisioning",
    component: Karpenter,
    upstream: [
        "pkg/controllers/provisioning/provisioner.go" => ["Reconcile", "Schedule", "GetPendingPods", "Create"],
        "pkg/controllers/provisioning/scheduling/scheduler.go" => ["Solve", "add", "addToExistingNode", "addToNewNodeClaim"],
        "pkg/utils/nodepool/nodepool.go" => ["OrderByWeight"],
        "pkg/utils/pod/scheduling.go" => ["IsProvisionable", "IsReschedulable"],
    ],
    decides: "A node is asked for when a pod waits that no node takes and that a fresh node of a NodePool, with its \
        DaemonSets' pods, would take; of several NodePools the first by weight. It is there some time later.",
    parts: [
        "which NodePools would help: the scheduler's filters on a fresh node of a known instance type" =>
            "exact; of DaemonSets the present revision",
        "of NodePools that would help within their limits, the one of the largest weight, of equal weights the last by name" =>
            "exact",
        "which instance type, zone and capacity type of that NodePool" => "over: any that takes the pod",
        "how many nodes are asked for" =>
            "over: one at a time, and another one while more pods wait than those that are on their way have room for",
        "pods on nodes that are drained are given places beforehand, unless they are not to be disrupted" =>
            "over: also those whose budgets never allow a disruption",
        "nodes come after any time, or never" => "over",
    ],
    omits: [
        "preferences of pods, which upstream first takes for requirements" => "the pod waits for no better node",
        "zones in which no node is, as domains of spread constraints" => "domains are those of the nodes that are there",
        "startup taints, `minValues`, reserved capacity, capacity buffers, volumes, back-off after failures",
        "scores by images count all nodes that NodePools may have" => "they have no images",
    ],
};

/// Nodes that may be asked for.
pub struct Requests<'a, 'c> {
    cluster: &'a Cluster<'c>,
    wishes: Wishes<'a, 'c>,
    /// By wish: whether its node is the one that its pods get, within the limits.
    chosen: Vec<Bool<'c>>,
    /// By cell: whether one of its nodes may be asked for.
    allowed: Vec<Bool<'c>>,
}

impl<'a, 'c> Requests<'a, 'c> {
    /// What pods wish for.
    pub fn new(cluster: &'a Cluster<'c>, holds: &Holds<'a, 'c>) -> Self {
        let going = cells_in(cluster, Presence::Going, Scaler::is_karpenter);
        let moving: Vec<TemplateId> = holds.moving().collect();
        let leaving = |id: TemplateId| leaving(cluster, &going, moving.contains(&id), id);
        let wishes = Wishes::new(cluster, Scaler::is_karpenter, |id| may_ask(cluster, id), leaving);
        let chosen = chosen(cluster, &wishes);
        let mut requests = Requests { cluster, wishes, chosen, allowed: Vec::new() };
        let absent = cells_in(cluster, Presence::Absent, Scaler::is_karpenter);
        requests.allowed = absent.iter().map(|cell| cell.exists & requests.is_chosen(cell.class)).collect();
        requests
    }

    /// Whether pods want a node of a class, and get it.
    fn is_chosen(&self, class: usize) -> Bool<'c> {
        let ctx = self.cluster.ctx();
        let Some((group, _)) = pool_of_class(self.cluster, class) else { return ctx.bool(false) };
        let wishes = self.wishes.all().iter().zip(&self.chosen).filter(|(wish, _)| wish.class == class);
        let wanted = ctx.any(wishes.map(|(wish, &chosen)| chosen & self.wishes.is_wanting(wish.template)));
        if wanted.constant() == Some(false) { wanted } else { wanted & limits::are_nodes_left(self.cluster, group) }
    }

    /// Whether no pod waits for which a node would be asked for.
    pub fn are_none(&self) -> Bool<'c> {
        let ctx = self.cluster.ctx();
        let wishes = self.wishes.all().iter().zip(&self.chosen);
        !ctx.any(wishes.map(|(wish, &chosen)| chosen & self.wishes.is_wanting(wish.template)))
    }

    /// Adds the requests, and tells which pods may hope.
    pub fn add(&self) {
        let cluster = self.cluster;
        self.tell_hopes();
        let (var, chosen, valid) = cluster.choose_cell("node", &self.allowed);
        let mut next = cluster.state();
        cluster.rewrite_one(&mut next, &chosen, |cell| cluster.change(cell).presence(Presence::Coming));
        let lines = self.wishes.lines("a new one of a NodePool");
        let tell = move |scene: &Scene<'_>| {
            let sentence = Sentence::new(NAME, format!("asks for {}", scene.moved_names())).by(&limits::RULE);
            let lines = lines.iter().filter(|(holds, _): &&(TermId, String)| scene.holds(*holds));
            lines.fold(sentence, |sentence, (_, line)| sentence.because(line.clone()))
        };
        let choice = (cluster.ctx().any(self.allowed.iter().copied()), vec![var], valid);
        act(cluster, &RULE, "karpenter asks for a node", choice, next, Vec::new(), Box::new(tell));
    }

    /// Pods may hope for a node that is on its way or may be asked for, and where a node goes that leaves room for another.
    fn tell_hopes(&self) {
        let (cluster, ctx) = (self.cluster, self.cluster.ctx());
        let cells = |presence| cells_in(cluster, presence, Scaler::is_karpenter);
        let coming = [Presence::Coming, Presence::Replacing].map(cells).concat();
        let leaving = [Presence::Going, Presence::Yielding].map(cells).concat();
        for wish in self.wishes.all() {
            let Some((group, pool)) = pool_of_class(cluster, wish.class) else { continue };
            let of_class = coming.iter().filter(|cell| cell.class == wish.class);
            let of_pool = leaving.iter().filter(|cell| cluster.node(cell).group() == Some(group));
            let comes = ctx.any(of_class.chain(of_pool).map(|cell| cell.exists));
            let is_left = ctx.bool(pool.may_exceed) | limits::are_nodes_left(cluster, group);
            cluster.help(wish.template, wish.fits & (comes | (limits::allow(cluster, wish.class, None) & is_left)));
        }
    }
}

/// By wish: whether the node fits within its limits, and no NodePool that comes before its own has one that does.
fn chosen<'c>(cluster: &Cluster<'c>, wishes: &Wishes<'_, 'c>) -> Vec<Bool<'c>> {
    let fitting = |wish: &Wish<'c>| wish.fits & limits::allow(cluster, wish.class, None);
    let fitting: Vec<Bool<'c>> = wishes.all().iter().map(fitting).collect();
    let all = || wishes.all().iter().zip(&fitting);
    let chosen = |(wish, &fits): (&Wish<'c>, &Bool<'c>)| {
        let before = all()
            .filter(|(other, _)| other.template == wish.template && comes_before(cluster, other.class, wish.class));
        fits & !cluster.ctx().any(before.map(|(_, &fits)| fits))
    };
    all().map(chosen).collect()
}

/// Whether the NodePool of one class comes before that of another one.
pub fn comes_before(cluster: &Cluster<'_>, class: usize, other: usize) -> bool {
    let order = |class: usize| {
        let (group, pool) = pool_of_class(cluster, class)?;
        Some((Reverse(pool.weight), Reverse(&cluster.spec.scenario.node_groups[group].name)))
    };
    order(class) < order(other)
}

/// Pods of a template that are left on nodes that go, and are to be given places beforehand.
fn leaving<'c>(cluster: &Cluster<'c>, going: &[Cell<'c>], moves: bool, id: TemplateId) -> Int<'c> {
    match moves && disruption::is_gradual(cluster, id) {
        true => cluster.ctx().sum(going.iter().map(|cell| cell.multiplicity * cluster.active_on(cell, id))),
        false => cluster.ctx().int(0),
    }
}
