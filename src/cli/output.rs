//! Where results go: standard output, with colours if it is a terminal, or a file.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use super::CliError;

/// A place for results.
pub struct Output {
    writer: Box<dyn Write>,
    /// Set when the reader went away; nothing is written from then on.
    closed: bool,
}

impl Output {
    /// Standard output, or a file.
    pub fn open(file: Option<&Path>) -> Result<Self, CliError> {
        let writer: Box<dyn Write> = match file {
            None => Box::new(anstream::stdout()),
            Some(path) => {
                let file = File::create(path).map_err(|error| CliError::File(path.to_owned(), error))?;
                Box::new(anstream::StripStream::new(file))
            }
        };
        Ok(Output { writer, closed: false })
    }

    /// Writes text at once. A reader that went away is no error: it has seen what it wanted.
    pub fn write(&mut self, text: &str) -> Result<(), CliError> {
        if self.closed {
            return Ok(());
        }
        match self.writer.write_all(text.as_bytes()).and_then(|()| self.writer.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            other => other.map_err(CliError::Output),
        }
    }

    /// Writes JSON.
    pub fn json(&mut self, value: &serde_json::Value) -> Result<(), CliError> {
        self.write(&format!("{value:#}\n"))
    }
}

/// Tells something beside the results. Standard error may be gone; then nobody wants to know.
pub fn remark(text: &str) {
    let _ = anstream::stderr().write_all(text.as_bytes());
}
