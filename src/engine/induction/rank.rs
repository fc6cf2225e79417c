//! That runs do not go round forbidden cycles: numbers that never rise on a cycle stay the same all the way round.
//!
//! Measures that no step of a cycle raises are the same after every one of its steps. Knowing that, further
//! measures may turn out never to rise, and so on. If in the end no step that matters is left that keeps all of them,
//! there is no cycle with such a step.
//!
//! References: Bradley, Manna and Sipma, "Linear ranking with reachability", CAV 2005; Ben-Amram and Genaim, "Ranking
//! functions for linear-constraint loops", Journal of the ACM 61, 2014, on lexicographic ones.

use crate::term::{Evaluator, TermId};

use super::ask::Gap;
use super::filter::Candidates;
use super::goals::{Cycles, Part};
use super::relation::Relation;

/// Levels of measures, at most.
const LEVELS: usize = 8;

/// Measures level by level; those of a level never rise on a cycle where those of all levels before stay the same.
pub type Levels = Vec<Vec<TermId>>;

/// Finds measures that rule cycles out where candidates hold.
pub fn rank(
    relation: &mut Relation<'_>,
    cycles: &Cycles,
    pool: &[TermId],
    candidates: &mut Candidates<'_>,
) -> Result<Levels, Gap> {
    let mut levels = Levels::new();
    let mut left: Vec<TermId> = pool.to_vec();
    while levels.len() <= LEVELS {
        if leftover(relation, cycles, &levels, candidates)?.is_none() {
            return Ok(levels);
        }
        let level = never_rising(relation, cycles, &left, &levels, candidates)?;
        if level.is_empty() {
            break;
        }
        left.retain(|term| !level.contains(term));
        levels.push(level);
    }
    Err(Gap::Unproved)
}

/// A step that matters and that all measures allow to be part of a cycle.
fn leftover(
    relation: &mut Relation<'_>,
    cycles: &Cycles,
    levels: &[Vec<TermId>],
    candidates: &mut Candidates<'_>,
) -> Result<Option<Part>, Gap> {
    for &part in &cycles.steps {
        let stays = stays(relation, part, levels);
        let matters = relation.arena.and(stays, part.matters);
        if candidates.find(relation, matters)?.is_some() {
            return Ok(Some(part));
        }
    }
    Ok(None)
}

/// When a step is made as part of a cycle and keeps all measures.
pub fn stays(relation: &mut Relation<'_>, part: Part, levels: &[Vec<TermId>]) -> TermId {
    let mut all = part.fires;
    for &term in levels.iter().flatten() {
        let after = relation.after(part.action, term);
        let same = relation.arena.eq(after, term);
        all = relation.arena.and(all, same);
    }
    all
}

/// When a step makes a measure larger.
pub fn rises(relation: &mut Relation<'_>, part: Part, measure: TermId) -> TermId {
    let after = relation.after(part.action, measure);
    let falls = relation.arena.le(after, measure);
    relation.arena.not(falls)
}

/// Of some measures those that no step of a cycle raises, and some step may change.
fn never_rising(
    relation: &mut Relation<'_>,
    cycles: &Cycles,
    pool: &[TermId],
    levels: &[Vec<TermId>],
    candidates: &mut Candidates<'_>,
) -> Result<Vec<TermId>, Gap> {
    let mut left = pool.to_vec();
    for &part in &cycles.steps {
        let stays = stays(relation, part, levels);
        loop {
            let rising: Vec<TermId> = left.iter().map(|&measure| rises(relation, part, measure)).collect();
            let start = relation.arena.bool(false);
            let any = rising.iter().fold(start, |any, &it| relation.arena.or(any, it));
            let question = relation.arena.and(stays, any);
            let Some(step) = candidates.find(relation, question)? else { break };
            let mut values = Evaluator::new(&relation.arena, &step);
            let before = left.len();
            let keeps: Vec<bool> = rising.iter().map(|&it| !values.holds(it)).collect();
            let mut keeps = keeps.into_iter();
            left.retain(|_| keeps.next().unwrap_or(true));
            if left.len() == before {
                return Err(Gap::Unproved);
            }
        }
    }
    Ok(changing(relation, cycles, left))
}

/// Of some measures those that some step may change.
fn changing(relation: &mut Relation<'_>, cycles: &Cycles, mut measures: Vec<TermId>) -> Vec<TermId> {
    let mut found = Vec::new();
    for part in &cycles.steps {
        let (changed, same) = measures.iter().partition(|&&measure| relation.after(part.action, measure) != measure);
        measures = same;
        found.extend::<Vec<TermId>>(changed);
    }
    found
}
