//! The typed view of a cluster that controllers speak to, in four rooms, each of which knows only those before it:
//!
//! * [`object`]: what was read. Objects, quantities, selectors, the scenario; Kubernetes objects are those of `k8s-openapi`.
//! * [`arithmetic`]: upstream's arithmetic, as ordinary functions on numbers.
//! * [`counting`]: pods and nodes as kinds and numbers. Templates, classes, cells, their state variables and totals.
//! * [`view`]: what encodings and properties see of all that, and how they add actions.
//!
//! Nothing here knows an engine or a file format.

pub mod arithmetic;
pub mod counting;
pub mod object;
pub mod view;

pub use counting::cells::{Cell, Cells};
pub use counting::classes::NodeClass;
pub use counting::layout::{Attribute, Layout, Presence};
pub use counting::templates::{Phase, Template, TemplateId, Tenure};
pub use view::{Cluster, WorkloadVars};
