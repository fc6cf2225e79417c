//! Z3 as an oracle: one incremental solver per check.

use z3::ast::Bool;
use z3::{Params, SatResult, Solver};

use super::translate::Translator;
use crate::engine::Watch;
use crate::engine::unroll::{Answer, Oracle};
use crate::term::{Arena, TermId, Valuation};

/// An incremental Z3 solver with a cache of translated terms.
pub struct Z3 {
    solver: Solver,
    translator: Translator,
    watch: Watch,
    questions: usize,
    /// Whether nobody interrupts a question when the watch says so.
    is_alone: bool,
}

impl Z3 {
    /// A solver that gives up when the watch says so. It lives in the Z3 context of this thread.
    pub fn new(watch: Watch) -> Self {
        // The solver for finite domains bit-blasts and then works like an incremental SAT solver.
        let solver = Solver::new_for_logic("QF_FD").unwrap_or_default();
        solver.set_params(&quiet());
        Z3 { solver, translator: Translator::default(), watch, questions: 0, is_alone: false }
    }

    /// One that ends its questions by itself when the watch says that the time is over.
    pub fn alone(watch: Watch) -> Self {
        Z3 { is_alone: true, ..Z3::new(watch) }
    }

    /// Gives the next question the time that is left.
    fn hurry(&self) {
        if let Some(left) = self.watch.time_left().filter(|_| self.is_alone) {
            let mut params = quiet();
            params.set_u32("timeout", u32::try_from(left.as_millis()).unwrap_or(u32::MAX).max(1));
            self.solver.set_params(&params);
        }
    }

    fn condition(&mut self, arena: &Arena, condition: TermId) -> Bool {
        let condition = self.translator.condition(arena, condition);
        for constraint in self.translator.take_constraints() {
            self.solver.assert(&constraint);
        }
        condition
    }
}

/// Left to itself, Z3 catches SIGINT during a query: the query would end, and the program would never know.
fn quiet() -> Params {
    let mut params = Params::new();
    params.set_bool("ctrl_c", false);
    params
}

impl Oracle for Z3 {
    fn assume(&mut self, arena: &Arena, fact: TermId) {
        let fact = self.condition(arena, fact);
        self.solver.assert(&fact);
    }

    fn is_possible(&mut self, arena: &Arena, condition: TermId) -> Answer {
        let condition = self.condition(arena, condition);
        self.questions += 1;
        let question = Bool::new_const(format!("q{}", self.questions));
        self.solver.assert(question.implies(&condition));
        // An interruption that comes while terms are translated is none of the solver's.
        if self.should_stop() {
            return Answer::Unknown;
        }
        self.hurry();
        match self.solver.check_assumptions(&[question]) {
            SatResult::Sat => Answer::Possible,
            SatResult::Unsat => Answer::Impossible,
            SatResult::Unknown => Answer::Unknown,
        }
    }

    fn model(&self, arena: &Arena) -> Valuation {
        let mut valuation = Valuation::new();
        for variable in arena.variables() {
            if let crate::term::Node::Var(var) = arena.node(variable.term) {
                valuation.set(var, variable.sort.range().lo);
            }
        }
        let values = self.solver.get_model().map(|model| self.translator.read_model(arena, &model));
        values.into_iter().flatten().for_each(|(var, value)| valuation.set(var, value));
        valuation
    }

    fn should_stop(&self) -> bool {
        self.watch.exhausted().is_some()
    }
}
