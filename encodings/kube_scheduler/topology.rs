//! Topology domains: nodes that share the value of a label.
//!
//! Part of the rules `scheduler/PodTopologySpread` and `scheduler/InterPodAffinity`.
//!
//! A key of which no two nodes share a value makes every node its own domain, which needs no name.

use std::collections::BTreeMap;

use crate::cluster::Cell;
use crate::cluster::view::{Cluster, NodeView};
use crate::term::{Bool, Ctx, Int};

/// The domains of one topology key.
pub struct Topology {
    singleton: bool,
    /// The value of each class.
    values: Vec<Option<String>>,
}

impl Topology {
    /// The domains of a key.
    pub fn new(cluster: &Cluster<'_>, key: &str) -> Self {
        let singleton = cluster.has_singleton_domains(key);
        // Where every node is its own domain, a value needs no name: that there is one is enough.
        let value = |class: NodeView<'_, '_>| match singleton {
            true => class.has_label(key).then(String::new),
            false => class.label(key).map(str::to_owned),
        };
        Topology { singleton, values: cluster.classes().map(value).collect() }
    }

    /// Whether nodes of a class carry the key.
    pub fn covers(&self, class: usize) -> bool {
        self.values[class].is_some()
    }

    /// For each cell, whether `holds` on some node of its nodes' domain; false without the key.
    pub fn any<'c>(&self, ctx: &'c Ctx, cells: &[Cell<'c>], holds: &[Bool<'c>]) -> Vec<Bool<'c>> {
        let join = |parts: Vec<usize>| ctx.any(parts.into_iter().map(|cell| cells[cell].exists & holds[cell]));
        self.by_cell(cells, join, |cell| holds[cell], ctx.bool(false))
    }

    /// For each cell, the sum of `amount` over the nodes of its nodes' domain; 0 without the key.
    pub fn sum<'c>(&self, ctx: &'c Ctx, cells: &[Cell<'c>], amount: &[Int<'c>]) -> Vec<Int<'c>> {
        let join = |parts: Vec<usize>| ctx.sum(parts.into_iter().map(|cell| cells[cell].multiplicity * amount[cell]));
        self.by_cell(cells, join, |cell| amount[cell], ctx.int(0))
    }

    fn by_cell<T: Copy>(
        &self,
        cells: &[Cell<'_>],
        join: impl Fn(Vec<usize>) -> T,
        alone: impl Fn(usize) -> T,
        without: T,
    ) -> Vec<T> {
        let mut domains: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        if !self.singleton {
            for (index, cell) in cells.iter().enumerate() {
                self.values[cell.class].iter().for_each(|value| domains.entry(value).or_default().push(index));
            }
        }
        let joined: BTreeMap<&str, T> = domains.into_iter().map(|(value, parts)| (value, join(parts))).collect();
        let of_cell = |(index, cell): (usize, &Cell<'_>)| match &self.values[cell.class] {
            None => without,
            Some(_) if self.singleton => alone(index),
            Some(value) => joined.get(value.as_str()).copied().unwrap_or(without),
        };
        cells.iter().enumerate().map(of_cell).collect()
    }
}
