//! The search: counterexample-guided, as an implicit hitting set.
//!
//! Every counterexample is a clause: a repair has to change a field that one of its rules reads. The cheapest set of edits that
//! satisfies all clauses is tried; a trial that fails gives its own counterexample, and is itself ruled out. As clauses
//! are guesses about relevance, all edits of a number of fields are tried before any of more fields: so a repair that is
//! found has as few fields as there can be in the [grammar].

use crate::check::{CheckError, CheckResult, reason_text};
use crate::engine::UnknownReason;
use crate::engine::choose::{Choice, Literal, cheapest};

use super::answer::{Ending, Repair, Repaired};
use super::edit::Edit;
use super::grammar;
use super::objects::Objects;
use super::relevance::Relevance;
use super::trial::{Outcome, Trials, Way};

/// Most fields of a repair.
const MOST_FIELDS: usize = 3;
/// Most repairs of an input.
pub const MOST_REPAIRS: usize = 3;

/// Looks for the smallest changes of an input under which all of its properties hold.
///
/// # Errors
///
/// If the input cannot be read or checked as it is.
pub fn repair(name: String, objects: &Objects, way: &Way<'_>) -> Result<Repaired, CheckError> {
    let mut trials = Trials::new(objects, way);
    let (before, ending) = match trials.first()? {
        Outcome::Violated(results) => (results, None),
        Outcome::Holds(results) => (results, Some(Ending::Holds)),
        Outcome::Open(results) => (results, Some(Ending::Undecided)),
        Outcome::Refused => (Vec::new(), Some(Ending::Undecided)),
    };
    let mut search = Search::new(trials, grammar::edits(objects));
    let ending = match ending {
        Some(ending) => ending,
        None => search.run(&before),
    };
    let Search { repairs, tried, open, fields, .. } = search;
    Ok(Repaired { input: name, before, ending, repairs, tried, open, fields })
}

/// The edit that is nearest to what decided a counterexample: for a hint.
pub fn nearest(objects: &Objects, result: &CheckResult) -> Option<Edit> {
    let relevance = Relevance::of([result]);
    let admitted = grammar::edits(objects).into_iter().filter(|edit| relevance.admits(edit));
    // A field that few rules read has more to do with the one that decided than a field of which many read something.
    admitted.min_by_key(|edit| (!relevance.decides(edit), edit.rules.len(), edit.cost()))
}

struct Search<'a> {
    trials: Trials<'a>,
    edits: Vec<Edit>,
    choices: Vec<Choice>,
    /// How many fields there are.
    fields: usize,
    /// What counterexamples demand, as far as relevance says.
    demands: Vec<Vec<Literal>>,
    /// Sets of edits that are no repairs.
    failed: Vec<Vec<usize>>,
    /// Fields of which a repair is known that changes all of them.
    known: Vec<Vec<Literal>>,
    repairs: Vec<Repair>,
    tried: usize,
    open: usize,
}

impl<'a> Search<'a> {
    fn new(trials: Trials<'a>, edits: Vec<Edit>) -> Self {
        let mut choices: Vec<Choice> = Vec::with_capacity(edits.len());
        let mut group = 0;
        for (at, edit) in edits.iter().enumerate() {
            group += usize::from(at > 0 && !edit.is_of(&edits[at - 1]));
            choices.push(Choice { group, cost: edit.cost() });
        }
        let fields = if edits.is_empty() { 0 } else { group + 1 };
        let (demands, failed, known, repairs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Search { trials, edits, choices, fields, demands, failed, known, repairs, tried: 0, open: 0 }
    }

    fn run(&mut self, before: &[CheckResult]) -> Ending {
        self.learn(&[], before);
        for fields in 1..=MOST_FIELDS.min(self.fields) {
            for is_relevant in [true, false] {
                if let Err(why) = self.exhaust(fields, is_relevant) {
                    return Ending::Stopped(reason_text(&why));
                }
                if !self.repairs.is_empty() {
                    return Ending::Repaired;
                }
            }
        }
        Ending::Exhausted(MOST_FIELDS)
    }

    /// Tries all sets of edits of so many fields, the cheapest first, until there are enough repairs.
    fn exhaust(&mut self, fields: usize, is_relevant: bool) -> Result<(), UnknownReason> {
        while self.repairs.len() < MOST_REPAIRS {
            let demands: &[Vec<Literal>] = if is_relevant { &self.demands } else { &[] };
            // Among sets of one size, to leave one of its edits is to be another set.
            let failed = self.failed.iter().filter(|set| set.len() == fields);
            let failed = failed.map(|set| set.iter().map(|&at| Literal::Leaves(at)).collect());
            let clauses: Vec<Vec<Literal>> = demands.iter().chain(&self.known).cloned().chain(failed).collect();
            let Some(set) = cheapest(&self.choices, &clauses, fields, &self.trials.watch)? else { break };
            self.attempt(&set)?;
        }
        Ok(())
    }

    fn attempt(&mut self, set: &[usize]) -> Result<(), UnknownReason> {
        let edits: Vec<&Edit> = set.iter().map(|&at| &self.edits[at]).collect();
        let outcome = self.trials.of(&edits);
        self.tried += usize::from(!matches!(outcome, Outcome::Refused));
        match outcome {
            Outcome::Holds(results) => {
                self.keep(set, results);
                return Ok(());
            }
            Outcome::Violated(results) => self.learn(set, &results),
            Outcome::Open(_) => {
                if let Some(why) = self.trials.watch.exhausted() {
                    return Err(why);
                }
                self.open += 1;
            }
            Outcome::Refused => {}
        }
        self.failed.push(set.to_vec());
        Ok(())
    }

    /// A counterexample under a set of edits: it is there under every other one that changes nothing that it is about.
    fn learn(&mut self, set: &[usize], results: &[CheckResult]) {
        let relevance = Relevance::of(results.iter());
        let relevant = (0..self.edits.len()).filter(|&at| relevance.admits(&self.edits[at]));
        let change = |at: usize| if set.contains(&at) { Literal::Leaves(at) } else { Literal::Takes(at) };
        self.demands.push(relevant.map(change).collect());
    }

    /// Keeps a repair; those of the same fields, and more, are none of interest.
    fn keep(&mut self, set: &[usize], results: Vec<CheckResult>) {
        let edits: Vec<&Edit> = set.iter().map(|&at| &self.edits[at]).collect();
        let Some(changed) = self.trials.changed(&edits) else { return };
        let files = self.trials.sources().iter().zip(&changed).filter(|(old, new)| old.text != new.text);
        let files = files.map(|(old, new)| (old.clone(), new.clone())).collect();
        let edits = edits.into_iter().cloned().collect();
        self.repairs.push(Repair { edits, results, files });
        self.known.push(set.iter().map(|&at| Literal::Spares(self.choices[at].group)).collect());
    }
}
