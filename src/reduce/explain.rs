//! What a reduction did, for people and programs: which nodes were merged and why not more, how each class is represented,
//! and how large the system was before and after each pass.

use std::collections::{BTreeMap, BTreeSet};

use crate::cluster::counting::cells::{Estimate, Representation};
use crate::cluster::view::Parts;
use crate::system::System;

use super::{Figures, Pass, Reduction};

/// A node class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// Its members.
    pub nodes: Vec<String>,
    /// What tells it from other classes: what is read, and what is there (`-` for nothing). Empty if it is the only one.
    pub reading: Vec<(String, String)>,
    /// Whether its nodes are counted by state; else each node is a cell.
    pub counted: bool,
    /// Its cells.
    pub cells: usize,
    /// Estimated sizes of both representations.
    pub estimate: Estimate,
}

/// What was made smaller, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Node classes.
    pub classes: Vec<Class>,
    /// Sums over all nodes that are state variables, by name.
    pub totals: Vec<String>,
    /// Sizes of the whole system.
    pub before: Figures,
    /// The passes, in order.
    pub passes: Vec<Pass>,
}

/// Explains a reduction of a model.
pub fn explain(model: &System, parts: &Parts, reduction: &Reduction) -> Explanation {
    let totals = parts.cells.totals.all().map(|(_, var)| model.state[var.index()].name.clone());
    let (before, passes) = (reduction.before, reduction.passes.clone());
    Explanation { classes: classes(parts), totals: totals.collect(), before, passes }
}

fn classes(parts: &Parts) -> Vec<Class> {
    let telling = telling(parts.classes.iter().map(|class| &class.reading));
    let class = |(index, class): (usize, &crate::cluster::NodeClass)| {
        let value = |subject: &String| class.reading.get(subject).cloned().unwrap_or_else(|| "-".to_owned());
        let representation = parts.cells.representation(index);
        Class {
            nodes: class.names.clone(),
            reading: telling.iter().map(|subject| (subject.clone(), value(subject))).collect(),
            counted: matches!(representation, Representation::Counted { .. }),
            cells: representation.len(),
            estimate: parts.cells.estimate(index),
        }
    };
    parts.classes.iter().enumerate().map(class).collect()
}

/// Subjects of which not all classes say the same.
fn telling<'a>(readings: impl Iterator<Item = &'a BTreeMap<String, String>> + Clone) -> Vec<String> {
    let subjects: BTreeSet<&String> = readings.clone().flat_map(BTreeMap::keys).collect();
    let differs = |subject: &&String| readings.clone().map(|it| it.get(*subject)).collect::<BTreeSet<_>>().len() > 1;
    subjects.into_iter().filter(differs).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_tells_classes_apart() {
        let reading = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let readings =
            [reading(&[("zone", "a"), ("cpu", "4")]), reading(&[("zone", "b"), ("cpu", "4"), ("taint", "x")])];
        assert_eq!(telling(readings.iter()), ["taint", "zone"]);
    }
}
