//! Counterexamples that are known: what they are about, and whether a changed input has one of them still.
//!
//! Executing a run that is known takes a fraction of the time of a search, and most changes that do not help leave some known
//! counterexample as it is. Those that refuted something last come first.

use crate::check::source::Input;
use crate::check::{Again, Answer, CheckResult, SavedTrace};
use crate::cluster::object::scenario::Scenario;
use crate::engine::Watch;

use super::relevance::Relevance;

/// Most counterexamples that a change is tried against.
const MOST: usize = 12;

/// Counterexamples found so far.
#[derive(Default)]
pub struct Known {
    all: Vec<(SavedTrace, Relevance)>,
}

impl Known {
    /// Takes the counterexamples among results, and says what they are about.
    pub fn learn(&mut self, results: &[CheckResult]) -> Relevance {
        let found = results.iter().filter_map(|result| match &result.answer {
            Answer::Violated(found) => Some((found.trace.clone(), Relevance::of([result]))),
            Answer::Holds(_) | Answer::Unknown { .. } => None,
        });
        self.all.splice(0..0, found);
        self.all.truncate(MOST);
        Relevance::of(results)
    }

    /// What a counterexample is about that an input still has, if it has one of these.
    pub fn refutation(&mut self, input: &Input, adjust: &dyn Fn(&mut Scenario), watch: &Watch) -> Option<Relevance> {
        let mut again = Again::on(input, adjust, watch);
        let at = self.all.iter().position(|(trace, _)| watch.exhausted().is_none() && again.breaks(trace))?;
        let found = self.all.remove(at);
        self.all.insert(0, found);
        Some(self.all[0].1.clone())
    }
}
