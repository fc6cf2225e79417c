//! Runs of the whole cluster that break a property, told as soon as they are found: to replay and tell a run takes as long
//! as to find it, and the time for that is the question's like any other.

use std::cell::OnceCell;

use crate::check::clock::Clock;
use crate::check::saved::fingerprint;
use crate::check::{Counterexample, Ending, Finding, SavedTrace, narrate};
use crate::model::Model;
use crate::system::{PropertyId, PropertyKind, Replayed, Trace};

use super::Question;

/// A run that breaks a property.
pub struct Violation {
    /// The property's subject.
    pub subject: String,
    /// The run.
    pub counterexample: Box<Counterexample>,
    /// All k below are known to hold.
    pub smallest: u32,
}

/// A run of a whole model that breaks a property, replayed.
pub struct Found<'m> {
    /// The model.
    pub model: &'m Model,
    /// The property in it.
    pub property: PropertyId,
    /// The run.
    pub trace: &'m Trace,
    /// What replaying it gave.
    pub run: &'m Replayed,
}

/// Tells runs of one cluster.
pub struct Teller<'a> {
    question: Question<'a>,
    /// Identifies the cluster, once that is asked.
    fingerprint: OnceCell<String>,
}

impl<'a> Teller<'a> {
    /// Tells runs of the cluster that is asked about.
    pub fn new(question: Question<'a>) -> Self {
        Teller { question, fingerprint: OnceCell::new() }
    }

    /// Tells a run that breaks a property of a workload.
    pub fn tell(&self, found: &Found<'_>, workload: &str, smallest: u32) -> Violation {
        let Found { model, property, trace, run } = found;
        let broken = model.system.property(*property);
        let finding = Finding::of(broken);
        let ending = Ending::Breaks { property: broken.name.clone(), finding };
        let clock = Clock::of(&model.system, trace);
        let narrative = narrate(self.question.spec, model, (trace, clock.as_ref()), run, &ending);
        let input = self.question.input.clone();
        let fingerprint = self.fingerprint.get_or_init(|| fingerprint(self.question.spec)).clone();
        let trace = SavedTrace::keep_sliced(&model.system, trace, *property, input, fingerprint);
        let subject = match broken.kind {
            PropertyKind::Settles => workload.to_owned(),
            PropertyKind::Invariant { .. } | PropertyKind::NoLoop { .. } => broken.subject.clone(),
        };
        let counterexample = Box::new(Counterexample { k: run.k(), shortest: true, finding, trace, narrative });
        Violation { subject, counterexample, smallest }
    }
}
