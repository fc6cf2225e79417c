//! The search: counterexample-guided, as an implicit hitting set.
//!
//! Every counterexample is a clause: a repair has to change a field that one of its rules reads. The cheapest set of edits that
//! satisfies all clauses is tried; a trial that fails gives its own counterexample, and is itself ruled out. As clauses
//! are guesses about relevance, all edits of a number of fields are tried before any of more fields: so a repair that is
//! found has as few fields as there can be in the [grammar].

use std::time::{Duration, Instant};

use crate::check::{CheckError, CheckResult, reason_text};
use crate::engine::UnknownReason;
use crate::engine::choose::{Choice, Choosing, Literal};

use super::answer::{Ending, Repair, Repaired};
use super::edit::Edit;
use super::grammar;
use super::objects::Objects;
use super::relevance::Relevance;
use super::trial::{Outcome, Trials, Way};

/// Most fields of a repair.
const MOST_FIELDS: usize = 3;
/// A change whose check takes longer than this, and than some times what the check of the input took, waits until the others
/// of as many fields are decided.
const LEAST_PATIENCE: Duration = Duration::from_secs(1);
/// How many times that is.
const PATIENCE_FACTOR: u32 = 4;
/// Most repairs of an input.
pub const MOST_REPAIRS: usize = 3;

/// Looks for the smallest changes of an input under which all of its properties hold.
///
/// # Errors
///
/// If the input cannot be read or checked as it is.
pub fn repair(name: String, objects: &Objects, way: &Way<'_>) -> Result<Repaired, CheckError> {
    let mut trials = Trials::new(objects, way);
    let began = Instant::now();
    let (before, outcome) = trials.first()?;
    let patience = LEAST_PATIENCE.max(began.elapsed() * PATIENCE_FACTOR);
    let mut search = Search::new(trials, grammar::edits(objects), patience);
    let ending = match outcome {
        Outcome::Violated(about) => search.run(&about),
        Outcome::Holds(_) => Ending::Holds,
        Outcome::Open | Outcome::Refused => Ending::Undecided,
    };
    let Search { repairs, tried, open, fields, late, trials, .. } = search;
    let (open, refuted) = (open + late.len(), trials.refuted);
    Ok(Repaired { input: name, before, ending, repairs, tried, refuted, open, fields })
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
    /// How long a change is checked at first.
    patience: Duration,
    /// Changes for which that was not enough.
    late: Vec<Vec<usize>>,
    tried: usize,
    open: usize,
}

impl<'a> Search<'a> {
    fn new(trials: Trials<'a>, edits: Vec<Edit>, patience: Duration) -> Self {
        let mut choices: Vec<Choice> = Vec::with_capacity(edits.len());
        let mut group = 0;
        for (at, edit) in edits.iter().enumerate() {
            group += usize::from(at > 0 && !edit.is_of(&edits[at - 1]));
            choices.push(Choice { group, cost: edit.cost() });
        }
        let fields = if edits.is_empty() { 0 } else { group + 1 };
        Search {
            trials,
            edits,
            choices,
            fields,
            demands: Vec::new(),
            failed: Vec::new(),
            known: Vec::new(),
            repairs: Vec::new(),
            patience,
            late: Vec::new(),
            tried: 0,
            open: 0,
        }
    }

    fn run(&mut self, about: &Relevance) -> Ending {
        self.learn(&[], about);
        for fields in 1..=MOST_FIELDS.min(self.fields) {
            if let Err(why) = self.all_of(fields) {
                return Ending::Stopped(reason_text(&why));
            }
            if !self.repairs.is_empty() {
                return Ending::Repaired;
            }
        }
        Ending::Exhausted(MOST_FIELDS)
    }

    /// Tries all sets of edits of so many fields: those that are relevant, the others, and, if there is no repair among these,
    /// those once more that take long.
    fn all_of(&mut self, fields: usize) -> Result<(), UnknownReason> {
        self.exhaust(fields, true)?;
        self.exhaust(fields, false)?;
        while self.repairs.is_empty() && !self.late.is_empty() {
            let set = self.late.remove(0);
            // Half of the time is for sets of more fields.
            let share = self.trials.watch.time_left().map(|left| left / 2 / (self.late.len() as u32 + 1));
            self.attempt(&set, share)?;
        }
        Ok(())
    }

    /// Tries all sets of edits of so many fields, the cheapest first, until there are enough repairs.
    fn exhaust(&mut self, fields: usize, is_relevant: bool) -> Result<(), UnknownReason> {
        let choices = self.choices.clone();
        let mut choosing = Choosing::new(&choices, fields);
        while self.repairs.len() < MOST_REPAIRS {
            let demands: &[Vec<Literal>] = if is_relevant { &self.demands } else { &[] };
            // Among sets of one size, to leave one of its edits is to be another set.
            let failed = self.failed.iter().filter(|set| set.len() == fields);
            let failed = failed.map(|set| set.iter().map(|&at| Literal::Leaves(at)).collect());
            let clauses: Vec<Vec<Literal>> = demands.iter().chain(&self.known).cloned().chain(failed).collect();
            let Some(set) = choosing.next(&clauses, &self.trials.watch)? else { break };
            self.attempt(&set, Some(self.patience))?;
        }
        Ok(())
    }

    fn attempt(&mut self, set: &[usize], patience: Option<Duration>) -> Result<(), UnknownReason> {
        let edits: Vec<&Edit> = set.iter().map(|&at| &self.edits[at]).collect();
        let began = Instant::now();
        let outcome = self.trials.of(&edits, patience);
        self.tried += usize::from(!matches!(outcome, Outcome::Refused));
        match outcome {
            Outcome::Holds(results) => {
                self.keep(set, results);
                return Ok(());
            }
            Outcome::Violated(about) => self.learn(set, &about),
            Outcome::Open => {
                if let Some(why) = self.trials.watch.exhausted() {
                    return Err(why);
                }
                let is_first_look = !self.failed.iter().any(|failed| failed == set);
                let is_late = is_first_look && patience.is_some_and(|patience| began.elapsed() >= patience);
                if is_late { self.late.push(set.to_vec()) } else { self.open += 1 }
            }
            Outcome::Refused => {}
        }
        self.failed.push(set.to_vec());
        Ok(())
    }

    /// A counterexample under a set of edits: it is there under every other one that changes nothing that it is about.
    fn learn(&mut self, set: &[usize], about: &Relevance) {
        let relevant = (0..self.edits.len()).filter(|&at| about.admits(&self.edits[at]));
        let change = |at: usize| if set.contains(&at) { Literal::Leaves(at) } else { Literal::Takes(at) };
        self.demands.push(relevant.map(change).collect());
    }

    /// Keeps a repair; those of the same fields, and more, are none of interest.
    fn keep(&mut self, set: &[usize], results: Vec<CheckResult>) {
        let edits: Vec<&Edit> = set.iter().map(|&at| &self.edits[at]).collect();
        let Some(changed) = self.trials.objects.changed(&edits) else { return };
        let files = self.trials.objects.sources.iter().zip(&changed).filter(|(old, new)| old.text != new.text);
        let files = files.map(|(old, new)| (old.clone(), new.clone())).collect();
        let edits = edits.into_iter().cloned().collect();
        self.repairs.push(Repair { edits, results, files });
        self.known.push(set.iter().map(|&at| Literal::Spares(self.choices[at].group)).collect());
    }
}
