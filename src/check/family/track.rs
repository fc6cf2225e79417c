//! What becomes known of one property while members are asked, and the result for the whole family.

use std::time::Duration;

use super::coverage::{Coverage, Standing};
use super::lift;
use super::question::FamilyCheck;
use super::report::{FamilyReport, OneQuery};
use super::together::Known;
use crate::check::{Answer, CheckResult};
use crate::engine::{Certificate, Extent, Statistics};
use crate::input::Size;

/// What is known of one property so far.
pub struct Track {
    /// What is known of each member.
    pub coverage: Coverage,
    /// The result of the first violating member, else the last one.
    pub last: CheckResult,
    /// The weakest extent of members that hold.
    extent: Option<Extent>,
    statistics: Statistics,
    /// That of each member asked that keeps the property.
    certificates: Vec<Option<Certificate>>,
    /// Time that its checks took.
    pub seconds: f64,
    /// The first member that breaks it.
    pub violated: Option<Size>,
    /// Whether the figures of a query about many members are among the others.
    asked_together: bool,
}

impl Track {
    /// A property whose first result is this one, after these members had none.
    pub fn new(visited: &[(Size, String)], first: &CheckResult) -> Self {
        let mut coverage = Coverage::default();
        visited.iter().for_each(|(size, why)| coverage.add(size, Standing::Open(why.clone())));
        Track {
            coverage,
            last: first.clone(),
            extent: None,
            statistics: Statistics::default(),
            certificates: Vec::new(),
            seconds: 0.0,
            violated: None,
            asked_together: false,
        }
    }

    /// Adds the result of the next member.
    pub fn add(&mut self, size: &[i64], result: CheckResult) {
        let standing = match &result.answer {
            Answer::Holds(extent) => standing(*extent),
            Answer::Violated(_) => Standing::Violated,
            Answer::Unknown { reason, .. } => Standing::Open(reason.clone()),
        };
        self.coverage.add(size, standing);
        self.count(&result);
        match &result.answer {
            Answer::Holds(extent) => self.extent = Some(self.extent.map_or(*extent, |known| known.weaker(*extent))),
            Answer::Violated(_) => self.violated = Some(size.to_vec()),
            Answer::Unknown { .. } => {}
        }
        self.last = result;
    }

    /// Adds what a query about many members says of one of them.
    pub fn recall(&mut self, size: &[i64], known: &Known) {
        self.coverage.add(size, standing(known.extent));
        self.extent = Some(self.extent.map_or(known.extent, |extent| extent.weaker(known.extent)));
        if !std::mem::replace(&mut self.asked_together, true) {
            for result in &known.results {
                self.count(result);
            }
            self.last.clone_from(&known.results[known.results.len() - 1]);
        }
    }

    /// Counts what a check took.
    fn count(&mut self, result: &CheckResult) {
        self.seconds += result.seconds;
        self.statistics = sum(&self.statistics, &result.statistics);
        if matches!(result.answer, Answer::Holds(_)) {
            self.certificates.push(result.certificate.clone());
        }
    }

    /// The result for the whole family.
    pub fn result(
        mut self,
        family: &FamilyCheck<'_>,
        query: Option<OneQuery>,
        left: Option<Duration>,
        begin: &mut dyn FnMut(&str),
    ) -> CheckResult {
        let lift = self.violated.as_ref().map(|size| {
            begin(&format!("lifting to {}", family.members.name(&family.lift_to).short()));
            lift::lift(family, size, &self.last, left)
        });
        // Sizes that were not reached because another property, or this one, is violated do not show yet.
        for size in &family.members.sizes[self.coverage.sizes().min(family.members.sizes.len())..] {
            self.coverage.add(size, Standing::Open("not looked at".to_owned()));
        }
        let open = self.coverage.sizes() - self.coverage.decided();
        let answer = match (self.last.answer, self.extent, open) {
            (Answer::Violated(found), ..) => Answer::Violated(found),
            (_, Some(extent), 0) => Answer::Holds(extent),
            (_, _, open) => {
                let reason = format!("{open} of {} sizes are not covered", self.coverage.sizes());
                Answer::Unknown { reason, covered: 0 }
            }
        };
        let report = FamilyReport {
            dimensions: family.members.dimensions.clone(),
            coverage: self.coverage,
            omitted: family.members.omitted.clone(),
            query,
            lift,
        };
        let (seconds, statistics) = (self.seconds, self.statistics);
        let certificate = self.certificates.into_iter().reduce(together).flatten();
        CheckResult { answer, seconds, statistics, certificate, family: Some(Box::new(report)), ..self.last }
    }
}

/// One certificate for several members, if each of them has one.
fn together(known: Option<Certificate>, new: Option<Certificate>) -> Option<Certificate> {
    let (known, new) = (known?, new?);
    Some(Certificate {
        refuted: known.refuted + new.refuted,
        clauses: known.clauses + new.clauses,
        proof_bytes: known.proof_bytes + new.proof_bytes,
        checker: new.checker,
        time: known.time + new.time,
    })
}

/// Figures of several members: terms are those of the largest arena.
fn sum(a: &Statistics, b: &Statistics) -> Statistics {
    Statistics {
        states: a.states + b.states,
        transitions: a.transitions + b.transitions,
        accelerated: a.accelerated + b.accelerated,
        leaps: a.leaps + b.leaps,
        terms: a.terms.max(b.terms),
        queries: a.queries + b.queries,
        folded: a.folded + b.folded,
        gates: a.gates + b.gates,
        variables: a.variables + b.variables,
        clauses: a.clauses + b.clauses,
    }
}

/// How a member stands that holds.
fn standing(extent: Extent) -> Standing {
    match extent {
        Extent::Complete(_) | Extent::Inductive(_) => Standing::Proved,
        Extent::Bound(k) => Standing::Bounded(k),
    }
}
