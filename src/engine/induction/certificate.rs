//! An inductive proof as something that can be checked again, by whoever does not trust how it was found.
//!
//! There are two questions: about the start, and about steps. Here the invariants are facts, and every way in which the
//! proof could be wrong is one condition that must not be possible:
//!
//! | question | must be impossible |
//! | --- | --- |
//! | start | a state that is one and breaks an invariant |
//! | step | an action that fires where the invariants hold, and breaks one |
//! | goal | a state, or a step, that the properties forbid, where the invariants hold |
//! | ranks | a step of a forbidden cycle that raises a measure and keeps those of the levels before |
//! | cycles | a step that matters to a forbidden cycle and keeps all measures |

use crate::system::{PropertyId, System};
use crate::term::TermId;

use super::ask::{Asker, Gap};
use super::goals::{self, Cycles};
use super::rank::{Levels, rises, stays};
use super::relation::Relation;

/// Conditions that are asked about at once.
const TOGETHER: usize = 16;

/// An inductive proof of some properties.
pub struct Inductive<'s> {
    /// The steps, and all terms.
    pub relation: Relation<'s>,
    /// What is proved.
    pub properties: Vec<PropertyId>,
    /// Hold at the start, and every step keeps them.
    pub invariants: Vec<TermId>,
    /// By forbidden kind of cycle, in the order of `goals::cycles`: what rules it out.
    pub ranks: Vec<Levels>,
}

impl<'s> Inductive<'s> {
    /// The system that it is about, with the terms of the invariants.
    pub fn with_invariants(&self) -> System {
        System { arena: self.relation.arena.clone(), ..self.relation.system.clone() }
    }

    /// Checks the question about the start with a solver that knows nothing yet.
    ///
    /// # Errors
    ///
    /// If the proof is wrong, or that cannot be told.
    pub fn check_start(&mut self, asker: &mut Asker<'_>) -> Result<(), Gap> {
        let relation = &mut self.relation;
        let mut start = relation.start();
        for condition in relation.system.init.clone() {
            let fact = start.apply(&mut relation.arena, condition);
            asker.assume(&relation.arena, fact);
        }
        let images: Vec<TermId> = self.invariants.iter().map(|&it| start.apply(&mut relation.arena, it)).collect();
        let always = relation.arena.bool(true);
        none_fails(relation, always, &images, asker)
    }

    /// Checks all questions about steps with a solver that knows nothing yet.
    ///
    /// # Errors
    ///
    /// If the proof is wrong, or that cannot be told.
    pub fn check_steps(&mut self, asker: &mut Asker<'_>) -> Result<(), Gap> {
        let relation = &mut self.relation;
        self.invariants.iter().for_each(|&it| asker.assume(&relation.arena, it));
        for action in relation.possible() {
            // What a step does not change holds afterwards as before.
            let images = self.invariants.iter().map(|&it| (it, relation.after(action, it)));
            let changed: Vec<TermId> = images.filter(|(it, image)| it != image).map(|(_, image)| image).collect();
            none_fails(relation, relation.fires(action), &changed, asker)?;
        }
        for goal in goals::broken(relation, &self.properties) {
            asker.refute(&relation.arena, goal)?;
        }
        let cycles = goals::cycles(relation, &self.properties);
        if cycles.len() != self.ranks.len() {
            return Err(Gap::Unproved);
        }
        cycles.iter().zip(&self.ranks).try_for_each(|(cycles, levels)| check_ranks(relation, cycles, levels, asker))
    }
}

/// That some terms hold wherever a condition does.
fn none_fails(
    relation: &mut Relation<'_>,
    condition: TermId,
    terms: &[TermId],
    asker: &mut Asker<'_>,
) -> Result<(), Gap> {
    for some in terms.chunks(TOGETHER) {
        let fails = relation.some_fails(some.iter().copied());
        let question = relation.arena.and(condition, fails);
        asker.refute(&relation.arena, question)?;
    }
    Ok(())
}

fn check_ranks(
    relation: &mut Relation<'_>,
    cycles: &Cycles,
    levels: &Levels,
    asker: &mut Asker<'_>,
) -> Result<(), Gap> {
    for &part in &cycles.steps {
        for (number, level) in levels.iter().enumerate() {
            let stays = stays(relation, part, &levels[..number]);
            let start = relation.arena.bool(false);
            let rises: Vec<TermId> = level.iter().map(|&measure| rises(relation, part, measure)).collect();
            let any = rises.into_iter().fold(start, |any, it| relation.arena.or(any, it));
            let question = relation.arena.and(stays, any);
            asker.refute(&relation.arena, question)?;
        }
        let stays = stays(relation, part, levels);
        let question = relation.arena.and(stays, part.matters);
        asker.refute(&relation.arena, question)?;
    }
    Ok(())
}
