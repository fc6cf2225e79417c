//! What a cycle of the descheduler remembers while it is under way.
//!
//! Part of the rule `descheduler/cycle`.
//!
//! A cycle that is more than one step goes through *stages*, one per plugin or part of one. Evictions are counted by
//! node and template, and pods leave their nodes when the cycle ends: until then the cache shows them, or not, as the
//! policy says. Every node is a cell of its own.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::cluster::TemplateId;
use crate::cluster::object::spec::{CacheView, DeschedulerPolicy};
use crate::cluster::view::{Cluster, Declaring};
use crate::system::{BoolVar, IntVar, State};

/// The state variables of a cycle.
pub struct Memory {
    /// 0: no cycle is under way; 1 and on: the stage; the last value: the cycle ends.
    pub stage: IntVar,
    /// Number of stages.
    pub stages: usize,
    /// The node whose pods are being looked at: 0 for none, else its position + 1.
    pub node: IntVar,
    /// Nodes that have had their turn in this stage.
    pub visited: Vec<BoolVar>,
    /// Pods of each template on that node that are still to be looked at.
    left: BTreeMap<usize, IntVar>,
    evicted: HashMap<(usize, TemplateId), IntVar>,
    taken: HashMap<(usize, TemplateId), IntVar>,
    /// Whether it is still to be told how many of those that a stage evicted had been evicted by an earlier one. Only
    /// where they are still visible, and nothing tells them from their equals.
    pub merging: Option<BoolVar>,
    /// Evictions of the cycle, where they are limited.
    pub total: Option<IntVar>,
    /// By node.
    pub per_node: Vec<IntVar>,
    /// By namespace.
    pub per_namespace: BTreeMap<String, IntVar>,
}

impl Memory {
    /// Declares the variables of a cycle with so many stages.
    pub fn declare(cluster: &Declaring<'_>, policy: &DeschedulerPolicy, stages: usize) -> Memory {
        let nodes = cluster.cells(&cluster.state());
        let name = |what: &str| format!("descheduler {what}");
        let limit = |what: String, most: i64| cluster.int(what, 0, most, Some(0));
        let mut memory = Memory {
            stage: limit(name("stage"), stages as i64 + 1),
            stages,
            node: limit(name("node"), nodes.len() as i64),
            visited: Vec::new(),
            left: BTreeMap::new(),
            evicted: HashMap::new(),
            taken: HashMap::new(),
            merging: (stages > 1 && policy.cache == CacheView::Snapshot)
                .then(|| cluster.bool(name("merges evictions"), Some(false))),
            total: policy.max_total.map(|most| limit(name("evictions"), most)),
            per_node: Vec::new(),
            per_namespace: BTreeMap::new(),
        };
        for (at, cell) in nodes.iter().enumerate() {
            let node = cluster.node(cell).title(cell.slot);
            memory.visited.push(cluster.bool(format!("descheduler has seen {node}"), Some(false)));
            if let Some(most) = policy.max_per_node {
                memory.per_node.push(limit(format!("descheduler evictions on {node}"), most));
            }
            for template in cluster.movable() {
                let most = cluster.holding_on(cell, template).range().hi;
                if most > 0 {
                    memory.declare_pods(cluster, (at, node), template, most);
                }
            }
        }
        if let Some(most) = policy.max_per_namespace {
            let namespaces: BTreeSet<&String> = cluster.templates.iter().map(|template| &template.namespace).collect();
            let counter = |name: &String| (name.clone(), limit(format!("descheduler evictions in {name}"), most));
            memory.per_namespace = namespaces.into_iter().map(counter).collect();
        }
        memory
    }

    fn declare_pods(&mut self, cluster: &Declaring<'_>, (at, node): (usize, &str), template: TemplateId, most: i64) {
        let name = &cluster.templates[template.0].name;
        let evicted = cluster.int(format!("{node}: {name} evicted"), 0, most, Some(0));
        let taken = match self.stages {
            1 => evicted,
            _ => cluster.int(format!("{node}: {name} taken"), 0, most, Some(0)),
        };
        self.evicted.insert((at, template), evicted);
        self.taken.insert((at, template), taken);
        self.left.entry(template.0).or_insert_with(|| {
            let most = cluster.templates[template.0].max_pods;
            cluster.int(format!("descheduler {name} left"), 0, most, Some(0))
        });
    }

    /// Evictions of a template's pods from a node in this cycle.
    pub fn evicted(&self, at: usize, template: TemplateId) -> Option<IntVar> {
        self.evicted.get(&(at, template)).copied()
    }

    /// Evictions of a template's pods from a node in this stage.
    pub fn taken(&self, at: usize, template: TemplateId) -> Option<IntVar> {
        self.taken.get(&(at, template)).copied()
    }

    /// Pods of a template on the present node that are still to be looked at.
    pub fn left(&self, template: TemplateId) -> Option<IntVar> {
        self.left.get(&template.0).copied()
    }

    /// All pods that may be counted: node and template, in a fixed order.
    pub fn places(&self) -> Vec<(usize, TemplateId)> {
        let mut places: Vec<(usize, TemplateId)> = self.evicted.keys().copied().collect();
        places.sort();
        places
    }

    /// Leaves a stage: what only it remembers is forgotten.
    pub fn forget_stage<'c>(&self, cluster: &Cluster<'c>, next: &mut State<'c>) {
        self.forget_list(cluster, next);
        next.set(self.node, cluster.ctx().int(0));
        self.visited.iter().for_each(|&seen| next.set_bool(seen, cluster.ctx().bool(false)));
        match self.merging {
            Some(merging) => {
                let some = self.taken.values().map(|&taken| next.get(taken).ge(1));
                next.set_bool(merging, cluster.ctx().any(some));
            }
            None if self.stages > 1 => {
                self.taken.values().for_each(|&taken| next.set(taken, cluster.ctx().int(0)));
            }
            None => {}
        }
    }

    /// Nothing of the present node is left to be looked at.
    pub fn forget_list<'c>(&self, cluster: &Cluster<'c>, next: &mut State<'c>) {
        self.left.values().for_each(|&left| next.set(left, cluster.ctx().int(0)));
    }

    /// Leaves the cycle.
    pub fn forget_cycle<'c>(&self, cluster: &Cluster<'c>, next: &mut State<'c>) {
        self.forget_stage(cluster, next);
        let counters = self.total.iter().chain(&self.per_node).chain(self.per_namespace.values());
        let all = counters.chain(self.evicted.values()).chain([&self.stage]);
        all.for_each(|&var| next.set(var, cluster.ctx().int(0)));
    }
}
