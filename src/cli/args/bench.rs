//! Options of `bench`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::check::Shard;
use crate::cli::{CliError, values};
use crate::report::Format;

use super::{EngineName, SuiteName};

/// Exit codes of `bench`.
pub const EXIT_CODES: &str = "\
Exit codes: 0 measured, 1 a verdict is wrong, engines contradict each other, or
something became worse or slower than in the baseline, 2 bad input or usage,
3 undecided.";

/// Options of `bench`.
#[derive(Clone, Debug, Args)]
pub struct Bench {
    /// Suites of tasks with the answers that are right; without any, cases.
    #[arg(value_name = "SUITE.yaml", conflicts_with_all = ["case", "suite", "scale", "fixed"])]
    pub suites: Vec<PathBuf>,
    /// A case; may be given several times.
    #[arg(long, value_name = "ID")]
    pub case: Vec<String>,
    /// All cases of a group; may be given several times. Without files, cases and groups: published and wide.
    #[arg(long, value_enum, value_name = "SUITE")]
    pub suite: Vec<SuiteName>,
    /// Numbers of nodes of cases [default: 3,10,100].
    #[arg(long, value_name = "N,...", value_delimiter = ',')]
    pub scale: Vec<usize>,
    /// The fixed variants of the cases.
    #[arg(long)]
    pub fixed: bool,
    /// Run only this share of the tasks, such as 0/4, the first of four; `kubound merge` puts answers together.
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// Engines [default: those of the suite, or explicit,sat,auto].
    #[arg(long, value_enum, value_name = "ENGINE,...", value_delimiter = ',')]
    pub engine: Vec<EngineName>,
    /// How often each is run; the table shows medians [default: that of the suite, or 3].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub runs: Option<u32>,
    /// Wall-clock time of one run [default: that of the suite, or 60s].
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    pub timeout: Option<Duration>,
    /// Memory of one run, such as 500MiB or 2GiB [default: that of the suite].
    #[arg(long, value_name = "SIZE", value_parser = values::memory)]
    pub memory: Option<u64>,
    /// An earlier result, written by `kubound bench --format json` on this machine: says what changed since.
    #[arg(long, value_name = "FILE", conflicts_with = "shard")]
    pub baseline: Option<PathBuf>,
    /// Draw the times into this directory, as SVG: a cactus plot, and a scatter plot for each pair of engines.
    #[arg(long, value_name = "DIR")]
    pub plot: Option<PathBuf>,
    /// Rendering; by default that of FILE's suffix, or text.
    #[arg(long, value_parser = values::format(Format::has_rows))]
    pub format: Option<&'static Format>,
    /// Write the answer to a file instead of standard output. Without --format its suffix says how.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

impl Bench {
    /// The format that is asked for.
    pub fn format(&self) -> Result<&'static Format, CliError> {
        values::format_of(self.format, self.output.as_deref(), Format::has_rows)
    }
}
