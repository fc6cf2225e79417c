//! What was read: the objects of a cluster, a scenario, and how Kubernetes reads their fields.

pub mod affinity;
pub mod batch;
pub mod daemon;
pub mod images;
pub mod limit_range;
pub mod owners;
pub mod policy;
pub mod quantity;
pub mod quota;
pub mod resources;
pub mod scenario;
pub mod selector;
pub mod spec;
pub mod stateful;
