//! Required terms: `filtering.go`.
//!
//! Part of the rule `scheduler/InterPodAffinity`.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use crate::cluster::view::Cluster;
use crate::cluster::{Cell, TemplateId, object::affinity};
use crate::encodings::kube_scheduler::nominations::Change;
use crate::encodings::kube_scheduler::refusal::{Reason, Refusal, Stage};
use crate::encodings::kube_scheduler::topology::Topology;
use crate::term::{Bool, Int};

use super::{RULE, all, matches, own_matches};

/// The required terms that bear on pods of one template: its own, and those of existing pods.
pub struct Required<'a, 'c> {
    cluster: &'a Cluster<'c>,
    cells: &'a [Cell<'c>],
    /// One for each affinity term; an existing pod counts if it matches all of them.
    affinity: Vec<Pairs<'c>>,
    /// Whether the pod itself matches all its affinity terms.
    matches_itself: bool,
    /// One for each anti-affinity term.
    anti: Vec<Pairs<'c>>,
    /// One for each topology key of existing pods' anti-affinity terms that match the pod.
    existing: Vec<Pairs<'c>>,
    /// Whether the filter runs at all: it is skipped when no term is found at first, and then overlooks the terms of
    /// nominated pods.
    runs: Bool<'c>,
}

impl<'a, 'c> Required<'a, 'c> {
    /// The terms that bear on pods of a template.
    pub fn new(cluster: &'a Cluster<'c>, cells: &'a [Cell<'c>], template: TemplateId) -> Self {
        let pod = &cluster.templates[template.0].spec;
        let terms = affinity::required(pod);
        let matches_all = |other: &TemplateId| terms.iter().all(|term| own_matches(cluster, term, template, *other));
        let targets: Vec<TemplateId> = all(cluster).filter(matches_all).collect();
        let pairs = |key: &str, targets: Vec<TemplateId>| Pairs::new(cluster, cells, key, targets);
        let anti = affinity::required_anti(pod).iter().map(|term| {
            pairs(&term.topology_key, all(cluster).filter(|&it| own_matches(cluster, term, template, it)).collect())
        });
        let anti: Vec<Pairs<'c>> = anti.collect();
        let existing = existing_anti_affinity(cluster, template);
        let existing: Vec<Pairs<'c>> = existing.into_iter().map(|(key, owners)| pairs(key, owners)).collect();
        let found = cluster.ctx().any(existing.iter().map(|pairs| pairs.anywhere));
        let own = !terms.is_empty() || !anti.is_empty();
        Required {
            affinity: terms.iter().map(|term| pairs(&term.topology_key, targets.clone())).collect(),
            matches_itself: targets.contains(&template),
            anti,
            existing,
            runs: if own { cluster.ctx().bool(true) } else { found },
            cluster,
            cells,
        }
    }

    /// Refusals of a node of a cell that is taken to hold other pods than it does.
    pub fn refusals(&self, index: usize, change: &Change<'c>) -> Vec<Refusal<'c>> {
        let ctx = self.cluster.ctx();
        let taken = |pairs: &[Pairs<'c>]| ctx.any(pairs.iter().map(|pairs| self.holds(pairs, index, change)));
        let (alone, anti, existing) = (self.lacks_company(index, change), taken(&self.anti), taken(&self.existing));
        let refusal = |when: Bool<'c>, message: &str, resolvable: bool| {
            Refusal::new(&RULE, Stage::Filter, Reason::new(when, message), ctx.bool(resolvable))
        };
        vec![
            refusal(alone, "node(s) didn't match pod affinity rules", false),
            refusal(anti, "node(s) didn't match pod anti-affinity rules", true),
            refusal(existing & self.runs, "node(s) didn't satisfy existing pods anti-affinity rules", true),
        ]
    }

    /// Whether the pod's own affinity refuses a node: a key or company is missing there. The first pod of a group that
    /// seeks its own kind needs no company.
    fn lacks_company(&self, index: usize, change: &Change<'c>) -> Bool<'c> {
        let ctx = self.cluster.ctx();
        let class = self.cells[index].class;
        let keys = self.affinity.iter().all(|pairs| pairs.topology.covers(class));
        let together = ctx.all(self.affinity.iter().map(|pairs| self.holds(pairs, index, change)));
        let anyone = ctx.any(self.affinity.iter().map(|pairs| self.holds_anywhere(pairs, index, change)));
        let first = !anyone & ctx.bool(self.matches_itself);
        !(ctx.bool(keys) & (together | first))
    }

    /// Whether a target is in the domain of a cell's nodes; false without the key.
    fn holds(&self, pairs: &Pairs<'c>, index: usize, change: &Change<'c>) -> Bool<'c> {
        let ctx = self.cluster.ctx();
        let more = change.of(ctx, &pairs.targets);
        if more.constant() == Some(0) || !pairs.topology.covers(self.cells[index].class) {
            return pairs.there[index];
        }
        let numbers = pairs.numbers.get_or_init(|| {
            let on_node = self.cells.iter().map(|cell| pairs.on_node(self.cluster, cell)).collect::<Vec<_>>();
            pairs.topology.sum(ctx, self.cells, &on_node)
        });
        (numbers[index] + more).ge(1)
    }

    /// Whether a target is in any domain.
    fn holds_anywhere(&self, pairs: &Pairs<'c>, index: usize, change: &Change<'c>) -> Bool<'c> {
        let ctx = self.cluster.ctx();
        let more = change.of(ctx, &pairs.targets);
        if more.constant() == Some(0) || !pairs.topology.covers(self.cells[index].class) {
            return pairs.anywhere;
        }
        let keyed = self.cells.iter().filter(|cell| pairs.topology.covers(cell.class));
        let everyone = keyed.map(|cell| cell.multiplicity * pairs.on_node(self.cluster, cell));
        (ctx.sum(everyone) + more).ge(1)
    }
}

/// The templates whose required anti-affinity matches pods of a template, by topology key.
fn existing_anti_affinity<'a>(cluster: &'a Cluster<'_>, template: TemplateId) -> BTreeMap<&'a str, Vec<TemplateId>> {
    let mut owners: BTreeMap<&str, Vec<TemplateId>> = BTreeMap::new();
    for owner in all(cluster) {
        let terms = affinity::required_anti(&cluster.templates[owner.0].spec).iter();
        for term in terms.filter(|term| matches(cluster, term, owner, template)) {
            let known = owners.entry(&term.topology_key).or_default();
            if !known.contains(&owner) {
                known.push(owner);
            }
        }
    }
    owners
}

/// Pods that count for one topology key.
struct Pairs<'c> {
    topology: Topology,
    targets: Vec<TemplateId>,
    /// By cell: whether a target is in its nodes' domain.
    there: Vec<Bool<'c>>,
    /// Whether a target is on any node that has the key.
    anywhere: Bool<'c>,
    /// By cell: how many targets are in its nodes' domain, where that is asked.
    numbers: OnceCell<Vec<Int<'c>>>,
}

impl<'c> Pairs<'c> {
    fn new(cluster: &Cluster<'c>, cells: &[Cell<'c>], key: &str, targets: Vec<TemplateId>) -> Self {
        let ctx = cluster.ctx();
        let topology = Topology::new(cluster, key);
        let holds = |cell: &Cell<'c>| ctx.any(targets.iter().map(|&target| cluster.holding_on(cell, target).ge(1)));
        let holds: Vec<Bool<'c>> = cells.iter().map(holds).collect();
        let keyed = cells.iter().zip(&holds).filter(|(cell, _)| topology.covers(cell.class));
        let anywhere = ctx.any(keyed.map(|(cell, &holds)| cell.exists & holds));
        Pairs { there: topology.any(ctx, cells, &holds), anywhere, topology, targets, numbers: OnceCell::new() }
    }

    fn on_node(&self, cluster: &Cluster<'c>, cell: &Cell<'c>) -> Int<'c> {
        cluster.ctx().sum(self.targets.iter().map(|&target| cluster.holding_on(cell, target)))
    }
}
