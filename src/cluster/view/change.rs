//! What actions do to nodes: the only ways to change what is on a node or its state.
//!
//! Whoever takes pods away says why, and the state afterwards keeps a note of it ([`Deed`]), so that [`Cluster::act`] sees to
//! what follows from it: who remembers pods hears of departures, and an eviction carries its mark.

use crate::cluster::{Attribute, Cell, Phase, Presence, TemplateId};
use crate::system::{Effect, State};
use crate::term::{Bool, Int};

use super::effect;
use super::{Cluster, View};

/// Why pods leave their node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Leaving {
    /// Their owner, or a user, deletes them.
    Deleted,
    /// They are evicted by this action, which carries the mark of it.
    Evicted,
    /// An action before, which carried the mark, decided on their eviction.
    EvictedBefore,
}

/// What was done to nodes, as states note it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Deed {
    /// Pods stopped to be active, or to be on a node that is up.
    Departure,
    /// Pods of a template were evicted.
    Eviction(TemplateId),
    /// Something that others may see.
    Effect(Effect),
}

impl Deed {
    fn code(self) -> u32 {
        match self {
            Deed::Departure => 0,
            Deed::Eviction(template) => template.0 as u32 * 2 + 1,
            Deed::Effect(effect) => effect.0 * 2 + 2,
        }
    }

    pub(super) fn of(code: u32) -> Self {
        match code {
            0 => Deed::Departure,
            _ if code % 2 == 1 => Deed::Eviction(TemplateId(code as usize / 2)),
            _ => Deed::Effect(Effect(code / 2 - 1)),
        }
    }
}

/// Phases of pods that are not being deleted, in the order in which these are deleted where nobody chooses.
const ACTIVE: [Phase; 3] = [Phase::Starting, Phase::Unready, Phase::Running];

/// A cell's nodes while they are being changed.
#[derive(Clone)]
pub struct Change<'a, 'c> {
    view: &'a View<'c>,
    cell: Cell<'c>,
    deeds: Vec<Deed>,
}

impl<'c> View<'c> {
    /// Begins to change the nodes of a cell.
    pub fn change(&self, cell: &Cell<'c>) -> Change<'_, 'c> {
        Change { view: self, cell: cell.clone(), deeds: Vec::new() }
    }
}

impl<'c> Change<'_, 'c> {
    /// Sets whether the nodes are cordoned.
    pub fn cordon(self, is_cordoned: bool) -> Self {
        self.set(Attribute::Cordoned, i64::from(is_cordoned))
    }

    /// Sets whether the nodes are down.
    pub fn down(mut self, is_down: bool) -> Self {
        if is_down {
            self.deeds.push(Deed::Departure);
        }
        self.set(Attribute::Down, i64::from(is_down))
    }

    /// Nominates one more waiting pod of a template to the nodes.
    pub fn nominate(mut self, template: TemplateId) -> Self {
        self.note(effect::nodes());
        let attribute = Attribute::Nominated(template);
        let layout = self.view.cells.layout(self.cell.class);
        let most = layout.position(attribute).map_or(0, |position| layout.max[position]);
        self.update(attribute, |nominated| (nominated + 1).min(most));
        self
    }

    /// Takes back so many nominations of a template.
    pub fn dismiss(mut self, template: TemplateId, count: Int<'c>) -> Self {
        self.note(effect::nodes());
        self.update(Attribute::Nominated(template), |nominated| nominated.minus_or_zero(count));
        self
    }

    /// A scheduler takes one more waiting pod of a template to be on the nodes, which nobody else knows yet.
    pub fn assume(mut self, template: TemplateId) -> Self {
        self.note(effect::assumed(template));
        let attribute = Attribute::Assumed(template);
        let layout = self.view.cells.layout(self.cell.class);
        let most = layout.position(attribute).map_or(0, |position| layout.max[position]);
        self.update(attribute, |assumed| (assumed + 1).min(most));
        self
    }

    /// One pod of a template less is taken to be on the nodes by its scheduler alone.
    pub fn forget(mut self, template: TemplateId) -> Self {
        self.note(effect::assumed(template));
        self.update(Attribute::Assumed(template), |assumed| assumed.minus_or_zero(1));
        self
    }

    /// Sets the stage of maintenance.
    pub fn maintenance(self, stage: i64) -> Self {
        self.set(Attribute::Maintenance, stage)
    }

    /// Sets whether the nodes are there.
    pub fn presence(self, presence: Presence) -> Self {
        self.set(Attribute::Presence, presence.value())
    }

    /// Removes the nodes, with all that is still on them or waits for them.
    pub fn remove(mut self) -> Self {
        let none = self.view.ctx().int(0);
        let attributes = self.view.cells.layout(self.cell.class).attributes.clone();
        for attribute in attributes {
            match attribute {
                Attribute::Pods(template, _) => {
                    self.deeds.push(Deed::Departure);
                    self.note(effect::deleted(template));
                    self.note(effect::ended(template));
                }
                Attribute::Waiting(template) => self.note(effect::withdrawn(template)),
                Attribute::Assumed(template) => self.note(effect::assumed(template)),
                _ => {}
            }
            self.update(attribute, |_| none);
        }
        self.presence(Presence::Absent)
    }

    /// Deletes the Node objects. Nothing is bound to them from then on, and no kubelet is heard of.
    pub fn unlist(self) -> Self {
        self.cordon(true).maintenance(0).set(Attribute::Gone, 1)
    }

    /// All pods of a template are gone at once, without having terminated.
    pub fn collect(mut self, template: TemplateId) -> Self {
        for phase in ACTIVE.into_iter().chain([Phase::Terminating]) {
            let none = self.view.ctx().int(0);
            self.update(Attribute::Pods(template, phase), |_| none);
        }
        self.deeds.push(Deed::Departure);
        for effect in [effect::deleted, effect::taken, effect::ended] {
            self.note(effect(template));
        }
        self
    }

    fn set(mut self, attribute: Attribute, value: i64) -> Self {
        self.note(effect::nodes());
        let value = self.view.ctx().int(value);
        self.update(attribute, |_| value);
        self
    }

    /// Binds pods of a template to each node.
    pub fn bind(mut self, template: TemplateId, count: Int<'c>) -> Self {
        let attribute = Attribute::Pods(template, self.view.first_phase(template));
        self.note(effect::bound(template));
        self.update(attribute, |pods| pods + count);
        self
    }

    /// Binds a pod of a template to each node that it was made for.
    pub fn bind_waiting(mut self, template: TemplateId) -> Self {
        self.update(Attribute::Waiting(template), |waiting| waiting.minus_or_zero(1));
        let one = self.view.ctx().int(1);
        self.bind(template, one)
    }

    /// Gives each node a waiting pod of a template: it is bound, or, where schedulers have caches of their own, its scheduler
    /// takes it to be there, and it goes on waiting for everybody else.
    pub fn place(self, template: TemplateId) -> Self {
        if self.view.is_apart(template) { self.assume(template) } else { self.land(template) }
    }

    /// Binds a waiting pod of a template to each node.
    pub fn land(self, template: TemplateId) -> Self {
        let one = self.view.ctx().int(1);
        if self.view.is_daemon(template) { self.bind_waiting(template) } else { self.bind(template, one) }
    }

    /// Makes so many pods of a template for each node, which wait for it.
    pub fn make(mut self, template: TemplateId, count: Int<'c>) -> Self {
        if count.constant() == Some(0) {
            return self;
        }
        self.note(effect::waiting(template));
        let attribute = Attribute::Waiting(template);
        let layout = self.view.cells.layout(self.cell.class);
        let most = layout.position(attribute).map_or(0, |position| layout.max[position]);
        self.update(attribute, |waiting| (waiting + count).min(most));
        self
    }

    /// Deletes so many pods of a template that wait for each node: they are gone at once.
    pub fn withdraw(mut self, template: TemplateId, count: Int<'c>) -> Self {
        if count.constant() == Some(0) {
            return self;
        }
        self.note(effect::withdrawn(template));
        self.update(Attribute::Waiting(template), |waiting| waiting.minus_or_zero(count));
        self
    }

    /// Makes pods of a template ready that are starting.
    pub fn start(mut self, template: TemplateId, count: Int<'c>) -> Self {
        self.note(effect::started(template));
        self.update(Attribute::Pods(template, Phase::Starting), |pods| pods - count);
        self.update(Attribute::Pods(template, Phase::Running), |pods| pods + count);
        self
    }

    /// Makes pods of a template unready that were ready.
    pub fn cease(mut self, template: TemplateId, count: Int<'c>) -> Self {
        self.deeds.push(Deed::Departure);
        self.note(effect::started(template));
        self.update(Attribute::Pods(template, Phase::Running), |pods| pods.minus_or_zero(count));
        self.update(Attribute::Pods(template, Phase::Unready), |pods| pods + count);
        self
    }

    /// Makes pods of a template ready that were so before.
    pub fn recover(mut self, template: TemplateId, count: Int<'c>) -> Self {
        self.note(effect::started(template));
        self.update(Attribute::Pods(template, Phase::Unready), |pods| pods.minus_or_zero(count));
        self.update(Attribute::Pods(template, Phase::Running), |pods| pods + count);
        self
    }

    /// Makes a pod of one template, in a phase, one of another, which requests something else.
    pub fn resize(mut self, (from, to): (TemplateId, TemplateId), phase: Phase) -> Self {
        self.deeds.push(Deed::Departure);
        for effect in [effect::deleted, effect::taken, effect::ended] {
            self.note(effect(from));
        }
        self.note(effect::bound(to));
        self.note(effect::started(to));
        self.update(Attribute::Pods(from, phase), |pods| pods.minus_or_zero(1));
        self.update(Attribute::Pods(to, phase), |pods| pods + 1);
        self
    }

    /// Removes one active pod of a template that has ended by itself.
    pub fn finish(mut self, template: TemplateId, phase: Phase) -> Self {
        self.deeds.push(Deed::Departure);
        self.note(effect::deleted(template));
        self.note(effect::ended(template));
        self.update(Attribute::Pods(template, phase), |pods| pods - 1);
        self
    }

    /// Removes one pod of a template that is being deleted.
    pub fn end(mut self, template: TemplateId) -> Self {
        self.note(effect::ended(template));
        self.update(Attribute::Pods(template, Phase::Terminating), |pods| pods - 1);
        self
    }

    /// Removes up to `count` pods of a template that are being deleted.
    pub fn hasten(mut self, template: TemplateId, count: Int<'c>) -> Self {
        self.note(effect::ended(template));
        self.update(Attribute::Pods(template, Phase::Terminating), |pods| pods.minus_or_zero(count));
        self
    }

    /// Deletes `count` active pods of a template, ready ones last; they go on terminating there.
    pub fn delete(mut self, template: TemplateId, count: Int<'c>, why: Leaving) -> Self {
        self.delete_ready_last(template, count, why);
        self
    }

    /// [`Change::delete`] of `count(template)` pods of each template.
    pub fn delete_each(mut self, count: impl Fn(TemplateId) -> Int<'c>, why: Leaving) -> Self {
        for template in self.view.movable() {
            self.delete_ready_last(template, count(template), why);
        }
        self
    }

    /// Deletes `count(phase)` active pods of one template.
    pub fn delete_of(mut self, template: TemplateId, count: impl Fn(Phase) -> Int<'c>, why: Leaving) -> Self {
        self.delete_phases(template, count, why);
        self
    }

    /// Deletes `count(template, phase)` active pods.
    pub fn delete_by_phase(mut self, count: impl Fn(TemplateId, Phase) -> Int<'c>, why: Leaving) -> Self {
        for template in self.view.movable() {
            self.delete_phases(template, |phase| count(template, phase), why);
        }
        self
    }

    fn delete_ready_last(&mut self, template: TemplateId, count: Int<'c>, why: Leaving) {
        if count.constant() == Some(0) {
            return;
        }
        let mut left = count;
        let taken = ACTIVE.map(|phase| {
            let there = self.view.pods(&self.cell, template, phase);
            let taken = if there.constant() == Some(0) { there } else { left.min(there) };
            left = left - taken;
            (phase, taken)
        });
        let of = |phase| taken.iter().find(|(known, _)| *known == phase).map_or(self.view.ctx().int(0), |it| it.1);
        self.delete_phases(template, of, why);
    }

    fn delete_phases(&mut self, template: TemplateId, count: impl Fn(Phase) -> Int<'c>, why: Leaving) {
        let mut deleted = self.view.ctx().int(0);
        for phase in ACTIVE {
            let taken = count(phase);
            if taken.constant() == Some(0) {
                continue;
            }
            deleted = deleted + taken;
            self.update(Attribute::Pods(template, phase), |pods| pods.minus_or_zero(taken));
        }
        if deleted.constant() != Some(0) {
            self.update(Attribute::Pods(template, Phase::Terminating), |pods| pods + deleted);
            self.deeds.push(Deed::Departure);
            self.note(effect::deleted(template));
            if why != Leaving::Deleted {
                self.note(effect::taken(template));
            }
            if why == Leaving::Evicted {
                self.deeds.push(Deed::Eviction(template));
            }
        }
    }

    /// The attributes that nodes of the cell would have.
    pub fn outcome(&self) -> &[Int<'c>] {
        &self.cell.attributes
    }

    fn note(&mut self, effect: Effect) {
        self.deeds.push(Deed::Effect(effect));
    }

    fn update(&mut self, attribute: Attribute, change: impl FnOnce(Int<'c>) -> Int<'c>) {
        if let Some(position) = self.view.cells.layout(self.cell.class).position(attribute) {
            self.cell.attributes[position] = change(self.cell.attributes[position]);
        }
    }
}

impl<'c> Cluster<'c> {
    /// Changes all nodes: `change` says how those of each cell.
    pub fn rewrite_all<'a>(&'a self, state: &mut State<'c>, change: impl Fn(&Cell<'c>) -> Change<'a, 'c>) {
        let deeds = std::cell::RefCell::new(Vec::new());
        self.cells.rewrite_all(self.ctx(), state, |cell| attributes(change(&self.if_there(cell.clone())), &deeds));
        note(state, &deeds.into_inner());
    }

    /// Changes one node of the chosen cell. `chosen` has one entry per cell, at most one of them true, and that one's cell
    /// exists.
    pub fn rewrite_one<'a>(
        &'a self,
        state: &mut State<'c>,
        chosen: &[Bool<'c>],
        change: impl Fn(&Cell<'c>) -> Change<'a, 'c>,
    ) {
        let deeds = std::cell::RefCell::new(Vec::new());
        self.cells
            .rewrite_one(self.ctx(), state, chosen, |cell| attributes(change(&self.if_there(cell.clone())), &deeds));
        note(state, &deeds.into_inner());
    }

    /// One waiting pod of a template gets a node of the chosen cell: it is bound there, or, where schedulers have caches of
    /// their own, its scheduler takes it to be there.
    pub fn place(&self, state: &mut State<'c>, template: TemplateId, chosen: &[Bool<'c>]) {
        self.rewrite_one(state, chosen, |cell| self.change(cell).place(template));
    }
}

fn attributes<'c>(change: Change<'_, 'c>, deeds: &std::cell::RefCell<Vec<Deed>>) -> Vec<Int<'c>> {
    deeds.borrow_mut().extend(change.deeds);
    change.cell.attributes
}

fn note(state: &mut State<'_>, deeds: &[Deed]) {
    deeds.iter().for_each(|deed| state.note(deed.code()));
}
