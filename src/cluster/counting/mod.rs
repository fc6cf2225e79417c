//! Pods and nodes as kinds and numbers: which are alike, which state variables count them, and where they start.
//!
//! * [`templates`], [`ordinals`], [`loose`]: kinds of interchangeable pods; [`jobs`]: how many there are of
//!   some; [`phases`]: what of their lives is told apart; [`quotas`], [`replica_sets`]: what may keep some from being made.
//! * [`reads`]: what controllers read of nodes; [`classes`]: kinds of interchangeable nodes, which agree on that;
//!   [`layout`]: what the state of one of them consists of.
//! * [`cells`]: nodes of a class in one state, of which `combinations` says what there can be; [`totals`]: sums over all of them.
//! * [`placement`], [`start`]: where pods may be at the start; [`sizes`]: several sizes of a cluster at once.

pub mod cells;
pub mod classes;
mod combinations;
pub mod jobs;
pub mod layout;
pub mod loose;
pub mod ordinals;
pub mod phases;
pub mod placement;
pub mod quotas;
pub mod reads;
pub mod replica_sets;
pub mod sizes;
pub mod start;
pub mod templates;
pub mod totals;
pub mod variants;
