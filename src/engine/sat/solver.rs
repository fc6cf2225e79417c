//! What a SAT solver has to offer.

/// A variable of a solver or its negation: 1, 2, … and -1, -2, …
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Literal(i32);

impl Literal {
    /// From a non-zero number, as in DIMACS files.
    pub fn new(number: i32) -> Self {
        Literal(number)
    }

    /// The number, as in DIMACS files.
    pub fn number(self) -> i32 {
        self.0
    }

    /// Its negation.
    pub fn negated(self) -> Self {
        Literal(-self.0)
    }
}

/// What a solver says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Solved {
    /// The clauses and assumptions can be satisfied.
    Satisfiable,
    /// They cannot.
    Unsatisfiable,
    /// It was stopped, or failed.
    Unknown,
}

/// An incremental solver: clauses are added between questions, each of which has its own assumptions.
pub trait SatSolver {
    /// A new variable.
    fn new_variable(&mut self) -> Literal;

    /// Adds a clause for good.
    fn add_clause(&mut self, clause: &[Literal]);

    /// Asks whether everything so far can be satisfied together with the assumptions.
    fn solve(&mut self, assumptions: &[Literal]) -> Solved;

    /// The value of a literal in the last satisfying assignment; variables that do not matter are false.
    fn value(&self, literal: Literal) -> bool;
}
