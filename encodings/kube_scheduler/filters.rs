//! Filter plugins of kube-scheduler v1.34 in their order: `pkg/scheduler/framework/plugins/{nodeunschedulable, nodename,
//! tainttoleration}` here, the larger ones in files of their own.
//!
//! A node that is down carries `node.kubernetes.io/not-ready` or `unreachable` with NoSchedule, put there by the node
//! lifecycle controller.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Taint;

use crate::cluster::object::selector::{self, HARD_EFFECTS};
use crate::cluster::view::Cluster;
use crate::cluster::{Cell, TemplateId};
use crate::term::{Bool, Ctx};

use super::inter_pod_affinity::Required;
use super::nominations::{self, Change};
use super::refusal::{Reason, Refusal, Stage};
use super::spread::Hard;
use super::{fit, node_affinity, node_ports};

/// What the filters say of one cell.
pub struct Verdict<'c> {
    exists: Bool<'c>,
    /// All refusals that are possible, in the order in which they are asked: the first that refuses is reported.
    pub refusals: Vec<Refusal<'c>>,
    ctx: &'c Ctx,
}

impl<'c> Verdict<'c> {
    /// Whether the cell exists and no filter refuses it.
    pub fn passes(&self) -> Bool<'c> {
        self.exists & !self.refused()
    }

    /// Whether some filter refuses it.
    pub fn refused(&self) -> Bool<'c> {
        self.ctx.any(self.refusals.iter().map(|refusal| refusal.refuses))
    }

    /// Whether the filter that refuses it says that preempting pods might help.
    pub fn resolvable(&self) -> Bool<'c> {
        let first =
            |otherwise: Bool<'c>, refusal: &Refusal<'c>| refusal.refuses.ite_bool(refusal.resolvable, otherwise);
        self.refusals.iter().rev().fold(self.ctx.bool(false), first)
    }
}

/// The filters for pods of one template, over all cells: what PreFilter computes.
pub struct Filters<'a, 'c> {
    cluster: &'a Cluster<'c>,
    cells: &'a [Cell<'c>],
    template: TemplateId,
    enabled: BTreeSet<&'c str>,
    port_rivals: Vec<TemplateId>,
    spread: Hard<'a, 'c>,
    affinity: Required<'a, 'c>,
}

impl<'a, 'c> Filters<'a, 'c> {
    /// Prepares the filters.
    pub fn new(cluster: &'a Cluster<'c>, cells: &'a [Cell<'c>], template: TemplateId) -> Self {
        Filters {
            cluster,
            cells,
            template,
            enabled: cluster.profile(template).filters.iter().map(String::as_str).collect(),
            port_rivals: node_ports::rivals(cluster, template),
            spread: Hard::new(cluster, cells, template),
            affinity: Required::new(cluster, cells, template),
        }
    }

    /// What the filters say of a cell: with the pods that are nominated to it, and without.
    pub fn verdict(&self, index: usize) -> Verdict<'c> {
        self.verdict_after(index, &Change::default())
    }

    /// The same of one node of a cell that is taken to hold other pods of lower priority than it does.
    pub fn verdict_after(&self, index: usize, change: &Change<'c>) -> Verdict<'c> {
        let cell = &self.cells[index];
        let mut refusals: Vec<Refusal<'c>> = Vec::new();
        if self.enabled.contains("NodeAffinity") {
            refusals.extend(node_affinity::refusal_of_others(self.cluster, cell, self.template));
        }
        let nominated = nominations::nominated(self.cluster, cell, self.template);
        if !nominated.is_none() {
            refusals.extend(self.refusals(index, &nominated.and(change)));
        }
        refusals.extend(self.refusals(index, change));
        refusals.retain(|refusal| refusal.refuses.constant() != Some(false));
        Verdict { exists: cell.exists, refusals, ctx: self.cluster.ctx() }
    }

    /// What the Filter plugins say of one node of a cell that is taken to hold other pods than it does.
    pub fn refusals(&self, index: usize, change: &Change<'c>) -> Vec<Refusal<'c>> {
        let (cluster, cell) = (self.cluster, &self.cells[index]);
        let mut refusals = vec![self.node_unschedulable(cell), self.node_name(cell)];
        refusals.extend(self.taint_toleration(cell));
        refusals.push(node_affinity::refusal(cluster, cell, self.template));
        refusals.push(node_ports::refusal(cluster, cell, &self.port_rivals, change));
        refusals.push(fit::refusal(cluster, cell, self.template, change));
        refusals.extend(self.spread.refusals(index, change));
        refusals.extend(self.affinity.refusals(index, change));
        refusals.retain(|refusal| self.enabled.contains(refusal.plugin));
        refusals
    }

    /// NodeUnschedulable: cordoned nodes, unless the pod tolerates the taint of that name.
    fn node_unschedulable(&self, cell: &Cell<'c>) -> Refusal<'c> {
        let ctx = self.cluster.ctx();
        let taint = taint("node.kubernetes.io/unschedulable", "NoSchedule");
        let tolerated = selector::tolerates(self.cluster.templates[self.template.0].tolerations(), &taint);
        let cordoned = if tolerated { ctx.bool(false) } else { self.cluster.is_cordoned(cell) };
        unresolvable(ctx, "NodeUnschedulable", cordoned, "node(s) were unschedulable")
    }

    /// NodeName: all nodes but the one that the pod asks for.
    fn node_name(&self, cell: &Cell<'c>) -> Refusal<'c> {
        let ctx = self.cluster.ctx();
        let wanted = self.cluster.templates[self.template.0].pinned_to();
        let other = wanted.is_some_and(|name| !self.cluster.node(cell).is_named(name));
        unresolvable(ctx, "NodeName", ctx.bool(other), "node(s) didn't match the requested node name")
    }

    /// TaintToleration: the node's first untolerated taint of effect NoSchedule or NoExecute, and that of nodes that are
    /// down.
    fn taint_toleration(&self, cell: &Cell<'c>) -> Vec<Refusal<'c>> {
        let (ctx, node) = (self.cluster.ctx(), self.cluster.node(cell));
        let tolerations = self.cluster.templates[self.template.0].tolerations();
        let refusal = |refused: Bool<'c>, taint: &Taint| {
            let value = taint.value.as_deref().unwrap_or_default();
            let message = format!("node(s) had untolerated taint {{{}: {value}}}", taint.key);
            unresolvable(ctx, "TaintToleration", refused, message)
        };
        let mut refusals = Vec::new();
        if let Some(taint) = selector::untolerated(tolerations, node.taints(), &HARD_EFFECTS).next() {
            refusals.push(refusal(ctx.bool(true), taint));
        }
        let not_ready = taint("node.kubernetes.io/not-ready", "NoSchedule");
        if !selector::tolerates(tolerations, &not_ready) {
            refusals.push(refusal(self.cluster.is_down(cell), &not_ready));
        }
        refusals
    }
}

fn taint(key: &str, effect: &str) -> Taint {
    Taint { key: key.to_owned(), effect: effect.to_owned(), ..Taint::default() }
}

fn unresolvable<'c>(ctx: &'c Ctx, plugin: &'static str, when: Bool<'c>, message: impl Into<String>) -> Refusal<'c> {
    Refusal::new(plugin, Stage::Filter, Reason::new(when, message), ctx.bool(false))
}
