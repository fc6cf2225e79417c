//! Runs of a system, as the choices that were made.

use serde::{Deserialize, Serialize};

/// One step: which action fired and what it chose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Position of the action in the system.
    pub action: usize,
    /// Values of its inputs, in order.
    pub inputs: Vec<i64>,
}

/// A finite run, or a lasso: a stem and a loop.
///
/// States are not stored; the interpreter computes them again ([`mod@super::replay`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// Values of the state variables at the start.
    pub initial: Vec<i64>,
    /// The steps.
    pub steps: Vec<Step>,
    /// For a lasso: the number of steps after which the loop begins; the state there equals the last one.
    pub loop_start: Option<usize>,
}
