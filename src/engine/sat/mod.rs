//! Bounded checking with a SAT solver: blocks are unrolled on terms, terms become and-inverter graphs, graphs clauses.
//!
//! `aig` is the graph, `bits` arithmetic on it, `circuit` the terms, `tables` lookups, `cnf` the clauses, `solver` what a
//! SAT solver has to offer, `varisat` and `cadical` are such solvers, `oracle` is all of it as the unroller sees it.
//! `transcript` keeps what a solver was told, `certificate` checks its proof against that, `lrat` writes it down for others.
//!
//! Reference: Eén and Sörensson, "Temporal induction by incremental SAT solving", BMC 2003, for one solver that answers
//! all questions under assumptions.

pub mod aig;
pub mod bits;
#[cfg(feature = "cadical")]
pub mod cadical;
pub mod certificate;
pub mod circuit;
pub mod cnf;
pub mod lrat;
pub mod oracle;
pub mod size;
pub mod solver;
mod tables;
pub mod transcript;
pub mod varisat;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

#[cfg(not(feature = "cadical"))]
use super::Statistics;
use super::deepen::{Question, deepen};
use super::induction::{Asker, Gap, Inductive, Prover};
use super::{Budget, Engine, Extent, Outcome, Progress, UnknownReason, Verdict, Watch};
use crate::engine::unroll::{Limits, Oracle};
use crate::system::{PropertyId, System};

use certificate::{Certificate, Refusal, certify, certify_and_keep};
use oracle::Circuits;
use solver::SatSolver;
use transcript::{Recorder, Transcript};
use varisat::Varisat;

/// The SAT solvers there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SolverName {
    /// Pure Rust; writes proofs.
    #[default]
    Varisat,
    /// CaDiCaL, if it was built in.
    Cadical,
}

impl SolverName {
    /// Whether this program was built with it.
    pub fn is_built_in(self) -> bool {
        self == SolverName::Varisat || cfg!(feature = "cadical")
    }

    /// Whether it writes proofs that can be checked here.
    pub fn writes_proofs(self) -> bool {
        self == SolverName::Varisat
    }
}

/// The engine on a SAT solver.
#[derive(Clone, Debug, Default)]
pub struct Sat {
    /// How far branches are told apart.
    pub limits: Limits,
    /// The solver; it has to be built in.
    pub solver: SolverName,
    /// Whether a verdict that something holds has to be backed by a checked proof.
    pub certify: bool,
    /// A directory in which the proof is kept, named after the first property asked for: `NAME.varisat`, and what it is a
    /// proof of as `NAME.icnf`; for other checkers [`lrat`] adds `NAME-I.cnf` and `NAME-I.lrat` for each refuted question.
    pub keep_proofs: Option<PathBuf>,
}

impl Engine for Sat {
    fn name(&self) -> &'static str {
        "sat"
    }

    fn certifies(&self) -> bool {
        self.certify
    }

    fn part(&self, name: &str) -> Option<Box<dyn Engine>> {
        let directory = self.keep_proofs.as_ref()?.join(name);
        Some(Box::new(Sat { keep_proofs: Some(directory), ..self.clone() }))
    }

    fn check(&self, system: &System, properties: &[PropertyId], budget: &Budget, progress: &dyn Progress) -> Outcome {
        let run = Run { sat: self, system, properties, budget, progress, watch: budget.start() };
        match self.solver {
            SolverName::Varisat if self.certify => run.certified(),
            SolverName::Varisat => run.with(Varisat::new(run.watch.clone(), false)).0,
            SolverName::Cadical => run.on_cadical(),
        }
    }
}

/// One check.
struct Run<'a> {
    sat: &'a Sat,
    system: &'a System,
    properties: &'a [PropertyId],
    budget: &'a Budget,
    progress: &'a dyn Progress,
    watch: Watch,
}

impl Run<'_> {
    fn with<S: SatSolver>(&self, solver: S) -> (Outcome, S) {
        let mut oracle = Circuits::new(solver, self.watch.clone());
        let question = Question {
            system: self.system,
            properties: self.properties,
            bound: self.budget.bound,
            limits: self.sat.limits,
            watch: &self.watch,
            prover: self,
        };
        let mut outcome = deepen(&question, &mut oracle, self.progress);
        oracle.add_figures(&mut outcome.statistics);
        (outcome, oracle.into_solver())
    }

    #[cfg(feature = "cadical")]
    fn on_cadical(&self) -> Outcome {
        self.with(cadical::Cadical::new(self.watch.clone())).0
    }

    #[cfg(not(feature = "cadical"))]
    fn on_cadical(&self) -> Outcome {
        let why = "built without CaDiCaL".to_owned();
        let verdict = Verdict::Unknown { reason: UnknownReason::Engine(why), covered: 0 };
        Outcome { verdict, statistics: Statistics::default(), certificate: None, demands: Vec::new() }
    }

    /// Checks, and checks the proof of what was found to hold.
    fn certified(&self) -> Outcome {
        let recorder = Recorder::new(Varisat::new(self.watch.clone(), true));
        let (mut outcome, recorder) = self.with(recorder);
        // An induction does not rest on the search before it, and has been certified by itself.
        if !matches!(outcome.verdict, Verdict::Holds(Extent::Bound(_) | Extent::Complete(_))) {
            return outcome;
        }
        match self.certificate(recorder, "") {
            Ok(certificate) => outcome.certificate = Some(certificate),
            Err(refusal) => outcome.verdict = self.refused(refusal),
        }
        outcome
    }

    /// The checked proof of what a solver refuted; kept under a name with `suffix`, if proofs are kept.
    fn certificate(&self, recorder: Recorder<Varisat>, suffix: &str) -> Result<Certificate, Refusal> {
        let (solver, transcript) = recorder.into_parts();
        let proof = solver.into_proof().ok_or_else(|| Refusal::Wrong("the solver's proof is incomplete".to_owned()))?;
        let Some(directory) = &self.sat.keep_proofs else { return certify(&transcript, &proof, &self.watch) };
        let name = self.name(suffix);
        self.keep(directory, &transcript, &proof, &name)?;
        certify_and_keep(&transcript, &proof, &self.watch, (directory, &name))
    }

    /// Nothing is known without a proof.
    fn refused(&self, refusal: Refusal) -> Verdict {
        let reason = match (refusal, self.watch.exhausted()) {
            (Refusal::Exhausted, Some(reason)) => reason,
            (Refusal::Exhausted, None) => UnknownReason::Time,
            (Refusal::Unwritten(why), _) => UnknownReason::Engine(format!("the proof cannot be kept: {why}")),
            (Refusal::Wrong(why), _) => {
                let why = format!("internal error: the checker refuses the proof ({why}); please report this as a bug");
                UnknownReason::Engine(why)
            }
        };
        Verdict::Unknown { reason, covered: 0 }
    }

    /// The name of files.
    fn name(&self, suffix: &str) -> String {
        let name = self.properties.first().map_or("nothing", |&id| self.system.property(id).name.as_str());
        format!("{name}{suffix}")
    }

    fn keep(&self, directory: &Path, transcript: &Transcript, proof: &[u8], name: &str) -> Result<(), Refusal> {
        let write = || -> io::Result<()> {
            fs::create_dir_all(directory)?;
            fs::write(directory.join(format!("{name}.varisat")), proof)?;
            let mut formula = io::BufWriter::new(fs::File::create(directory.join(format!("{name}.icnf")))?);
            transcript.write(&mut formula)?;
            formula.flush()
        };
        write().map_err(|error| Refusal::Unwritten(format!("{}: {error}", directory.display())))
    }
}

impl Prover for Run<'_> {
    fn oracle(&self, watch: &Watch) -> Box<dyn Oracle + '_> {
        match self.sat.solver {
            #[cfg(feature = "cadical")]
            SolverName::Cadical => Box::new(Circuits::new(cadical::Cadical::new(watch.clone()), watch.clone())),
            _ => Box::new(Circuits::new(Varisat::new(watch.clone(), false), watch.clone())),
        }
    }

    fn check(&self, proof: &mut Inductive<'_>, watch: &Watch) -> Result<Option<Certificate>, Gap> {
        if !self.sat.certify {
            proof.check_start(&mut Asker::new(&mut *self.oracle(watch)))?;
            proof.check_steps(&mut Asker::new(&mut *self.oracle(watch)))?;
            return Ok(None);
        }
        let start = self.recorded(watch, "-start", |asker| proof.check_start(asker))?;
        let steps = self.recorded(watch, "-steps", |asker| proof.check_steps(asker))?;
        Ok(Some(start.and(steps)))
    }
}

impl Run<'_> {
    /// Asks questions of a solver that writes them down, and certifies its answers.
    fn recorded(
        &self,
        watch: &Watch,
        suffix: &str,
        ask: impl FnOnce(&mut Asker<'_>) -> Result<(), Gap>,
    ) -> Result<Certificate, Gap> {
        let mut circuits = Circuits::new(Recorder::new(Varisat::new(watch.clone(), true)), watch.clone());
        ask(&mut Asker::new(&mut circuits))?;
        self.certificate(circuits.into_solver(), suffix).map_err(|refusal| match refusal {
            Refusal::Exhausted => Gap::Stopped,
            Refusal::Wrong(_) | Refusal::Unwritten(_) => Gap::Unproved,
        })
    }
}
