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
//! are those whose start depends on where pods are, and clusters of open size.

use std::collections::BTreeMap;

use crate::system::{Builder, IntVar, State};
use crate::term::{Bool, Ctx, Int, Range, TermId};

use super::arithmetic::gcd;
use super::cells::fixed;
use super::classes::NodeClass;
use super::layout::{Attribute, Layout, fitting, requested};
use super::templates::{Phase, Template, TemplateId, Tenure};

/// Pods that hold resources.
const HOLDING: [Phase; 3] = [Phase::Starting, Phase::Running, Phase::Terminating];

/// What is added up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Pods of a template that are bound and not being deleted.
    Bound(TemplateId),
    /// Pods of a template that run on nodes that are up.
    Ready(TemplateId),
    /// Room for pods of a template on nodes that are up and not cordoned, see [`Room`].
    Room(TemplateId),
}

/// The room of one node for one more pod: how much more than the pod's request is free, plus one. Positive if and only if
/// one more fits, as far as one resource is concerned.
#[derive(Clone, Debug)]
struct Room {
    /// Of an empty node.
    empty: i64,
    /// What pods of each template take, in the same unit.
    requests: Vec<(TemplateId, i64)>,
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

/// A cluster's nodes at the start.
pub struct Start<'a> {
    /// The classes.
    pub classes: &'a [NodeClass],
    /// Their layouts.
    pub layouts: &'a [Layout],
    /// Kinds of pods.
    pub templates: &'a [Template],
    /// The values that each member's attributes may start with, by class and member.
    pub values: &'a dyn Fn(usize, usize) -> Vec<Range>,
    /// How many pods of a template there are, of those that are placed anywhere.
    pub anywhere: &'a dyn Fn(TemplateId) -> Option<i64>,
}

impl Totals {
    /// Declares the state variables: for all templates whose numbers can change, if some placement is free.
    pub fn declare(builder: &Builder<'_>, start: &Start<'_>) -> Totals {
        let ids = || (0..start.templates.len()).map(TemplateId);
        if ids().all(|id| (start.anywhere)(id).is_none()) {
            return Totals::default();
        }
        let movable = ids().filter(|id| start.templates[id.0].tenure != Tenure::Resident);
        let quantities = movable.flat_map(|id| {
            let room = start.templates[id.0].may_be_placed().then_some(Quantity::Room(id));
            [Quantity::Bound(id), Quantity::Ready(id)].into_iter().chain(room)
        });
        Totals(quantities.filter_map(|quantity| start.total(builder, quantity)).collect())
    }

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
        match self.quantity {
            Quantity::Bound(id) => pods(id, &[Phase::Starting, Phase::Running]),
            Quantity::Ready(id) => is_down.ite(0, pods(id, &[Phase::Running])),
            Quantity::Room(_) => self.rooms[class].as_ref().map_or_else(
                || ctx.int(0),
                |room| {
                    let taken = ctx.sum(room.requests.iter().map(|&(id, each)| pods(id, &HOLDING) * each));
                    (is_down | get(Attribute::Cordoned).eq(1)).ite(0, ctx.int(room.empty) - taken)
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

impl Start<'_> {
    fn total(&self, builder: &Builder<'_>, quantity: Quantity) -> Option<Total> {
        let rooms = match quantity {
            Quantity::Room(id) => self.rooms(id)?,
            _ => Vec::new(),
        };
        let measure = Measure { quantity, rooms };
        let initial = self.initial(builder.ctx(), &measure)?;
        let range = self.range(&measure, initial);
        let var = builder.int(self.name(&measure.quantity), range.lo, range.hi, Some(initial));
        Some(Total { measure, range, var })
    }

    fn name(&self, quantity: &Quantity) -> String {
        let name = |id: &TemplateId| &self.templates[id.0].name;
        match quantity {
            Quantity::Bound(id) => format!("{} bound in total", name(id)),
            Quantity::Ready(id) => format!("{} ready in total", name(id)),
            Quantity::Room(id) => format!("room for {} in total", name(id)),
        }
    }

    /// The rooms by class, in terms of the resource that is the scarcest on empty nodes; `None` if no room is needed.
    fn rooms(&self, id: TemplateId) -> Option<Vec<Option<Room>>> {
        let template = &self.templates[id.0];
        let total = |name: &str, amount: i64| -> i64 {
            self.classes.iter().map(|class| class.free(name).max(0) / amount * class.members.len() as i64).sum()
        };
        let needed = requested(template).filter(|&(_, amount)| amount > 0);
        let (resource, amount) = needed.min_by_key(|&(name, amount)| total(name, amount))?;
        let room = |class: &NodeClass| {
            let fits = fitting(class, template) > 0 && template.may_run_on(&class.names[0], &class.node);
            fits.then(|| self.room(class, resource, amount))
        };
        Some(self.classes.iter().map(room).collect())
    }

    fn room(&self, class: &NodeClass, resource: &str, amount: i64) -> Room {
        let movable = self.templates.iter().enumerate().filter(|(_, it)| it.tenure != Tenure::Resident);
        let requests = movable.map(|(index, it)| (TemplateId(index), it.requests.get(resource)));
        let requests: Vec<(TemplateId, i64)> = requests.filter(|&(_, each)| each > 0).collect();
        let unit = requests.iter().fold(amount, |unit, &(_, each)| gcd(unit, each));
        let empty = class.free(resource).div_euclid(unit) - (amount / unit - 1);
        Room { empty, requests: requests.into_iter().map(|(id, each)| (id, each / unit)).collect() }
    }

    /// The sum at the start, if it is the same wherever pods that are placed anywhere are.
    fn initial(&self, ctx: &Ctx, measure: &Measure) -> Option<i64> {
        let mut sum = 0;
        let mut each: BTreeMap<usize, i64> = BTreeMap::new();
        for (class, layout) in self.layouts.iter().enumerate() {
            for member in 0..self.classes[class].members.len() {
                let values = (self.values)(class, member);
                let least: Vec<Int<'_>> = values.iter().map(|range| ctx.int(range.lo)).collect();
                let share = |attributes: &[Int<'_>]| measure.share(ctx, class, layout, attributes).constant();
                let alone = share(&least)?;
                sum += alone;
                for open in (0..values.len()).filter(|&at| fixed(&values[at]).is_none()) {
                    let Attribute::Pods(TemplateId(template), _) = layout.attributes[open] else { return None };
                    let mut more = least.clone();
                    more[open] = ctx.int(values[open].lo + 1);
                    let difference = share(&more)? - alone;
                    if *each.entry(template).or_insert(difference) != difference {
                        return None;
                    }
                }
            }
        }
        let placed = |(&template, &each): (&usize, &i64)| Some((self.anywhere)(TemplateId(template))? * each);
        Some(sum + each.iter().map(placed).sum::<Option<i64>>()?)
    }

    fn range(&self, measure: &Measure, initial: i64) -> Range {
        let (lo, hi) = match &measure.quantity {
            Quantity::Bound(id) | Quantity::Ready(id) => (0, self.templates[id.0].max_pods),
            Quantity::Room(_) => self.bounds_of_room(&measure.rooms),
        };
        Range::new(lo.min(initial), hi.max(initial))
    }

    fn bounds_of_room(&self, rooms: &[Option<Room>]) -> (i64, i64) {
        let (mut lo, mut hi) = (0, 0);
        for ((class, layout), room) in self.classes.iter().zip(self.layouts).zip(rooms) {
            let Some(room) = room else { continue };
            let most = |id: TemplateId| -> i64 {
                let of = |&phase: &Phase| layout.position(Attribute::Pods(id, phase)).map_or(0, |at| layout.max[at]);
                HOLDING.iter().map(of).sum()
            };
            let taken: i64 = room.requests.iter().map(|&(id, each)| most(id) * each).sum();
            let members = class.members.len() as i64;
            lo += members * (room.empty - taken).min(0);
            hi += members * room.empty.max(0);
        }
        (lo, hi)
    }
}
