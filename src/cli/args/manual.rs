//! Arguments of `completions` and `man`.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// Options of `completions`.
#[derive(Clone, Debug, Args)]
pub struct Completions {
    /// The shell.
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: Shell,
}

/// Options of `man`.
#[derive(Clone, Debug, Args)]
pub struct Man {
    /// Write a page for each command into this directory, which is made if it is not there.
    #[arg(long, short, value_name = "DIR")]
    pub output: Option<PathBuf>,
}
