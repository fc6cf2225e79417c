//! Families of topologies: which sizes there are ([`members`]), the search through them ([`search`]), one query about many
//! of them ([`together`]), and the smallest counterexample tried again elsewhere ([`lift`]).

pub mod lift;
pub mod members;
mod report;
pub mod search;
pub mod together;

pub use members::Members;
pub use report::{FamilyReport, How, Lift, OneQuery};
pub use search::{FamilyCheck, check};
