//! What was read: the objects of a cluster, a scenario, and how Kubernetes reads their fields.

pub mod activation;
pub mod affinity;
pub mod batch;
pub mod budget;
pub mod command;
pub mod daemon;
pub mod gitops;
pub mod images;
pub mod interval;
pub mod karpenter;
pub mod key;
pub mod limit_range;
pub mod node_groups;
pub mod owners;
pub mod policy;
pub mod quantity;
pub mod quota;
pub mod resources;
pub mod scenario;
pub mod selector;
pub mod spec;
pub mod stateful;
pub mod timing;
pub mod vertical;
