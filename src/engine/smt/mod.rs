//! Bounded checking with Z3: blocks are unrolled on terms, and what does not fold is asked of an incremental solver.
//!
//! `solver` is Z3; `translate` turns terms into bit-vectors of exactly the widths that their ranges need.

pub mod solver;
pub mod translate;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::deepen::{Question, deepen};
use super::induction::Prover;
use super::{Budget, Engine, Outcome, Progress, Watch};
use crate::engine::unroll::{Limits, Oracle};
use crate::system::{PropertyId, System};

pub use solver::Z3;

/// The engine on Z3.
#[derive(Clone, Copy, Debug, Default)]
pub struct Smt {
    /// How far branches are told apart.
    pub limits: Limits,
}

/// How often a running query is checked against the budget.
const TICK: Duration = Duration::from_millis(20);

impl Engine for Smt {
    fn name(&self) -> &'static str {
        "smt"
    }

    fn check(&self, system: &System, properties: &[PropertyId], budget: &Budget, progress: &dyn Progress) -> Outcome {
        let watch = budget.start();
        let mut solver = Z3::new(watch.clone());
        let context = z3::Context::thread_local();
        let handle = context.handle();
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let watcher = scope.spawn(|| interrupt_when_exhausted(&watch, &done, &handle));
            let question =
                Question { system, properties, bound: budget.bound, limits: self.limits, watch: &watch, prover: self };
            let outcome = deepen(&question, &mut solver, progress);
            done.store(true, Ordering::Relaxed);
            watcher.thread().unpark();
            outcome
        })
    }
}

impl Prover for Smt {
    fn oracle(&self, watch: &Watch) -> Box<dyn Oracle + '_> {
        Box::new(Z3::alone(watch.clone()))
    }
}

/// Interrupts the solver, again and again, from the moment the budget is exhausted until the check is over.
fn interrupt_when_exhausted(watch: &Watch, done: &AtomicBool, handle: &z3::ContextHandle<'_>) {
    while !done.load(Ordering::Relaxed) {
        if watch.exhausted().is_some() {
            handle.interrupt();
        }
        std::thread::park_timeout(TICK);
    }
}
