//! Constraints on free starts: which placements of pods are possible together.
//!
//! Where the scenario places a workload's pods anywhere ([`super::placement`]), the numbers on single nodes are free, and
//! these constraints say that there are as many pods as there should be and that every node has room for its own.
//!
//! Running totals only make searches shorter: they tell early that a beginning cannot be completed. Nodes of a class that
//! are told apart although they could be counted are interchangeable at the start; [`Neighbours`] say which, for whoever
//! wants one order of each set of states to stand for all.

use std::collections::BTreeMap;

use crate::system::{Builder, IntVar, State};
use crate::term::{Int, Range};

use super::cells::{Cells, Representation, fixed};
use super::classes::{self, NodeClass};
use super::layout::{Attribute, Layout, requested};
use super::placement::{self, Placement};
use super::reads::Readings;
use super::templates::{self, Phase, Template, TemplateId};
use crate::cluster::object::resources::ResourceError;
use crate::cluster::object::spec::ClusterSpec;

/// The values that each member of a class may start with, by class and member.
type Initial<'a> = dyn Fn(usize, usize) -> Vec<Range> + 'a;

/// Two nodes of a class, told apart, that start alike: the attributes that are open, in the same order.
#[derive(Clone, Debug)]
pub struct Neighbours {
    /// Position of the class.
    pub class: usize,
    /// Attributes of the one.
    pub first: Vec<IntVar>,
    /// Attributes of the other.
    pub second: Vec<IntVar>,
}

/// Adds the constraints to a builder that has the cells' variables. Returns who is interchangeable.
pub fn constrain(
    builder: &Builder<'_>,
    classes: &[NodeClass],
    cells: &Cells,
    templates: &[Template],
    placement: &Placement<'_>,
    initial: &Initial<'_>,
) -> Vec<Neighbours> {
    let free = (0..templates.len()).map(TemplateId);
    let free: Vec<(TemplateId, i64)> = free.filter_map(|id| Some((id, placement.anywhere(id)?))).collect();
    if free.is_empty() {
        return Vec::new();
    }
    let state = builder.state();
    let (mut steps, mut neighbours) = (Vec::new(), Vec::new());
    for (class, node_class) in classes.iter().enumerate() {
        let start: Vec<Vec<Range>> = (0..node_class.members.len()).map(|member| initial(class, member)).collect();
        let part = Part { builder, state: &state, layout: cells.layout(class), free: &free, start };
        steps.extend(match cells.representation(class) {
            Representation::Individual(nodes) => {
                neighbours.extend(part.neighbours(class, nodes));
                part.individual(node_class, templates, nodes)
            }
            Representation::Counted { keys, multiplicity, .. } => part.counted(keys, multiplicity),
        });
    }
    for (position, &(_, size)) in free.iter().enumerate() {
        total(builder, size, steps.iter().map(|step| (step.placed[position], step.most[position])));
    }
    neighbours
}

/// What a variable adds to the numbers of pods placed, by free template, and how many it adds at most, or its kind of
/// nodes does.
struct Step<'c> {
    placed: Vec<Int<'c>>,
    most: Vec<i64>,
}

/// Demands that what the steps place adds up, and that it can at every step.
fn total<'c>(builder: &Builder<'c>, size: i64, steps: impl DoubleEndedIterator<Item = (Int<'c>, i64)>) {
    let mut after = 0;
    let mut bounds: Vec<(Int<'c>, i64)> = Vec::new();
    for (placed, most) in steps.rev() {
        bounds.push((placed, after));
        after += most;
    }
    let mut sum = builder.ctx().int(0);
    for (placed, after) in bounds.into_iter().rev() {
        sum = sum + placed;
        builder.assume_initially(sum.le(size));
        builder.assume_initially((sum + after).ge(size));
    }
    builder.assume_initially(sum.eq(size));
}

/// The constraints of one class.
struct Part<'p, 'c> {
    builder: &'p Builder<'c>,
    state: &'p State<'c>,
    layout: &'p Layout,
    free: &'p [(TemplateId, i64)],
    /// By member: the values that its attributes may start with.
    start: Vec<Vec<Range>>,
}

impl<'c> Part<'_, 'c> {
    /// Positions of the attributes that are free for a member.
    fn open(&self, member: usize) -> Vec<usize> {
        (0..self.start[member].len()).filter(|&at| fixed(&self.start[member][at]).is_none()).collect()
    }

    /// The position of the numbers of a template's running pods.
    fn position(&self, template: TemplateId) -> Option<usize> {
        self.layout.position(Attribute::Pods(template, Phase::Running))
    }

    fn individual(&self, class: &NodeClass, templates: &[Template], nodes: &[Vec<IntVar>]) -> Vec<Step<'c>> {
        let mut steps = Vec::new();
        for (member, vars) in nodes.iter().enumerate() {
            for at in self.open(member) {
                self.builder.assume_initially(self.state.get(vars[at]).le(self.start[member][at].hi));
            }
            self.fits(class, templates, vars);
            steps.push(self.placed_on(member, vars));
        }
        steps
    }

    fn placed_on(&self, member: usize, vars: &[IntVar]) -> Step<'c> {
        let positions: Vec<Option<usize>> = self.free.iter().map(|&(template, _)| self.position(template)).collect();
        let placed = |at: &Option<usize>| at.map_or(self.builder.ctx().int(0), |at| self.state.get(vars[at]));
        let most = |at: &Option<usize>| at.map_or(0, |at| self.start[member][at].hi);
        Step { placed: positions.iter().map(placed).collect(), most: positions.iter().map(most).collect() }
    }

    /// Pods that are placed anywhere are where they are because there was room.
    fn fits(&self, class: &NodeClass, templates: &[Template], vars: &[IntVar]) {
        let mut used: BTreeMap<&str, (Int<'c>, Int<'c>)> = BTreeMap::new();
        for (attribute, &var) in self.layout.attributes.iter().zip(vars) {
            let Attribute::Pods(template, _) = *attribute else { continue };
            let is_free = self.free.iter().any(|&(free, _)| free == template);
            for (name, amount) in requested(&templates[template.0]).filter(|&(_, amount)| amount > 0) {
                let none = self.builder.ctx().int(0);
                let (all, free) = used.entry(name).or_insert((none, none));
                let more = self.state.get(var) * amount;
                *all = *all + more;
                *free = if is_free { *free + more } else { *free };
            }
        }
        for (name, (all, free)) in used {
            self.builder.assume_initially(free.eq(0) | all.le(class.free(name)));
        }
    }

    /// Members that start like the one before.
    fn neighbours(&self, class: usize, nodes: &[Vec<IntVar>]) -> Vec<Neighbours> {
        let alike = (1..nodes.len()).filter(|&member| self.start[member] == self.start[member - 1]);
        let pair = |member: usize| {
            let of = |member: usize| self.open(member).into_iter().map(|at| nodes[member][at]).collect();
            Neighbours { class, first: of(member - 1), second: of(member) }
        };
        alike.map(pair).filter(|pair| !pair.first.is_empty()).collect()
    }

    /// As many nodes as there are of each kind, whatever is placed on them.
    fn counted(&self, keys: &[Vec<i64>], multiplicity: &[IntVar]) -> Vec<Step<'c>> {
        let mut kinds: BTreeMap<Vec<(i64, i64)>, (usize, i64)> = BTreeMap::new();
        for (member, start) in self.start.iter().enumerate() {
            let kind = start.iter().map(|range| (range.lo, range.hi)).collect();
            kinds.entry(kind).or_insert((member, 0)).1 += 1;
        }
        let kinds: Vec<(usize, i64)> = kinds.into_values().collect();
        kinds.into_iter().flat_map(|(member, nodes)| self.kind(member, nodes, keys, multiplicity)).collect()
    }

    fn kind(&self, member: usize, nodes: i64, keys: &[Vec<i64>], multiplicity: &[IntVar]) -> Vec<Step<'c>> {
        if self.open(member).is_empty() {
            return Vec::new();
        }
        let agrees = |key: &Vec<i64>| key.iter().zip(&self.start[member]).all(|(&value, range)| range.contains(value));
        let possible: Vec<(&Vec<i64>, IntVar)> =
            keys.iter().zip(multiplicity.iter().copied()).filter(|(key, _)| agrees(key)).collect();
        let position = |template| self.position(template);
        let most: Vec<i64> =
            self.free.iter().map(|&(id, _)| position(id).map_or(0, |at| self.start[member][at].hi)).collect();
        let (mut sum, mut steps) = (self.builder.ctx().int(0), Vec::new());
        for (index, &(key, var)) in possible.iter().enumerate() {
            sum = sum + self.state.get(var);
            self.builder.assume_initially(sum.le(nodes));
            let count = |template| position(template).map_or(0, |at| key[at]);
            let placed = self.free.iter().map(|&(id, _)| self.state.get(var) * count(id)).collect();
            // All nodes of the kind together place no more than this; the last step answers for them.
            let is_last = index + 1 == possible.len();
            let most = most.iter().map(|most| if is_last { most * nodes } else { 0 }).collect();
            steps.push(Step { placed, most });
        }
        self.builder.assume_initially(sum.eq(nodes));
        steps
    }
}

/// Too little room for a workload that is placed anywhere, even with all the nodes to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// Position of the workload.
    pub workload: usize,
    /// Pods that run at the start.
    pub pods: i64,
    /// Pods for which the nodes have room.
    pub room: i64,
}

/// The first workload that is placed anywhere and has more pods of a template than the nodes have room for.
pub fn shortage(spec: &ClusterSpec) -> Result<Option<Shortage>, ResourceError> {
    let templates = templates::templates(spec)?;
    let readings = Readings::of(&[], spec, &templates);
    let classes = classes::classes(spec, &templates, &readings, false)?;
    let placement = Placement::of(spec, &templates);
    let mut shortages = (0..templates.len()).map(TemplateId).filter_map(|id| {
        let pods = placement.anywhere(id)?;
        let there = |class: &NodeClass| class.members.iter().filter(|&&member| !spec.nodes[member].absent).count();
        let on = |class: &NodeClass| placement::room(class, &templates[id.0]) * there(class) as i64;
        let room = classes.iter().map(on).sum();
        (room < pods).then_some(Shortage { workload: templates[id.0].workload, pods, room })
    });
    Ok(shortages.next())
}
