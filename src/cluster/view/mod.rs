//! The cluster as controllers and properties see it.
//!
//! A model is built in two phases, which are types: a [`Declaring`] declares state, a [`Cluster`] adds actions. Both are
//! [`View`]s: they see objects, templates, cells in a state. Of nodes they see what whoever looks has declared to read
//! ([`NodeView`]), and they change them in the ways of [`Change`].

mod ahead;
mod budgets;
mod change;
mod cluster;
mod declaring;
pub mod deed;
pub mod effect;
mod inclusion;
mod marks;
mod node;
mod objects;
mod parts;
mod present;
mod proposals;
mod replica_sets;
mod room;
pub mod rule;
pub mod story;
pub mod turnover;
pub mod usage;
mod variables;
mod variants;

pub use change::{Change, Leaving};
pub use cluster::Cluster;
pub use declaring::{Declaring, Shape};
pub use inclusion::Inclusion;
pub use marks::MARKED_WORKLOADS;
pub use node::{Domain, NodeView};
pub use objects::Objects;
pub use parts::{Binding, Parts};
pub use present::{Breach, View};
pub use proposals::Proposals;
pub use variables::WorkloadVars;
