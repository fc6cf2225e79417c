//! How large terms are as circuits and clauses: what a step of a system costs a SAT solver, before anything folds.

use super::circuit::Circuit;
use super::cnf::Cnf;
use super::solver::{Literal, SatSolver, Solved};
use crate::term::{Arena, TermId};

/// Sizes of a circuit and of its clauses.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Size {
    /// Conjunctions of two.
    pub gates: u64,
    /// Clauses, variables at their ranges included.
    pub clauses: u64,
}

/// Takes clauses, and answers nothing.
#[derive(Default)]
struct Counter {
    variables: i32,
}

impl SatSolver for Counter {
    fn new_variable(&mut self) -> Literal {
        self.variables += 1;
        Literal::new(self.variables)
    }

    fn add_clause(&mut self, _: &[Literal]) {}

    fn solve(&mut self, _: &[Literal]) -> Solved {
        Solved::Unknown
    }

    fn value(&self, _: Literal) -> bool {
        false
    }
}

/// The size of some terms together: what they share counts once.
pub fn of(arena: &Arena, terms: impl IntoIterator<Item = TermId>) -> Size {
    let (mut circuit, mut cnf, mut counter) = (Circuit::default(), Cnf::default(), Counter::default());
    for term in terms {
        let mut literals = circuit.literals(arena, term).to_vec();
        literals.extend(circuit.take_constraints());
        for literal in literals {
            cnf.literal(&circuit.aig, &mut counter, literal);
        }
    }
    Size { gates: circuit.aig.gates(), clauses: cnf.clauses }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::Ctx;

    #[test]
    fn wider_ranges_take_more_clauses_and_shared_terms_none() {
        let ctx = Ctx::new();
        let sum = |largest: i64| (ctx.int_var("a", 0, largest).1 + ctx.int_var("b", 0, largest).1).id();
        let (narrow, wide) = (sum(7), sum(63));
        let arena = ctx.into_arena();
        assert!(of(&arena, [narrow]).clauses < of(&arena, [wide]).clauses);
        assert_eq!(of(&arena, [wide]), of(&arena, [wide, wide]));
        assert_eq!(of(&arena, []), Size::default());
    }
}
