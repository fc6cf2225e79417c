//! What a step changes, in words that members of a family share.
//!
//! Positions of variables and cells mean different things in members of different size; classes of nodes, attributes of
//! nodes and names of variables mean the same.

use std::collections::BTreeMap;

use crate::cluster::counting::cells::Representation;
use crate::cluster::view::Parts;

use super::guide::Side;

/// A kind of change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    /// Nodes of a class, by the name of its first node, that come to have these attributes or have them no more.
    Nodes(String, Vec<i64>),
    /// A variable that is no node's, by name.
    Variable(String),
}

/// Changes with their amounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    changes: BTreeMap<Change, i64>,
}

impl Effect {
    /// What leads from one state of a member's system to another.
    pub fn between(side: &Side<'_>, before: &[i64], after: &[i64]) -> Self {
        let mut effect = Effect::default();
        let mut own: Vec<bool> = vec![false; side.positions()];
        for class in 0..side.parts.classes.len() {
            effect.add_nodes(side, class, before, after, &mut own);
        }
        let variables = side.system.state.iter().zip(side.kept).enumerate();
        for (index, (variable, _)) in variables.filter(|(_, (_, position))| !own[**position]) {
            effect.add(Change::Variable(variable.name.clone()), after[index] - before[index]);
        }
        effect.changes.retain(|_, amount| *amount != 0);
        effect
    }

    fn add(&mut self, change: Change, amount: i64) {
        if amount != 0 {
            *self.changes.entry(change).or_default() += amount;
        }
    }

    /// Adds how nodes of a class change, and says which variables are theirs.
    fn add_nodes(&mut self, side: &Side<'_>, class: usize, before: &[i64], after: &[i64], own: &mut [bool]) {
        let label = label(side.parts, class);
        match side.parts.cells.representation(class) {
            Representation::Individual(nodes) => {
                for vars in nodes {
                    let values =
                        |state: &[i64]| vars.iter().map(|var| side.value(state, var.index())).collect::<Vec<i64>>();
                    let (old, new) = (values(before), values(after));
                    vars.iter().for_each(|var| own[var.index()] = true);
                    if old != new {
                        self.add(Change::Nodes(label.clone(), old), -1);
                        self.add(Change::Nodes(label.clone(), new), 1);
                    }
                }
            }
            Representation::Counted { keys, multiplicity, .. } => {
                for (key, var) in keys.iter().zip(multiplicity) {
                    own[var.index()] = true;
                    let amount = side.value(after, var.index()) - side.value(before, var.index());
                    self.add(Change::Nodes(label.clone(), key.clone()), amount);
                }
            }
        }
    }

    /// How alike two effects are: shared changes count for, others against.
    pub fn likeness(&self, other: &Effect) -> i64 {
        let shared = self.changes.iter().filter(|(change, amount)| {
            other.changes.get(change).is_some_and(|theirs| theirs.signum() == amount.signum())
        });
        3 * shared.count() as i64 - (self.changes.len() + other.changes.len()) as i64
    }
}

fn label(parts: &Parts, class: usize) -> String {
    parts.classes[class].names.first().cloned().unwrap_or_default()
}
