//! Pods that come and go, as far as somebody remembers which ones were there before.
//!
//! Pods are counted, so the past of a single one is a number: how many have left a start-up stage, how many of those
//! whose usage was last added up are still there. [`Cluster::act`](super::Cluster::act) brings them up to date where pods leave.

use super::View;
use super::effect;
use super::variables::WorkloadVars;
use crate::cluster::TemplateId;
use crate::cluster::counting::cells::Cell;
use crate::cluster::counting::layout::Attribute;
use crate::cluster::counting::templates::Phase;
use crate::cluster::counting::totals::Quantity;
use crate::system::{BoolVar, Effect, IntVar, State};
use crate::term::Int;

/// Counts of pods that depend on which pods come and go.
#[derive(Default)]
pub struct Turnover {
    /// How old the ready pods of a workload are, revision by revision: a rollout deletes the older ones.
    pub ages: Vec<Vec<Generation>>,
    /// Pods whose usage was added up.
    pub tallies: Vec<Tally>,
    /// Whether the one pod of some templates has been ready for a while.
    pub seasons: Vec<(Vec<TemplateId>, BoolVar)>,
    /// How many ready pods of a template have been so for a while.
    pub available: Vec<(TemplateId, IntVar)>,
}

/// The pods of one revision of a workload.
#[derive(Clone, Debug)]
pub struct Generation {
    /// The revision, where there are several.
    pub revision: Option<usize>,
    /// Its templates.
    pub templates: Vec<TemplateId>,
    /// By start-up stage: how many of its ready pods have left the stage.
    pub stages: Vec<IntVar>,
}

/// Which pods of a workload a sum of usages is about.
#[derive(Clone, Copy, Debug)]
pub struct Tally {
    /// Position of the workload.
    pub workload: usize,
    /// Whether only ready pods count, as for cpu; else every pod on a node that is up.
    pub ready_only: bool,
    /// How many pods are in the sum.
    pub counted: IntVar,
    /// Of those in the sum, how many are certainly still there.
    pub kept: IntVar,
}

impl<'c> View<'c> {
    /// What the counts depend on where pods go: who was ready, and on nodes that are up.
    pub(super) fn seen_by_turnover(&self) -> Vec<Effect> {
        let aged = self.turnover.ages.iter().flatten().flat_map(|generation| generation.templates.iter().copied());
        let workloads = self.turnover.tallies.iter().map(|tally| tally.workload);
        let vars = workloads.filter_map(|workload| self.workloads[workload].as_ref());
        let seasoned = self.turnover.seasons.iter().flat_map(|(templates, _)| templates.iter().copied());
        let counted = self.turnover.available.iter().map(|(template, _)| *template);
        let templates = vars.flat_map(|vars| vars.templates.iter().copied()).chain(seasoned).chain(aged).chain(counted);
        effect::on_nodes(&[effect::bound, effect::started], templates)
    }

    /// Brings the counts up to date where pods go. Those that remain are the oldest ones, as far as upstream lets younger ones go first;
    /// whether they are in a sum of usages is not known, so any pod that goes may have been.
    pub(super) fn note_departures(&self, next: &mut State<'c>) {
        for generation in self.turnover.ages.iter().flatten() {
            let ready = self.measured_among(next, &generation.templates, true);
            for &stage in &generation.stages {
                next.set(stage, next.get(stage).min(ready));
            }
        }
        for (templates, flag) in &self.turnover.seasons {
            let ready = self.ctx().any(templates.iter().map(|&template| self.ready(next, template).ge(1)));
            next.set_bool(*flag, next.is(*flag) & ready);
        }
        for tally in &self.turnover.tallies {
            let Some(vars) = &self.workloads[tally.workload] else { continue };
            let gone = vars.templates.iter().map(|&template| {
                let before = self.measured(&self.state(), template, tally.ready_only);
                before.minus_or_zero(self.measured(next, template, tally.ready_only))
            });
            let gone = self.ctx().sum(gone);
            next.set(tally.kept, next.get(tally.kept).minus_or_zero(gone));
        }
    }

    /// Pods of a template whose usage a metrics API reports: those that are ready, or all that are on nodes that are up.
    pub fn measured(&self, state: &State<'c>, template: TemplateId, ready_only: bool) -> Int<'c> {
        if ready_only {
            return self.ready(state, template);
        }
        let most = self.templates[template.0].max_pods;
        let here = |cell: &_| self.is_down(cell).ite(0, self.active_on(cell, template));
        self.sum(state, here).min(most)
    }

    /// [`View::measured`] over all templates of a workload.
    pub fn measured_of(&self, state: &State<'c>, vars: &WorkloadVars, ready_only: bool) -> Int<'c> {
        self.measured_among(state, &vars.templates, ready_only)
    }

    /// [`View::measured`] over some templates.
    pub fn measured_among(&self, state: &State<'c>, templates: &[TemplateId], ready_only: bool) -> Int<'c> {
        self.ctx().sum(templates.iter().map(|&template| self.measured(state, template, ready_only)))
    }

    /// Ready pods of a workload, over all its templates.
    pub fn ready_of(&self, state: &State<'c>, vars: &WorkloadVars) -> Int<'c> {
        self.measured_of(state, vars, true)
    }

    /// Pods of a template that are ready: running on a node that is up.
    pub fn ready(&self, state: &State<'c>, template: TemplateId) -> Int<'c> {
        let most = self.templates[template.0].max_pods;
        let running = |cell: &_| self.is_down(cell).ite(0, self.pods(cell, template, Phase::Running));
        let total = self.cells.totals.get(state, &Quantity::Ready(template));
        total.unwrap_or_else(|| self.sum(state, running).min(most))
    }

    /// Pods of a template that are available: ready, where no more is asked of them.
    pub fn available(&self, state: &State<'c>, template: TemplateId) -> Int<'c> {
        let ready = self.ready(state, template);
        let counted = self.turnover.available.iter().find(|(known, _)| *known == template);
        counted.map_or(ready, |&(_, var)| state.get(var).min(ready))
    }

    /// Pods of a template that are not ready any more, on any node.
    pub fn no_longer_ready(&self, state: &State<'c>, template: TemplateId) -> Int<'c> {
        let most = self.templates[template.0].max_pods;
        let total = self.cells.totals.get(state, &Quantity::Unready(template));
        total.unwrap_or_else(|| self.sum(state, |cell| self.pods(cell, template, Phase::Unready)).min(most))
    }

    /// Pods of a template on each node of a cell that are not ready, and are to be: those that start, and those that are
    /// restarted or recover.
    pub fn coming_on(&self, cell: &Cell<'c>, template: TemplateId) -> Int<'c> {
        let pod = &self.templates[template.0];
        let owner = &self.spec.workloads[pod.workload].key;
        let recovers = || self.spec.scenario.unready.iter().any(|it| it.recover && it.target == *owner);
        let phases = [(Phase::Starting, !pod.never_ready), (Phase::Unready, pod.crash_loops || recovers())];
        let counted = phases.into_iter().filter(|(_, counts)| *counts);
        self.ctx().sum(counted.map(|(phase, _)| self.pods(cell, template, phase)))
    }

    /// Whether a node of the cluster can be down at all.
    pub fn nodes_may_be_down(&self) -> bool {
        (0..self.classes.len()).any(|class| self.cells.layout(class).position(Attribute::Down).is_some())
    }
}
