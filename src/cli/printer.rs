//! Prints what a command answers, in the format that was asked for. All commands print here.

use std::path::Path;

use crate::report::{Detail, Document, Format, Part};

use super::CliError;
use super::args::Rendering;
use super::output::Output;

/// Prints one document.
pub struct Printer {
    output: Output,
    format: &'static Format,
    detail: Detail,
    /// How many of the document's parts were told.
    told: usize,
}

impl Printer {
    /// Prints as a command is asked to that may answer anything.
    pub fn open(rendering: &Rendering, detail: Detail) -> Result<Self, CliError> {
        Self::to(rendering.output.as_deref(), rendering.format()?, detail)
    }

    /// Prints to standard output, or to a file.
    pub fn to(file: Option<&Path>, format: &'static Format, detail: Detail) -> Result<Self, CliError> {
        Ok(Printer { output: Output::open(file)?, format, detail, told: 0 })
    }

    /// The format.
    pub fn format(&self) -> &'static Format {
        self.format
    }

    /// The next part of the document, while a command is at work.
    pub fn tell(&mut self, part: &Part<'_>) -> Result<(), CliError> {
        self.told += 1;
        self.output.write(&self.format.part(part, self.detail))
    }

    /// The document, without the parts that were told.
    pub fn finish(mut self, document: &Document<'_>) -> Result<(), CliError> {
        let rest = self.format.rest(document, self.told, self.detail);
        self.output.write(&rest)?;
        self.output.close()
    }
}
