//! Checks a solver's proof against what the solver was told.
//!
//! varisat's proof says which clauses were added, which clauses follow, and which assumptions fail. The checker
//! (`varisat-checker`, a program of its own) follows every inference by unit propagation. What it takes for granted are the
//! added clauses; therefore `Reader` compares them, one by one and in order, with the [`Transcript`], and sees to it
//! that for every question that was refuted the proof refutes that question or, for good, all clauses.
//!
//! What is certified is the solver's part: that the clauses leave no run in which a question comes true. That clauses say
//! what the system does is not part of a proof; tests hold circuits to the evaluator.
//!
//! Reference: Goldberg and Novikov, "Verification of proofs of unsatisfiability for CNF formulas", DATE 2003.

use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use varisat::Lit;
use varisat_checker::{CheckedProofStep, Checker, CheckerData, CheckerError, ProofProcessor};

use super::lrat::{Failure, Keeper};
use super::solver::Literal;
use super::transcript::{Event, Transcript};
use crate::engine::Watch;

/// Name of the program that checked a proof.
pub const CHECKER: &str = "varisat-checker";

/// A proof that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Questions of which the proof shows that they cannot come true.
    pub refuted: u64,
    /// Clauses that the proof builds on.
    pub clauses: u64,
    /// Size of the proof, in bytes.
    pub proof_bytes: u64,
    /// Who checked it.
    pub checker: &'static str,
    /// How long that took.
    pub time: Duration,
}

impl Certificate {
    /// This one and another one of the same checker, for what both say together.
    pub fn and(self, other: Certificate) -> Certificate {
        Certificate {
            refuted: self.refuted + other.refuted,
            clauses: self.clauses + other.clauses,
            proof_bytes: self.proof_bytes + other.proof_bytes,
            checker: self.checker,
            time: self.time + other.time,
        }
    }
}

/// Why there is no certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The proof is not one of what was asked; why.
    Wrong(String),
    /// The check was not finished within the budget.
    Exhausted,
    /// The proof was to be kept and could not be; why.
    Unwritten(String),
}

/// Checks that a proof in varisat's own format proves every refuted question of a transcript.
pub fn certify(transcript: &Transcript, proof: &[u8], watch: &Watch) -> Result<Certificate, Refusal> {
    certify_with(transcript, proof, watch, None)
}

/// [`certify`] that keeps the part of the proof that each question needs: files `NAME-I.cnf` and `NAME-I.lrat` of that name in
/// a directory, which is there ([`super::lrat`]).
pub fn certify_and_keep(
    transcript: &Transcript,
    proof: &[u8],
    watch: &Watch,
    (directory, name): (&Path, &str),
) -> Result<Certificate, Refusal> {
    certify_with(transcript, proof, watch, Some(Keeper::new(transcript, watch, directory, name)))
}

fn certify_with(
    transcript: &Transcript,
    proof: &[u8],
    watch: &Watch,
    mut keeper: Option<Keeper<'_>>,
) -> Result<Certificate, Refusal> {
    let started = watch.elapsed();
    let mut reader = Reader { transcript, next: 0, is_empty_derived: false };
    let mut checker = Checker::new();
    checker.add_processor(&mut reader);
    if let Some(keeper) = &mut keeper {
        checker.add_processor(keeper);
    }
    let checked = checker.check_proof(Bounded { proof, watch });
    drop(checker);
    if let Some(failure) = keeper.as_mut().and_then(|keeper| keeper.failure.take()) {
        return Err(failure.into());
    }
    match checked {
        Ok(()) => reader.finish()?,
        Err(CheckerError::IoError { .. }) if watch.exhausted().is_some() => return Err(Refusal::Exhausted),
        Err(error) => return Err(Refusal::Wrong(error.to_string())),
    }
    if let Some(keeper) = &mut keeper {
        keeper.finish()?;
    }
    Ok(Certificate {
        refuted: transcript.refuted(),
        clauses: transcript.iter().filter(|(event, _)| *event == Event::Clause).count() as u64,
        proof_bytes: proof.len() as u64,
        checker: CHECKER,
        time: watch.elapsed().saturating_sub(started),
    })
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Exhausted => Refusal::Exhausted,
            Failure::Unwritten(why) => Refusal::Unwritten(why),
        }
    }
}

/// A proof that cannot be read on once the budget is exhausted.
struct Bounded<'a> {
    proof: &'a [u8],
    watch: &'a Watch,
}

impl Read for Bounded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.watch.exhausted().is_some() {
            return Err(io::Error::other("out of budget"));
        }
        self.proof.read(buffer)
    }
}

/// Follows the checked steps along the transcript.
struct Reader<'t> {
    transcript: &'t Transcript,
    /// The first event that no step has matched yet.
    next: usize,
    /// Whether the clauses were shown to contradict each other.
    is_empty_derived: bool,
}

impl Reader<'_> {
    /// A clause that the proof builds on has to be the next one of the transcript.
    fn added(&mut self, clause: &[Lit]) -> Result<(), String> {
        match self.transcript.get(self.next) {
            Some((Event::Clause, own)) if canonical(own) == clause => {
                self.next += 1;
                Ok(())
            }
            _ => Err(format!("the proof builds on the clause {clause:?}, which was not added there")),
        }
    }

    /// Assumptions that were shown to fail have to be among those of the next refuted question.
    fn failed(&mut self, core: &[Lit]) -> Result<(), String> {
        match self.transcript.get(self.next) {
            Some((Event::Refuted, own)) if core.iter().all(|lit| canonical(own).contains(lit)) => {
                self.next += 1;
                Ok(())
            }
            _ => Err(format!("the proof refutes {core:?}, which was not the question there")),
        }
    }

    /// Whether every question was dealt with. Clauses that contradict each other refute all that comes after them.
    fn finish(&self) -> Result<(), Refusal> {
        let open = |index: &usize| matches!(self.transcript.get(*index), Some((Event::Refuted, _)));
        let is_open = (self.next..self.transcript.len()).any(|index| open(&index));
        match is_open && !self.is_empty_derived {
            true => Err(Refusal::Wrong("the proof ends before every question is refuted".to_owned())),
            false => Ok(()),
        }
    }
}

impl ProofProcessor for Reader<'_> {
    fn process_step(&mut self, step: &CheckedProofStep<'_>, data: CheckerData<'_, '_>) -> Result<(), anyhow::Error> {
        let user = |lits: &[Lit]| -> Result<Vec<Lit>, String> {
            let own = |lit: &Lit| data.user_from_proof_var(lit.var()).map(|var| var.lit(lit.is_positive()));
            let mut lits: Vec<Lit> = lits.iter().map(own).collect::<Option<_>>().ok_or("a hidden variable")?;
            lits.sort_unstable();
            Ok(lits)
        };
        let followed = match step {
            _ if self.is_empty_derived => Ok(()),
            CheckedProofStep::AddClause { clause, .. }
            | CheckedProofStep::DuplicatedClause { clause, .. }
            | CheckedProofStep::TautologicalClause { clause, .. } => {
                user(clause).and_then(|clause| self.added(&clause))
            }
            CheckedProofStep::FailedAssumptions { failed_core, .. } => {
                user(failed_core).and_then(|core| self.failed(&core))
            }
            CheckedProofStep::AtClause { clause: [], .. } => {
                self.is_empty_derived = true;
                Ok(())
            }
            _ => Ok(()),
        };
        followed.map_err(anyhow::Error::msg)
    }
}

/// A clause as the checker shows it: sorted, without duplicates.
fn canonical(literals: &[Literal]) -> Vec<Lit> {
    let mut lits: Vec<Lit> = literals.iter().map(|literal| Lit::from_dimacs(literal.number() as isize)).collect();
    lits.sort_unstable();
    lits.dedup();
    lits
}
