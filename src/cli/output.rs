//! Where results go: standard output, with colours if it is a terminal, or a file.
//!
//! Whatever is printed passes here, on either stream; nothing that text from input may have in it reaches a terminal as
//! a command ([`crate::input::visible`]).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::input::visible::{visible_lines, visible_styled};

use super::CliError;

/// A place for results.
pub struct Output {
    writer: Writer,
    /// Set when the reader went away; nothing is written from then on.
    closed: bool,
}

enum Writer {
    Standard(anstream::AutoStream<io::Stdout>),
    /// A pipe or a device, which cannot be replaced.
    Special(File, PathBuf),
    /// A file beside the one that it becomes.
    New(NamedTempFile, PathBuf),
}

impl Output {
    /// Standard output, or a file, which is there or changes only once all is [written](Output::close).
    pub fn open(file: Option<&Path>) -> Result<Self, CliError> {
        let writer = match file {
            None => Writer::Standard(anstream::stdout()),
            Some(path) => Writer::to(path).map_err(|error| CliError::File(path.to_owned(), error))?,
        };
        Ok(Output { writer, closed: false })
    }

    /// Writes text at once. A reader that went away is no error: it has seen what it wanted.
    pub fn write(&mut self, text: &str) -> Result<(), CliError> {
        if self.closed {
            return Ok(());
        }
        match self.writer.write(&visible_styled(text)) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            other => other.map_err(|error| self.writer.failed(error)),
        }
    }

    /// Writes what is no text for people: it stays as it is.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), CliError> {
        let written = match &mut self.writer {
            Writer::Standard(_) => io::stdout().lock().write_all(bytes),
            Writer::Special(file, _) => file.write_all(bytes),
            Writer::New(file, _) => file.write_all(bytes),
        };
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other.map_err(|error| self.writer.failed(error)),
        }
    }

    /// Writes JSON.
    pub fn json(&mut self, value: &serde_json::Value) -> Result<(), CliError> {
        self.write(&format!("{value:#}\n"))
    }

    /// Ends writing: what was written so far is the file from now on.
    pub fn close(self) -> Result<(), CliError> {
        match self.writer {
            Writer::Standard(_) | Writer::Special(..) => Ok(()),
            Writer::New(file, path) => {
                file.persist(&path).map(|_| ()).map_err(|error| CliError::File(path, error.error))
            }
        }
    }
}

impl Writer {
    fn to(path: &Path) -> io::Result<Self> {
        // A link stays one: what it leads to is replaced.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let known = fs::metadata(&path).ok();
        match &known {
            Some(known) if known.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Some(known) if !known.is_file() => {
                return Ok(Writer::Special(OpenOptions::new().write(true).open(&path)?, path));
            }
            _ => {}
        }
        let directory = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = beside(directory, known)?;
        Ok(Writer::New(file, path))
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        match self {
            Writer::Standard(stream) => stream.write_all(text.as_bytes()).and_then(|()| stream.flush()),
            Writer::Special(file, _) => file.write_all(plain(text).as_bytes()),
            Writer::New(file, _) => file.write_all(plain(text).as_bytes()),
        }
    }

    fn failed(&self, error: io::Error) -> CliError {
        match self {
            Writer::Standard(_) => CliError::Output(error),
            Writer::Special(_, path) | Writer::New(_, path) => CliError::File(path.clone(), error),
        }
    }
}

/// Text without styles.
fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// A new file in a directory, which may be read by whoever may read the file that it replaces; of a new one the user's mask
/// decides.
fn beside(directory: &Path, replaced: Option<fs::Metadata>) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".kubound-");
    #[cfg(unix)]
    builder.permissions(replaced.map_or_else(new_file, |it| it.permissions()));
    #[cfg(not(unix))]
    drop(replaced);
    builder.tempfile_in(directory)
}

#[cfg(unix)]
fn new_file() -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    fs::Permissions::from_mode(0o666)
}

/// Tells something beside the results. Standard error may be gone; then nobody wants to know.
pub fn remark(text: &str) {
    let _ = anstream::stderr().write_all(visible_lines(text).as_bytes());
}

/// The same of text whose styles are ours.
pub fn remark_styled(text: &str) {
    let _ = anstream::stderr().write_all(visible_styled(text).as_bytes());
}
