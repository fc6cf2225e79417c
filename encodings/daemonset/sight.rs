//! What the controller sees of the nodes of a cell while a revision is the present one.
//!
//! Part of the rules `daemonset/reconcile`, `daemonset/replacing` and `daemonset/surging`.

use crate::cluster::object::daemon;
use crate::cluster::view::{Change, Cluster, Leaving, WorkloadVars};
use crate::cluster::{Cell, Phase, TemplateId};
use crate::term::{Bool, Ctx, Int};

/// A DaemonSet whose present template is that of `new`.
pub struct Sight<'a, 'c> {
    /// The cluster.
    pub cluster: &'a Cluster<'c>,
    /// The present template.
    pub new: TemplateId,
    /// Templates of all its pods.
    pub all: Vec<TemplateId>,
    /// Templates of other revisions.
    pub old: Vec<TemplateId>,
}

/// The DaemonSet's pods on each node of a cell.
pub struct Node<'c> {
    /// Whether there is such a node.
    pub exists: Bool<'c>,
    /// Whether a pod is to be made for it, if there is none.
    pub is_wanted: Bool<'c>,
    /// Whether pods that are there may stay.
    pub may_stay: bool,
    /// Pods of the present template that are not being deleted, bound or not.
    pub new: Int<'c>,
    /// The same of other templates.
    pub old: Int<'c>,
    /// Whether one of the former is ready, and so available: how long it has been is time.
    pub new_is_ready: Bool<'c>,
    /// Whether one of the latter is.
    pub old_is_ready: Bool<'c>,
    /// Whether any pod is there, or on its way, or leaving.
    pub has_any: Bool<'c>,
}

impl<'c> Node<'c> {
    /// Whether it has one pod of another revision and none of the present one.
    pub fn has_old_only(&self) -> Bool<'c> {
        self.new.eq(0) & self.old.eq(1)
    }
}

impl<'a, 'c> Sight<'a, 'c> {
    /// The controller's, while the revision at `present` is the present one.
    pub fn new(cluster: &'a Cluster<'c>, vars: &WorkloadVars, present: usize) -> Self {
        let new = vars.templates[present];
        let old = vars.templates.iter().copied().filter(|&it| it != new).collect();
        Sight { cluster, new, all: vars.templates.clone(), old }
    }

    /// The context of terms.
    pub fn ctx(&self) -> &'c Ctx {
        self.cluster.ctx()
    }

    /// Pods of a template that are not being deleted, for or on each node of a cell.
    pub fn active(&self, cell: &Cell<'c>, template: TemplateId) -> Int<'c> {
        self.cluster.waiting_on(cell, template) + self.cluster.active_on(cell, template)
    }

    /// What is to be seen of a cell.
    pub fn node(&self, cell: &Cell<'c>) -> Node<'c> {
        let (cluster, ctx) = (self.cluster, self.ctx());
        let (node, pod) = (cluster.node(cell), &cluster.templates[self.new.0].spec);
        let matches = node.matches(pod);
        let (is_down, is_gone) = (cluster.is_down(cell), cluster.is_gone(cell));
        let is_avoided = if daemon::avoids_nodes_that_are_down(pod) { is_down } else { ctx.bool(false) };
        let is_going = cluster.is_barred_as_going(cell, cluster.templates[self.new.0].tolerations());
        let is_ready = |template: TemplateId| !is_down & !is_gone & cluster.pods(cell, template, Phase::Running).ge(1);
        let (new, old) =
            (self.active(cell, self.new), ctx.sum(self.old.iter().map(|&template| self.active(cell, template))));
        let leaving = ctx.sum(self.all.iter().map(|&it| cluster.pods(cell, it, Phase::Terminating)));
        Node {
            exists: cell.exists & !is_gone,
            is_wanted: ctx.bool(daemon::is_wanted(pod, matches, node.taints())) & !is_avoided & !is_going & !is_gone,
            may_stay: daemon::may_stay(pod, matches, node.taints()),
            new: is_gone.ite(0, new),
            old: is_gone.ite(0, old),
            new_is_ready: is_ready(self.new),
            old_is_ready: ctx.any(self.old.iter().map(|&it| is_ready(it))),
            has_any: !is_gone & (new + old + leaving).ge(1),
        }
    }

    /// How many nodes there are of which `which` holds.
    pub fn count(&self, which: impl Fn(&Node<'c>) -> Bool<'c>) -> Int<'c> {
        let counted = |cell: &Cell<'c>| which(&self.node(cell)).to_int();
        self.cluster.at_most_nodes(self.cluster.sum(&self.cluster.state(), counted))
    }

    /// How many nodes a pod is to be made for.
    pub fn wanted(&self) -> Int<'c> {
        self.count(|node| node.is_wanted)
    }

    /// Makes a pod of the present template for each node of a cell, where `when` holds.
    pub fn make<'s>(&'s self, cell: &Cell<'c>, when: Bool<'c>) -> Change<'s, 'c> {
        self.cluster.change(cell).make(self.new, when.to_int())
    }

    /// Deletes all pods of some templates that are on the nodes of a cell or wait for them, where `when` holds.
    pub fn delete<'s>(&'s self, cell: &Cell<'c>, templates: &[TemplateId], when: Bool<'c>) -> Change<'s, 'c> {
        let mut change = self.cluster.change(cell);
        for &template in templates {
            let waiting = when.ite(self.cluster.waiting_on(cell, template), 0);
            let bound = when.ite(self.cluster.active_on(cell, template), 0);
            change = change.withdraw(template, waiting).delete(template, bound, Leaving::Deleted);
        }
        change
    }
}
