//! Nodes that come: asked for where pods wait that fit nowhere and would fit a fresh node of a group, there some time later.

use crate::cluster::object::daemon;
use crate::cluster::object::node_groups::EXPENDABLE_BELOW;
use crate::cluster::object::spec::WorkloadKind;
use crate::cluster::view::Cluster;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Scene, Sentence};
use crate::cluster::{Cell, Presence, TemplateId};
use crate::encodings::kube_scheduler::Filters;
use crate::encodings::{kube_scheduler, kubelet};
use crate::system::{ActionDraft, ActionKind, Interleaving};
use crate::term::{Bool, Int, TermId};

use super::simulation;

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

/// Pods of a template that a fresh node of a class would take.
struct Wish<'c> {
    template: TemplateId,
    class: usize,
    /// Whether it would take one now.
    fits: Bool<'c>,
    /// How many a fresh node has room for.
    room: Int<'c>,
}

/// Nodes that may be asked for.
pub struct Requests<'a, 'c> {
    cluster: &'a Cluster<'c>,
    wishes: Vec<Wish<'c>>,
    /// By template: whether more of its pods wait in vain than nodes that are on their way have room for.
    wanting: Vec<(TemplateId, Bool<'c>)>,
    /// By cell: whether one of its nodes may be asked for.
    allowed: Vec<Bool<'c>>,
    /// Whether a pod waits that fits a node that is there.
    is_busy: Bool<'c>,
}

impl<'a, 'c> Requests<'a, 'c> {
    /// What pods wish for.
    pub fn new(cluster: &'a Cluster<'c>) -> Self {
        let state = cluster.state();
        let cells = cluster.cells(&state);
        let mut requests = Requests {
            cluster,
            wishes: Vec::new(),
            wanting: Vec::new(),
            allowed: Vec::new(),
            is_busy: cluster.ctx().bool(false),
        };
        let absent = cluster.cells_in(&state, Presence::Absent);
        let classes = growing(&absent);
        for template in cluster.movable().filter(|&id| asks_for_nodes(cluster, id)) {
            if cluster.is_stopped() {
                break;
            }
            let wishes = classes.iter().filter_map(|&class| wish(cluster, &cells, template, class));
            let wishes: Vec<Wish<'c>> = wishes.collect();
            let fits = fits_somewhere(cluster, &cells, template);
            requests.is_busy = requests.is_busy | fits;
            requests.wanting.push((template, is_wanting(cluster, template, &wishes) & !fits));
            requests.wishes.extend(wishes);
        }
        requests.allowed = absent.iter().map(|cell| cell.exists & requests.is_wished(cell.class)).collect();
        requests
    }

    /// Whether a node of a class would help.
    fn is_wished(&self, class: usize) -> Bool<'c> {
        let of_class = self.wishes.iter().filter(|wish| wish.class == class);
        let helps = |wish: &Wish<'c>| wish.fits & self.is_wanting(wish.template);
        self.cluster.ctx().any(of_class.map(helps))
    }

    fn is_wanting(&self, template: TemplateId) -> Bool<'c> {
        let found = self.wanting.iter().find(|(id, _)| *id == template);
        found.map_or_else(|| self.cluster.ctx().bool(false), |&(_, wanting)| wanting)
    }

    /// Whether some node may be asked for.
    fn is_any(&self) -> Bool<'c> {
        self.cluster.ctx().any(self.allowed.iter().copied())
    }

    /// Whether no pod waits for which a node would be asked for, or which a node that is there would take.
    pub fn are_none(&self) -> Bool<'c> {
        !self.is_any() & !self.is_busy
    }

    /// Adds the requests, and tells which pods may hope.
    pub fn add(&self) {
        let (cluster, ctx) = (self.cluster, self.cluster.ctx());
        self.tell_hopes();
        let guard = self.is_any();
        if guard.constant() == Some(false) {
            return;
        }
        let (var, chosen, valid) = cluster.choose_cell("node", &self.allowed);
        let mut next = cluster.state();
        cluster.rewrite_one(&mut next, &chosen, |cell| cluster.change(cell).presence(Presence::Coming));
        let draft =
            ActionDraft::new("cluster-autoscaler asks for a node".to_owned(), ActionKind::Periodic, guard, next)
                .choosing(vec![var], valid);
        let lines: Vec<(TermId, String)> = self
            .wanting
            .iter()
            .map(|&(template, wanting)| {
                let fits = ctx.any(self.wishes.iter().filter(|wish| wish.template == template).map(|wish| wish.fits));
                let name = &cluster.templates[template.0].name;
                ((wanting & fits).id(), format!("a pod of {name} fits no node, and would fit a new one of the group"))
            })
            .collect();
        let tell = move |scene: &Scene<'_>| {
            let sentence = Sentence::new("cluster-autoscaler", format!("asks for {}", scene.moved_names()));
            let lines = lines.iter().filter(|(holds, _)| scene.holds(*holds));
            lines.fold(sentence, |sentence, (_, line)| sentence.because(line.clone()))
        };
        cluster.act(&RULE, draft, Box::new(tell));
    }

    /// Pods may hope for a node that is not there, or not for much longer.
    fn tell_hopes(&self) {
        let cluster = self.cluster;
        let state = cluster.state();
        let growing = [Presence::Absent, Presence::Coming, Presence::Going];
        let growing: Vec<Cell<'c>> = growing.into_iter().flat_map(|it| cluster.cells_in(&state, it)).collect();
        for wish in &self.wishes {
            let of_class = growing.iter().filter(|cell| cell.class == wish.class);
            cluster.help(wish.template, wish.fits & cluster.ctx().any(of_class.map(|cell| cell.exists)));
        }
    }
}

/// Classes of which some node may be absent.
fn growing(absent: &[Cell<'_>]) -> Vec<usize> {
    let mut classes: Vec<usize> =
        absent.iter().filter(|cell| cell.exists.constant() != Some(false)).map(|cell| cell.class).collect();
    classes.dedup();
    classes
}

/// Whether waiting pods of a template are a reason to grow.
fn asks_for_nodes(cluster: &Cluster<'_>, id: TemplateId) -> bool {
    let template = &cluster.templates[id.0];
    template.may_be_placed()
        && !cluster.is_daemon(id)
        && template.pinned_to().is_none()
        && template.priority() >= EXPENDABLE_BELOW
        && cluster.is_scheduled(id)
}

fn wish<'c>(cluster: &Cluster<'c>, cells: &[Cell<'c>], template: TemplateId, class: usize) -> Option<Wish<'c>> {
    let fresh = cluster.supposed(class, Presence::Here, &daemons(cluster, class));
    let mut all = cells.to_vec();
    all.push(fresh.clone());
    let fits = Filters::new(cluster, &all, template).verdict(cells.len()).passes();
    let room = kubelet::room(cluster, &fresh, template);
    // Where pods keep others away, one is all that a node is sure to take.
    let room = if simulation::is_topological(cluster) { room.min(1) } else { room };
    (fits.constant() != Some(false)).then_some(Wish { template, class, fits, room })
}

/// Templates of DaemonSets that have a pod on a fresh node of a class.
fn daemons(cluster: &Cluster<'_>, class: usize) -> Vec<TemplateId> {
    let node = cluster.class(class);
    let daemons = cluster.owners().filter(|(_, object, _)| object.kind == WorkloadKind::DaemonSet);
    let present = daemons.map(|(_, object, vars)| vars.templates[object.current.min(vars.templates.len() - 1)]);
    let is_wanted = |id: &TemplateId| {
        let pod = &cluster.templates[id.0].spec;
        daemon::is_wanted(pod, node.matches(pod), node.taints())
    };
    present.filter(is_wanted).collect()
}

/// Whether more pods of a template wait than nodes that are on their way have room for.
fn is_wanting<'c>(cluster: &Cluster<'c>, template: TemplateId, wishes: &[Wish<'c>]) -> Bool<'c> {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let coming = cluster.cells_in(&state, Presence::Coming);
    let room = wishes.iter().map(|wish| {
        let nodes = ctx.sum(coming.iter().filter(|cell| cell.class == wish.class).map(|cell| cell.multiplicity));
        wish.fits.ite(nodes * wish.room, 0)
    });
    cluster.unnominated(&state, template).gt(ctx.sum(room))
}

/// Whether a pod of a template waits that fits a node that is there: at rest none does.
fn fits_somewhere<'c>(cluster: &Cluster<'c>, cells: &[Cell<'c>], template: TemplateId) -> Bool<'c> {
    let ctx = cluster.ctx();
    let scenario = &cluster.spec.scenario;
    if scenario.interleaving != Interleaving::Async && scenario.controllers.scheduler {
        return ctx.bool(false);
    }
    let cycle = kube_scheduler::cycle(cluster, cells, template);
    cluster.unnominated(&cluster.state(), template).ge(1) & ctx.any(cycle.feasible)
}

/// Adds the arrival of nodes that were asked for.
pub fn add_arrival(cluster: &Cluster<'_>) {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let coming: Vec<Bool<'_>> =
        cluster.cells_in(&state, Presence::Coming).into_iter().map(|cell| cell.exists).collect();
    let guard = ctx.any(coming.iter().copied());
    if guard.constant() == Some(false) {
        return;
    }
    let (var, chosen, valid) = cluster.choose_cell("node", &coming);
    let mut next = state;
    cluster.rewrite_one(&mut next, &chosen, |cell| cluster.change(cell).presence(Presence::Here));
    let draft = ActionDraft::new("a new node is there".to_owned(), ActionKind::Periodic, guard, next)
        .choosing(vec![var], valid)
        .marked(vec![(cluster.arrival_mark(), ctx.bool(true))]);
    let tell = |scene: &Scene<'_>| Sentence::new(scene.moved_names(), "is there, and ready");
    cluster.act(&RULE, draft, Box::new(tell));
}
