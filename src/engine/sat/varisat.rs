//! varisat: pure Rust, incremental, and it writes proofs.
//!
//! The library has no way to stop a running search, but it ends one when its proof cannot be written: the proof goes
//! through a `Valve`, which closes as soon as the budget is exhausted. Where nobody wants the proof it goes nowhere.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use varisat::{ExtendFormula, Lit, ProofFormat, Solver, Var};

use super::solver::{Literal, SatSolver, Solved};
use crate::engine::Watch;

/// varisat with a budget.
pub struct Varisat {
    solver: Solver<'static>,
    variables: usize,
    model: Vec<bool>,
    proof: Option<Proof>,
    /// Set by the first failure: the library cannot go on after one.
    is_broken: bool,
}

/// A proof in varisat's own format, as it grows.
type Proof = Arc<Mutex<Vec<u8>>>;

/// Where the proof goes on its way to its readers. The library hands it over in pieces of some kilobytes.
struct Valve {
    watch: Watch,
    proof: Option<Proof>,
}

impl Write for Valve {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.watch.exhausted().is_some() {
            return Err(io::Error::other("out of budget"));
        }
        if let Some(proof) = &self.proof {
            proof.lock().map_err(|_| io::Error::other("the proof is lost"))?.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Varisat {
    /// A solver that stops when the watch says so, and keeps its proof if it is wanted.
    pub fn new(watch: Watch, proof_wanted: bool) -> Self {
        let proof = proof_wanted.then(Proof::default);
        let mut solver = Solver::new();
        solver.write_proof(Valve { watch, proof: proof.clone() }, ProofFormat::Varisat);
        // Clauses become part of the proof from the first question on; before it they would have to be kept beside.
        let is_broken = proof_wanted && solver.solve().is_err();
        Varisat { solver, variables: 0, model: Vec::new(), proof, is_broken }
    }

    /// Ends the proof: what was written down, if it was wanted and is whole.
    pub fn into_proof(mut self) -> Option<Vec<u8>> {
        let is_whole = !self.is_broken && self.solver.close_proof().is_ok();
        let proof = self.proof.filter(|_| is_whole)?;
        let bytes = std::mem::take(&mut *proof.lock().ok()?);
        Some(bytes)
    }

    fn lit(literal: Literal) -> Lit {
        Lit::from_dimacs(literal.number() as isize)
    }
}

impl SatSolver for Varisat {
    fn new_variable(&mut self) -> Literal {
        let variable: Var = self.solver.new_var();
        self.variables = self.variables.max(variable.index() + 1);
        Literal::new(variable.to_dimacs() as i32)
    }

    fn add_clause(&mut self, clause: &[Literal]) {
        if !self.is_broken {
            let clause: Vec<Lit> = clause.iter().map(|&literal| Self::lit(literal)).collect();
            self.solver.add_clause(&clause);
        }
    }

    fn solve(&mut self, assumptions: &[Literal]) -> Solved {
        if self.is_broken {
            return Solved::Unknown;
        }
        let assumptions: Vec<Lit> = assumptions.iter().map(|&literal| Self::lit(literal)).collect();
        self.solver.assume(&assumptions);
        match self.solver.solve() {
            Ok(true) => {
                self.model = vec![false; self.variables];
                for literal in self.solver.model().into_iter().flatten() {
                    self.model[literal.var().index()] = literal.is_positive();
                }
                Solved::Satisfiable
            }
            Ok(false) => Solved::Unsatisfiable,
            Err(error) => {
                self.is_broken = !error.is_recoverable();
                Solved::Unknown
            }
        }
    }

    fn value(&self, literal: Literal) -> bool {
        let index = literal.number().unsigned_abs() as usize - 1;
        self.model.get(index).copied().unwrap_or(false) == (literal.number() > 0)
    }
}
