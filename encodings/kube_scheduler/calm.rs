//! When pods that terminate make no difference to the scheduler: then it need not be asked once for each order in which they
//! go, see [`Calm`](crate::system::Calm).
//!
//! Part of the rule `scheduler/binding`.
//!
//! A pod that is gone changes its own node only: how much is free there, and the node's score with it. What plugins count
//! elsewhere leaves terminating pods out, but for inter-pod affinity, where nothing is said. So the choice stays the same if each
//! node with terminating pods is refused now and with fewer of them, or passes now and with fewer of them, and in
//! each case scores less than the best node does now.

use std::collections::HashMap;

use crate::cluster::object::affinity;
use crate::cluster::view::Cluster;
use crate::cluster::{Cell, Phase, TemplateId};
use crate::term::{Bool, Int};

use super::Cycle;

/// Whether pods that terminate may matter to what the scheduler does next; `None` if that is not known of any state.
pub fn is_broken<'c>(
    cluster: &Cluster<'c>,
    cells: &[Cell<'c>],
    scheduled: &[TemplateId],
    cycles: &[Cycle<'c>],
) -> Option<Bool<'c>> {
    let has_terms = |id: TemplateId| affinity::all(&cluster.templates[id.0].spec).next().is_some();
    let becomes: Vec<Fewer<'c>> = cells.iter().map(|cell| Fewer::of(cluster, cell)).collect();
    let nobody_ends = becomes.iter().all(|fewer| matches!(fewer, Fewer::Nobody));
    if nobody_ends || cluster.movable().any(has_terms) {
        return None;
    }
    let fates = Fates { cells, order: ascending(&becomes), next: neighbours(cells, &becomes), becomes };
    let state = cluster.state();
    let in_time = scheduled.iter().zip(cycles).take_while(|_| !cluster.is_stopped());
    let may_change = in_time.map(|(&id, cycle)| {
        let waits = cluster.unnominated(&state, id).ge(1);
        if cluster.is_daemon(id) { waits } else { waits & fates.change(cluster, cycle) }
    });
    Some(cluster.ctx().any(may_change.collect::<Vec<_>>()))
}

/// What the nodes of a cell become if a pod there is gone.
enum Fewer<'c> {
    /// No pods terminate there.
    Nobody,
    /// Of nodes with so many terminating pods: their attributes then, one for each kind of pod.
    Known(i64, Vec<Vec<i64>>),
    /// Not known; whether some pods terminate there.
    Unknown(Bool<'c>),
}

impl<'c> Fewer<'c> {
    fn of(cluster: &Cluster<'c>, cell: &Cell<'c>) -> Self {
        let pods = |id: TemplateId| cluster.pods(cell, id, Phase::Terminating);
        let ending: Vec<TemplateId> = cluster.movable().filter(|&id| pods(id).constant() != Some(0)).collect();
        if ending.is_empty() {
            return Fewer::Nobody;
        }
        let without =
            |&id: &TemplateId| cluster.change(cell).end(id).outcome().iter().map(|it| it.constant()).collect();
        let then: Option<Vec<Vec<i64>>> = ending.iter().map(without).collect();
        match then {
            Some(then) => Fewer::Known(ending.iter().filter_map(|&id| pods(id).constant()).sum(), then),
            None => Fewer::Unknown(cluster.ctx().any(ending.iter().map(|&id| pods(id).ge(1)))),
        }
    }
}

/// Positions of cells, those with fewer terminating pods first.
fn ascending(becomes: &[Fewer<'_>]) -> Vec<usize> {
    let number = |&cell: &usize| if let Fewer::Known(number, _) = becomes[cell] { number } else { 0 };
    let mut order: Vec<usize> = (0..becomes.len()).collect();
    order.sort_by_key(number);
    order
}

/// By cell: the cells that its nodes may go to when one pod is gone; `None` where one is missing.
fn neighbours(cells: &[Cell<'_>], becomes: &[Fewer<'_>]) -> Vec<Option<Vec<usize>>> {
    let key = |cell: &Cell<'_>| -> Option<Vec<i64>> { cell.attributes.iter().map(|value| value.constant()).collect() };
    let keyed = cells.iter().enumerate().filter_map(|(index, cell)| Some(((cell.class, key(cell)?), index)));
    let index: HashMap<(usize, Vec<i64>), usize> = keyed.collect();
    let next = |(cell, fewer): (&Cell<'_>, &Fewer<'_>)| match fewer {
        Fewer::Nobody => Some(Vec::new()),
        Fewer::Known(_, keys) => keys.iter().map(|key| index.get(&(cell.class, key.clone())).copied()).collect(),
        Fewer::Unknown(_) => None,
    };
    cells.iter().zip(becomes).map(next).collect()
}

/// All cells, and what pods that go make of them.
struct Fates<'a, 'c> {
    cells: &'a [Cell<'c>],
    becomes: Vec<Fewer<'c>>,
    order: Vec<usize>,
    next: Vec<Option<Vec<usize>>>,
}

impl<'c> Fates<'_, 'c> {
    /// Whether pods that go may change which nodes are best in a cycle.
    fn change(&self, cluster: &Cluster<'c>, cycle: &Cycle<'c>) -> Bool<'c> {
        let ctx = cluster.ctx();
        let best = super::best_total(cluster, &cycle.feasible, &cycle.totals);
        let refused: Vec<Bool<'c>> = cycle.verdicts.iter().map(|verdict| verdict.refused()).collect();
        // By cell: the highest score there, now and with fewer pods, where the filters say the same of all of these.
        let mut highest: Vec<Option<Int<'c>>> = vec![None; self.cells.len()];
        for &cell in &self.order {
            let now = cycle.totals[cell];
            let join = |highest_yet: Int<'c>, &then: &usize| {
                let same = refused[then].id() == refused[cell].id();
                highest[then].filter(|_| same).map(|then| highest_yet.max(then))
            };
            highest[cell] = self.next[cell].as_ref().and_then(|next| next.iter().try_fold(now, join));
        }
        let changes = |cell: usize| match (&self.becomes[cell], highest[cell]) {
            (Fewer::Nobody, _) => ctx.bool(false),
            (Fewer::Unknown(ends), _) => self.cells[cell].exists & *ends,
            (Fewer::Known(..), None) => self.cells[cell].exists,
            (Fewer::Known(..), Some(highest)) => cycle.verdicts[cell].passes() & highest.ge(best),
        };
        ctx.any((0..self.cells.len()).map(changes).collect::<Vec<_>>())
    }
}
