//! Decides properties of single workloads in clusters of many: each in a model of few workloads (the *focus*), in the
//! *company* of the rest, which is over-approximated.
//!
//! | step | model | what follows |
//! | --- | --- | --- |
//! | [`anywhere`] | the workload alone, without places | holds → holds |
//! | [`apart`] | the focus on the real nodes, company may crowd it out | holds → holds |
//! | [`frozen`] | the focus on the real nodes, all others stay as they are | broken → tried on the whole cluster |
//! | [`rehearse`] | the whole cluster, a directed run | breaks the property and replays → violated |
//! | `case` | the whole cluster, searched | decides, where the cluster is small |
//!
//! A [`Session`] has the order of the steps: every workload alone (`alone`); then, property by property, what is left
//! (`confirm`), many workloads at once (`sweep`) or one by one (`case`), all in one `context`.
//!
//! Existential abstraction and refinement by counterexamples (Clarke, Grumberg, Jha, Lu, Veith 2000), with the environment
//! of one component abstracted (Clarke, Talupur, Veith 2006) and assumptions of bounded demand (Pnueli 1985; McMillan
//! 1999), of which [`room`] is the pigeonhole. `docs/focus.md` says, channel by channel, why nothing real is missing.

mod alone;
pub mod anywhere;
pub mod apart;
mod arrival;
mod case;
mod company;
mod confirm;
mod context;
pub mod frozen;
pub mod guide;
pub mod local;
mod question;
pub mod rehearse;
mod report;
pub mod room;
mod search;
pub mod starts;
pub mod survey;
mod sweep;
mod violation;
mod want;

use crate::engine::{Extent, Statistics};

pub use question::Question;
pub use report::{FocusReport, Tally};
pub use search::Session;
pub use violation::Violation;

/// What is known of one property of one workload.
pub enum Answer {
    /// It holds.
    Holds(Extent),
    /// It does not: a run of the whole model, replayed.
    Violated(Box<Violation>),
    /// Nor does this: the run that violates it for another workload goes on to violate it for this one.
    AlsoViolated {
        /// The other workload.
        with: String,
    },
    /// Undecided; all k below `covered` hold.
    Unknown {
        /// Why, and what would break it.
        reason: String,
        /// Number of bounds 0, 1, … that were covered.
        covered: u32,
    },
}

/// The answers about one property name.
pub struct Decided {
    /// The property's name.
    pub property: String,
    /// By subject, in the order of the input; of properties of the whole cluster one without a subject.
    pub answers: Vec<(String, Answer)>,
    /// How they were found.
    pub report: FocusReport,
    /// Figures of all searches.
    pub statistics: Statistics,
    /// The engine.
    pub engine: &'static str,
}
