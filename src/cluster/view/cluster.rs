//! The cluster as controllers see it: pods counted by template, phase and cell; owners with their sizes.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::system::{ActionDraft, ActionId, BoolVar, Builder, IntVar, MarkId, State};
use crate::term::{Bool, Ctx, Guarded, Int, TermId, VarId};

use super::rule::Rule;
use super::story::{Diagnosis, Narrator, Sentence};
use super::turnover::Turnover;
use super::usage::Usage;
use super::variables;
use crate::cluster::counting::cells::{Cell, Cells};
use crate::cluster::counting::classes::{self, NodeClass};
use crate::cluster::counting::layout::{Attribute, Layout};
use crate::cluster::counting::placement::Placement;
use crate::cluster::counting::sizes::{Dependence, OpenSize, Sizes};
use crate::cluster::counting::start::{self, Neighbours};
use crate::cluster::counting::templates::{self, Phase, Template, TemplateId, Tenure};
use crate::cluster::counting::totals::{self, Quantity};
use crate::cluster::object::resources::ResourceError;
use crate::cluster::object::spec::{ClusterSpec, SchedulerProfile, Workload};

use super::variables::WorkloadVars;

/// A cluster under construction: objects, state variables, and the actions that controllers add.
pub struct Cluster<'c> {
    /// Where terms and actions go.
    pub builder: Builder<'c>,
    /// The objects.
    pub spec: &'c ClusterSpec,
    /// Kinds of interchangeable pods.
    pub templates: Vec<Template>,
    /// Kinds of interchangeable nodes.
    pub classes: Vec<NodeClass>,
    /// Nodes by state.
    pub cells: Cells,
    /// Nodes that are interchangeable at the start.
    pub neighbours: Vec<Neighbours>,
    /// How many nodes there are, where that is open.
    pub size: OpenSize<'c>,
    /// By position in [`ClusterSpec::workloads`]; `None` for pods that the model does not move.
    pub workloads: Vec<Option<WorkloadVars>>,
    /// Pods without a node, by template.
    pub pending: Vec<IntVar>,
    /// Flags set by every change from outside, each cleared by the observer that declared it.
    pub disturbed: Vec<BoolVar>,
    /// What is remembered of pods that come and go.
    pub turnover: Turnover,
    /// By template: whether the company leaves its pods no room at present; `None` where it always leaves some.
    pub crowded: Vec<Option<BoolVar>>,
    /// Workloads whose marks are their own.
    marked: BTreeSet<usize>,
    bindings: RefCell<Vec<Binding>>,
    /// When building is to end.
    pub limit: Guarded,
    /// What pods on nodes use together, which every template asks anew.
    pub usage: Usage,
    /// Inputs whose values are positions of cells.
    cell_inputs: RefCell<Vec<VarId>>,
    narrators: RefCell<Vec<Narrator>>,
    rules: RefCell<Vec<Option<&'static Rule>>>,
    diagnoses: RefCell<Vec<(String, Diagnosis)>>,
}

impl<'c> Cluster<'c> {
    /// Declares the state of a cluster: where pods are, how large their owners are.
    pub fn new(ctx: &'c Ctx, spec: &'c ClusterSpec) -> Result<Self, ResourceError> {
        Cluster::build(ctx, spec, false, &ONE_SIZE)
    }

    /// [`Cluster::new`] of several sizes at once. The spec has all nodes of all of them.
    pub fn of_sizes(ctx: &'c Ctx, spec: &'c ClusterSpec, sizes: &'c Sizes) -> Result<Self, ResourceError> {
        Cluster::build(ctx, spec, false, sizes)
    }

    /// [`Cluster::new`] with every node a class of its own, for whoever asks about nodes by name.
    pub fn of_single_nodes(ctx: &'c Ctx, spec: &'c ClusterSpec) -> Result<Self, ResourceError> {
        Cluster::build(ctx, spec, true, &ONE_SIZE)
    }

    fn build(ctx: &'c Ctx, spec: &'c ClusterSpec, single: bool, sizes: &'c Sizes) -> Result<Self, ResourceError> {
        let builder = Builder::new(ctx);
        let templates = templates::templates(spec)?;
        let classes = classes::classes(spec, &templates, single)?;
        let size = OpenSize::declare(&builder, spec, sizes);
        check_sizes(spec, &classes, &size);
        let placement = Placement::of(spec, &templates);
        let layouts: Vec<Layout> = classes.iter().map(|class| layout(spec, &templates, class, &placement)).collect();
        let initial = |class: usize, member: usize| {
            let node = &spec.nodes[classes[class].members[member]];
            let start = |&attribute| placement.initial(&classes[class], &templates, node, attribute);
            layouts[class].attributes.iter().map(start).collect()
        };
        let mut cells = Cells::declare(&builder, &classes, layouts.clone(), &templates, &initial, &size);
        if !single && size.variable().is_none() {
            let (classes, layouts, templates, placement) = (&classes, &layouts, &templates, &placement);
            let start = totals::Start { classes, layouts, templates, placement, values: &initial };
            cells.totals = start.declare(&builder);
        }
        let neighbours = start::constrain(&builder, &classes, &cells, &templates, &placement, &initial);
        let pending = templates.iter().map(|template| variables::pending(&builder, spec, template)).collect();
        let workloads = variables::workloads(&builder, spec, &templates, &size);
        let crowded = templates.iter().map(|template| variables::crowded(&builder, spec, template)).collect();
        let (cell_inputs, narrators, rules, diagnoses) = Default::default();
        Ok(Cluster {
            builder,
            spec,
            templates,
            classes,
            cells,
            neighbours,
            size,
            workloads,
            pending,
            disturbed: Vec::new(),
            turnover: Turnover::default(),
            crowded,
            marked: (0..MARKED_WORKLOADS).collect(),
            bindings: RefCell::default(),
            usage: Usage::default(),
            limit: Guarded::default(),
            cell_inputs,
            narrators,
            rules,
            diagnoses,
        })
    }

    /// Whether building is to end: then loops over workloads and nodes do, and what was built is thrown away.
    pub fn is_stopped(&self) -> bool {
        self.limit.stopped().is_some()
    }

    /// The context of terms.
    pub fn ctx(&self) -> &'c Ctx {
        self.builder.ctx()
    }

    /// The present state.
    pub fn state(&self) -> State<'c> {
        self.builder.state()
    }

    /// Declares one more flag of [`Cluster::disturbed`].
    pub fn declare_disturbed(&mut self, name: &str) -> BoolVar {
        let flag = self.builder.bool(format!("{name} disturbed from outside"), Some(false));
        self.disturbed.push(flag);
        flag
    }

    /// Records in a state that something changed from outside.
    pub fn disturb(&self, next: &mut State<'c>) {
        for &flag in &self.disturbed {
            next.set_bool(flag, self.ctx().bool(true));
        }
    }

    /// Adds an action, the rule that it follows, and what it tells about itself. With every slow action the company may have left room, for
    /// whatever else happens meanwhile.
    pub fn act(&self, rule: &'static Rule, mut draft: ActionDraft<'c>, narrator: Narrator) -> ActionId {
        if !draft.kind.is_event() {
            self.crowded.iter().flatten().for_each(|&flag| draft.next.set_bool(flag, self.ctx().bool(false)));
        }
        self.narrators.borrow_mut().push(narrator);
        self.rules.borrow_mut().push(Some(rule));
        self.builder.action(draft)
    }

    /// Adds an action that only keeps history for properties. It tells nothing.
    pub fn observe(&self, draft: ActionDraft<'c>) {
        self.builder.passive_action(draft);
        self.narrators.borrow_mut().push(Box::new(|_| Sentence::default()));
        self.rules.borrow_mut().push(None);
    }

    /// Adds an explanation for states that break a property.
    pub fn diagnose(&self, property: impl Into<String>, diagnosis: Diagnosis) {
        self.diagnoses.borrow_mut().push((property.into(), diagnosis));
    }

    /// Ends construction: the builder, and what actions and properties tell.
    pub fn finish(self) -> (Builder<'c>, Parts) {
        let parts = Parts {
            templates: self.templates,
            classes: self.classes,
            cells: self.cells,
            neighbours: self.neighbours,
            workloads: self.workloads,
            pending: self.pending,
            size: self.size.variable(),
            depends_on_size: self.size.into_dependences(),
            cell_inputs: self.cell_inputs.into_inner(),
            bindings: self.bindings.into_inner(),
            narrators: self.narrators.into_inner(),
            rules: self.rules.into_inner(),
            diagnoses: self.diagnoses.into_inner(),
        };
        (self.builder, parts)
    }

    /// At most so many nodes: a bound, not their number.
    pub fn most_nodes(&self) -> i64 {
        self.spec.nodes.len() as i64
    }

    /// Whether no two nodes share a value of a label, so that each is a domain of its own.
    pub fn has_singleton_domains(&self, key: &str) -> bool {
        let singleton = classes::is_singleton_key(self.spec, key);
        if !singleton {
            let shares = self.size.shares_label(&self.classes, key);
            self.size.depends_on(&shares, || format!("at some of them no two nodes share a value of {key}"));
        }
        singleton
    }

    /// Workloads that the model moves: position, object, variables.
    pub fn owners(&self) -> impl Iterator<Item = (usize, &'c Workload, &WorkloadVars)> {
        let objects = self.spec.workloads.iter().enumerate();
        objects.zip(&self.workloads).filter_map(|((index, object), vars)| Some((index, object, vars.as_ref()?)))
    }

    /// All cells in a state.
    pub fn cells(&self, state: &State<'c>) -> Vec<Cell<'c>> {
        self.cells.all(self.ctx(), state)
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

    /// Pods of a template in a phase on each node of a cell.
    pub fn pods(&self, cell: &Cell<'c>, template: TemplateId, phase: Phase) -> Int<'c> {
        self.get(cell, Attribute::Pods(template, phase))
    }

    /// Pods on each node of a cell that are not being deleted.
    pub fn active_on(&self, cell: &Cell<'c>, template: TemplateId) -> Int<'c> {
        self.pods(cell, template, Phase::Starting) + self.pods(cell, template, Phase::Running)
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

    /// Whether the nodes of a cell are down.
    pub fn is_down(&self, cell: &Cell<'c>) -> Bool<'c> {
        self.get(cell, Attribute::Down).eq(1)
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
        state.get(self.pending[template.0]) + self.bound(state, template)
    }

    /// The phase of a pod that was just bound.
    pub fn first_phase(&self, template: TemplateId) -> Phase {
        self.templates[template.0].phases[0]
    }

    /// The attributes of a cell's nodes with one of them changed by `change`; unchanged where the class lacks it.
    pub fn with(&self, cell: &Cell<'c>, attribute: Attribute, change: impl FnOnce(Int<'c>) -> Int<'c>) -> Vec<Int<'c>> {
        let mut attributes = cell.attributes.clone();
        if let Some(position) = self.cells.layout(cell.class).position(attribute) {
            attributes[position] = change(attributes[position]);
        }
        attributes
    }

    /// Binds one pod of a template to a node of the chosen cell.
    pub fn place(&self, state: &mut State<'c>, template: TemplateId, chosen: &[Bool<'c>]) {
        let attribute = Attribute::Pods(template, self.first_phase(template));
        self.cells.rewrite_one(self.ctx(), state, chosen, |cell| self.with(cell, attribute, |pods| pods + 1));
    }

    /// An input that chooses one of the cells, as one Boolean per cell that implies `allowed`; and the condition that
    /// the choice is allowed.
    pub fn choose_cell(&self, name: &str, allowed: &[Bool<'c>]) -> (VarId, Vec<Bool<'c>>, Bool<'c>) {
        let (var, input) = self.cell_input(name, allowed.len());
        let chosen: Vec<Bool<'c>> =
            allowed.iter().enumerate().map(|(index, &allowed)| allowed & input.eq(index as i64)).collect();
        let valid = self.ctx().any(chosen.iter().copied());
        (var, chosen, valid)
    }

    /// An input that is the position of one of `cells` cells.
    pub fn cell_input(&self, name: &str, cells: usize) -> (VarId, Int<'c>) {
        let (var, input) = self.builder.input(name, 0, cells.saturating_sub(1) as i64);
        self.cell_inputs.borrow_mut().push(var);
        (var, input)
    }

    /// The mark of changes that come from outside: load, failures, users.
    pub fn environment_mark(&self) -> MarkId {
        self.builder.mark("environment")
    }

    /// The mark of an eviction from a workload.
    pub fn eviction_mark(&self, workload: usize) -> MarkId {
        self.builder.mark(&self.mark_name("evicts", workload))
    }

    /// The mark of a change of a workload's `spec.replicas`.
    pub fn resize_mark(&self, workload: usize) -> MarkId {
        self.builder.mark(&self.mark_name("resizes", workload))
    }

    /// Gives these workloads marks of their own, as many of them as there are marks for; the others share theirs.
    pub fn mark_apart(&mut self, workloads: impl IntoIterator<Item = usize>) {
        self.marked = workloads.into_iter().take(MARKED_WORKLOADS).collect();
    }

    /// Whether the marks of a workload are its own.
    pub fn is_marked(&self, workload: usize) -> bool {
        self.marked.contains(&workload)
    }

    fn mark_name(&self, what: &str, workload: usize) -> String {
        if self.is_marked(workload) { format!("{what} {workload}") } else { format!("{what} others") }
    }

    /// Records what the scheduler's inputs stand for.
    pub fn note_binding(&self, binding: Binding) {
        self.bindings.borrow_mut().push(binding);
    }

    /// The mark of a node that panics.
    pub fn panic_mark(&self) -> MarkId {
        self.builder.mark("panics")
    }

    /// Marks for evictions: for each workload whether `evicted(template)` is positive for one of its templates.
    pub fn eviction_marks(&self, evicted: impl Fn(TemplateId) -> Bool<'c>) -> Vec<(MarkId, Bool<'c>)> {
        let marks = self.owners().map(|(index, _, vars)| {
            let some = self.ctx().any(vars.templates.iter().map(|&template| evicted(template)));
            (self.eviction_mark(index), some)
        });
        marks.filter(|(_, when)| when.constant() != Some(false)).collect()
    }

    /// The scheduler profile that a template's `schedulerName` asks for; the first one where it asks for none.
    pub fn profile(&self, template: TemplateId) -> &'c SchedulerProfile {
        let name = self.templates[template.0].spec.scheduler_name.as_deref();
        let named = self.spec.scheduler.iter().find(|profile| Some(profile.name.as_str()) == name);
        named.unwrap_or(&self.spec.scheduler[0])
    }

    /// Whether a workload exists.
    pub fn exists(&self, state: &State<'c>, vars: &WorkloadVars) -> Bool<'c> {
        vars.exists.map_or_else(|| self.ctx().bool(true), |var| state.is(var))
    }

    /// Which revision is a workload's present template.
    pub fn revision(&self, state: &State<'c>, vars: &WorkloadVars) -> Int<'c> {
        match vars.revision {
            Some(var) => state.get(var),
            None => self.ctx().int(vars.templates.len() as i64 - 1),
        }
    }
}

/// Finds out what is not the same at all sizes.
fn check_sizes(spec: &ClusterSpec, classes: &[NodeClass], size: &OpenSize<'_>) {
    size.check_classes(classes);
    let numbers = size.present(0..spec.nodes.len()).into_iter().chain([spec.nodes.len() as i64]);
    let is_stepwise: Vec<bool> = numbers.map(|nodes| spec.deschedules_stepwise_with(nodes as usize)).collect();
    size.depends_on(&is_stepwise, || "with few nodes, a cycle of the descheduler goes step by step".to_owned());
}

fn layout(spec: &ClusterSpec, templates: &[Template], class: &NodeClass, placement: &Placement<'_>) -> Layout {
    let starts = |&member: &usize, template, phase| {
        placement.initial(class, templates, &spec.nodes[member], Attribute::Pods(template, phase)).hi
    };
    let most = |template: TemplateId, phase: Phase| {
        class.members.iter().map(|member| starts(member, template, phase)).max().unwrap_or(0)
    };
    Layout::of(class, templates, &spec.scenario, &most)
}

/// What remains of a [`Cluster`] when its system is built.
pub struct Parts {
    /// Kinds of interchangeable pods.
    pub templates: Vec<Template>,
    /// Kinds of interchangeable nodes.
    pub classes: Vec<NodeClass>,
    /// Nodes by state.
    pub cells: Cells,
    /// Nodes that are interchangeable at the start.
    pub neighbours: Vec<Neighbours>,
    /// By position in the spec's workloads.
    pub workloads: Vec<Option<WorkloadVars>>,
    /// Pods without a node, by template.
    pub pending: Vec<IntVar>,
    /// Which state variable says the size of a cluster of several sizes.
    pub size: Option<IntVar>,
    /// Why the model does not stand for all sizes; empty if it does.
    pub depends_on_size: Vec<Dependence>,
    /// Inputs whose values are positions of cells.
    pub cell_inputs: Vec<VarId>,
    /// What the inputs of actions that bind pods stand for.
    pub bindings: Vec<Binding>,
    /// What each action tells, by action.
    pub narrators: Vec<Narrator>,
    /// The rule that each action follows, by action; observers follow none.
    pub rules: Vec<Option<&'static Rule>>,
    /// Explanations by property name.
    pub diagnoses: Vec<(String, Diagnosis)>,
}

/// What the inputs of an action that binds pods one at a time stand for, for whoever looks for a choice of its own.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The action.
    pub action: ActionId,
    /// The input that says whose pod it is: a position in `templates`.
    pub pod: VarId,
    /// The input that says where it goes: the position of a cell.
    pub node: VarId,
    /// Whose pods may be bound.
    pub templates: Vec<TemplateId>,
    /// By position in `templates`: whether a pod may be bound now.
    pub binds: Vec<TermId>,
    /// By position in `templates` and cell: whether it may go there.
    pub allowed: Vec<Vec<TermId>>,
}

/// What has one size.
static ONE_SIZE: std::sync::LazyLock<Sizes> = std::sync::LazyLock::new(Sizes::default);

/// Workloads with marks of their own, at most; the others share one, so that the number of marks stays bounded.
pub const MARKED_WORKLOADS: usize = 50;
