//! Node lifecycle controller as a transition system with a clock.
//!
//! Part of the rules `clocked/monitor` and `clocked/tainting`.
//!
//! * [`limiter`]: the token bucket of a zone's rate.
//! * [`node`]: what is known about a node.
//! * [`monitor`]: the periodic look at all nodes.
//! * [`tainting`]: taints, from the waiting list to the API server.
//! * [`machine`]: all of it together.

pub mod limiter;
pub mod machine;
pub mod monitor;
pub mod node;
pub mod tainting;
