//! The first phase of a model: state is declared.
//!
//! An action is the difference between two states, so there is no action before the last variable: [`Declaring`] declares and
//! adds none, [`Cluster`] adds actions and declares nothing, and the one becomes the other once. Types keep to that:
//!
//! ```compile_fail,E0599
//! fn declares_late(cluster: &kubound::cluster::view::Cluster<'_>) {
//!     cluster.int("one more", 0, 1, None);
//! }
//! ```
//!
//! ```compile_fail,E0599
//! fn acts_early(cluster: &kubound::cluster::view::Declaring<'_>, draft: kubound::system::ActionDraft<'_>) {
//!     cluster.observe(draft);
//! }
//! ```

use std::collections::BTreeSet;
use std::ops::Deref;

use crate::cluster::counting::cells::Cells;
use crate::cluster::counting::classes::{self, NodeClass};
use crate::cluster::counting::layout::{Attribute, Layout};
use crate::cluster::counting::placement::Placement;
use crate::cluster::counting::quotas;
use crate::cluster::counting::reads::{Reader, Readings};
use crate::cluster::counting::replica_sets;
use crate::cluster::counting::sizes::{BySize, OpenSize, Sizes};
use crate::cluster::counting::templates::{self, Template, TemplateId};
use crate::cluster::counting::{start, totals};
use crate::cluster::object::resources::ResourceError;
use crate::cluster::object::spec::ClusterSpec;
use crate::system::{BoolVar, Builder, IntVar};
use crate::term::Ctx;

use super::marks::MARKED_WORKLOADS;
use super::objects::Objects;
use super::turnover::{Generation, Tally, Turnover};
use super::usage::Usage;
use super::{Cluster, Proposals, View, variables};

/// A cluster whose state is being declared.
pub struct Declaring<'c>(View<'c>);

impl<'c> Deref for Declaring<'c> {
    type Target = View<'c>;

    fn deref(&self) -> &View<'c> {
        &self.0
    }
}

/// How a cluster is looked at.
#[derive(Clone, Copy)]
pub enum Shape<'c> {
    /// Nodes that nobody tells apart are merged.
    Merged,
    /// Every node is a class of its own, for whoever asks about nodes by name.
    SingleNodes,
    /// Several sizes at once. The spec has all nodes of all of them.
    OfSizes(&'c Sizes),
}

impl<'c> Declaring<'c> {
    /// Declares the state of a cluster: where pods are, how large their owners are.
    pub fn new(
        ctx: &'c Ctx,
        spec: &'c ClusterSpec,
        readers: &[Reader],
        shape: Shape<'c>,
    ) -> Result<Self, ResourceError> {
        let builder = Builder::new(ctx);
        let templates = templates::templates(spec)?;
        let quotas = quotas::limits(spec, &templates)?;
        let readings = Readings::of(readers, spec, &templates);
        let (single, sizes) = match shape {
            Shape::Merged => (false, &*ONE_SIZE),
            Shape::SingleNodes => (true, &*ONE_SIZE),
            Shape::OfSizes(sizes) => (false, sizes),
        };
        let classes = classes::classes(spec, &templates, &readings, single)?;
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
        builder.count_all_so_far();
        let replica_sets = replica_sets::Limits::of(spec)?;
        let workloads = variables::workloads(&builder, spec, &templates, (&size, &replica_sets));
        let crowded = templates.iter().map(|template| variables::crowded(&builder, spec, template)).collect();
        Ok(Declaring(View {
            builder,
            spec: Objects::of(spec),
            quotas,
            replica_sets,
            nominable: templates.iter().map(|template| template.may_be_nominated(&templates)).collect(),
            templates,
            classes,
            cells,
            neighbours,
            size,
            workloads,
            pending,
            disturbed: Vec::new(),
            proposals: Vec::new(),
            commands_given: None,
            turnover: Turnover::default(),
            crowded,
            refused: Vec::new(),
            marked: (0..MARKED_WORKLOADS).collect(),
            usage: Usage::default(),
            readings,
            reader: Default::default(),
            breaches: Default::default(),
        }))
    }

    /// Declares how many commands have been given, where there are some.
    pub fn commands(&mut self) -> Option<IntVar> {
        let commands = self.0.spec.scenario.commands.len() as i64;
        self.0.commands_given = (commands > 0).then(|| self.int("commands given", 0, commands, Some(0)));
        self.0.commands_given
    }

    /// A new integer state variable; see [`Builder::int`].
    pub fn int(&self, name: impl Into<String>, lo: i64, hi: i64, initial: Option<i64>) -> IntVar {
        self.0.builder.int(name, lo, hi, initial)
    }

    /// A new integer state variable with a start for each size; see [`OpenSize::int`].
    pub fn int_by_size(&self, name: String, range: (i64, i64), start: &BySize<i64>) -> IntVar {
        self.0.size.int(&self.0.builder, name, range, start.values())
    }

    /// A new Boolean state variable; see [`Builder::bool`].
    pub fn bool(&self, name: impl Into<String>, initial: Option<bool>) -> BoolVar {
        self.0.builder.bool(name, initial)
    }

    /// A new flag that every change from outside sets.
    pub fn disturbed(&mut self, name: &str) -> BoolVar {
        let flag = self.bool(format!("{name} disturbed from outside"), Some(false));
        self.0.disturbed.push(flag);
        flag
    }

    /// Follows what autoscalers propose for a workload of that name, numbers up to `most`.
    pub fn follow_proposals(&mut self, workload: usize, name: &str, most: i64) -> Proposals {
        let followed = Proposals::declare(&self.0.builder, workload, name, most);
        self.0.proposals.push(followed);
        followed
    }

    /// Counts how many ready pods of a workload have left each of some stages, revision by revision; returns the position in
    /// [`Turnover::ages`]. Each stage is a variable of that name.
    pub fn count_ages(&mut self, workload: usize, stages: &[String]) -> usize {
        let Some(vars) = &self.0.workloads[workload] else { return self.0.turnover.ages.len() };
        let of = |id: &TemplateId| self.0.templates[id.0].revision;
        let revisions: BTreeSet<usize> = vars.templates.iter().map(of).collect();
        let several = revisions.len() > 1;
        let parts = revisions.into_iter().map(|revision| {
            let templates: Vec<TemplateId> = vars.templates.iter().copied().filter(|id| of(id) == revision).collect();
            (revision, templates)
        });
        let parts: Vec<(usize, Vec<TemplateId>)> = parts.collect();
        let generations = parts.into_iter().map(|(revision, templates)| {
            let most = templates.iter().map(|id| self.0.templates[id.0].max_pods).sum();
            let old = self.0.spec.ready_of_revision(workload, revision);
            let name = &self.0.spec.workloads[workload].revisions[revision].name;
            let whose = if several { format!(" ({name})") } else { String::new() };
            let stages = stages.iter().map(|stage| self.int(format!("{stage}{whose}"), 0, most, Some(old))).collect();
            Generation { revision: several.then_some(revision), templates, stages }
        });
        let generations = generations.collect();
        self.0.turnover.ages.push(generations);
        self.0.turnover.ages.len() - 1
    }

    /// Follows the pods that a sum of usages is about.
    pub fn follow(&mut self, tally: Tally) {
        self.0.turnover.tallies.push(tally);
    }

    /// Takes back a flag once none of some templates' pods is ready any more.
    pub fn season(&mut self, templates: Vec<TemplateId>, flag: BoolVar) {
        self.0.turnover.seasons.push((templates, flag));
    }

    /// Counts the pods of a template that are available, beside those that are ready.
    pub fn count_available(&mut self, template: TemplateId, var: IntVar) {
        self.0.turnover.available.push((template, var));
    }

    /// Remembers whether a kubelet has refused a pod of a workload that a scheduler bound.
    pub fn remember_refusals(&mut self, workload: usize) -> BoolVar {
        let known = self.0.refused.iter().find(|(known, _)| *known == workload).map(|&(_, flag)| flag);
        known.unwrap_or_else(|| {
            let name = &self.0.spec.workloads[workload].key;
            let flag = self.bool(format!("{name} refused"), Some(false));
            self.0.refused.push((workload, flag));
            flag
        })
    }

    /// Gives these workloads marks of their own, as many of them as there are marks for; the others share theirs.
    pub fn mark_apart(&mut self, workloads: impl IntoIterator<Item = usize>) {
        self.0.marked = workloads.into_iter().take(MARKED_WORKLOADS).collect();
    }

    /// Ends declaring: from now on actions are added.
    pub fn acting(self) -> Cluster<'c> {
        Cluster::of(self.0)
    }
}

/// Finds out what is not the same at all sizes.
fn check_sizes(spec: &ClusterSpec, classes: &[NodeClass], size: &OpenSize<'_>) {
    size.check_classes(classes);
    if !spec.scenario.node_groups.is_empty() {
        size.depends("nodes come and go");
    }
    let numbers = size.present(0..spec.nodes.len()).into_iter().chain([spec.nodes.len() as i64]);
    let is_stepwise: Vec<bool> = numbers.map(|nodes| spec.deschedules_stepwise_with(nodes as usize)).collect();
    size.depends_on(&is_stepwise, || "with few nodes, a cycle of the descheduler goes step by step".to_owned());
}

fn layout(spec: &ClusterSpec, templates: &[Template], class: &NodeClass, placement: &Placement<'_>) -> Layout {
    let starts = |&member: &usize, attribute| placement.initial(class, templates, &spec.nodes[member], attribute).hi;
    let most = |attribute: Attribute| class.members.iter().map(|member| starts(member, attribute)).max().unwrap_or(0);
    Layout::of(class, templates, &spec.scenario, &most)
}

/// What has one size.
static ONE_SIZE: std::sync::LazyLock<Sizes> = std::sync::LazyLock::new(Sizes::default);
