//! The typed view of a cluster that controllers speak to: objects, quantities, selectors, cells of nodes.
//!
//! Nothing here knows an engine or a file format; Kubernetes objects are those of `k8s-openapi`.

pub mod arithmetic;
pub mod quantity;
pub mod resources;
pub mod scenario;
pub mod selector;
pub mod spec;
