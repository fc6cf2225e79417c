//! DaemonSet controller. Whatever it decides, it decides node by node ([`sight`]): a node that it wants a pod on and that has
//! none gets one, which waits for this node and no other; pods that may not stay are deleted. Updates are [`replacing`] pods,
//! or [`surging`]: which nodes are next is free, and how many at a time is counted over all nodes.
//!
//! What one reconcile does to several nodes is one step where nothing has to be chosen. Where slow actions do not wait an error may end it
//! after any of them, so that there are steps for single nodes, too.

pub mod replacing;
pub mod sight;
pub mod surging;

use crate::cluster::counting::reads::{Reader, Reads};
use crate::cluster::object::daemon::Update;
use crate::cluster::object::spec::{ClusterSpec, Workload, WorkloadKind};
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Scene, Sentence};
use crate::cluster::view::{Change, Cluster, Leaving, WorkloadVars, effect};
use crate::cluster::{Cell, Template, TemplateId};
use crate::system::{ActionDraft, ActionKind, Effect};
use crate::term::{Bool, Int};

use super::ranks;
use sight::{Node, Sight};

/// What the controller reads of nodes.
pub const READER: Reader = Reader { name: "DaemonSet controller", reads };

fn reads(_: &ClusterSpec, templates: &[Template], reads: &mut Reads) {
    for template in templates.iter().filter(|template| template.is_daemon()) {
        reads.affinity_of(&template.spec);
        reads.taints();
    }
}

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "daemonset/reconcile",
    component: DaemonSet,
    upstream: [
        "pkg/controller/daemon/daemon_controller.go" => [
            "manage", "podsShouldBeOnNode", "syncNodes", "NodeShouldRunDaemonPod", "NewPod",
        ],
        "pkg/controller/daemon/util/daemonset_util.go" => [
            "AddOrUpdateDaemonPodTolerations", "ReplaceDaemonSetPodNodeNameNodeAffinity",
        ],
    ],
    decides: "Which nodes get a pod, which the scheduler binds there and nowhere else, and which pods may not stay.",
    parts: [
        "nodes that get a pod: `nodeSelector`, required affinity, taints, with the tolerations that the controller adds" =>
            "exact; nodes that are down get none",
        "pods on nodes that are not for them: deleted, unless only a NoSchedule taint is against them" => "exact",
        "another pod comes once the last one is gone; where updates surge, once it is being deleted" => "exact",
        "several pods on a node: the oldest stays, of each revision where updates surge" =>
            "over: those without a node go first, as upstream; which of the others is the oldest is free",
        "failed pods: deleted, and made again" => "pods that have finished are gone at the start",
        "pods of a DaemonSet that is deleted" => "all of them are deleted",
    ],
    omits: [
        "the limit of 250 pods per reconcile, back-off after failed creation and for failed pods",
        "adoption and release of pods, `spec.template.spec.nodeName`",
        "labels and taints that change while the model runs",
        "changes of `updateStrategy` by commands" => "the one that was read stays",
    ],
};

/// The rules of the controller.
pub static RULES: &[&Rule] = &[&RULE, &replacing::RULE, &surging::RULE];

/// Adds the actions of every DaemonSet.
pub fn add(cluster: &Cluster<'_>) {
    for (_, object, vars) in cluster.owners().filter(|(_, object, _)| object.kind == WorkloadKind::DaemonSet) {
        if cluster.is_stopped() {
            return;
        }
        for present in 0..vars.templates.len() {
            let reconcile = Reconcile::new(cluster, object, vars, present);
            reconcile.add_removal();
            reconcile.add_surplus();
            match Update::of(&object.update) {
                Update::OnDelete => {}
                Update::Replacing(_) => replacing::add(&reconcile),
                Update::Surging(_) => surging::add(&reconcile),
            }
            reconcile.add_creation();
        }
        add_vanish(cluster, object, vars);
    }
}

/// Which nodes a step is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// All that need it.
    All,
    /// Any one of them.
    One,
}

/// One reconcile, while one revision is the present one.
pub struct Reconcile<'a, 'c> {
    /// What is seen.
    pub sight: Sight<'a, 'c>,
    object: &'c Workload,
    /// Name of the present revision.
    name: String,
    is_present: Bool<'c>,
}

impl<'a, 'c> Reconcile<'a, 'c> {
    fn new(cluster: &'a Cluster<'c>, object: &'c Workload, vars: &WorkloadVars, present: usize) -> Self {
        let state = cluster.state();
        let is_present = cluster.exists(&state, vars) & cluster.revision(&state, vars).eq(present as i64);
        let name = object.revisions[present].name.clone();
        Reconcile { sight: Sight::new(cluster, vars, present), object, name, is_present }
    }

    /// How many of the nodes that want a pod an update may be at work on.
    pub fn limit(&self) -> Int<'c> {
        let update = Update::of(&self.object.update);
        self.sight.wanted().map(|wanted| update.limit(wanted))
    }

    /// Whether its pods may surge.
    fn surges(&self) -> bool {
        matches!(Update::of(&self.object.update), Update::Surging(_))
    }

    /// Adds what is done to every node that needs it: at once, and where slow actions do not wait also to one at a time.
    pub fn add_all<'s>(
        &'s self,
        step: &Step<'c>,
        needs: impl Fn(&Node<'c>) -> Bool<'c>,
        change: impl Fn(&Cell<'c>, Bool<'c>) -> Change<'s, 'c>,
    ) {
        self.add(step, Reach::All, self.is_present, &needs, &change);
        if !self.sight.cluster.spec.scenario.interleaving.waits() {
            self.add(step, Reach::One, self.is_present, &needs, &change);
        }
    }

    /// Adds what is done to one node at a time of those that allow it, while `may` holds.
    pub fn add_one<'s>(
        &'s self,
        step: &Step<'c>,
        may: Bool<'c>,
        allows: impl Fn(&Node<'c>) -> Bool<'c>,
        change: impl Fn(&Cell<'c>, Bool<'c>) -> Change<'s, 'c>,
    ) {
        self.add(step, Reach::One, self.is_present & may, &allows, &change);
    }

    fn add<'s>(
        &'s self,
        step: &Step<'c>,
        reach: Reach,
        may: Bool<'c>,
        needs: &dyn Fn(&Node<'c>) -> Bool<'c>,
        change: &dyn Fn(&Cell<'c>, Bool<'c>) -> Change<'s, 'c>,
    ) {
        let need = |cell: &Cell<'c>| {
            let node = self.sight.node(cell);
            node.exists & needs(&node)
        };
        let suffix = if step.name.is_empty() { String::new() } else { format!(" for {}", self.name) };
        let name = format!("daemonset {} {}{suffix}", self.object.key, step.name);
        act(self.sight.cluster, self.object, &self.sight.all, (step, name, reach), may, &need, change);
    }

    /// Makes the pods that are missing.
    fn add_creation(&self) {
        let surges = self.surges();
        let lacks = |node: &Node<'c>| {
            let is_free = if surges { (node.new + node.old).eq(0) } else { !node.has_any };
            node.is_wanted & is_free
        };
        let step = Step::new(&RULE, "creates", "makes a pod for", "the node should have one and has none");
        let step = step.looking_at(Look::Numbers);
        self.add_all(&step, lacks, |cell, when| self.sight.make(cell, when));
    }

    /// Deletes pods from nodes that are not for them.
    fn add_removal(&self) {
        let (ctx, templates) = (self.sight.ctx(), &self.sight.all);
        let is_wrong = |node: &Node<'c>| ctx.bool(!node.may_stay) & (node.new + node.old).ge(1);
        let why = "the node is not for them: its labels do not match, or a NoExecute taint is not tolerated";
        let step = Step::new(&RULE, "removes", "deletes its pods on", why).looking_at(Look::Places);
        self.add_all(&step, is_wrong, |cell, when| self.sight.delete(cell, templates, when));
    }

    /// Deletes what a node has more than one of: pods without a node first.
    fn add_surplus(&self) {
        for &template in &self.sight.all {
            let rivals: Vec<TemplateId> = match self.surges() {
                true if template == self.sight.new => vec![template],
                true => self.sight.old.clone(),
                false => self.sight.all.clone(),
            };
            self.add_surplus_of(template, &rivals);
        }
    }

    /// Deletes one pod of a template where a node has several pods of its rivals.
    fn add_surplus_of(&self, template: TemplateId, rivals: &[TemplateId]) {
        let (sight, cluster, ctx) = (&self.sight, self.sight.cluster, self.sight.ctx());
        let need = |cell: &Cell<'c>| {
            let sum = |count: &dyn Fn(TemplateId) -> Int<'c>| ctx.sum(rivals.iter().map(|&rival| count(rival)));
            let (all, waiting) = (sum(&|it| sight.active(cell, it)), sum(&|it| cluster.waiting_on(cell, it)));
            let bound = waiting.eq(0) & cluster.active_on(cell, template).ge(1);
            let may_go = cluster.waiting_on(cell, template).ge(1) | bound;
            cell.exists & ctx.bool(sight.node(cell).may_stay) & all.ge(2) & may_go
        };
        let change = |cell: &Cell<'c>, when: Bool<'c>| {
            let waiting = cluster.waiting_on(cell, template).min(1);
            let (first, then) = (when.ite(waiting, 0), (when & waiting.eq(0)).to_int());
            cluster.change(cell).withdraw(template, first).delete(template, then, Leaving::Deleted)
        };
        let why = "a node has one pod, the oldest";
        let step = Step::new(&RULE, "prunes", "deletes a pod too many on", why).looking_at(Look::Places);
        let of = &cluster.templates[template.0].name;
        let name = format!("daemonset {} prunes {of} for {}", self.object.key, self.name);
        act(cluster, self.object, &sight.all, (&step, name, Reach::One), self.is_present, &need, &change);
    }
}

/// A kind of step in words.
pub struct Step<'c> {
    rule: &'static Rule,
    name: &'static str,
    does: &'static str,
    because: &'static str,
    look: Look,
    /// How many nodes are in a state already, of how many that may be, and which state.
    counts: Option<(Int<'c>, Int<'c>, &'static str)>,
}

impl<'c> Step<'c> {
    /// Follows a rule, is called so, and tells what it does to which nodes and why.
    pub fn new(rule: &'static Rule, name: &'static str, does: &'static str, because: &'static str) -> Self {
        Step { rule, name, does, because, look: Look::Readiness, counts: None }
    }

    /// Looks no closer than that.
    fn looking_at(self, look: Look) -> Self {
        Step { look, ..self }
    }

    /// Tells how many nodes are in a state already, of how many that may be.
    pub fn counting(self, number: Int<'c>, limit: Int<'c>, state: &'static str) -> Self {
        Step { counts: Some((number, limit, state)), ..self }
    }
}

/// What a step looks at of the pods of nodes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Look {
    /// How many there are, bound or not.
    Numbers,
    /// Also which of them are bound.
    Places,
    /// Also which of them are ready.
    Readiness,
}

/// What the controller sees where it looks so closely.
fn seen(look: Look, templates: &[TemplateId]) -> Vec<Effect> {
    let mut kinds: Vec<fn(TemplateId) -> Effect> =
        vec![effect::deleted, effect::ended, effect::waiting, effect::withdrawn];
    kinds.extend((look >= Look::Places).then_some(effect::bound as fn(TemplateId) -> Effect));
    kinds.extend((look >= Look::Readiness).then_some(effect::started as fn(TemplateId) -> Effect));
    effect::on_nodes(&kinds, templates.iter().copied())
}

/// Adds an action that changes nodes that need it.
fn act<'a, 'c>(
    cluster: &'a Cluster<'c>,
    object: &Workload,
    templates: &[TemplateId],
    (step, name, reach): (&Step<'c>, String, Reach),
    may: Bool<'c>,
    need: &dyn Fn(&Cell<'c>) -> Bool<'c>,
    change: &dyn Fn(&Cell<'c>, Bool<'c>) -> Change<'a, 'c>,
) {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let needy: Vec<Bool<'c>> = cluster.cells(&state).iter().map(need).collect();
    let guard = may & ctx.any(needy.iter().copied());
    if guard.constant() == Some(false) {
        return;
    }
    let mut next = state.clone();
    let (inputs, choice) = match reach {
        Reach::All => {
            cluster.rewrite_all(&mut next, |cell| change(cell, need(cell)));
            (Vec::new(), ctx.bool(true))
        }
        Reach::One => {
            let (var, chosen, valid) = cluster.choose_cell("node", &needy);
            cluster.rewrite_one(&mut next, &chosen, |cell| change(cell, ctx.bool(true)));
            (vec![var], valid)
        }
    };
    let suffix = if reach == Reach::One { " one by one" } else { "" };
    let kind = ActionKind::Event { rank: ranks::DAEMONSET };
    let draft =
        ActionDraft::new(name + suffix, kind, guard, next).choosing(inputs, choice).seeing(seen(step.look, templates));
    let draft = if step.look == Look::Numbers && reach == Reach::All { draft.leading() } else { draft };
    let (actor, does, because) = (format!("DaemonSet {}", object.key), step.does, step.because);
    let counts = step.counts.map(|(number, limit, state)| (number.id(), limit.id(), state));
    let tell = move |scene: &Scene<'_>| {
        let sentence = Sentence::new(actor.clone(), format!("{does} {}", scene.moved_names())).because(because);
        match counts {
            Some((number, limit, state)) => {
                sentence.because(format!("{} of at most {} nodes {state}", scene.get(number), scene.get(limit)))
            }
            None => sentence,
        }
    };
    cluster.act(step.rule, draft, Box::new(tell));
}

/// A deleted DaemonSet takes its pods with it.
fn add_vanish<'c>(cluster: &Cluster<'c>, object: &Workload, vars: &WorkloadVars) {
    let gone = !cluster.exists(&cluster.state(), vars);
    let sight = Sight::new(cluster, vars, 0);
    let need = |cell: &Cell<'c>| {
        let pods = cluster.ctx().sum(sight.all.iter().map(|&template| sight.active(cell, template)));
        cell.exists & pods.ge(1)
    };
    let change = |cell: &Cell<'c>, when| sight.delete(cell, &sight.all, when);
    let step = Step::new(&RULE, "", "is gone, and so are its pods on", "it was deleted").looking_at(Look::Places);
    let name = format!("daemonset {} is garbage-collected", object.key);
    act(cluster, object, &sight.all, (&step, name, Reach::All), gone, &need, &change);
}
