//! Options of `schema`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Options of `schema`.
#[derive(Clone, Debug, Args)]
pub struct Schema {
    /// Of what.
    #[arg(value_enum, default_value_t = SchemaName::Scenario)]
    pub of: SchemaName,
    /// Write a file instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// What has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaName {
    /// Scenarios.
    Scenario,
    /// Configurations: `.kubound.yaml`.
    Config,
    /// Answers that are written with `--format json`.
    Json,
}
