//! What encodings and properties see of a cluster, while they declare state and while they add actions.

use std::cell::{Cell as StdCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Taint, Toleration};
use thiserror::Error;

use crate::cluster::counting::cells::{Cell, Cells, Representation};
use crate::cluster::counting::classes::NodeClass;
use crate::cluster::counting::layout::{Attribute, Presence};
use crate::cluster::counting::placement::Placement;
use crate::cluster::counting::quotas::Limits;
use crate::cluster::counting::reads::Readings;
use crate::cluster::counting::replica_sets;
use crate::cluster::counting::sizes::OpenSize;
use crate::cluster::counting::start::Neighbours;
use crate::cluster::counting::templates::{Phase, Template, TemplateId, Tenure};
use crate::cluster::counting::totals::Quantity;
use crate::cluster::object::selector;
use crate::cluster::object::spec::{NodeSpec, SchedulerProfile, Workload};
use crate::system::{BoolVar, Builder, IntVar, State};
use crate::term::{Bool, Ctx, Int, Stopped, TermId, VarId};

use super::objects::Objects;
use super::proposals::Proposals;
use super::turnover::Turnover;
use super::usage::Usage;
use super::variables::WorkloadVars;

/// What encodings did that would make a model unsound.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("an encoding breaks its obligations: {}", .0.join("; "))]
pub struct Breach(pub Vec<String>);

/// A cluster in some state: objects, kinds of pods and nodes, and the state variables that count them.
pub struct View<'c> {
    /// The objects.
    pub spec: Objects<'c>,
    /// Kinds of interchangeable pods.
    pub templates: Vec<Template>,
    /// By template: whether a run may nominate its pods to nodes.
    pub(super) nominable: Vec<bool>,
    /// How many nodes there are, where that is open.
    pub(in crate::cluster) size: OpenSize<'c>,
    /// By position in [`Objects::workloads`]; `None` for pods that the model does not move.
    pub workloads: Vec<Option<WorkloadVars>>,
    /// Pods without a node, by template.
    pub pending: Vec<IntVar>,
    /// By template: what may keep its pods from being created.
    pub(super) quotas: Vec<Limits>,
    /// What may keep ReplicaSets from being created.
    pub(super) replica_sets: replica_sets::Limits,
    /// How many commands have been given; `None` if there are none.
    pub(super) commands_given: Option<IntVar>,
    /// What is remembered of pods that come and go.
    pub turnover: Turnover,
    /// By template: whether the company leaves its pods no room at present; `None` where it always leaves some.
    pub crowded: Vec<Option<BoolVar>>,
    /// By workload: whether a kubelet has refused one of its pods, where that is remembered.
    pub(super) refused: Vec<(usize, BoolVar)>,
    /// What pods on nodes use together, which every template asks anew.
    pub usage: Usage,
    /// Flags set by every change from outside, each cleared by the observer that declared it.
    pub(super) disturbed: Vec<BoolVar>,
    /// Whose proposals are followed.
    pub(super) proposals: Vec<Proposals>,
    /// Where terms and actions go.
    pub(super) builder: Builder<'c>,
    /// Kinds of interchangeable nodes.
    pub(super) classes: Vec<NodeClass>,
    /// Nodes by state.
    pub(in crate::cluster) cells: Cells,
    /// Nodes that are interchangeable at the start.
    pub(super) neighbours: Vec<Neighbours>,
    /// Workloads whose marks are their own.
    pub(super) marked: BTreeSet<usize>,
    /// What each reader declared to read of nodes.
    pub(super) readings: Readings,
    /// Who reads at present, by position in the readings.
    pub(super) reader: StdCell<Option<usize>>,
    /// What encodings did that they must not do.
    pub(super) breaches: RefCell<Vec<String>>,
}

impl<'c> View<'c> {
    /// Whether building is to end: then loops over workloads and nodes do, and what was built is thrown away.
    pub fn is_stopped(&self) -> bool {
        self.stopped().is_some()
    }

    /// Why building is to end, if so. It stays so: a loop that ended has left something out.
    pub fn stopped(&self) -> Option<Stopped> {
        self.ctx().stopped()
    }

    /// The context of terms.
    pub fn ctx(&self) -> &'c Ctx {
        self.builder.ctx()
    }

    /// The present state. An action needs one that was taken after all state was declared.
    pub fn state(&self) -> State<'c> {
        self.builder.state()
    }

    /// The variables whose values at the start are fixed, with their terms and values.
    pub fn initial_values(&self) -> Vec<(VarId, TermId, i64)> {
        self.builder.initial_values()
    }

    /// Does something in the name of a reader, which may read of nodes what it declared.
    pub fn reading_as<T>(&self, reader: &str, act: impl FnOnce() -> T) -> T {
        let before = self.reader.get();
        self.read_as(reader);
        let result = act();
        self.reader.set(before);
        result
    }

    /// Reads as a reader from now on.
    pub fn read_as(&self, reader: &str) {
        self.reader.set(self.readings.of.iter().position(|(name, _)| *name == reader));
    }

    /// Whether encodings kept their obligations so far.
    ///
    /// # Errors
    ///
    /// What they did that they must not do.
    pub fn check(&self) -> Result<(), Breach> {
        let breaches = self.breaches.borrow();
        if breaches.is_empty() { Ok(()) } else { Err(Breach(breaches.clone())) }
    }

    /// The name of each node, and the cell in which it starts, by class and slot; `None` where its place is open.
    pub fn starts(&self) -> Vec<(&'c str, Option<(usize, usize)>)> {
        let placement = Placement::of(self.spec.whole, &self.templates);
        let cell = |(index, node): (usize, &NodeSpec)| {
            let class = self.classes.iter().position(|class| class.members.contains(&index))?;
            let start = self.cells.layout(class).attributes.iter().map(|&it| placement.given(node, it));
            let slot = match self.cells.representation(class) {
                Representation::Individual(_) => self.classes[class].members.iter().position(|&it| it == index)?,
                Representation::Counted { index, .. } => *index.get(&start.collect::<Vec<i64>>())?,
            };
            Some((class, slot))
        };
        let nodes = self.spec.whole.nodes.iter().enumerate();
        nodes.map(|(index, node)| (node.name.as_str(), cell((index, node)))).collect()
    }

    /// Notes that an encoding did what it must not do; the model is refused.
    pub(super) fn breach(&self, what: String) {
        let mut breaches = self.breaches.borrow_mut();
        if !breaches.contains(&what) {
            breaches.push(what);
        }
    }

    /// Workloads that the model moves: position, object, variables.
    pub fn owners(&self) -> impl Iterator<Item = (usize, &'c Workload, &WorkloadVars)> {
        let objects = self.spec.workloads.iter().enumerate();
        objects.zip(&self.workloads).filter_map(|((index, object), vars)| Some((index, object, vars.as_ref()?)))
    }

    /// All cells in a state. Of nodes that their group does not have none exists.
    pub fn cells(&self, state: &State<'c>) -> Vec<Cell<'c>> {
        self.cells.all(self.ctx(), state).into_iter().map(|cell| self.if_there(cell)).collect()
    }

    /// A cell as controllers see it: without nodes that are not there.
    pub(super) fn if_there(&self, cell: Cell<'c>) -> Cell<'c> {
        if !self.comes_and_goes(&cell) {
            return cell;
        }
        let there = self.is_there(&cell);
        Cell { exists: cell.exists & there, multiplicity: there.ite(cell.multiplicity, 0), ..cell }
    }

    /// Whether the nodes of a cell are there.
    pub fn is_there(&self, cell: &Cell<'c>) -> Bool<'c> {
        self.is_in(cell, Presence::Here) | self.is_departing(cell)
    }

    /// Whether the nodes of a cell are there, and tainted because they are being removed.
    pub fn is_departing(&self, cell: &Cell<'c>) -> Bool<'c> {
        self.is_in(cell, Presence::Going) | self.is_in(cell, Presence::Yielding)
    }

    /// All cells in a state, with those nodes only whose presence is this: also nodes that are not there.
    pub fn cells_in(&self, state: &State<'c>, presence: Presence) -> Vec<Cell<'c>> {
        let only = |cell: Cell<'c>| {
            let is_in = self.is_in(&cell, presence) & !self.is_gone(&cell);
            Cell { exists: cell.exists & is_in, multiplicity: is_in.ite(cell.multiplicity, 0), ..cell }
        };
        self.cells.all(self.ctx(), state).into_iter().map(only).collect()
    }

    /// A node of a class, supposed to be there with one ready pod of each of some templates and no others but those that stay.
    pub fn supposed(&self, class: usize, presence: Presence, pods: &[TemplateId]) -> Cell<'c> {
        let value = |attribute: &Attribute| match attribute {
            Attribute::Presence => presence.value(),
            Attribute::Pods(template, Phase::Running) if pods.contains(template) => 1,
            _ => 0,
        };
        let attributes = self.cells.layout(class).attributes.iter().map(|it| self.ctx().int(value(it))).collect();
        let (multiplicity, exists) = (self.ctx().int(1), self.ctx().bool(true));
        Cell { class, slot: usize::MAX, multiplicity, exists, attributes }
    }

    /// Whether nodes of a cell's class may be absent.
    pub fn comes_and_goes(&self, cell: &Cell<'c>) -> bool {
        self.classes[cell.class].comes_and_goes()
    }

    /// Whether the presence of the nodes of a cell is this.
    pub fn is_in(&self, cell: &Cell<'c>, presence: Presence) -> Bool<'c> {
        self.get(cell, Attribute::Presence).eq(presence.value())
    }

    /// The taint of nodes of a cell's class that are being removed; `None` if none ever is.
    pub fn leaving_taint(&self, cell: &Cell<'c>) -> Option<Taint> {
        let group = self.classes[cell.class].group.filter(|_| self.comes_and_goes(cell))?;
        Some(self.spec.scenario.node_groups[group].scaler.taint())
    }

    /// Whether the nodes of a cell carry the taint of nodes that are being removed, and a pod with these tolerations minds.
    pub fn is_barred_as_going(&self, cell: &Cell<'c>, tolerations: &[Toleration]) -> Bool<'c> {
        match self.leaving_taint(cell).is_some_and(|taint| !selector::tolerates(tolerations, &taint)) {
            true => self.is_departing(cell),
            false => self.ctx().bool(false),
        }
    }

    /// An attribute of a cell, 0 where its class has none.
    pub fn get(&self, cell: &Cell<'c>, attribute: Attribute) -> Int<'c> {
        let resident = match attribute {
            Attribute::Pods(template, phase) => self.classes[cell.class].residents(template, phase),
            _ => 0,
        };
        match resident {
            0 => self.cells.get(self.ctx(), cell, attribute),
            count => self.ctx().int(count),
        }
    }

    /// Templates whose numbers can change; the others' pods are part of what their nodes' classes use.
    pub fn movable(&self) -> impl Iterator<Item = TemplateId> + '_ {
        let movable = self.templates.iter().enumerate().filter(|(_, template)| template.tenure != Tenure::Resident);
        movable.map(|(index, _)| TemplateId(index))
    }

    /// The annotations of pods of a template.
    pub fn annotations(&self, id: TemplateId) -> Option<&BTreeMap<String, String>> {
        let template = &self.templates[id.0];
        let revision = &self.spec.workloads[template.workload].revisions[template.revision];
        match &template.sample {
            Some(pod) => pod.metadata.annotations.as_ref(),
            None => revision.template.metadata.as_ref().and_then(|it| it.annotations.as_ref()),
        }
    }

    /// Where the nodes of a class keep an attribute; `None` where they have none of it.
    pub fn position(&self, class: usize, attribute: Attribute) -> Option<usize> {
        self.cells.layout(class).position(attribute)
    }

    /// Pods of a template in a phase on each node of a cell.
    pub fn pods(&self, cell: &Cell<'c>, template: TemplateId, phase: Phase) -> Int<'c> {
        self.get(cell, Attribute::Pods(template, phase))
    }

    /// Pods on each node of a cell that are not being deleted.
    pub fn active_on(&self, cell: &Cell<'c>, template: TemplateId) -> Int<'c> {
        self.unready_on(cell, template) + self.pods(cell, template, Phase::Running)
    }

    /// Those of them that are not ready, whatever the nodes: they have yet to be, or are no longer.
    pub fn unready_on(&self, cell: &Cell<'c>, template: TemplateId) -> Int<'c> {
        self.pods(cell, template, Phase::Starting) + self.pods(cell, template, Phase::Unready)
    }

    /// Pods on each node of a cell that hold resources.
    pub fn holding_on(&self, cell: &Cell<'c>, template: TemplateId) -> Int<'c> {
        self.active_on(cell, template) + self.pods(cell, template, Phase::Terminating)
    }

    /// Whether the nodes of a cell are cordoned.
    pub fn is_cordoned(&self, cell: &Cell<'c>) -> Bool<'c> {
        match self.cells.layout(cell.class).position(Attribute::Cordoned) {
            Some(position) => cell.attributes[position].eq(1),
            None => self.ctx().bool(self.classes[cell.class].unschedulable),
        }
    }

    /// Waiting pods of a template that its scheduler alone takes to be on each node of a cell.
    pub fn assumed_on(&self, cell: &Cell<'c>, template: TemplateId) -> Int<'c> {
        self.get(cell, Attribute::Assumed(template))
    }

    /// Whether pods of a template are in a cache that others do not share, until they are bound.
    pub fn is_apart(&self, template: TemplateId) -> bool {
        self.templates[template.0].cache.is_some()
    }

    /// Whether one scheduler takes pods of both templates, or what several know makes no difference.
    pub fn share_a_cache(&self, one: TemplateId, other: TemplateId) -> bool {
        self.templates[one.0].cache == self.templates[other.0].cache
    }

    /// Waiting pods of a template that are nominated to each node of a cell.
    pub fn nominated_on(&self, cell: &Cell<'c>, template: TemplateId) -> Int<'c> {
        self.get(cell, Attribute::Nominated(template))
    }

    /// Whether a run may nominate pods of a template to nodes.
    pub fn may_be_nominated(&self, template: TemplateId) -> bool {
        self.nominable[template.0]
    }

    /// Pods of a template that were made for a node of a cell each, and wait for it.
    pub fn waiting_on(&self, cell: &Cell<'c>, template: TemplateId) -> Int<'c> {
        self.get(cell, Attribute::Waiting(template))
    }

    /// Those of them that are not nominated to it, and for which it is not chosen.
    pub fn unnominated_on(&self, cell: &Cell<'c>, template: TemplateId) -> Int<'c> {
        let waiting = self.waiting_on(cell, template).minus_or_zero(self.nominated_on(cell, template));
        if self.is_apart(template) { waiting.minus_or_zero(self.assumed_on(cell, template)) } else { waiting }
    }

    /// Whether pods of a template are each made for one node.
    pub fn is_daemon(&self, template: TemplateId) -> bool {
        self.templates[template.0].is_daemon()
    }

    /// Pods of a template without a node, whether any would do or only one.
    pub fn waiting(&self, state: &State<'c>, template: TemplateId) -> Int<'c> {
        match self.is_daemon(template) {
            true => self.sum(state, |cell| self.waiting_on(cell, template)),
            false => state.get(self.pending[template.0]),
        }
    }

    /// Waiting pods of a template that are nominated to no node, and for which none is chosen.
    pub fn unnominated(&self, state: &State<'c>, template: TemplateId) -> Int<'c> {
        if self.is_daemon(template) {
            return self.sum(state, |cell| self.unnominated_on(cell, template));
        }
        let waiting = state.get(self.pending[template.0]);
        let waiting = match self.may_be_nominated(template) {
            true => waiting.minus_or_zero(self.sum(state, |cell| self.nominated_on(cell, template))),
            false => waiting,
        };
        match self.is_apart(template) {
            true => waiting.minus_or_zero(self.sum(state, |cell| self.assumed_on(cell, template))),
            false => waiting,
        }
    }

    /// Whether the nodes of a cell are down.
    pub fn is_down(&self, cell: &Cell<'c>) -> Bool<'c> {
        self.get(cell, Attribute::Down).eq(1)
    }

    /// Whether the Node objects of a cell were deleted; their pods may still be there.
    pub fn is_gone(&self, cell: &Cell<'c>) -> Bool<'c> {
        self.get(cell, Attribute::Gone).eq(1)
    }

    /// The cells of [`View::cells`], at the same positions, without nodes that were deleted: what controllers list.
    pub fn listed(&self, state: &State<'c>) -> Vec<Cell<'c>> {
        let mut cells = self.cells(state);
        for cell in &mut cells {
            let is_gone = self.is_gone(cell);
            cell.exists = cell.exists & !is_gone;
            cell.multiplicity = is_gone.ite(0, cell.multiplicity);
        }
        cells
    }

    /// Sum of `value` over all nodes.
    pub fn sum(&self, state: &State<'c>, value: impl Fn(&Cell<'c>) -> Int<'c>) -> Int<'c> {
        self.ctx().sum(self.cells(state).iter().map(|cell| cell.multiplicity * value(cell)))
    }

    /// Pods of a template that are bound and not being deleted.
    pub fn bound(&self, state: &State<'c>, template: TemplateId) -> Int<'c> {
        let most = self.templates[template.0].max_pods;
        let total = self.cells.totals.get(state, &Quantity::Bound(template));
        total.unwrap_or_else(|| self.sum(state, |cell| self.active_on(cell, template)).min(most))
    }

    /// Pods of a template, bound or not, that are not being deleted.
    pub fn active(&self, state: &State<'c>, template: TemplateId) -> Int<'c> {
        self.waiting(state, template) + self.bound(state, template)
    }

    /// Pods of a template that exist: with and without a node, and being deleted.
    pub fn existing(&self, state: &State<'c>, template: TemplateId) -> Int<'c> {
        let leaving = self.cells.totals.get(state, &Quantity::Terminating(template));
        let here = |cell: &_| self.pods(cell, template, Phase::Terminating);
        let there = self.waiting(state, template) + self.bound(state, template);
        there + leaving.unwrap_or_else(|| self.sum(state, here))
    }

    /// What may keep pods of a template from being created.
    pub fn quotas(&self, template: TemplateId) -> &Limits {
        let limits = &self.quotas[template.0];
        if !limits.is_empty() {
            self.size.depends("a quota counts pods that stay");
        }
        limits
    }

    /// The phase of a pod that was just bound.
    pub fn first_phase(&self, template: TemplateId) -> Phase {
        self.templates[template.0].phases[0]
    }

    /// Whether nodes of a cell may have pods of a template that were just bound.
    pub fn may_hold(&self, cell: &Cell<'c>, template: TemplateId) -> bool {
        let attribute = Attribute::Pods(template, self.first_phase(template));
        self.cells.layout(cell.class).position(attribute).is_some()
    }

    /// The scheduler profile that a template's `schedulerName` asks for; the first one where there is none of that name.
    pub fn profile(&self, template: TemplateId) -> &'c SchedulerProfile {
        self.own_profile(template).unwrap_or(&self.spec.scheduler[0])
    }

    /// Whether some scheduler takes pods of a template.
    pub fn is_scheduled(&self, template: TemplateId) -> bool {
        self.own_profile(template).is_some()
    }

    fn own_profile(&self, template: TemplateId) -> Option<&'c SchedulerProfile> {
        SchedulerProfile::named(self.spec.scheduler, self.templates[template.0].spec.scheduler_name.as_deref())
    }

    /// Whether a workload exists.
    pub fn exists(&self, state: &State<'c>, vars: &WorkloadVars) -> Bool<'c> {
        vars.exists.map_or_else(|| self.ctx().bool(true), |var| state.is(var))
    }

    /// Which revision is a workload's present template.
    pub fn revision(&self, state: &State<'c>, vars: &WorkloadVars) -> Int<'c> {
        match vars.revision {
            Some(var) => state.get(var),
            None => self.ctx().int(0),
        }
    }
}
