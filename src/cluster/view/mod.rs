//! The cluster as controllers and properties see it.

mod cluster;
mod deletion;
mod room;
pub mod rule;
pub mod story;
pub mod turnover;
pub mod usage;
mod variables;

pub use cluster::{Binding, Cluster, MARKED_WORKLOADS, Parts};
pub use variables::WorkloadVars;
