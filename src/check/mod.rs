//! Decides: from an input and options to verdicts, with counterexamples replayed and told. Knows no terminal.
//!
//! Commands need nothing else: [`source`] reads an input, [`check`] decides it, [`replay`] executes saved traces again ([`Again`] many of them),
//! [`simulate`] makes a random run, and [`transition_system`] shows what all of these are about. Within: [`family`] searches families of topologies, [`verify`] asks about
//! every property of one cluster, [`focus`] decides clusters of many workloads. A [`plan`] says what they check and how; [`asking`]
//! decides one property of one model. An [`Answer`] carries its counterexample as a
//! [`SavedTrace`] and as a [`Narrative`], the one story of a run.

mod again;
mod agreed;
pub mod answer;
mod apart;
pub mod asking;
pub mod baseline;
pub mod clock;
mod entry;
mod error;
pub mod exceptions;
pub mod export;
pub mod family;
pub mod finding;
pub mod focus;
mod focused;
pub mod fold;
mod led;
pub mod name;
pub mod narrative;
pub mod nodes;
pub mod options;
mod overlap;
mod patience;
pub mod pause;
pub mod plan;
pub mod regard;
mod replay;
pub mod result;
mod retelling;
pub mod sameness;
pub mod saved;
pub mod scope;
mod shown;
pub mod sites;
pub mod source;
pub mod standing;
pub mod summary;
pub mod timeline;
pub mod unfold;
pub mod verify;
mod walk;
mod whole;

pub use again::Again;
pub use agreed::OVERLAPS;
pub use answer::{Answer, Counterexample, reason_text};
pub use baseline::{Baseline, Novelties};
pub use entry::{check, transition_system};
pub use error::{CheckError, VerifyError};
pub use export::{Exported, Form, export};
pub use finding::Finding;
pub use led::{Led, lead};
pub use name::InputName;
pub use narrative::{Ending, Narrative, narrate};
pub use options::{Focus, Options};
pub use regard::{Ignored, Novelty, Regard};
pub use replay::{Replayed, replay};
pub use result::{CheckResult, exit_code};
pub use sameness::Fingerprint;
pub use saved::SavedTrace;
pub use scope::{Scope, Shard};
pub use sites::{Site, Sites};
pub use unfold::{Unfolded, unfold};
pub use walk::{Simulation, simulate};
