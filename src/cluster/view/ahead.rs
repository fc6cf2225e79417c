//! What is going to happen by itself, sooner or later: properties that ask whether something can end wait for it.
//!
//! Encodings note what they know they will do, as a condition on states; whatever merely may happen, or is up to somebody
//! outside, is none of it.

use crate::cluster::object::selector;
use crate::cluster::{Cell, TemplateId};
use crate::system::State;
use crate::term::Bool;

use super::{Cluster, View};

impl<'c> Cluster<'c> {
    /// Notes that where `when` holds a controller is going to act.
    pub fn note_ahead(&self, when: Bool<'c>) {
        self.ahead.borrow_mut().push(when);
    }

    /// Whether a controller is going to act, as encodings noted.
    pub fn is_ahead(&self) -> Bool<'c> {
        self.ctx().any(self.ahead.borrow().iter().copied())
    }
}

impl<'c> View<'c> {
    /// Whether a pod of a template is on a node that is up, is not ready, and will be.
    pub fn is_starting(&self, state: &State<'c>, template: TemplateId) -> Bool<'c> {
        let cells = self.cells(state);
        let comes = |cell: &Cell<'c>| self.coming_on(cell, template).ge(1);
        let here = |cell: &Cell<'c>| cell.exists & !self.is_down(cell) & !self.is_gone(cell) & comes(cell);
        self.ctx().any(cells.iter().map(here).collect::<Vec<_>>())
    }

    /// Whether a pod is ready and has not been so for `minReadySeconds`: then the rollout goes on later.
    pub fn is_ageing(&self, state: &State<'c>, template: TemplateId) -> Bool<'c> {
        let seasons = self.turnover.seasons.iter().filter(|(templates, _)| templates.contains(&template));
        let young = seasons.map(|&(_, flag)| self.ready(state, template).ge(1) & !state.is(flag));
        self.ctx().any(young) | self.available(state, template).lt(self.ready(state, template))
    }

    /// Whether a pod of some Job is bound: when it ends it makes room for those that wait.
    pub fn some_job_runs(&self, state: &State<'c>) -> Bool<'c> {
        let jobs = self.owners().filter(|(_, object, _)| object.kind.is_batch());
        let bound = jobs.flat_map(|(_, _, vars)| vars.templates.iter().map(|&it| self.bound(state, it).ge(1)));
        self.ctx().any(bound.collect::<Vec<_>>())
    }

    /// Whether a node is down that may come back.
    pub fn some_may_recover(&self, state: &State<'c>) -> Bool<'c> {
        let scenario = self.spec.scenario;
        let fails = scenario.failures.as_ref().is_some_and(|failures| failures.recover);
        let panics = scenario.overload.as_ref().is_some_and(|overload| overload.recover);
        let down = self.listed(state).into_iter().filter(|cell| {
            let node = self.node(cell);
            fails && node.may_fail() || panics && node.may_panic()
        });
        self.ctx().any(down.map(|cell| cell.exists & self.is_down(&cell)).collect::<Vec<_>>())
    }

    /// Whether pods of a template are on nodes that are down and will be evicted from there, or on nodes that were deleted.
    pub fn is_leaving(&self, state: &State<'c>, template: TemplateId) -> Bool<'c> {
        let leaves = selector::leave_nodes_that_are_down(self.templates[template.0].tolerations());
        let cells = self.cells(state);
        let collected = |cell: &Cell<'c>| cell.exists & self.is_gone(cell) & self.holding_on(cell, template).ge(1);
        let collected = self.ctx().any(cells.iter().map(collected));
        if !leaves || !self.spec.scenario.controllers.taint_eviction {
            return collected;
        }
        let listed = self.listed(state);
        let some_up = self.ctx().any(listed.iter().map(|cell| cell.exists & !self.is_down(cell)));
        let there = |cell: &_| self.is_down(cell) & self.active_on(cell, template).ge(1);
        collected | some_up & self.ctx().any(cells.iter().map(|cell| cell.exists & there(cell)))
    }
}
