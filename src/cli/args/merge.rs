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
    /// Exit with 0 whatever the answer is. Files that are no answers still exit with 2.
    #[arg(long)]
    pub exit_zero: bool,
    /// Rendering.
    #[command(flatten)]
    pub rendering: Rendering,
}
