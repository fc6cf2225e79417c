//! Proofs beyond any bound: what holds at the start, is kept by every action in every order, and implies a property,
//! makes it hold for good.
//!
//! | file | what it does |
//! | --- | --- |
//! | `relation` | one action as a relation between two states |
//! | `goals` | what properties demand of states, steps and cycles |
//! | `subject` | what invariants are to speak of |
//! | `sample` | what is so in random runs |
//! | `affine` | linear equations in what was seen |
//! | `candidates` | conditions that may be invariants, numbers that may rule out cycles |
//! | `ask` | questions to a solver |
//! | `filter` | which candidates are needed, and are invariants together |
//! | `rank` | which numbers never rise on a cycle |
//! | `certificate` | the whole proof as questions that can be asked again |
//!
//! Invariants:
//! * A step is one action. Whatever the schedule lets fire may fire, after whatever else: no order is left out, and no
//!   partial order or acceleration is relied on.
//! * Samples only suggest. Everything that is said to be proved was refuted by a solver, and then once more by one that
//!   started anew (`certificate`); invariants are compared with the reference interpreter's runs, too.
//! * *Unknown* is never taken for *impossible*: where a solver gives up there is no proof.
//! * Also proved: no step leaves the range of a variable. An encoding's error is no way to a proof.
//!
//! References: Sheeran, Singh and Stålmarck, "Checking safety properties using induction and a SAT-solver", FMCAD 2000;
//! Flanagan and Leino, "Houdini, an annotation assistant for ESC/Java", FME 2001.

mod affine;
mod ask;
mod candidates;
mod certificate;
mod filter;
mod goals;
mod rank;
mod relation;
mod sample;
mod subject;

use crate::engine::sat::certificate::Certificate;
use crate::engine::unroll::Oracle;
use crate::engine::{Induction, Watch};
use crate::system::{PropertyId, System};
use crate::term::TermId;

pub use ask::{Asker, Gap};
pub use certificate::Inductive;

use filter::Candidates;
use relation::Relation;
use sample::Samples;
use subject::Subject;

/// Terms beyond which nothing is tried: every action is a copy of what it changes.
const LARGEST: usize = 1 << 23;
/// Actions beyond which nothing is tried: each is compared with every other one.
const MOST_ACTIONS: usize = 512;
/// Candidates that are tried: first a few, then many.
const POOLS: [usize; 2] = [240, 1600];
/// Seeds of the runs that suggest candidates, and of those that invariants are compared with.
const SEEDS: [u64; 2] = [1, 2];

/// Whoever has solvers.
pub trait Prover {
    /// A solver that knows nothing yet and gives up when the watch says so.
    fn oracle(&self, watch: &Watch) -> Box<dyn Oracle + '_>;

    /// Checks a proof with solvers that know nothing yet.
    ///
    /// # Errors
    ///
    /// If the proof is wrong, or that cannot be told.
    fn check(&self, proof: &mut Inductive<'_>, watch: &Watch) -> Result<Option<Certificate>, Gap> {
        proof.check_start(&mut Asker::new(&mut *self.oracle(watch)))?;
        proof.check_steps(&mut Asker::new(&mut *self.oracle(watch)))?;
        Ok(None)
    }
}

/// A proof that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proved {
    /// What it consists of.
    pub induction: Induction,
    /// The solver's proof of its questions, if one was asked for.
    pub certificate: Option<Certificate>,
}

/// Tries to prove properties of a system for all runs.
///
/// # Errors
///
/// If there is no such proof of the forms that are tried, or it was not found in time.
pub fn prove(system: &System, properties: &[PropertyId], watch: &Watch, prover: &dyn Prover) -> Result<Proved, Gap> {
    if system.guided || system.arena.len() > LARGEST || system.actions.len() > MOST_ACTIONS {
        return Err(Gap::Unproved);
    }
    let mut proof = find(system, properties, watch, prover)?;
    if !sample::always_hold(&proof.with_invariants(), &proof.invariants, SEEDS[1], watch) {
        return Err(Gap::Unproved);
    }
    let certificate = prover.check(&mut proof, watch)?;
    let induction = Induction { depth: 1, invariants: proof.invariants.len() as u32 };
    Ok(Proved { induction, certificate })
}

/// Finds a proof that has yet to be checked.
///
/// # Errors
///
/// As [`prove`].
pub fn find<'s>(
    system: &'s System,
    properties: &[PropertyId],
    watch: &Watch,
    prover: &dyn Prover,
) -> Result<Inductive<'s>, Gap> {
    let mut extended = system.clone();
    let subject = subject::subject(&mut extended, properties);
    let columns: Vec<TermId> = subject.quantities.iter().chain(&subject.conditions).copied().collect();
    let samples = Samples::collect(&extended, &columns, SEEDS[0], watch);
    let arena = extended.arena;
    let attempt = |&most: &usize| {
        let relation = Relation::new(system, arena.clone());
        Attempt { properties, watch, prover, subject: &subject, samples: &samples }.run(relation, most)
    };
    let mut last = Gap::Unproved;
    for most in &POOLS {
        match attempt(most) {
            Err(gap) => last = gap,
            found => return found,
        }
        if last == Gap::Stopped {
            break;
        }
    }
    Err(last)
}

/// One attempt with so many candidates.
struct Attempt<'a> {
    properties: &'a [PropertyId],
    watch: &'a Watch,
    prover: &'a dyn Prover,
    subject: &'a Subject,
    samples: &'a Samples,
}

impl Attempt<'_> {
    fn run<'s>(&self, mut relation: Relation<'s>, most: usize) -> Result<Inductive<'s>, Gap> {
        let mut terms = goals::always(&relation, self.properties);
        terms.extend(candidates::candidates(&mut relation.arena, self.subject, self.samples, most));
        let mut oracle = self.prover.oracle(self.watch);
        let steps = Asker::new(&mut *oracle);
        let mut candidates = Candidates::new(&mut relation, terms, steps, self.prover, self.watch);
        let goals = goals::broken(&mut relation, self.properties);
        let cycles = goals::cycles(&mut relation, self.properties);
        let pool = candidates::measures(&mut relation.arena, self.subject);
        // With too few candidates there is no proof whichever of them turn out to be invariants. What ranks need has to be kept, too.
        loop {
            implied(&mut relation, &mut candidates, &goals)?;
            if !candidates.are_kept(&mut relation)? {
                continue;
            }
            let before = candidates.changes;
            let ranks = cycles.iter().map(|cycles| rank::rank(&mut relation, cycles, &pool, &mut candidates));
            let ranks = ranks.collect::<Result<Vec<rank::Levels>, Gap>>()?;
            if candidates.changes == before {
                let invariants = candidates.terms().collect();
                return Ok(Inductive { relation, properties: self.properties.to_vec(), invariants, ranks });
            }
        }
    }
}

/// That no goal is possible where the candidates hold.
fn implied(relation: &mut Relation<'_>, candidates: &mut Candidates<'_>, goals: &[TermId]) -> Result<(), Gap> {
    goals.iter().try_for_each(|&goal| candidates.find(relation, goal)?.map_or(Ok(()), |_| Err(Gap::Unproved)))
}
