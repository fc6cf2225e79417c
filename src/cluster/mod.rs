//! The typed view of a cluster that controllers speak to: objects, quantities, selectors, cells of nodes.
//!
//! Nothing here knows an engine or a file format; Kubernetes objects are those of `k8s-openapi`.

pub mod affinity;
pub mod arithmetic;
pub mod cells;
pub mod classes;
mod deletion;
pub mod images;
pub mod layout;
pub mod loose;
pub mod owners;
pub mod placement;
pub mod policy;
pub mod quantity;
pub mod resources;
pub mod scenario;
pub mod selector;
pub mod sizes;
pub mod spec;
pub mod start;
pub mod story;
pub mod templates;
pub mod totals;
pub mod turnover;
pub mod usage;
mod variables;
pub mod view;

pub use cells::{Cell, Cells};
pub use classes::NodeClass;
pub use layout::{Attribute, Layout};
pub use templates::{Phase, Template, TemplateId, Tenure};
pub use view::{Cluster, WorkloadVars};
