//! What the pods on a node use together, computed once for each cell.
//!
//! Every template that is to be scheduled asks every cell what is used there, which is a sum over all templates. Without a
//! memory of these sums, building a model would take time that grows with workloads times workloads times nodes.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::term::{Int, TermId};

use super::View;
use crate::cluster::arithmetic::gcd;
use crate::cluster::counting::templates::TemplateId;
use crate::cluster::{Cell, Template};

/// A way of counting what a pod uses.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Counted {
    /// What it requests of a resource, by name.
    Requested(String),
    /// What scoring takes it to use of cpu.
    ScoredCpu,
    /// What scoring takes it to use of memory.
    ScoredMemory,
}

impl Counted {
    /// What one pod counts.
    pub fn of(&self, template: &Template) -> i64 {
        match self {
            Counted::Requested(resource) => template.requests.get(resource),
            Counted::ScoredCpu => template.scoring.0,
            Counted::ScoredMemory => template.scoring.1,
        }
    }
}

/// Pods that count alike, in all the ways that somebody asks for.
pub struct Groups<'c> {
    /// By group and way: what each pod counts.
    pub each: Vec<Vec<i64>>,
    /// By group: how many pods there are.
    pub numbers: Vec<Int<'c>>,
}

/// [`Groups`] as they are remembered.
type Grouped = Rc<(Vec<Vec<i64>>, Vec<TermId>)>;

/// What is known of one cell. Terms are kept by id, so that a cluster stays covariant in its context.
struct Known {
    attributes: Vec<TermId>,
    pods: Vec<(TemplateId, TermId)>,
    sums: FxHashMap<(Counted, i64), TermId>,
    groups: FxHashMap<Vec<Counted>, Grouped>,
}

/// The memory.
#[derive(Default)]
pub struct Usage {
    cells: RefCell<FxHashMap<(usize, usize), Known>>,
    units: RefCell<FxHashMap<Counted, i64>>,
}

impl Usage {
    /// The largest unit that divides what pods whose numbers can change count; 1 where none counts anything.
    pub fn unit(&self, cluster: &View<'_>, counted: &Counted) -> i64 {
        if let Some(&unit) = self.units.borrow().get(counted) {
            return unit;
        }
        let each = cluster.movable().map(|id| counted.of(&cluster.templates[id.0]));
        let unit = each.fold(0, gcd).max(1);
        self.units.borrow_mut().insert(counted.clone(), unit);
        unit
    }

    /// What the pods on each node of a cell count together, in units that divide what each counts.
    pub fn sum<'c>(&self, cluster: &View<'c>, cell: &Cell<'c>, counted: &Counted, unit: i64) -> Int<'c> {
        let ctx = cluster.ctx();
        let key = (counted.clone(), unit);
        let id = self.with(cluster, cell, |known| {
            let Known { pods, sums, .. } = known;
            let each = |id: TemplateId| ctx.int(counted.of(&cluster.templates[id.0]) / unit);
            let sum = || ctx.sum(pods.iter().map(|&(id, pods)| ctx.as_int(pods) * each(id))).id();
            *sums.entry(key).or_insert_with(sum)
        });
        ctx.as_int(id)
    }

    /// The pods on each node of a cell that count anything, those alike together.
    pub fn groups<'c>(&self, cluster: &View<'c>, cell: &Cell<'c>, ways: &[Counted]) -> Groups<'c> {
        let found = self.with(cluster, cell, |known| {
            let Known { pods, groups, .. } = known;
            let found = groups.entry(ways.to_vec()).or_insert_with(|| Rc::new(grouped(cluster, pods, ways)));
            Rc::clone(found)
        });
        let (each, numbers) = found.as_ref();
        Groups { each: each.clone(), numbers: numbers.iter().map(|&id| cluster.ctx().as_int(id)).collect() }
    }

    fn with<T>(&self, cluster: &View<'_>, cell: &Cell<'_>, ask: impl FnOnce(&mut Known) -> T) -> T {
        let mut cells = self.cells.borrow_mut();
        let known = cells.entry((cell.class, cell.slot)).or_insert_with(|| learn(cluster, cell));
        // A cell may also be one that is only supposed: after pods were preempted, say.
        let is_same = known.attributes.iter().zip(&cell.attributes).all(|(&id, attribute)| id == attribute.id());
        if is_same { ask(known) } else { ask(&mut learn(cluster, cell)) }
    }
}

fn learn<'c>(cluster: &View<'c>, cell: &Cell<'c>) -> Known {
    let numbers = cluster.movable().map(|id| (id, cluster.holding_on(cell, id)));
    let there = numbers.filter(|(_, pods)| pods.constant() != Some(0));
    Known {
        attributes: cell.attributes.iter().map(|attribute| attribute.id()).collect(),
        pods: there.map(|(id, pods)| (id, pods.id())).collect(),
        sums: FxHashMap::default(),
        groups: FxHashMap::default(),
    }
}

fn grouped(cluster: &View<'_>, pods: &[(TemplateId, TermId)], ways: &[Counted]) -> (Vec<Vec<i64>>, Vec<TermId>) {
    let ctx = cluster.ctx();
    let mut groups: BTreeMap<Vec<i64>, Vec<TermId>> = BTreeMap::new();
    for &(id, pods) in pods {
        let each: Vec<i64> = ways.iter().map(|way| way.of(&cluster.templates[id.0])).collect();
        if each.iter().any(|&amount| amount > 0) {
            groups.entry(each).or_default().push(pods);
        }
    }
    let sum = |pods: Vec<TermId>| ctx.sum(pods.into_iter().map(|id| ctx.as_int(id))).id();
    groups.into_iter().map(|(each, pods)| (each, sum(pods))).unzip()
}
