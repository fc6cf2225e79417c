//! The filters in their order, and what they say together of a node. Each plugin is a file of its own.
//!
//! Part of the rule `scheduler/binding`.

use std::collections::BTreeSet;

use crate::cluster::view::Cluster;
use crate::cluster::{Cell, TemplateId};
use crate::term::{Bool, Ctx};

use super::inter_pod_affinity::Required;
use super::nominations::{self, Change};
use super::refusal::Refusal;
use super::spread::Hard;
use super::{fit, node_affinity, node_name, node_ports, node_unschedulable, taint_toleration};

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

    /// Whose pods they are for.
    pub fn template(&self) -> TemplateId {
        self.template
    }

    /// What the filters say of a cell: with the pods that are nominated to it, and without.
    pub fn verdict(&self, index: usize) -> Verdict<'c> {
        self.verdict_after(index, &Change::default())
    }

    /// The same of one node of a cell that is taken to hold other pods of lower priority than it does.
    pub fn verdict_after(&self, index: usize, change: &Change<'c>) -> Verdict<'c> {
        self.verdict_with(index, change, false)
    }

    /// What they say of a cell to a pod that a preemption of the run nominated to it.
    pub fn verdict_of_nominated(&self, index: usize) -> Verdict<'c> {
        self.verdict_with(index, &Change::default(), true)
    }

    fn verdict_with(&self, index: usize, change: &Change<'c>, is_nominated: bool) -> Verdict<'c> {
        let cell = &self.cells[index];
        let mut refusals: Vec<Refusal<'c>> = Vec::new();
        if self.enabled.contains(node_affinity::RULE.name()) {
            refusals.extend(node_affinity::refusal_of_others(self.cluster, cell, self.template));
        }
        let nominated = nominations::nominated(self.cluster, cell, self.template, is_nominated);
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
        let mut refusals = vec![
            node_unschedulable::refusal(cluster, cell, self.template),
            node_name::refusal(cluster, cell, self.template),
        ];
        refusals.extend(taint_toleration::refusals(cluster, cell, self.template));
        refusals.push(node_affinity::refusal(cluster, cell, self.template));
        refusals.push(node_ports::refusal(cluster, cell, &self.port_rivals, change));
        refusals.push(fit::refusal(cluster, cell, self.template, change));
        refusals.extend(self.spread.refusals(index, change));
        refusals.extend(self.affinity.refusals(index, change));
        refusals.retain(|refusal| self.enabled.contains(refusal.rule.name()));
        refusals
    }
}
