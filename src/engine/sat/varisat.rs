//! varisat: pure Rust, incremental, and it writes proofs.
//!
//! The library has no way to stop a running search, but it ends one when its proof cannot be written: the proof goes
//! through a [`Gate`], which refuses as soon as the budget is exhausted. Where nobody wants the proof it goes nowhere.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::Mutex;

use varisat::{ExtendFormula, Lit, ProofFormat, Solver, Var};

use super::solver::{Literal, SatSolver, Solved};
use crate::engine::Watch;

/// varisat with a budget.
pub struct Varisat {
    solver: Solver<'static>,
    variables: usize,
    model: Vec<bool>,
    /// Set by the first failure: the library cannot go on after one.
    is_broken: bool,
}

/// How many writes pass between looks at the budget.
const LOOK_EVERY: u32 = 64;

/// Where the proof goes on its way to its readers.
struct Gate {
    watch: Watch,
    writes: u32,
    proof: Option<Proof>,
}

/// A proof in varisat's own format, as it grows.
pub type Proof = Arc<Mutex<Vec<u8>>>;

impl Write for Gate {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writes += 1;
        if self.writes.is_multiple_of(LOOK_EVERY) && self.watch.exhausted().is_some() {
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
    /// A solver that stops when the watch says so, and writes its proof down if asked.
    pub fn new(watch: Watch, proof: Option<Proof>) -> Self {
        let mut solver = Solver::new();
        solver.write_proof(Gate { watch, writes: 0, proof }, ProofFormat::Varisat);
        Varisat { solver, variables: 0, model: Vec::new(), is_broken: false }
    }

    fn lit(literal: Literal) -> Lit {
        Lit::from_dimacs(literal.number() as isize)
    }
}

impl SatSolver for Varisat {
    fn name(&self) -> &'static str {
        "varisat"
    }

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
