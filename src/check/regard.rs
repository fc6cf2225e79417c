//! How a result counts: whether its violation is ignored, or known from a baseline.

use crate::cluster::object::spec::Origin;

/// What is to be made of a result.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Regard {
    /// That its property is ignored there, violated or not.
    pub ignored: Option<Ignored>,
    /// Of a violation that was compared with a baseline.
    pub novelty: Option<Novelty>,
}

/// Why a property is ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// The reason that was given.
    pub reason: String,
    /// Whether an annotation of the object says so, and not a configuration.
    pub in_source: bool,
    /// Where that is written.
    pub origin: Origin,
}

/// Whether a baseline has a violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Novelty {
    /// It does.
    Known,
    /// It does not.
    New,
}

impl Regard {
    /// Whether a violation would count.
    pub fn counts(&self) -> bool {
        self.ignored.is_none() && self.novelty != Some(Novelty::Known)
    }
}
