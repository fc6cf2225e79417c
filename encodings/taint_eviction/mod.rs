//! Taint eviction controller.
//!
//! * [`fate`]: what the NoExecute taints of a node do to a pod: evict it, let it stay for a while, or for ever.
//! * [`admission`]: the tolerations that pods are given.
//! * `actions`: the controller in the model of a cluster, whose state has no times.
//!
//! The controller alone, with a clock and its queue of timed evictions, is [`crate::encodings::clocked::taint_eviction`].
//!
//! Part of the rule `taint-eviction/eviction`.

mod actions;
pub mod admission;
pub mod fate;

use crate::cluster::view::rule::Rule;
pub use actions::{READER, add};

pub use fate::Fate;

/// The rules of the controller.
pub static RULES: &[&Rule] = &[&fate::RULE, &admission::RULE, &actions::RULE];
