//! Families of topologies: clusters that differ in sizes only ([`crate::input::scenario::dimension`]).
//!
//! Which members there are ([`members`]) and in which order they are searched, small ones first ([`order`]); what is asked
//! of them ([`question`]); the search ([`search`]), what it knows of a property so far ([`track`]) and of which sizes
//! ([`coverage`]); one query about many of them ([`together`]); and the smallest counterexample tried again elsewhere
//! ([`lift`]), by repeating its choices ([`mod@follow`]).
//!
//! Invariants:
//! * Nothing is concluded from one member about another: a size counts as covered only if its member was checked, alone or
//!   as one of those that a model stands for.
//! * A trace that [`follow::follow`] returns is a run of the other member that breaks the property there.
//!
//! No cut-off is claimed beyond which all members agree (Emerson and Namjoshi, "Reasoning about rings", POPL 1995).

pub mod coverage;
pub mod follow;
pub mod lift;
pub mod members;
pub mod order;
pub mod question;
mod report;
pub mod search;
pub mod together;
pub mod track;

pub use coverage::{Coverage, Run, Standing};
pub use members::Members;
pub use order::upward;
pub use question::FamilyCheck;
pub use report::{FamilyReport, How, Lift, OneQuery};
pub use search::check;
