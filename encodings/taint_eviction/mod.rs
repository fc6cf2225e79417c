//! Taint eviction controller of Kubernetes v1.34: `pkg/controller/tainteviction/{taint_eviction,timed_workers}.go`, with
//! the tolerations that `plugin/pkg/admission/defaulttolerationseconds` gives.
//!
//! * [`fate`]: what the NoExecute taints of a node do to a pod: evict it, let it stay for a while, or for ever.
//! * [`deadline`]: the queue of timed evictions, whose entries keep their time whatever changes later.
//! * [`timed`]: a pod in that queue, as state variables over a clock.
//! * [`clocked`]: the controller alone, with a clock.
//! * `actions`: the controller in the model of a cluster, which has no clock.
//!
//! Left out: evictions that fail and are tried again.

mod actions;
pub mod admission;
pub mod clocked;
pub mod deadline;
pub mod fate;
pub mod timed;

pub use actions::add;
pub use fate::Fate;
