//! CaDiCaL, through RustSAT's binding. Written in C++, therefore behind the feature `cadical`.
//!
//! Questions are many and alike, and each comes after a few new clauses, so that most of what the solver would simplify between
//! two of them it simplifies again for the next: without that it is about twice as fast here.

use rustsat::solvers::{ControlSignal, Solve, SolveIncremental, SolverResult, Terminate};
use rustsat::types::{Lit, TernaryVal};
use rustsat_cadical::{CaDiCaL, Config};

use super::solver::{Literal, SatSolver, Solved};
use crate::engine::Watch;

/// CaDiCaL with a budget. It writes no proof.
pub struct Cadical {
    solver: CaDiCaL<'static, 'static>,
    variables: i32,
    /// Set when the solver is out of memory: what it says afterwards counts for nothing.
    is_broken: bool,
}

/// The solver asks very often; the budget is looked at every so many times.
const LOOK_EVERY: u32 = 64;

impl Cadical {
    /// A solver that stops when the watch says so.
    pub fn new(watch: Watch) -> Self {
        let mut solver = CaDiCaL::default();
        // Where there is no such configuration, the usual one answers the same.
        let _ = solver.set_configuration(Config::Plain);
        let mut asked = 0u32;
        solver.attach_terminator(move || {
            asked = asked.wrapping_add(1);
            let is_over = asked % LOOK_EVERY == 1 && watch.exhausted().is_some();
            if is_over { ControlSignal::Terminate } else { ControlSignal::Continue }
        });
        Cadical { solver, variables: 0, is_broken: false }
    }

    /// A literal as the binding has it.
    fn lit(literal: Literal) -> Lit {
        Lit::new(literal.number().unsigned_abs() - 1, literal.number() < 0)
    }
}

impl SatSolver for Cadical {
    fn new_variable(&mut self) -> Literal {
        self.variables += 1;
        Literal::new(self.variables)
    }

    fn add_clause(&mut self, clause: &[Literal]) {
        let clause = clause.iter().map(|&literal| Self::lit(literal)).collect();
        self.is_broken |= self.solver.add_clause(clause).is_err();
    }

    fn solve(&mut self, assumptions: &[Literal]) -> Solved {
        let assumptions: Vec<Lit> = assumptions.iter().map(|&literal| Self::lit(literal)).collect();
        match self.solver.solve_assumps(&assumptions) {
            _ if self.is_broken => Solved::Unknown,
            Ok(SolverResult::Sat) => Solved::Satisfiable,
            Ok(SolverResult::Unsat) => Solved::Unsatisfiable,
            Ok(SolverResult::Interrupted) => Solved::Unknown,
            Err(_) => {
                self.is_broken = true;
                Solved::Unknown
            }
        }
    }

    fn value(&self, literal: Literal) -> bool {
        // A variable without a value does not matter; it counts as false.
        let variable = Self::lit(literal).var().pos_lit();
        let positive = self.solver.lit_val(variable).is_ok_and(|value| value == TernaryVal::True);
        positive == (literal.number() > 0)
    }
}
