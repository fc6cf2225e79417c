//! Arguments of `merge`.

use std::path::PathBuf;

use clap::Args;

use super::Rendering;

/// Options of `merge`.
#[derive(Clone, Debug, Args)]
pub struct Merge {
    /// Answers of shards: files that `check --shard I/N --format json` wrote, or directories of such files.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Rendering.
    #[command(flatten)]
    pub rendering: Rendering,
}
