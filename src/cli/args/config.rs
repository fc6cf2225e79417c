//! Where a project's settings come from.

use std::path::PathBuf;

use clap::Args;

/// Which configuration is read.
#[derive(Clone, Debug, Default, Args)]
pub struct Configuration {
    /// Take the project's settings from this file instead of `.kubound.yaml` in the working directory or above.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["no_config", "case"])]
    pub config: Option<PathBuf>,
    /// Take no settings from a file.
    #[arg(long)]
    pub no_config: bool,
}
