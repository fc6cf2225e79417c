//! Kinds of counterexamples.

use crate::property::about;
use crate::system::{Property, PropertyKind};

/// What kind of counterexample was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A state that must not be.
    State,
    /// Replicas that rise and fall, or fall and rise, though nothing changed from outside.
    Reversal,
    /// A cycle that may go on for ever.
    Loop,
}

impl Finding {
    /// The kind of counterexample that breaks a property.
    pub fn of(property: &Property) -> Self {
        match property.kind {
            PropertyKind::Invariant { .. } if about(&property.name).turns => Finding::Reversal,
            PropertyKind::Invariant { .. } => Finding::State,
            PropertyKind::NoLoop { .. } | PropertyKind::Settles => Finding::Loop,
        }
    }

    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Finding::State => "state",
            Finding::Reversal => "reversal",
            Finding::Loop => "loop",
        }
    }
}
