//! Bounded checking with a SAT solver: blocks are unrolled on terms, terms become and-inverter graphs, graphs clauses.
//!
//! `aig` is the graph, `bits` arithmetic on it, `circuit` the terms, `cnf` the clauses, `solver` what a SAT solver has to
//! offer, `varisat` one of them, `oracle` all of it as the unroller sees it.

pub mod aig;
pub mod bits;
pub mod circuit;
pub mod cnf;
pub mod oracle;
pub mod solver;
pub mod varisat;

use super::deepen::deepen;
use super::{Budget, Engine, Outcome, Progress};
use crate::system::unroll::Limits;
use crate::system::{PropertyId, System};

use oracle::Circuits;
use varisat::Varisat;

/// The engine on a SAT solver.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sat {
    /// How far branches are told apart.
    pub limits: Limits,
}

impl Engine for Sat {
    fn name(&self) -> &'static str {
        "sat"
    }

    fn check(&self, system: &System, properties: &[PropertyId], budget: &Budget, progress: &dyn Progress) -> Outcome {
        let watch = budget.start();
        let mut oracle = Circuits::new(Varisat::new(watch.clone(), None), watch.clone());
        deepen(system, properties, &watch, self.limits, &mut oracle, progress, budget.bound)
    }
}
