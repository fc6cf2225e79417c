//! Options of `compare`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::cli::{CliError, values};
use crate::property::NAMES;
use crate::report::Format;
use crate::system::Interleaving;

use super::{EngineName, Source};

/// Exit codes of `compare`.
pub const EXIT_CODES: &str = "\
Exit codes: 0 all properties hold, 1 one is violated, 2 bad input or usage,
3 no engine decides some property, 4 engines contradict each other.";

/// Options of `compare`.
#[derive(Clone, Debug, Args)]
pub struct Compare {
    /// The input.
    #[command(flatten)]
    pub source: Source,
    /// Engines.
    #[arg(long, value_enum, value_name = "ENGINE,...", value_delimiter = ',', default_values_t = [EngineName::Explicit, EngineName::Smt, EngineName::Sat, EngineName::Auto])]
    pub engines: Vec<EngineName>,
    /// Ask about this property only; may be given several times.
    #[arg(long = "property", value_name = "NAME", value_parser = PossibleValuesParser::new(NAMES))]
    pub properties: Vec<String>,
    /// Largest number of blocks (actions in async) of a run.
    #[arg(long, value_name = "K")]
    pub bound: Option<u32>,
    /// How event-driven actions interleave; racing, or what the scenario says, by default.
    #[arg(long, value_parser = values::interleaving())]
    pub interleaving: Option<Interleaving>,
    /// Wall-clock time of each engine, such as 30s or 5m.
    #[arg(long, value_name = "TIME", value_parser = values::duration, default_value = "60s")]
    pub timeout: Duration,
    /// Memory of each engine, such as 500MiB or 2GiB.
    #[arg(long, value_name = "SIZE", value_parser = values::memory)]
    pub memory: Option<u64>,
    /// Rendering; by default that of FILE's suffix, or text.
    #[arg(long, value_parser = values::format(Format::has_rows))]
    pub format: Option<&'static Format>,
    /// Write the answer to a file instead of standard output. Without --format its suffix says how.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

impl Compare {
    /// The format that is asked for.
    pub fn format(&self) -> Result<&'static Format, CliError> {
        values::format_of(self.format, self.output.as_deref(), Format::has_rows)
    }
}
