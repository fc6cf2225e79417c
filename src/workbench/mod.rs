//! The workbench: what is measured and compared, and what measurements say.
//!
//! A suite ([`suite`]) is a file of tasks ([`task`]), each an input with the answer that is known to be right. Tasks and
//! engines make rows; what runs of a row answered is read from their JSON ([`found`]), becomes [`claim`]s, which contradict
//! each other or not, and a [`measurement`]. An earlier result of the same [`machine`] tells what became slower
//! ([`baseline`]), by a test ([`statistics`]).
//!
//! Nothing here runs or prints anything.

pub mod baseline;
pub mod changes;
pub mod claim;
pub mod comparison;
pub mod found;
pub mod machine;
pub mod measurement;
pub mod statistics;
pub mod suite;
pub mod task;

/// The engines that rows may name, as on the command line.
pub const ENGINES: [&str; 4] = ["auto", "explicit", "smt", "sat"];
