//! Explicit-state search: breadth-first over blocks, with compiled programs and an exact set of visited states.
//!
//! From state to verdict, on top of `system::compiled`: `block` explores what follows from one slow action, `search` goes from block to
//! block, `graph`, `lasso` and `loops` find cycles, `trace` tells how a violation comes about. `store` and
//! `states` keep what was seen, `pulse` watches the budget.
//!
//! Invariants:
//! * States are compared exactly, never by hash alone.
//! * All states of depth k - 1 are expanded before any of depth k, and lassos of up to k blocks depend on nothing deeper:
//!   the first violation is a shortest one.
//! * What may fire is asked of [`crate::system::schedule`] alone.

mod block;
mod graph;
mod lasso;
mod loops;
mod pulse;
mod search;
mod states;
mod store;
mod successors;
mod trace;

use crate::system::{PropertyId, System};

pub use successors::{Following, Successors};

use super::{Budget, Engine, Outcome, Progress};

/// The explicit-state engine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Explicit;

impl Engine for Explicit {
    fn name(&self) -> &'static str {
        "explicit"
    }

    fn check(&self, system: &System, properties: &[PropertyId], budget: &Budget, progress: &dyn Progress) -> Outcome {
        search::check(system, properties, budget, progress)
    }
}
