//! Taint eviction controller of Kubernetes v1.34: `pkg/controller/tainteviction/{taint_eviction,timed_workers}.go`, with
//! the tolerations that `plugin/pkg/admission/defaulttolerationseconds` gives.
//!
//! * [`fate`]: what the NoExecute taints of a node do to a pod: evict it, let it stay for a while, or for ever.
//! * [`admission`]: the tolerations that pods are given.
//! * `actions`: the controller in the model of a cluster, which has no clock.
//!
//! The controller alone, with a clock and its queue of timed evictions, is [`crate::encodings::clocked::taint_eviction`].
//!
//! Left out: evictions that fail and are tried again.

mod actions;
pub mod admission;
pub mod fate;

pub use actions::{READER, add};
pub use fate::Fate;
