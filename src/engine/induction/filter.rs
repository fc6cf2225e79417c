//! Of candidates those that are invariants together: the largest set that holds at the start and that every step keeps.
//!
//! A state or step that breaks some of them takes these away, until there is none. What is taken away is no invariant
//! together with any of the others, so the set that is left does not depend on the order.
//!
//! Reference: Flanagan and Leino, "Houdini, an annotation assistant for ESC/Java", FME 2001.

use crate::term::{Evaluator, Sort, TermId, Valuation};

use super::ask::{Asker, Gap};
use super::relation::Relation;

/// Candidates of which some are left.
pub struct Candidates {
    terms: Vec<TermId>,
    /// By candidate: a variable that lets a question take it for granted.
    switches: Vec<TermId>,
    left: Vec<bool>,
}

impl Candidates {
    /// All of them, as far as they hold at the start.
    pub fn at_start(relation: &mut Relation<'_>, terms: Vec<TermId>, asker: &mut Asker<'_>) -> Result<Self, Gap> {
        let mut start = relation.start();
        for condition in relation.system.init.clone() {
            let fact = start.apply(&mut relation.arena, condition);
            asker.assume(&relation.arena, fact);
        }
        let images: Vec<TermId> = terms.iter().map(|&term| start.apply(&mut relation.arena, term)).collect();
        let mut candidates = Candidates { left: vec![true; terms.len()], switches: Vec::new(), terms };
        loop {
            let left: Vec<usize> = candidates.left().collect();
            let question = relation.some_fails(left.iter().map(|&it| images[it]));
            let Some(state) = asker.find(&relation.arena, question)? else { return Ok(candidates) };
            candidates.drop_failing(relation, &images, &state);
        }
    }

    /// Positions of those that are left.
    fn left(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.terms.len()).filter(|&index| self.left[index])
    }

    /// Those that are left.
    pub fn terms(&self) -> impl Iterator<Item = TermId> + '_ {
        self.left().map(|index| self.terms[index])
    }

    /// Lets a solver know what the switches stand for; it is the one that is asked from now on.
    pub fn connect(&mut self, relation: &mut Relation<'_>, asker: &mut Asker<'_>) {
        for (index, &term) in self.terms.iter().enumerate() {
            let var = relation.arena.new_variable(format!("candidate {index}"), Sort::Bool);
            let switch = relation.arena.variable(var).term;
            self.switches.push(switch);
            if self.left[index] {
                let off = relation.arena.not(switch);
                let implied = relation.arena.or(off, term);
                asker.assume(&relation.arena, implied);
            }
        }
    }

    /// That all that are left hold, as far as a connected solver is concerned.
    pub fn granted(&self, relation: &mut Relation<'_>) -> TermId {
        relation.all(self.left().map(|index| self.switches[index]))
    }

    /// Takes away what some step breaks, once around all actions; whether there was any.
    pub fn step(&mut self, relation: &mut Relation<'_>, asker: &mut Asker<'_>) -> Result<bool, Gap> {
        let mut lost = false;
        for action in relation.possible() {
            let images: Vec<TermId> = self.terms.iter().map(|&term| relation.after(action, term)).collect();
            loop {
                let changed: Vec<TermId> =
                    self.left().filter(|&it| images[it] != self.terms[it]).map(|it| images[it]).collect();
                let fails = relation.some_fails(changed);
                let granted = self.granted(relation);
                let fires = relation.arena.and(granted, relation.fires(action));
                let question = relation.arena.and(fires, fails);
                let Some(step) = asker.find(&relation.arena, question)? else { break };
                if !self.drop_failing(relation, &images, &step) {
                    return Err(Gap::Unproved);
                }
                lost = true;
            }
        }
        Ok(lost)
    }

    /// Takes away those whose images do not hold; whether there was any.
    fn drop_failing(&mut self, relation: &Relation<'_>, images: &[TermId], values: &Valuation) -> bool {
        let mut evaluator = Evaluator::new(&relation.arena, values);
        let failing: Vec<usize> = self.left().filter(|&it| !evaluator.holds(images[it])).collect();
        failing.iter().for_each(|&it| self.left[it] = false);
        !failing.is_empty()
    }
}
