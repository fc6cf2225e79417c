//! Why files cannot be written.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a reproduction cannot be written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// There is something in the directory already.
    #[error("{0} is not empty: give a new or an empty directory")]
    NotEmpty(PathBuf),
    /// It is there and is none.
    #[error("{0} is not a directory")]
    NoDirectory(PathBuf),
    /// A file or directory.
    #[error("{0}: {1}")]
    File(PathBuf, #[source] io::Error),
}
