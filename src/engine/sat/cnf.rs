//! Circuits as clauses, on demand: only what a question reaches, each gate once.
//!
//! Tseitin's encoding: one solver variable for each gate, three clauses for a conjunction. Exclusive or and multiplexers,
//! which are three gates each, are recognised by their shape: one variable, four clauses, and for multiplexers two more
//! that let equal branches propagate without the condition.
//!
//! References: Tseitin, "On the complexity of derivation in propositional calculus", 1968 (both directions of each
//! gate, so that whatever is asked next may use it); Eén and Sörensson, "Translating pseudo-Boolean constraints into
//! SAT", JSAT 2, 2006, for multiplexers.

use super::aig::{Aig, Gate, Lit};
use super::solver::{Literal, SatSolver};

/// Solver variables of nodes.
#[derive(Debug, Default)]
pub struct Cnf {
    literals: Vec<Option<Literal>>,
    /// How many nodes have one.
    variables: u64,
    /// Clauses given to the solver.
    pub clauses: u64,
}

/// What a gate computes, seen from outside.
enum Shape {
    Input,
    And(Lit, Lit),
    /// Condition, then, otherwise.
    Mux(Lit, Lit, Lit),
}

fn shape(aig: &Aig, node: usize) -> Shape {
    let Gate::And(a, b) = aig.gate(node) else { return Shape::Input };
    if a.is_negated()
        && b.is_negated()
        && let (Gate::And(c, t), Gate::And(d, e)) = (aig.gate(a.node()), aig.gate(b.node()))
    {
        // The node is !(c & t) & !(d & e): with d = !c it is the negation of a multiplexer.
        for (c, t) in [(c, t), (t, c)] {
            for (d, e) in [(d, e), (e, d)] {
                if d == !c {
                    return Shape::Mux(c, !t, !e);
                }
            }
        }
    }
    Shape::And(a, b)
}

impl Cnf {
    /// The solver's literal for a circuit's.
    pub fn literal(&mut self, aig: &Aig, solver: &mut dyn SatSolver, literal: Lit) -> Literal {
        self.encode(aig, solver, literal.node());
        self.of(literal)
    }

    /// The solver's literal of something encoded; `None` if no question has reached it.
    pub fn known(&self, literal: Lit) -> Option<Literal> {
        let variable = self.literals.get(literal.node()).copied().flatten()?;
        Some(if literal.is_negated() { variable.negated() } else { variable })
    }

    /// Number of solver variables so far.
    pub fn variables(&self) -> u64 {
        self.variables
    }

    fn of(&self, literal: Lit) -> Literal {
        self.known(literal).unwrap_or_default()
    }

    fn encode(&mut self, aig: &Aig, solver: &mut dyn SatSolver, root: usize) {
        self.literals.resize(aig.len().max(self.literals.len()), None);
        let mut stack = vec![root];
        while let Some(&node) = stack.last() {
            if self.literals[node].is_some() {
                stack.pop();
                continue;
            }
            let shape = shape(aig, node);
            let before = stack.len();
            let children: Vec<Lit> = match shape {
                Shape::Input => Vec::new(),
                Shape::And(a, b) => vec![a, b],
                Shape::Mux(c, t, e) => vec![c, t, e],
            };
            stack.extend(children.iter().map(|child| child.node()).filter(|&child| self.literals[child].is_none()));
            if stack.len() == before {
                stack.pop();
                self.define(solver, node, shape);
            }
        }
    }

    fn define(&mut self, solver: &mut dyn SatSolver, node: usize, shape: Shape) {
        let own = solver.new_variable();
        self.literals[node] = Some(own);
        self.variables += 1;
        match shape {
            // Node 0 is the constant.
            Shape::Input if node == 0 => self.clause(solver, &[own.negated()]),
            Shape::Input => {}
            Shape::And(a, b) => {
                let (a, b) = (self.of(a), self.of(b));
                self.clause(solver, &[own.negated(), a]);
                self.clause(solver, &[own.negated(), b]);
                self.clause(solver, &[own, a.negated(), b.negated()]);
            }
            Shape::Mux(c, t, e) => {
                let (c, t, e) = (self.of(c), self.of(t), self.of(e));
                self.clause(solver, &[own.negated(), c.negated(), t]);
                self.clause(solver, &[own.negated(), c, e]);
                self.clause(solver, &[own, c.negated(), t.negated()]);
                self.clause(solver, &[own, c, e.negated()]);
                if t != e.negated() {
                    self.clause(solver, &[own.negated(), t, e]);
                    self.clause(solver, &[own, t.negated(), e.negated()]);
                }
            }
        }
    }

    /// Gives the solver a clause.
    pub fn clause(&mut self, solver: &mut dyn SatSolver, literals: &[Literal]) {
        self.clauses += 1;
        solver.add_clause(literals);
    }
}
