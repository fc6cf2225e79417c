//! Questions as clauses, in the format DIMACS.
//!
//! The gates and clauses are those of the SAT engine. A comment `c var N NAME[BIT]` says what a variable stands for; those
//! without one are gates.

use std::fmt::Write;

use crate::engine::Watch;
use crate::engine::sat::aig::Lit;
use crate::engine::sat::circuit::Circuit;
use crate::engine::sat::cnf::Cnf;
use crate::engine::sat::solver::{Literal, SatSolver, Solved};
use crate::term::{Arena, Sort};

use super::names::{Names, comment};
use super::{ExportError, Question, go_on};

/// The file of a question, with lines of comment before it. It is satisfiable exactly if the answer is yes.
///
/// # Errors
///
/// If the budget is exhausted.
pub fn write(question: &Question, comments: &[String], watch: &Watch) -> Result<String, ExportError> {
    let arena = &question.arena;
    let (mut circuit, mut cnf, mut clauses) = (Circuit::default(), Cnf::default(), Clauses::default());
    let mut required = Vec::new();
    for (number, &fact) in question.facts.iter().enumerate() {
        go_on(watch, number)?;
        required.push(circuit.condition(arena, fact));
    }
    let mut none = Lit::TRUE;
    for (number, violation) in question.violations.iter().enumerate() {
        go_on(watch, number)?;
        let broken = circuit.condition(arena, violation.condition);
        none = circuit.aig.and(none, !broken);
    }
    required.push(!none);
    required.extend(circuit.take_constraints());
    for (number, literal) in required.into_iter().filter(|&literal| literal != Lit::TRUE).enumerate() {
        go_on(watch, number)?;
        let literal = cnf.literal(&circuit.aig, &mut clauses, literal);
        cnf.clause(&mut clauses, &[literal]);
    }
    let mut text: String = comments.iter().map(|line| format!("c {}\n", comment(line))).collect();
    name_variables(&mut text, arena, &circuit, &cnf);
    let _ = writeln!(text, "p cnf {} {}", clauses.variables, clauses.count);
    Ok(text + &clauses.text)
}

fn name_variables(text: &mut String, arena: &Arena, circuit: &Circuit, cnf: &Cnf) {
    let mut names = Names::default();
    for (var, bits) in circuit.variables() {
        let name = names.unique(&arena.variable(*var).name);
        for (position, &bit) in bits.iter().enumerate() {
            let Some(literal) = cnf.known(bit) else { continue };
            let _ = match arena.variable(*var).sort {
                Sort::Bool => writeln!(text, "c var {} {name}", literal.number()),
                Sort::Int(_) => writeln!(text, "c var {} {name}[{position}]", literal.number()),
            };
        }
    }
}

/// Writes clauses down, and answers nothing.
#[derive(Default)]
struct Clauses {
    variables: i32,
    count: u64,
    text: String,
}

impl SatSolver for Clauses {
    fn new_variable(&mut self) -> Literal {
        self.variables += 1;
        Literal::new(self.variables)
    }

    fn add_clause(&mut self, clause: &[Literal]) {
        self.count += 1;
        for literal in clause {
            let _ = write!(self.text, "{} ", literal.number());
        }
        self.text.push_str("0\n");
    }

    fn solve(&mut self, _: &[Literal]) -> Solved {
        Solved::Unknown
    }

    fn value(&self, _: Literal) -> bool {
        false
    }
}
