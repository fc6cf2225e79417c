//! Of candidates those that are needed and are invariants together.
//!
//! A candidate is taken up only where a question cannot be refuted without it: a state or step that is found breaks some, and of
//! these the first are granted from then on, and have to be shown to hold at the start and to be kept by every step. What a state
//! or step breaks that breaks no candidate is taken away, until there is none. What is taken away is no invariant
//! together with any of the others. So solvers see the few facts that matter, however many candidates there are.
//!
//! Reference: Flanagan and Leino, "Houdini, an annotation assistant for ESC/Java", FME 2001; that only what is needed is taken
//! up is counterexample-guided, as in Clarke et al., "Counterexample-guided abstraction refinement", CAV 2000.

use std::time::Duration;

use crate::engine::Watch;
use crate::system::ActionId;
use crate::term::{Evaluator, Sort, Substitution, TermId, Valuation};

use super::Prover;
use super::ask::{Asker, Gap};
use super::relation::Relation;

/// What a question about the start may take: no more than this, and no more than such a share of the time.
const PATIENCE: Duration = Duration::from_secs(1);
const SHARE: u32 = 32;
/// Candidates that are taken up at once.
const AT_ONCE: usize = 3;

/// Candidates of which some are taken up, and some taken away.
pub struct Candidates<'o> {
    terms: Vec<TermId>,
    /// By candidate that was taken up: a variable that lets a question take it for granted.
    switches: Vec<Option<TermId>>,
    left: Vec<bool>,
    /// How often one was taken up or away. What was refuted in between may rest on one that is gone since.
    pub changes: u64,
    start: Substitution,
    /// What is known of the start.
    init: Vec<TermId>,
    /// Makes solvers that are asked about the start, and says when to give up.
    prover: &'o dyn Prover,
    watch: &'o Watch,
    /// Knows what the switches stand for.
    steps: Asker<'o>,
}

impl<'o> Candidates<'o> {
    /// None of them taken up yet. A solver that knows nothing yet is asked about steps.
    pub fn new(
        relation: &mut Relation<'_>,
        terms: Vec<TermId>,
        steps: Asker<'o>,
        prover: &'o dyn Prover,
        watch: &'o Watch,
    ) -> Self {
        let mut start = relation.start();
        let init = relation.system.init.iter().map(|&it| start.apply(&mut relation.arena, it)).collect();
        let (switches, left) = (vec![None; terms.len()], vec![true; terms.len()]);
        Candidates { terms, switches, left, changes: 0, start, init, prover, watch, steps }
    }

    /// Positions of those that are taken up.
    fn taken(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.terms.len()).filter(|&index| self.left[index] && self.switches[index].is_some())
    }

    /// Those that are taken up.
    pub fn terms(&self) -> impl Iterator<Item = TermId> + '_ {
        self.taken().map(|index| self.terms[index])
    }

    /// Values under which a condition and all that is left hold, if there are any.
    pub fn find(&mut self, relation: &mut Relation<'_>, condition: TermId) -> Result<Option<Valuation>, Gap> {
        loop {
            let granted: Vec<TermId> = self.taken().filter_map(|index| self.switches[index]).collect();
            let granted = relation.all(granted);
            let question = relation.arena.and(granted, condition);
            let Some(values) = self.steps.find(&relation.arena, question)? else { return Ok(None) };
            let mut evaluator = Evaluator::new(&relation.arena, &values);
            let is_broken = |&index: &usize| self.left[index] && !evaluator.holds(self.terms[index]);
            let broken: Vec<usize> = (0..self.terms.len()).filter(is_broken).take(AT_ONCE).collect();
            if broken.is_empty() {
                return Ok(Some(values));
            }
            broken.into_iter().try_for_each(|index| self.take_up(relation, index))?;
        }
    }

    /// Grants a candidate from now on, if it holds at the start.
    fn take_up(&mut self, relation: &mut Relation<'_>, index: usize) -> Result<(), Gap> {
        self.changes += 1;
        let term = self.terms[index];
        if !self.holds_at_start(relation, term)? {
            self.left[index] = false;
            return Ok(());
        }
        let var = relation.arena.new_variable(format!("candidate {index}"), Sort::Bool);
        let switch = relation.arena.variable(var).term;
        let off = relation.arena.not(switch);
        let implied = relation.arena.or(off, term);
        self.steps.assume(&relation.arena, implied);
        self.switches[index] = Some(switch);
        Ok(())
    }

    /// Whether a solver says that a term holds at the start. One that is at it for long is taken to say no: candidates are many.
    fn holds_at_start(&mut self, relation: &mut Relation<'_>, term: TermId) -> Result<bool, Gap> {
        let image = self.start.apply(&mut relation.arena, term);
        let fails = relation.arena.not(image);
        if let Some(fails) = relation.arena.as_bool(fails) {
            return Ok(!fails);
        }
        let time = self.watch.time_left().map_or(PATIENCE, |left| (left / SHARE).min(PATIENCE));
        let watch = self.watch.part(time);
        let mut oracle = self.prover.oracle(&watch);
        let mut asker = Asker::new(&mut *oracle);
        self.init.iter().for_each(|&it| asker.assume(&relation.arena, it));
        match asker.find(&relation.arena, fails) {
            Err(Gap::Stopped) if self.watch.exhausted().is_none() => Ok(false),
            found => Ok(found?.is_none()),
        }
    }

    /// Asks all actions whether they keep what is taken up, and takes away what they do not; whether nothing had to be changed.
    pub fn are_kept(&mut self, relation: &mut Relation<'_>) -> Result<bool, Gap> {
        let before = self.changes;
        for action in relation.possible() {
            while self.lose(relation, action)? {}
        }
        Ok(self.changes == before)
    }

    /// Takes away what one step of an action breaks, if there is one.
    fn lose(&mut self, relation: &mut Relation<'_>, action: ActionId) -> Result<bool, Gap> {
        let images: Vec<(usize, TermId)> =
            self.taken().map(|index| (index, relation.after(action, self.terms[index]))).collect();
        // What a step does not change holds afterwards as before.
        let changed = images.iter().filter(|&&(index, image)| image != self.terms[index]).map(|&(_, image)| image);
        let fails = relation.some_fails(changed.collect::<Vec<TermId>>());
        let question = relation.arena.and(relation.fires(action), fails);
        let Some(step) = self.find(relation, question)? else { return Ok(false) };
        let mut evaluator = Evaluator::new(&relation.arena, &step);
        let lost: Vec<usize> =
            images.into_iter().filter(|&(_, image)| !evaluator.holds(image)).map(|(index, _)| index).collect();
        if lost.is_empty() {
            return Err(Gap::Unproved);
        }
        self.changes += 1;
        lost.into_iter().for_each(|index| self.left[index] = false);
        Ok(true)
    }
}
