//! Repairs: the smallest change of the manifests under which all properties hold.
//!
//! [`objects`] knows what is written where, the [`grammar`] which fields a person would touch and which values they would
//! try, [`search`] finds the cheapest set of them under which all properties hold, each `trial` being a check like any
//! other unless a `known` counterexample refutes it, [`text`] makes a set of edits a change of files, and
//! [`apply`](mod@apply) writes it. An [`answer`] is what commands tell. A `hint` names a field without a search.
//!
//! Invariants: what is offered was checked, with all properties of the input, on the very text that is offered; a text
//! differs from the user's own in nothing but the edits; of repairs in the grammar none has fewer fields.

pub mod answer;
pub mod apply;
pub mod edit;
pub mod grammar;
mod hint;
mod known;
pub mod objects;
mod relevance;
pub mod search;
pub mod text;
mod trial;

pub use answer::{Ending, Hint, Repair, Repaired};
pub use apply::{ApplyError, apply};
pub use edit::{Edit, Preference};
pub use hint::{Reading, nearest};
pub use objects::Objects;
pub use search::repair;
pub use trial::Way;
