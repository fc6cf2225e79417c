//! Decides: from an input and options to verdicts, with counterexamples replayed and told. Knows no terminal.
//!
//! [`source`] reads an input; [`verify`] asks an engine about every property of a cluster; [`focus`] decides clusters of
//! many workloads; [`family`] searches families of topologies; [`walk`] makes random runs. An [`Answer`] carries its
//! counterexample as a [`SavedTrace`] for [`replay`] and as a [`Narrative`], the one story of a run.

pub mod answer;
mod error;
pub mod family;
pub mod finding;
pub mod focus;
mod focused;
pub mod fold;
pub mod name;
pub mod narrative;
pub mod nodes;
pub mod options;
pub mod replay;
pub mod result;
pub mod saved;
pub mod source;
pub mod summary;
pub mod verify;
pub mod walk;

pub use answer::{Answer, Counterexample, reason_text};
pub use error::CheckError;
pub use finding::Finding;
pub use name::InputName;
pub use narrative::{Ending, Narrative, narrate};
pub use options::{Focus, Options, check};
pub use result::{CheckResult, exit_code};
pub use saved::SavedTrace;
