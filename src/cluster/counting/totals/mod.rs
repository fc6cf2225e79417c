//! Totals: sums over all nodes that are kept as state variables instead of being added up again.
//!
//! A total starts at a number that is known and changes with every move of a node between cells by the difference that
//! the move makes. So it always equals the sum, which is an invariant that solvers need not find out: where placements are
//! free, the multiplicities are unknown but the totals are constants, and what is asked of totals folds away. Sums in
//! terms of unknown multiplicities are the hardest part of such a proof, because whether two of them agree is only decided
//! by the carries of long chains of adders.
//!
//! What the total room for a template is, in units of the requests' greatest common divisor and beyond what each node may have left
//! without having room for one more, says that some node has room: the pigeonhole principle, as one comparison.
//!
//! Totals exist where some placement is free; elsewhere runs begin with constants, and sums fold as they are. Left to sums
//! are those whose start depends on where pods are, clusters of open size, and models in which every node is told apart.
//!
//! Reference: Haken, "The intractability of resolution", Theoretical Computer Science 39, 1985, on why solvers cannot
//! be left to find it.

mod start;

use std::collections::BTreeMap;

use crate::system::{IntVar, State};
use crate::term::{Bool, Ctx, Int, Range, TermId};

use super::layout::{Attribute, Layout, Room};
use super::templates::{Phase, TemplateId};

pub use start::Start;

/// Pods that hold resources.
const HOLDING: [Phase; 4] = [Phase::Starting, Phase::Running, Phase::Unready, Phase::Terminating];

/// What is added up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Pods of a template that are bound and not being deleted.
    Bound(TemplateId),
    /// Pods of a template that run on nodes that are up.
    Ready(TemplateId),
    /// Pods of a template that start on nodes that are up and there.
    Starting(TemplateId),
    /// Pods of a template that are not ready any more, on any node.
    Unready(TemplateId),
    /// Pods of a template that are being deleted.
    Terminating(TemplateId),
    /// Room for pods of a template on nodes that are up and not cordoned. A node's share is how much more than one pod's
    /// request is free, plus one: positive if and only if one more fits, as far as the scarcest resource is concerned.
    Room(TemplateId),
}

/// How a quantity is measured on one node.
#[derive(Clone, Debug)]
struct Measure {
    quantity: Quantity,
    /// By class, of rooms only; `None` where none of the template's pods may be placed.
    rooms: Vec<Option<Room>>,
}

/// A sum that is kept.
#[derive(Clone, Debug)]
struct Total {
    measure: Measure,
    range: Range,
    var: IntVar,
}

/// All sums that are kept.
#[derive(Clone, Debug, Default)]
pub struct Totals(Vec<Total>);

/// A change of some nodes: what they were, what they become, and how many of them there are.
pub struct Change<'a, 'c> {
    /// Position of the class.
    pub class: usize,
    /// Attributes before.
    pub before: &'a [Int<'c>],
    /// Attributes afterwards.
    pub after: &'a [Int<'c>],
    /// Nodes.
    pub amount: Int<'c>,
    /// Whether it takes place; of changes for which this is open, one at most does.
    pub chosen: Bool<'c>,
}

impl Totals {
    /// The state variable of a sum, if it is kept.
    pub fn get<'c>(&self, state: &State<'c>, quantity: &Quantity) -> Option<Int<'c>> {
        self.find(quantity).map(|total| state.get(total.var))
    }

    /// What a node with these attributes adds to a sum that is kept; 0 if it is not kept.
    pub fn share<'c>(
        &self,
        ctx: &'c Ctx,
        quantity: &Quantity,
        class: usize,
        layout: &Layout,
        attributes: &[Int<'c>],
    ) -> Int<'c> {
        self.find(quantity).map_or(ctx.int(0), |total| total.measure.share(ctx, class, layout, attributes))
    }

    /// All sums that are kept.
    pub fn all(&self) -> impl Iterator<Item = (&Quantity, IntVar)> {
        self.0.iter().map(|total| (&total.measure.quantity, total.var))
    }

    fn find(&self, quantity: &Quantity) -> Option<&Total> {
        self.0.iter().find(|total| total.measure.quantity == *quantity)
    }

    /// Brings the sums up to date.
    pub fn update<'c>(&self, ctx: &'c Ctx, state: &mut State<'c>, layouts: &[Layout], changes: &[Change<'_, 'c>]) {
        for total in &self.0 {
            let gain = total.measure.gain(ctx, layouts, changes);
            // The sum never leaves the range: clamping only tells so.
            let value = (state.get(total.var) + gain).clamp(total.range.lo, total.range.hi);
            state.set(total.var, value);
        }
    }
}

impl Measure {
    fn share<'c>(&self, ctx: &'c Ctx, class: usize, layout: &Layout, attributes: &[Int<'c>]) -> Int<'c> {
        let get = |attribute: Attribute| {
            layout.position(attribute).map_or_else(|| ctx.int(0), |position| attributes[position])
        };
        let pods =
            |id: TemplateId, phases: &[Phase]| ctx.sum(phases.iter().map(|&phase| get(Attribute::Pods(id, phase))));
        let is_down = get(Attribute::Down).eq(1);
        let is_gone = get(Attribute::Gone).eq(1);
        match self.quantity {
            Quantity::Bound(id) => pods(id, &[Phase::Starting, Phase::Running, Phase::Unready]),
            Quantity::Ready(id) => is_down.ite(0, pods(id, &[Phase::Running])),
            Quantity::Starting(id) => (is_down | is_gone).ite(0, pods(id, &[Phase::Starting])),
            Quantity::Unready(id) => pods(id, &[Phase::Unready]),
            Quantity::Terminating(id) => pods(id, &[Phase::Terminating]),
            Quantity::Room(_) => self.rooms[class].as_ref().map_or_else(
                || ctx.int(0),
                |room| {
                    let taken = ctx.sum(room.requests.iter().map(|&(id, each)| pods(id, &HOLDING) * each));
                    let is_shut = get(Attribute::Cordoned).eq(1) | get(Attribute::Presence).ne(0);
                    (is_down | is_gone | is_shut).ite(0, ctx.int(room.most + 1) - taken)
                },
            ),
        }
    }

    fn gain<'c>(&self, ctx: &'c Ctx, layouts: &[Layout], changes: &[Change<'_, 'c>]) -> Int<'c> {
        let mut certain = Vec::new();
        let mut chosen: BTreeMap<TermId, (Int<'c>, Vec<Bool<'c>>)> = BTreeMap::new();
        for change in changes {
            let layout = &layouts[change.class];
            let share = |attributes: &[Int<'c>]| self.share(ctx, change.class, layout, attributes);
            let after: Vec<Int<'c>> =
                change.after.iter().zip(&layout.max).map(|(&value, &max)| within(ctx, value, max)).collect();
            let gain = share(&after) - share(change.before);
            match change.chosen.constant() {
                _ if gain.constant() == Some(0) => {}
                Some(true) => certain.push(change.amount * gain),
                _ => chosen.entry(gain.id()).or_insert((gain, Vec::new())).1.push(change.chosen),
            }
        }
        let choose =
            |otherwise: Int<'c>, (gain, chosen): (Int<'c>, Vec<Bool<'c>>)| ctx.any(chosen).ite(gain, otherwise);
        let one = chosen.into_values().fold(ctx.int(0), choose);
        ctx.sum(certain.into_iter().chain([one]))
    }
}

/// A constant within `0..=max`, as cells take it; other values are within it.
fn within<'c>(ctx: &'c Ctx, value: Int<'c>, max: i64) -> Int<'c> {
    value.constant().map_or(value, |constant| ctx.int(constant.clamp(0, max)))
}
