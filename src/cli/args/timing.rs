//! Options of `timing`.

use std::path::PathBuf;

use clap::Args;

/// Options of `timing`.
#[derive(Clone, Debug, Args)]
pub struct Timing {
    /// Files, directories (searched recursively), or `-` for standard input.
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// Write a new file instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}
