//! Node lifecycle controller of Kubernetes v1.34 as a transition system with a clock:
//! `pkg/controller/nodelifecycle/node_lifecycle_controller.go` and `scheduler/rate_limited_queue.go`.
//!
//! * [`limiter`]: the token bucket of a zone's rate.
//! * [`node`]: what is known about a node.
//! * [`monitor`]: the periodic look at all nodes.
//! * [`tainting`]: taints, from the waiting list to the API server.
//! * [`machine`]: all of it together.
//!
//! Left out: nodes that come and go, labels that exclude nodes from zone states, writes that fail, taints for conditions
//! other than Ready, and taints that nodes have before the controller starts.

pub mod limiter;
pub mod machine;
pub mod monitor;
pub mod node;
pub mod tainting;
