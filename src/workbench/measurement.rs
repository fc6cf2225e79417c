//! What the runs of a row came to.

use std::collections::BTreeMap;
use std::time::Duration;

use itertools::Itertools;

use crate::check::Shard;

use super::claim::{Claim, overall};
use super::found::Found;
use super::machine::Machine;
use super::statistics::{median, median_absolute_deviation};
use super::task::{Row, Score};

/// A whole measurement.
#[derive(Clone, Debug, PartialEq)]
pub struct Benchmarks {
    /// The share of the tasks that was measured, if it was not all.
    pub shard: Option<Shard>,
    /// What measured.
    pub machine: Machine,
    /// In the order of [`super::task::rows`].
    pub rows: Vec<Measurement>,
    /// Where runs decide differently, in words.
    pub contradictions: Vec<String>,
    /// What an earlier result says, if there is one.
    pub changes: Option<super::changes::Changes>,
}

/// The runs of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// The row.
    pub row: Row,
    /// What was said last of each property. Empty if nothing was said.
    pub found: Vec<Found>,
    /// Wall-clock time of each run.
    pub times: Vec<Duration>,
    /// The largest peak of resident memory in bytes, where the system tells.
    pub bytes: Option<u64>,
    /// Why there are no more runs, if one failed.
    pub failure: Option<String>,
}

/// How many rows are how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scores {
    /// Rows that say what is expected.
    pub right: usize,
    /// Rows that contradict what is expected.
    pub wrong: usize,
    /// Rows that say too little.
    pub unknown: usize,
}

impl Measurement {
    /// What all properties come to, if anything was said.
    pub fn claim(&self) -> Option<Claim> {
        overall(self.found.iter().map(|found| &found.claim))
    }

    /// How it stands to what is expected, if something is.
    pub fn score(&self) -> Option<Score> {
        let expected = self.row.task.expected?;
        Some(self.claim().map_or(Score::Unknown, |claim| expected.score(&claim)))
    }

    /// Whether all that was asked is decided.
    pub fn is_decided(&self) -> bool {
        self.failure.is_none() && !self.found.is_empty() && self.found.iter().all(|found| found.claim.is_decided())
    }

    /// Whether it is as it should be: decided, or as undecided as it is expected to be.
    pub fn is_settled(&self) -> bool {
        self.is_decided() || (self.failure.is_none() && self.score() == Some(Score::Right))
    }

    /// The times in seconds.
    pub fn seconds(&self) -> Vec<f64> {
        self.times.iter().map(Duration::as_secs_f64).collect()
    }

    /// The middle one of the times.
    pub fn median(&self) -> Option<Duration> {
        median(&self.seconds()).map(Duration::from_secs_f64)
    }

    /// How far the times scatter: the median of their distances from the median.
    pub fn scatter(&self) -> Option<Duration> {
        median_absolute_deviation(&self.seconds()).map(Duration::from_secs_f64)
    }

    /// Of all properties together.
    pub fn sum(&self, of: impl Fn(&Found) -> u64) -> u64 {
        self.found.iter().map(of).sum()
    }
}

/// How many rows are right, wrong and unknown; `None` if nothing is expected of any.
pub fn scores(rows: &[Measurement]) -> Option<Scores> {
    let all: Vec<Score> = rows.iter().filter_map(Measurement::score).collect();
    let of = |score| all.iter().filter(|it| **it == score).count();
    let scores = Scores { right: of(Score::Right), wrong: of(Score::Wrong), unknown: of(Score::Unknown) };
    (!all.is_empty()).then_some(scores)
}

/// What one run said.
pub type Said = Vec<Found>;

/// Tasks of which runs say what cannot both be true, in words: engines, or runs of one engine.
pub fn contradictions<'a>(runs: impl Iterator<Item = (&'a Row, &'a [Said])>) -> Vec<String> {
    let mut by_task: BTreeMap<(&str, &str), Vec<(&str, &Said)>> = BTreeMap::new();
    for (row, said) in runs {
        let task = (row.task.suite.as_str(), row.task.name.as_str());
        by_task.entry(task).or_default().extend(said.iter().map(|said| (row.engine.as_str(), said)));
    }
    let of = |((_, task), all): ((&str, &str), Vec<(&str, &Said)>)| {
        let clash = |((_, one), (_, two)): (&(&str, &Said), &(&str, &Said))| clash(one, two);
        let why = all.iter().tuple_combinations().find_map(clash)?;
        Some(format!("runs of {task} contradict each other: {why}"))
    };
    by_task.into_iter().filter_map(of).collect()
}

/// What two runs say of the same properties that cannot both be true.
fn clash(one: &Said, two: &Said) -> Option<String> {
    let (one, two) = (numbered(one), numbered(two));
    let both = one.iter().filter_map(|(key, found)| Some((found, two.get(key)?)));
    both.filter_map(|(a, b)| {
        let why = a.claim.contradicts(&b.claim)?;
        Some(if a.property.is_empty() { why } else { format!("{}: {why}", a.property) })
    })
    .next()
}

/// Results by property; one may be asked about several times, with other arguments.
pub fn numbered(all: &[Found]) -> BTreeMap<(&str, usize), &Found> {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    let key = |found| {
        let found: &Found = found;
        let number = numbers.entry(&found.property).or_default();
        *number += 1;
        ((found.property.as_str(), *number), found)
    };
    all.iter().map(key).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::workbench::task::{Expected, Limits, Options, Target, Task};

    fn row(name: &str, engine: &str) -> Row {
        let target = Target::Case { case: "c1".to_owned(), scale: (3, 3), fixed: false };
        let task = Task {
            suite: "s".to_owned(),
            name: name.to_owned(),
            target,
            properties: Vec::new(),
            engines: Vec::new(),
            limits: Limits::default(),
            options: Options::default(),
            expected: Some(Expected::Violated(Some(2))),
        };
        Row { task: Arc::new(task), engine: engine.to_owned() }
    }

    fn said(verdict: &str, k: u64) -> Said {
        vec![Found::read(&json!({"property": "settles", "verdict": verdict, "k": k})).expect("a result")]
    }

    fn measured(found: Said) -> Measurement {
        let times = [30, 10, 20].map(Duration::from_millis).to_vec();
        Measurement { row: row("a", "sat"), found, times, bytes: None, failure: None }
    }

    #[test]
    fn engines_that_cannot_both_be_right_contradict_each_other() {
        let of = |one: Said, two: Said| {
            let rows =
                [(row("a", "explicit"), vec![one]), (row("a", "sat"), vec![two.clone()]), (row("b", "sat"), vec![two])];
            contradictions(rows.iter().map(|(row, said)| (row, said.as_slice()))).len()
        };
        assert_eq!(of(said("violated", 2), said("violated", 2)), 0);
        assert_eq!(of(said("holds", 4), said("holds", 10)), 0);
        assert_eq!(of(said("holds", 4), said("unknown", 1)), 0);
        assert_eq!(of(said("violated", 2), said("violated", 3)), 1);
        assert_eq!(of(said("violated", 2), said("holds", 2)), 1);
    }

    #[test]
    fn a_property_that_is_asked_twice_is_compared_with_itself() {
        let two = |first, second| [said("violated", first), said("violated", second)].concat();
        assert_eq!(clash(&two(1, 2), &two(1, 2)), None);
        assert!(clash(&two(1, 2), &two(1, 3)).is_some_and(|why| why.starts_with("settles: ")));
    }

    #[test]
    fn rows_are_scored_and_told_by_their_middle() {
        let right = measured(said("violated", 2));
        assert_eq!(
            (right.median(), right.scatter()),
            (Some(Duration::from_millis(20)), Some(Duration::from_millis(10)))
        );
        let silent = Measurement { failure: Some("killed".to_owned()), ..measured(Vec::new()) };
        let all = [right, measured(said("holds", 2)), measured(said("unknown", 0)), silent];
        assert_eq!(scores(&all), Some(Scores { right: 1, wrong: 1, unknown: 2 }));
        assert_eq!(all.iter().map(Measurement::is_decided).collect::<Vec<_>>(), [true, true, false, false]);
    }
}
