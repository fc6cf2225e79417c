//! Why an input cannot be checked.

use thiserror::Error;

use crate::cases::CaseError;
use crate::input::Diagnostics;
use crate::model::ModelError;

/// Why there is no answer at all.
#[derive(Debug, Error)]
pub enum CheckError {
    /// The input is wrong.
    #[error("{0}")]
    Input(Diagnostics),
    /// The input cannot be checked.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// There is no such case.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// What is asked for does not go together.
    #[error("{0}")]
    Usage(String),
}

impl From<Diagnostics> for CheckError {
    fn from(diagnostics: Diagnostics) -> Self {
        CheckError::Input(diagnostics)
    }
}

/// Why a cluster cannot be checked.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// It cannot be modelled.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// No property applies.
    #[error("no property applies to this input: it has no Deployment or ReplicaSet")]
    Nothing,
    /// No state is a start.
    #[error(
        "the assumptions about the start contradict each other: there is no run at all. With initialPlacement: any, the \
         nodes must have room for all pods together"
    )]
    Contradiction,
}
