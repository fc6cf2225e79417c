//! Questions about a whole cluster that totals answer where they are kept, and sums over cells elsewhere.

use crate::cluster::counting::totals::Quantity;
use crate::cluster::{Cell, TemplateId};
use crate::system::State;
use crate::term::Bool;

use super::View;

impl<'c> View<'c> {
    /// Whether room in total alone says that some node is a place for a pod of a template; `fits` tells of each cell whether
    /// its nodes are. False where it is not certain that all nodes with room are.
    pub fn surely_has_room(
        &self,
        state: &State<'c>,
        template: TemplateId,
        fits: impl Fn(usize) -> Bool<'c>,
    ) -> Bool<'c> {
        let quantity = Quantity::Room(template);
        let room_on = |cell: &Cell<'c>| {
            let layout = self.cells.layout(cell.class);
            self.cells.totals.share(self.ctx(), &quantity, cell.class, layout, &cell.attributes)
        };
        let agrees =
            |(index, cell): (usize, Cell<'c>)| room_on(&cell).range().hi <= 0 || fits(index).constant() == Some(true);
        match self.cells.totals.get(state, &quantity) {
            Some(room) if self.cells(state).into_iter().enumerate().all(agrees) => room.ge(1),
            _ => self.ctx().bool(false),
        }
    }

    /// Whether there is some of a quantity: what `here` says of some cell, unless the sum is kept.
    pub fn is_some(&self, state: &State<'c>, quantity: &Quantity, here: &[Bool<'c>]) -> Bool<'c> {
        let total = self.cells.totals.get(state, quantity);
        total.map_or_else(|| self.ctx().any(here.iter().copied()), |total| total.ge(1))
    }
}
