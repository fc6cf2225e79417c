//! CaDiCaL, a second opinion. Written in C++, therefore behind the feature `cadical`.

use cadical::{Callbacks, Solver};

use super::solver::{Literal, SatSolver, Solved};
use crate::engine::Watch;

/// CaDiCaL with a budget. It writes no proof.
pub struct Cadical {
    solver: Solver<Stop>,
    variables: i32,
}

/// Ends a search when the budget is exhausted.
struct Stop {
    watch: Watch,
    looks: u32,
}

/// The solver asks very often; the budget is looked at every so many times.
const LOOK_EVERY: u32 = 64;

impl Callbacks for Stop {
    fn terminate(&mut self) -> bool {
        self.looks = self.looks.wrapping_add(1);
        self.looks % LOOK_EVERY == 1 && self.watch.exhausted().is_some()
    }
}

impl Cadical {
    /// A solver that stops when the watch says so.
    pub fn new(watch: Watch) -> Self {
        let mut solver = Solver::new();
        solver.set_callbacks(Some(Stop { watch, looks: 0 }));
        Cadical { solver, variables: 0 }
    }
}

impl SatSolver for Cadical {
    fn new_variable(&mut self) -> Literal {
        self.variables += 1;
        Literal::new(self.variables)
    }

    fn add_clause(&mut self, clause: &[Literal]) {
        self.solver.add_clause(clause.iter().map(|literal| literal.number()));
    }

    fn solve(&mut self, assumptions: &[Literal]) -> Solved {
        match self.solver.solve_with(assumptions.iter().map(|literal| literal.number())) {
            Some(true) => Solved::Satisfiable,
            Some(false) => Solved::Unsatisfiable,
            None => Solved::Unknown,
        }
    }

    fn value(&self, literal: Literal) -> bool {
        // A variable without a value does not matter; it counts as false.
        let positive = self.solver.value(literal.number().abs()).unwrap_or(false);
        positive == (literal.number() > 0)
    }
}
