//! Proofs for other checkers: for each refuted question the clauses that refute it, as a DIMACS file, and a proof in LRAT.
//!
//! What follows from what is taken from the checker of varisat's proof while it follows it: for every derived clause it tells
//! the clauses that become unit, in their order, which is what LRAT asks for. Of all that, a question gets what its
//! refutation goes back to and nothing else:
//!
//! * `NAME-I.cnf`: those of the added clauses, and the question's assumptions as clauses of one literal. The clauses stand, as
//!   they are, among those that `NAME.icnf` has before its I-th question, so what refutes them refutes the question.
//! * `NAME-I.lrat`: the derived clauses, each with its reasons, down to the empty one.
//!
//! References: Cruz-Filipe, Heule, Hunt, Kaufmann and Schneider-Kamp, "Efficient certified RAT verification", CADE 2017;
//! Heule, Hunt and Wetzler, "Trimming while checking clausal proofs", FMCAD 2013.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use fixedbitset::FixedBitSet;
use itertools::Itertools;
use rustc_hash::FxHashMap;
use varisat::Lit;
use varisat_checker::{CheckedProofStep, CheckerData, ProofProcessor};

use super::solver::Literal;
use super::transcript::{Event, Transcript};
use crate::engine::Watch;

/// Where a clause comes from.
#[derive(Clone, Copy, Debug)]
enum Origin {
    /// It is this event of the transcript.
    Added(usize),
    /// It follows from others.
    Derived,
}

/// A clause that the checker knows.
#[derive(Clone, Copy, Debug)]
struct Clause {
    origin: Origin,
    /// Where its literals end, if it is derived.
    literals: usize,
    /// Where its reasons end, if it is derived.
    reasons: usize,
}

/// Why files are not written.
#[derive(Debug)]
pub enum Failure {
    /// The budget is exhausted.
    Exhausted,
    /// What the operating system says.
    Unwritten(String),
}

/// Follows the checked steps, after whoever compares them with the transcript, and writes the files.
pub struct Keeper<'t> {
    transcript: &'t Transcript,
    watch: &'t Watch,
    directory: PathBuf,
    name: String,
    /// The first event that no step has matched yet.
    next: usize,
    /// Number of questions so far.
    questions: usize,
    clauses: Vec<Clause>,
    literals: Vec<Lit>,
    /// Positions of clauses.
    reasons: Vec<usize>,
    /// Positions of clauses by the checker's ids.
    known: FxHashMap<u64, usize>,
    /// Reasons of the empty clause, once there is one.
    empty: Option<Vec<usize>>,
    /// Why it gave up.
    pub failure: Option<Failure>,
}

impl<'t> Keeper<'t> {
    /// Writes files of that name into a directory, which is there.
    pub fn new(transcript: &'t Transcript, watch: &'t Watch, directory: &Path, name: &str) -> Self {
        Keeper {
            transcript,
            watch,
            directory: directory.to_owned(),
            name: name.to_owned(),
            next: 0,
            questions: 0,
            clauses: Vec::new(),
            literals: Vec::new(),
            reasons: Vec::new(),
            known: FxHashMap::default(),
            empty: None,
            failure: None,
        }
    }

    /// Writes the files of questions that clauses refute which contradict each other, and removes those of an earlier proof
    /// with more questions.
    pub fn finish(&mut self) -> Result<(), Failure> {
        while let (Some(reasons), Some((event, _))) = (self.empty.clone(), self.transcript.get(self.next)) {
            if event == Event::Refuted {
                self.write_question(&[], &reasons)?;
            }
            self.next += 1;
        }
        let mut number = self.questions + 1;
        while fs::remove_file(self.path(number, "cnf")).is_ok() | fs::remove_file(self.path(number, "lrat")).is_ok() {
            number += 1;
        }
        Ok(())
    }

    fn path(&self, number: usize, suffix: &str) -> PathBuf {
        self.directory.join(format!("{}-{number}.{suffix}", self.name))
    }

    fn put(&mut self, id: u64, origin: Origin) {
        self.known.insert(id, self.clauses.len());
        self.clauses.push(Clause { origin, literals: self.literals.len(), reasons: self.reasons.len() });
    }

    fn positions(&self, ids: &[u64]) -> Result<Vec<usize>, String> {
        let position = |id: &u64| self.known.get(id).copied().ok_or_else(|| format!("clause {id} is not known"));
        ids.iter().map(position).collect()
    }

    fn derived(&mut self, id: u64, literals: Vec<Lit>, reasons: Vec<usize>) {
        if literals.is_empty() {
            self.empty = Some(reasons);
            return;
        }
        self.literals.extend(literals);
        self.reasons.extend(reasons);
        self.put(id, Origin::Derived);
    }

    /// Literals and reasons of a derived clause.
    fn derivation(&self, position: usize) -> (&[Lit], &[usize]) {
        let (end, start) = (self.clauses[position], position.checked_sub(1).map(|before| self.clauses[before]));
        let (literals, reasons) = start.map_or((0, 0), |it| (it.literals, it.reasons));
        (&self.literals[literals..end.literals], &self.reasons[reasons..end.reasons])
    }

    /// The clauses that some reasons go back to, these included.
    fn needed(&self, reasons: &[usize]) -> FixedBitSet {
        let mut needed = FixedBitSet::with_capacity(self.clauses.len());
        needed.extend(reasons.iter().copied());
        for position in (0..self.clauses.len()).rev() {
            if needed.contains(position) && matches!(self.clauses[position].origin, Origin::Derived) {
                needed.extend(self.derivation(position).1.iter().copied());
            }
        }
        needed
    }

    /// Writes the files of the question that is the next event: `core` are those of its assumptions that fail.
    fn write_question(&mut self, core: &[Lit], reasons: &[usize]) -> Result<(), Failure> {
        if self.watch.exhausted().is_some() {
            return Err(Failure::Exhausted);
        }
        self.questions += 1;
        let assumptions = self.transcript.get(self.next).map_or(&[][..], |(_, literals)| literals);
        self.write_files(assumptions, core, reasons)
            .map_err(|error| Failure::Unwritten(format!("{}: {error}", self.path(self.questions, "cnf").display())))
    }

    fn write_files(&self, assumptions: &[Literal], core: &[Lit], reasons: &[usize]) -> io::Result<()> {
        let needed = self.needed(reasons);
        let mut numbers: FxHashMap<usize, usize> = FxHashMap::default();
        let mut formula: Vec<&[Literal]> = Vec::new();
        for position in needed.ones() {
            if let Origin::Added(event) = self.clauses[position].origin {
                formula.push(self.transcript.get(event).map_or(&[][..], |(_, literals)| literals));
                numbers.insert(position, formula.len());
            }
        }
        let units = formula.len();
        let assumptions: Vec<Literal> = assumptions.iter().copied().unique_by(|it| it.number()).collect();
        formula.extend(assumptions.chunks(1));
        self.write_formula(&formula)?;
        let mut proof = BufWriter::new(File::create(self.path(self.questions, "lrat"))?);
        let mut last = formula.len();
        for position in needed.ones().filter(|&it| matches!(self.clauses[it].origin, Origin::Derived)) {
            last += 1;
            numbers.insert(position, last);
            let (literals, reasons) = self.derivation(position);
            write!(proof, "{last}")?;
            literals.iter().try_for_each(|literal| write!(proof, " {}", literal.to_dimacs()))?;
            write!(proof, " 0")?;
            reasons.iter().try_for_each(|reason| write!(proof, " {}", numbers[reason]))?;
            writeln!(proof, " 0")?;
        }
        write!(proof, "{} 0", last + 1)?;
        let is_core = |literal: &Literal| core.iter().any(|it| it.to_dimacs() == literal.number() as isize);
        let failing = assumptions.iter().enumerate().filter(|(_, literal)| is_core(literal));
        failing.map(|(index, _)| units + index + 1).try_for_each(|unit| write!(proof, " {unit}"))?;
        reasons.iter().try_for_each(|reason| write!(proof, " {}", numbers[reason]))?;
        writeln!(proof, " 0")?;
        proof.flush()
    }

    fn write_formula(&self, formula: &[&[Literal]]) -> io::Result<()> {
        let mut out = BufWriter::new(File::create(self.path(self.questions, "cnf"))?);
        let largest = formula.iter().copied().flatten().map(|literal| literal.number().unsigned_abs()).max();
        writeln!(out, "p cnf {} {}", largest.unwrap_or(0), formula.len())?;
        for clause in formula {
            clause.iter().try_for_each(|literal| write!(out, "{} ", literal.number()))?;
            writeln!(out, "0")?;
        }
        out.flush()
    }

    fn follow(&mut self, step: &CheckedProofStep<'_>, data: CheckerData<'_, '_>) -> Result<(), String> {
        let user = |literals: &[Lit]| -> Result<Vec<Lit>, String> {
            let own = |lit: &Lit| data.user_from_proof_var(lit.var()).map(|var| var.lit(lit.is_positive()));
            literals.iter().map(own).collect::<Option<_>>().ok_or_else(|| "a hidden variable".to_owned())
        };
        match *step {
            _ if self.empty.is_some() => {}
            CheckedProofStep::AddClause { id, clause } => {
                self.put(id, Origin::Added(self.next));
                self.next += 1;
                if clause.is_empty() {
                    self.empty = Some(vec![self.clauses.len() - 1]);
                }
            }
            CheckedProofStep::DuplicatedClause { .. } | CheckedProofStep::TautologicalClause { .. } => self.next += 1,
            CheckedProofStep::AtClause { id, clause, propagations, .. } => {
                let reasons = self.positions(propagations)?;
                self.derived(id, user(clause)?, reasons);
            }
            CheckedProofStep::FailedAssumptions { failed_core, propagations } => {
                let (core, reasons) = (user(failed_core)?, self.positions(propagations)?);
                if let Err(failure) = self.write_question(&core, &reasons) {
                    self.failure = Some(failure);
                    return Err("its parts cannot be kept".to_owned());
                }
                self.next += 1;
            }
            _ => {}
        }
        Ok(())
    }
}

impl ProofProcessor for Keeper<'_> {
    fn process_step(&mut self, step: &CheckedProofStep<'_>, data: CheckerData<'_, '_>) -> Result<(), anyhow::Error> {
        self.follow(step, data).map_err(anyhow::Error::msg)
    }
}
