//! Which totals there are, and what they are at the start.

use std::collections::BTreeMap;

use crate::cluster::counting::cells::fixed;
use crate::cluster::counting::classes::NodeClass;
use crate::cluster::counting::layout::{Attribute, Layout, Room, fitting, requested};
use crate::cluster::counting::placement::Placement;
use crate::cluster::counting::templates::{Phase, Template, TemplateId, Tenure};
use crate::system::Builder;
use crate::term::{Ctx, Int, Range};

use super::{HOLDING, Measure, Quantity, Total, Totals};

/// A cluster's nodes at the start.
pub struct Start<'a> {
    /// The classes.
    pub classes: &'a [NodeClass],
    /// Their layouts.
    pub layouts: &'a [Layout],
    /// Kinds of pods.
    pub templates: &'a [Template],
    /// Where pods are.
    pub placement: &'a Placement<'a>,
    /// The values that each member's attributes may start with, by class and member.
    pub values: &'a dyn Fn(usize, usize) -> Vec<Range>,
}

impl Start<'_> {
    /// Declares the state variables: for all templates whose numbers can change, if some placement is free.
    pub fn declare(&self, builder: &Builder<'_>) -> Totals {
        let ids = || (0..self.templates.len()).map(TemplateId);
        if ids().all(|id| self.placement.anywhere(id).is_none()) {
            return Totals::default();
        }
        let movable = ids().filter(|id| self.templates[id.0].tenure != Tenure::Resident);
        let quantities = movable.flat_map(|id| {
            let template = &self.templates[id.0];
            let room = (template.may_be_placed() && !template.is_daemon()).then_some(Quantity::Room(id));
            let pods = [Quantity::Bound, Quantity::Ready, Quantity::Starting, Quantity::Terminating];
            let unready = template.phases.contains(&Phase::Unready).then_some(Quantity::Unready(id));
            pods.into_iter().map(move |quantity| quantity(id)).chain(unready).chain(room)
        });
        Totals(quantities.filter_map(|quantity| self.total(builder, quantity)).collect())
    }

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
            Quantity::Starting(id) => format!("{} starting in total", name(id)),
            Quantity::Unready(id) => format!("{} not ready any more in total", name(id)),
            Quantity::Terminating(id) => format!("{} terminating in total", name(id)),
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
            fits.then(|| Room::of(class, self.templates, resource, amount))
        };
        Some(self.classes.iter().map(room).collect())
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
        let placed = |(&template, &each): (&usize, &i64)| Some(self.placement.anywhere(TemplateId(template))? * each);
        Some(sum + each.iter().map(placed).sum::<Option<i64>>()?)
    }

    fn range(&self, measure: &Measure, initial: i64) -> Range {
        let (lo, hi) = match &measure.quantity {
            Quantity::Bound(id) | Quantity::Ready(id) | Quantity::Starting(id) | Quantity::Unready(id) => {
                (0, self.templates[id.0].max_pods)
            }
            Quantity::Terminating(id) => (0, self.most_on_nodes(*id, Phase::Terminating)),
            Quantity::Room(_) => self.bounds_of_room(&measure.rooms),
        };
        Range::new(lo.min(initial), hi.max(initial))
    }

    fn most_on_nodes(&self, id: TemplateId, phase: Phase) -> i64 {
        let of_class = |(class, layout): (&NodeClass, &Layout)| layout.most(id, phase) * class.members.len() as i64;
        self.classes.iter().zip(self.layouts).map(of_class).sum()
    }

    fn bounds_of_room(&self, rooms: &[Option<Room>]) -> (i64, i64) {
        let (mut lo, mut hi) = (0, 0);
        for ((class, layout), room) in self.classes.iter().zip(self.layouts).zip(rooms) {
            let Some(room) = room else { continue };
            let most = |id: TemplateId| -> i64 { HOLDING.iter().map(|&phase| layout.most(id, phase)).sum() };
            let taken: i64 = room.requests.iter().map(|&(id, each)| most(id) * each).sum();
            let members = class.members.len() as i64;
            lo += members * (room.most + 1 - taken).min(0);
            hi += members * (room.most + 1).max(0);
        }
        (lo, hi)
    }
}
