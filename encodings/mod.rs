//! Controllers and events as transitions over terms: one place per controller, written once.
//!
//! Every engine, the replayer and the narrative derive from what these files build. The one rule for reading them: Rust
//! `for` and `if` range over configuration, term operators over state.

pub mod kube_scheduler;
mod model;
pub mod ranks;

pub use model::{Model, ModelError, build};
