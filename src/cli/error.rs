//! Everything that can end the program early, and how it is told.

use std::fmt;
use std::path::PathBuf;

use crate::cases::CaseError;
use crate::check::CheckError;
use crate::check::VerifyError;
use crate::input::Diagnostics;
use crate::input::visible::visible;
use crate::repair::ApplyError;
use crate::reproduce::WriteError;

use super::BAD_INPUT;

/// Why the program ends without an answer.
#[derive(Debug)]
pub enum CliError {
    /// The input is wrong.
    Input(Diagnostics),
    /// The input cannot be checked.
    Verify(VerifyError),
    /// There is no such case.
    Case(CaseError),
    /// A file cannot be read or written.
    File(PathBuf, std::io::Error),
    /// Standard output cannot be written.
    Output(std::io::Error),
    /// A file that is not what it should be.
    Format(PathBuf, String),
    /// A repair cannot be written.
    Apply(ApplyError),
    /// A reproduction cannot be written.
    Reproduction(WriteError),
    /// Options that do not go together.
    Usage(String),
}

impl CliError {
    /// The exit code that stands for it.
    pub fn exit_code(&self) -> u8 {
        BAD_INPUT
    }

    /// Whether another input may be a good one, with the same options.
    pub fn is_about_input(&self) -> bool {
        matches!(self, CliError::Input(_) | CliError::Verify(_))
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CliError::Input(diagnostics) => write!(f, "{diagnostics}"),
            CliError::Verify(error) => line(f, &error.to_string()),
            CliError::Case(error) => line(f, &error.to_string()),
            CliError::File(path, error) => line(f, &format!("{}: {error}", path.display())),
            CliError::Output(error) => line(f, &format!("cannot write the results: {error}")),
            CliError::Format(path, problem) => line(f, &format!("{}: {problem}", path.display())),
            CliError::Apply(error) => line(f, &error.to_string()),
            CliError::Reproduction(error) => line(f, &error.to_string()),
            CliError::Usage(problem) => line(f, problem),
        }
    }
}

/// An error in a line, whatever names in it there are.
fn line(f: &mut fmt::Formatter<'_>, problem: &str) -> fmt::Result {
    writeln!(f, "error: {}", visible(problem))
}

impl std::error::Error for CliError {}

impl From<Diagnostics> for CliError {
    fn from(diagnostics: Diagnostics) -> Self {
        CliError::Input(diagnostics)
    }
}

impl From<ApplyError> for CliError {
    fn from(error: ApplyError) -> Self {
        CliError::Apply(error)
    }
}

impl From<WriteError> for CliError {
    fn from(error: WriteError) -> Self {
        CliError::Reproduction(error)
    }
}

impl From<VerifyError> for CliError {
    fn from(error: VerifyError) -> Self {
        CliError::Verify(error)
    }
}

impl From<CaseError> for CliError {
    fn from(error: CaseError) -> Self {
        CliError::Case(error)
    }
}

impl From<CheckError> for CliError {
    fn from(error: CheckError) -> Self {
        match error {
            CheckError::Input(diagnostics) => CliError::Input(diagnostics),
            CheckError::Verify(error) => CliError::Verify(error),
            CheckError::Case(error) => CliError::Case(error),
            CheckError::Usage(problem) => CliError::Usage(problem),
        }
    }
}
