//! Pods that wait and fit nowhere, and the fresh nodes that would take them.
//!
//! Part of the rules `cluster-autoscaler/scale-up` and `karpenter/provisioning`.

use crate::cluster::object::daemon;
use crate::cluster::object::spec::WorkloadKind;
use crate::cluster::view::Cluster;
use crate::cluster::{Cell, Presence, TemplateId};
use crate::encodings::kube_scheduler::Filters;
use crate::encodings::{kube_scheduler, kubelet};
use crate::term::{Bool, Int, TermId};

use super::{Whose, cells_in, is_topological};

/// Pods of a template that a fresh node of a class would take.
pub struct Wish<'c> {
    /// Of which pods.
    pub template: TemplateId,
    /// Of the fresh node.
    pub class: usize,
    /// Whether it would take one now.
    pub fits: Bool<'c>,
    /// How many a fresh node has room for.
    room: Int<'c>,
}

/// What pods wish for of the groups of some scalers.
pub struct Wishes<'a, 'c> {
    cluster: &'a Cluster<'c>,
    wishes: Vec<Wish<'c>>,
    /// By template: whether more of its pods wait in vain than nodes that are on their way have room for.
    wanting: Vec<(TemplateId, Bool<'c>)>,
    /// Whether a pod waits that fits a node that is there.
    is_busy: Bool<'c>,
}

impl<'a, 'c> Wishes<'a, 'c> {
    /// Looks at all templates that ask for nodes. `leaving` says how many of their pods are on nodes that go, and are to be
    /// given places beforehand.
    pub fn new(
        cluster: &'a Cluster<'c>,
        whose: Whose,
        asks: impl Fn(TemplateId) -> bool,
        leaving: impl Fn(TemplateId) -> Int<'c>,
    ) -> Self {
        let cells = cluster.cells(&cluster.state());
        let is_busy = cluster.ctx().bool(false);
        let mut found = Wishes { cluster, wishes: Vec::new(), wanting: Vec::new(), is_busy };
        let classes = growing(&cells_in(cluster, Presence::Absent, whose));
        for template in cluster.movable().filter(|&id| asks(id)).take_while(|_| !cluster.is_stopped()) {
            let wishes = classes.iter().filter_map(|&class| wish(cluster, &cells, template, class));
            let wishes: Vec<Wish<'c>> = wishes.collect();
            let (waiting, leaving) = (cluster.unnominated(&cluster.state(), template), leaving(template));
            let fits = fits_somewhere(cluster, &cells, template, leaving);
            found.is_busy = found.is_busy | (waiting.ge(1) & fits);
            let is_wanting = (waiting + leaving).gt(coming_room(cluster, &wishes));
            found.wanting.push((template, is_wanting & !fits));
            found.wishes.extend(wishes);
        }
        found
    }

    /// All of them.
    pub fn all(&self) -> &[Wish<'c>] {
        &self.wishes
    }

    /// Whether a node of a class would help.
    pub fn is_wished(&self, class: usize) -> Bool<'c> {
        let of_class = self.wishes.iter().filter(|wish| wish.class == class);
        self.cluster.ctx().any(of_class.map(|wish| wish.fits & self.is_wanting(wish.template)))
    }

    /// Whether pods of a template want a node.
    pub fn is_wanting(&self, template: TemplateId) -> Bool<'c> {
        let found = self.wanting.iter().find(|(id, _)| *id == template);
        found.map_or_else(|| self.cluster.ctx().bool(false), |&(_, wanting)| wanting)
    }

    /// Whether a pod waits that fits a node that is there.
    pub fn is_busy(&self) -> Bool<'c> {
        self.is_busy
    }

    /// What pods want, in words, and when; `node` is what they would fit.
    pub fn lines(&self, node: &str) -> Vec<(TermId, String)> {
        let line = |&(template, wanting): &(TemplateId, Bool<'c>)| {
            let of_template = self.wishes.iter().filter(|wish| wish.template == template);
            let fits = self.cluster.ctx().any(of_template.map(|wish| wish.fits));
            let name = &self.cluster.templates[template.0].name;
            ((wanting & fits).id(), format!("a pod of {name} fits no node, and would fit {node}"))
        };
        self.wanting.iter().map(line).collect()
    }
}

/// Whether waiting pods of a template may be a reason to add nodes at all: some scheduler would put them on one.
pub fn may_ask(cluster: &Cluster<'_>, id: TemplateId) -> bool {
    let template = &cluster.templates[id.0];
    template.may_be_placed() && !cluster.is_daemon(id) && template.pinned_to().is_none() && cluster.is_scheduled(id)
}

/// Classes of which some node may be absent.
pub fn growing(absent: &[Cell<'_>]) -> Vec<usize> {
    let mut classes: Vec<usize> =
        absent.iter().filter(|cell| cell.exists.constant() != Some(false)).map(|cell| cell.class).collect();
    classes.dedup();
    classes
}

/// A fresh node of a class: supposed to be there, with its DaemonSets' pods.
pub fn fresh<'c>(cluster: &Cluster<'c>, class: usize) -> Cell<'c> {
    cluster.supposed(class, Presence::Here, &daemons(cluster, class))
}

fn wish<'c>(cluster: &Cluster<'c>, cells: &[Cell<'c>], template: TemplateId, class: usize) -> Option<Wish<'c>> {
    let fresh = fresh(cluster, class);
    let mut all = cells.to_vec();
    all.push(fresh.clone());
    let fits = Filters::new(cluster, &all, template).verdict(cells.len()).passes();
    let room = kubelet::room(cluster, &fresh, template);
    // Where pods keep others away, one is all that a node is sure to take.
    let room = if is_topological(cluster) { room.min(1) } else { room };
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

/// For how many pods nodes that are on their way have room.
fn coming_room<'c>(cluster: &Cluster<'c>, wishes: &[Wish<'c>]) -> Int<'c> {
    let ctx = cluster.ctx();
    let coming = cluster.cells_in(&cluster.state(), Presence::Coming);
    ctx.sum(wishes.iter().map(|wish| {
        let nodes = ctx.sum(coming.iter().filter(|cell| cell.class == wish.class).map(|cell| cell.multiplicity));
        wish.fits.ite(nodes * wish.room, 0)
    }))
}

/// Whether a pod of a template waits, or is on a node that goes, and fits a node that is there. At rest no pod waits so.
fn fits_somewhere<'c>(cluster: &Cluster<'c>, cells: &[Cell<'c>], template: TemplateId, leaving: Int<'c>) -> Bool<'c> {
    let ctx = cluster.ctx();
    let scenario = &cluster.spec.scenario;
    let rests = scenario.interleaving.waits() && scenario.controllers.scheduler;
    let waiting = if rests { ctx.int(0) } else { cluster.unnominated(&cluster.state(), template) };
    let some = (waiting + leaving).ge(1);
    if some.constant() == Some(false) {
        return some;
    }
    some & ctx.any(kube_scheduler::cycle(cluster, cells, template).feasible)
}
