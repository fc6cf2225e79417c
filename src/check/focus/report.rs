//! How answers were found: for `--explain-reduction`, and in a line for everybody.

use std::collections::BTreeMap;

use crate::engine::Extent;

use super::survey::Survey;

/// By which model a property of a workload was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tally {
    /// Alone, without places, and there is always room.
    Alone,
    /// Alone, without places, though others may leave it no room.
    Crowded,
    /// On the real nodes, and there is always room.
    Apart,
    /// On the real nodes, though others may leave it no room.
    ApartCrowded,
    /// By a run of the whole cluster.
    Rehearsed,
    /// By a search of the whole cluster.
    Whole,
    /// Not.
    Open,
}

impl Tally {
    /// Whether what holds of the model holds of the cluster as it is said. A bound counts the blocks of a model in which
    /// others leave room between blocks only, so where they may be short of room and leave some later in a block, it says
    /// less than it seems.
    pub fn covers(self, extent: Extent, survey: &Survey<'_>) -> bool {
        let is_certain = matches!(self, Tally::Alone | Tally::Apart | Tally::Whole);
        extent.is_proved() || is_certain || survey.is_calm()
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Tally::Alone => "alone",
            Tally::Crowded => "alone-crowded",
            Tally::Apart => "apart",
            Tally::ApartCrowded => "apart-crowded",
            Tally::Rehearsed => "rehearsed",
            Tally::Whole => "whole",
            Tally::Open => "open",
        }
    }
}

/// How the answers about a property were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FocusReport {
    /// How many workloads were decided in which way.
    pub tallies: BTreeMap<Tally, usize>,
    /// By subject: in which way, who was in focus, what the company may do and what was tried.
    pub lines: Vec<(String, Tally, Vec<String>)>,
    /// Whether somebody wants to know that of each.
    pub tells_each: bool,
    /// Models that were searched: workloads alike share one.
    pub models: usize,
    /// All k below this are known to hold; of the violation that it is about. `None` where it is about no violation.
    pub smallest: Option<u32>,
}

impl FocusReport {
    /// Counts an answer, and remembers how it came about.
    pub fn add(&mut self, subject: &str, tally: Tally, story: Vec<String>) {
        *self.tallies.entry(tally).or_default() += 1;
        self.lines.push((subject.to_owned(), tally, story));
    }

    /// What it says of some subjects.
    pub fn about(&self, subjects: &[String], smallest: Option<u32>, tells_each: bool) -> Option<Box<FocusReport>> {
        let mut report = FocusReport { models: self.models, smallest, tells_each, ..FocusReport::default() };
        let chosen: std::collections::HashSet<&String> = subjects.iter().collect();
        for (subject, tally, story) in self.lines.iter().filter(|(subject, _, _)| chosen.contains(subject)) {
            report.add(subject, *tally, story.clone());
        }
        Some(Box::new(report))
    }

    /// What is told of single subjects.
    pub fn told(&self) -> &[(String, Tally, Vec<String>)] {
        if self.tells_each { &self.lines } else { &[] }
    }
}
