//! Arguments of `reproduce`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::property::NAMES;

/// Options of `reproduce`.
#[derive(Clone, Debug, Args)]
pub struct Reproduce {
    /// A file that `check --save-trace` or `check --format json` wrote.
    #[arg(value_name = "TRACE.json")]
    pub trace: PathBuf,
    /// The input, if it is elsewhere or has changed since.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Where to write the files: a new or an empty directory.
    #[arg(long, short, value_name = "DIR")]
    pub output: PathBuf,
    /// Of several counterexamples: that of this property.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(NAMES))]
    pub property: Option<String>,
    /// Of several counterexamples (of that property): which one, from 1.
    #[arg(long, value_name = "N")]
    pub number: Option<usize>,
}
