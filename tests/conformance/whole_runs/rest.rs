//! Autoscalers at rest.
//!
//! A model chooses what windows and periods still hold of the past. Rest lasts longer than they do, so by then they hold
//! nothing, and no pod is initialising any more. Other choices are about what a state does not show: of those any may be.

use crate::encodings::hpa::limits::memory::{HELD_BACK, NONE, RECALLED};
use crate::encodings::hpa::limits::periods::BEGUN;
use crate::system::{Action, System};

/// Whether an action is an autoscaler's.
pub fn is_autoscaler(action: &Action) -> bool {
    action.name.starts_with("hpa ")
}

/// Whether an action is the end of pods' initialisation, which rest waits for.
pub fn is_initialising(action: &Action) -> bool {
    action.name.starts_with("cpu initialisation of ")
}

/// Whether an action is the end of a pod's `minReadySeconds`.
pub fn is_ageing(action: &Action) -> bool {
    action.name.ends_with(" is available")
}

/// Whether windows and periods hold nothing in a step of an autoscaler, where workloads have these `sizes`.
pub fn is_fresh(system: &System, action: &Action, inputs: &[i64], sizes: impl Fn(i64) -> bool) -> bool {
    let holds_nothing = |name: &str, value: i64| match name {
        RECALLED => value == 0,
        HELD_BACK => value == NONE,
        BEGUN => sizes(value),
        _ => true,
    };
    let mut inputs = action.inputs.iter().zip(inputs);
    inputs.all(|(var, &value)| holds_nothing(&system.arena.variable(*var).name, value))
}
