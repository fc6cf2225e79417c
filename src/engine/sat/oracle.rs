//! A SAT solver as an oracle: terms become circuits, circuits clauses, questions assumptions.

use super::aig::Lit;
use super::circuit::Circuit;
use super::cnf::Cnf;
use super::solver::{SatSolver, Solved};
use crate::engine::unroll::{Answer, Oracle};
use crate::engine::{Statistics, Watch};
use crate::term::{Arena, Node, TermId, Valuation};

/// An incremental solver with the circuits of all terms so far.
pub struct Circuits<S> {
    circuit: Circuit,
    cnf: Cnf,
    solver: S,
    watch: Watch,
    /// Questions whose circuit came down to a constant.
    folded: u64,
}

impl<S: SatSolver> Circuits<S> {
    /// Nothing translated yet.
    pub fn new(solver: S, watch: Watch) -> Self {
        Circuits { circuit: Circuit::default(), cnf: Cnf::default(), solver, watch, folded: 0 }
    }

    /// Adds what is known here alone: sizes of circuits and formulas, and questions that came down to a constant.
    pub fn add_figures(&self, statistics: &mut Statistics) {
        statistics.gates = self.circuit.aig.gates();
        statistics.variables = self.cnf.variables();
        statistics.clauses = self.cnf.clauses;
        statistics.queries -= self.folded.min(statistics.queries);
        statistics.folded += self.folded;
    }

    /// The solver, at the end.
    pub fn into_solver(self) -> S {
        self.solver
    }

    fn condition(&mut self, arena: &Arena, term: TermId) -> Lit {
        let condition = self.circuit.condition(arena, term);
        for constraint in self.circuit.take_constraints() {
            self.require(constraint);
        }
        condition
    }

    fn require(&mut self, literal: Lit) {
        if literal != Lit::TRUE {
            let literal = self.cnf.literal(&self.circuit.aig, &mut self.solver, literal);
            self.cnf.clause(&mut self.solver, &[literal]);
        }
    }
}

impl<S: SatSolver> Oracle for Circuits<S> {
    fn assume(&mut self, arena: &Arena, fact: TermId) {
        let fact = self.condition(arena, fact);
        self.require(fact);
    }

    fn is_possible(&mut self, arena: &Arena, condition: TermId) -> Answer {
        let condition = self.condition(arena, condition);
        if condition == Lit::FALSE {
            self.folded += 1;
            return Answer::Impossible;
        }
        let assumption = self.cnf.literal(&self.circuit.aig, &mut self.solver, condition);
        match self.solver.solve(&[assumption]) {
            Solved::Satisfiable => Answer::Possible,
            Solved::Unsatisfiable => Answer::Impossible,
            Solved::Unknown => Answer::Unknown,
        }
    }

    fn model(&self, arena: &Arena) -> Valuation {
        let mut valuation = Valuation::new();
        for variable in arena.variables() {
            if let Node::Var(var) = arena.node(variable.term) {
                valuation.set(var, variable.sort.range().lo);
            }
        }
        let bit = |literal: Lit| self.cnf.known(literal).is_some_and(|literal| self.solver.value(literal));
        for (var, value) in self.circuit.read(arena, &bit) {
            // An input that no question reached may have any bits: keep it within its range.
            let range = arena.variable(var).sort.range();
            valuation.set(var, value.clamp(range.lo, range.hi));
        }
        valuation
    }

    fn should_stop(&self) -> bool {
        self.watch.exhausted().is_some()
    }
}
