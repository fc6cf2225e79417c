//! Why an input cannot be checked.

use thiserror::Error;

use crate::cases::CaseError;
use crate::input::Diagnostics;

use super::verify::VerifyError;

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
