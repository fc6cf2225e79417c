//! Controllers alone, with a clock: **only conformance runs these.** What is recorded of them is when they act, which
//! the model of a cluster leaves open: its state has no times, and what timers guard may happen in any later block, as far as paces allow.
//!
//! Part of the rules `clocked/taint-eviction`, `clocked/deadline`, `clocked/monitor` and `clocked/tainting`.
//!
//! * [`clock`]: time in milliseconds.
//! * [`taint_eviction`]: the taint eviction controller; [`deadline`] is its queue of timed evictions, [`timed`] a pod in it.
//! * [`node_lifecycle`]: the node lifecycle controller, one node a variable each.
//!
//! What they decide is the model's as well, where it can be told without a clock:
//! [`crate::encodings::taint_eviction::fate`], [`crate::encodings::taint_eviction::admission`] and
//! [`crate::encodings::node_lifecycle::zone`] are asked by both.

pub mod clock;
pub mod deadline;
pub mod node_lifecycle;
pub mod taint_eviction;
pub mod timed;

use crate::cluster::view::rule::Rule;

/// The rules of the controllers with a clock.
pub static RULES: &[&Rule] = &[
    &taint_eviction::RULE,
    &deadline::RULE,
    &node_lifecycle::monitor::RULE,
    &node_lifecycle::tainting::RULE,
    &node_lifecycle::limiter::RULE,
];
