//! Writes a [`Timeline`] down while a run is told.

use std::collections::{BTreeMap, HashMap};

use super::{Change, Condition, Moment, Place, Quantity, Stage, Timeline};
use crate::check::nodes::NodeTracker;
use crate::cluster::object::spec::ClusterSpec;
use crate::cluster::view::Parts;
use crate::cluster::view::story::MovedNode;
use crate::cluster::{Attribute, TemplateId};

/// Numbers by what they are of; what is not there is 0.
type Numbers = BTreeMap<Quantity, i64>;

/// What is known of a moment while it may still change: numbers before and after.
#[derive(Default)]
struct Draft {
    from_outside: bool,
    changes: BTreeMap<Quantity, (i64, i64)>,
}

/// Follows a run.
pub struct Recorder<'a> {
    spec: &'a ClusterSpec,
    parts: &'a Parts,
    /// Positions of nodes by name.
    positions: HashMap<String, usize>,
    start: Numbers,
    /// Moments that are complete but for steps that are not told.
    done: Vec<Draft>,
    /// Those of the block that is told now, one for each told step.
    open: Vec<Draft>,
    /// What happened before the first told step.
    early: Draft,
}

impl<'a> Recorder<'a> {
    /// Begins in a state.
    pub fn start(spec: &'a ClusterSpec, parts: &'a Parts, tracker: &NodeTracker<'_>, state: &[i64]) -> Self {
        let positions = spec.nodes.iter().enumerate().map(|(at, node)| (node.name.clone(), at)).collect();
        let mut recorder = Recorder {
            spec,
            parts,
            positions,
            start: Numbers::new(),
            done: Vec::new(),
            open: Vec::new(),
            early: Draft::default(),
        };
        let mut start = recorder.elsewhere(state);
        for node in tracker.all(state) {
            recorder.add(&mut start, &node, &node.after);
        }
        let always = parts.classes.iter().filter(|class| class.unschedulable).flat_map(|class| &class.members);
        start.extend(always.map(|&node| (Quantity::Condition(node, Condition::Cordoned), 1)));
        recorder.start = start;
        recorder
    }

    /// A step that is told.
    pub fn begin(&mut self, from_outside: bool) {
        let early = std::mem::take(&mut self.early);
        self.open.push(Draft { from_outside, ..early });
    }

    /// What a step changes: the last one that [began](Recorder::begin), or one that follows it and is not told.
    pub fn step(&mut self, before: &[i64], after: &[i64], moved: &[MovedNode]) {
        let (mut old, mut new) = (self.elsewhere(before), self.elsewhere(after));
        for node in moved {
            self.add(&mut old, node, &node.before);
            self.add(&mut new, node, &node.after);
        }
        let changes = differences(&old, &new);
        let draft = self.open.last_mut().or(self.done.last_mut()).unwrap_or(&mut self.early);
        draft.add(changes);
    }

    /// Told steps become one where so many of them are told as one.
    pub fn fold(&mut self, times: impl Iterator<Item = usize>) {
        let mut open = std::mem::take(&mut self.open).into_iter();
        for times in times {
            let Some(mut first) = open.next() else { return };
            open.by_ref().take(times.saturating_sub(1)).for_each(|more| first.add(more.changes));
            self.done.push(first);
        }
    }

    /// All of it. `pods` is what pods go by, by template.
    pub fn end(self, pods: Vec<String>) -> Timeline {
        Timeline {
            nodes: self.spec.nodes.iter().map(|node| node.name.clone()).collect(),
            pods,
            workloads: self.spec.workloads.iter().map(|it| it.key.to_string()).collect(),
            start: self.start.into_iter().filter(|&(_, value)| value != 0).collect(),
            moments: self.done.into_iter().map(Draft::done).collect(),
        }
    }

    /// Numbers that are of no node: replicas, and pods that wait for one.
    fn elsewhere(&self, state: &[i64]) -> Numbers {
        let scaled = self.spec.workloads.iter().zip(&self.parts.workloads).enumerate();
        let replicas = scaled.filter(|(_, (object, _))| object.kind.has_scale()).filter_map(|(index, (_, vars))| {
            let vars = vars.as_ref()?;
            let is_there = vars.exists.is_none_or(|exists| state[exists.index()] != 0);
            Some((Quantity::Replicas(index), if is_there { state[vars.replicas.index()] } else { 0 }))
        });
        let pending = self.parts.pending.iter().enumerate();
        let pending = pending
            .map(|(template, var)| (Quantity::Pods(Place::Unscheduled, template, Stage::Pending), state[var.index()]));
        replicas.chain(pending).collect()
    }

    /// Adds what a node's attributes say. Pods that were made for it and wait are on no node yet.
    fn add(&self, numbers: &mut Numbers, node: &MovedNode, attributes: &[i64]) {
        let Some(&position) = self.positions.get(&node.name) else { return };
        let layout = &self.parts.cells.layout(node.class).attributes;
        for (&attribute, &value) in layout.iter().zip(attributes) {
            let (of, amount) = match attribute {
                Attribute::Pods(TemplateId(template), phase) => {
                    (Quantity::Pods(Place::Node(position), template, phase.into()), value)
                }
                Attribute::Waiting(TemplateId(template)) => {
                    (Quantity::Pods(Place::Unscheduled, template, Stage::Pending), value)
                }
                other => match Condition::of(other, value) {
                    Some(condition) => (Quantity::Condition(position, condition), 1),
                    None => continue,
                },
            };
            *numbers.entry(of).or_default() += amount;
        }
    }
}

impl Draft {
    fn add(&mut self, changes: BTreeMap<Quantity, (i64, i64)>) {
        for (of, (before, after)) in changes {
            self.changes.entry(of).or_insert((before, after)).1 = after;
        }
    }

    fn done(self) -> Moment {
        let changes = self.changes.into_iter().filter(|(_, (before, after))| before != after);
        let changes = changes.map(|(of, (before, after))| Change { of, before, after }).collect();
        Moment { from_outside: self.from_outside, changes }
    }
}

fn differences(old: &Numbers, new: &Numbers) -> BTreeMap<Quantity, (i64, i64)> {
    let value = |numbers: &Numbers, of: &Quantity| numbers.get(of).copied().unwrap_or(0);
    let all = old.keys().chain(new.keys()).map(|of| (*of, (value(old, of), value(new, of))));
    all.filter(|(_, (before, after))| before != after).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_several_steps_become_one_and_what_comes_back_is_none() {
        let (there, back) = (Quantity::Replicas(0), Quantity::Replicas(1));
        let mut draft = Draft::default();
        draft.add([(there, (1, 2)), (back, (5, 6))].into());
        draft.add([(there, (2, 4)), (back, (6, 5))].into());
        assert_eq!(draft.done().changes, [Change { of: there, before: 1, after: 4 }]);
    }

    #[test]
    fn what_is_not_there_is_nothing() {
        let (gone, new) = (Quantity::Replicas(0), Quantity::Replicas(1));
        let changes = differences(&[(gone, 2)].into(), &[(new, 3)].into());
        assert_eq!(changes, [(gone, (2, 0)), (new, (0, 3))].into());
    }
}
