//! `kubound conformance`.

use crate::conformance::{Depth, RecordingError, Recordings, run as compare};
use crate::report::{Detail, Document, document};

use super::CliError;
use super::args::Conformance;
use super::output::remark;
use super::printer::Printer;

/// Exit code where some record differs.
const DIFFERS: u8 = 1;

/// Compares the encodings with recordings of the real components.
pub fn run(arguments: &Conformance, detail: Detail) -> Result<u8, CliError> {
    let printer = Printer::open(&arguments.rendering, detail)?;
    let recordings = match &arguments.recordings {
        Some(root) => Recordings::in_directory(root.clone())?,
        None => Recordings::embedded(),
    };
    if detail > Detail::Quiet {
        remark(&format!("comparing with {}\n", recordings.describe()));
    }
    let report = compare(&recordings, Depth { z3_every: arguments.z3_every })?;
    let compared = document::Conformance { report: &report, shown: arguments.show };
    printer.finish(&Document::Conformance(compared))?;
    Ok(if report.failed() == 0 { 0 } else { DIFFERS })
}

impl From<RecordingError> for CliError {
    fn from(error: RecordingError) -> Self {
        CliError::Usage(error.to_string())
    }
}
