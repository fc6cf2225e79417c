//! Commands and options.

mod bench;
mod compare;
mod config;
mod export;
mod manual;
mod merge;
mod reproduce;
mod schema;
mod timing;
mod watch;

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::cases::Suite;
use crate::check::{Focus, Shard};
use crate::conformance::Depth;
use crate::engine::unroll::Limits;
use crate::property::NAMES;
use crate::report::{Detail, Format};
use crate::system::Interleaving;

use crate::cli::{CliError, values};

pub use bench::Bench;
pub use compare::Compare;
pub use config::Configuration;
pub use export::Export;
pub use manual::{Completions, Man};
pub use merge::Merge;
pub use reproduce::Reproduce;
pub use schema::{Schema, SchemaName};
pub use timing::Timing;
pub use watch::Watch;

/// What exit codes mean, for the end of help texts.
pub const EXIT_CODES: &str = "\
Exit codes: 0 all properties hold, 1 one is violated, 2 bad input or usage,
3 undecided (out of time or memory, or stopped).";

/// Bounded verifier for Kubernetes: reads manifests, models the controllers that will act on them, and searches every
/// interleaving for a run that breaks a property.
#[derive(Debug, Parser)]
#[command(name = "kubound", version, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Verdicts only: no stories, notes or progress.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// More about how verdicts came about.
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

impl Cli {
    /// How much to tell.
    pub fn detail(&self) -> Detail {
        match (self.quiet, self.verbose) {
            (true, _) => Detail::Quiet,
            (_, true) => Detail::Verbose,
            _ => Detail::Normal,
        }
    }
}

/// Commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check properties of manifests or of a dump of a cluster.
    #[command(after_help = EXIT_CODES)]
    Check(Check),
    /// Check, and check again whenever a file of the input changes.
    #[command(
        after_help = "Ctrl-C ends, with the exit code of the last check:\n0 all properties hold, 1 one is violated, 2 bad input or usage, 3 undecided."
    )]
    Watch(Watch),
    /// Write a commented scenario for given manifests.
    Init(Init),
    /// Write what a dump of a cluster says of time, as a scenario.
    #[command(after_help = "Exit codes: 0 written, 2 bad input.")]
    Timing(Timing),
    /// Print the JSON Schema of scenarios, configurations or answers, for editors and programs.
    Schema(Schema),
    /// List the failure cases that come with Kubound, or write them down as manifests.
    Cases(Cases),
    /// Put the answers of shards (`check --shard I/N --format json`) together.
    #[command(after_help = EXIT_CODES)]
    Merge(Merge),
    /// Execute a saved counterexample again and say whether it (still) breaks its property.
    #[command(after_help = "Exit codes: 1 every trace breaks its property, 3 one does not replay, 2 bad input.")]
    Replay(Replay),
    /// Write manifests and a script that lead a test cluster through a saved counterexample.
    #[command(after_help = "Exit codes: 0 written, 2 bad input, 3 the trace is no counterexample of the input.")]
    Reproduce(Reproduce),
    /// Find the smallest changes of the manifests under which all properties hold.
    #[command(
        after_help = "Exit codes: 0 repaired or nothing to repair, 1 no repair was found, 2 bad input, 3 undecided."
    )]
    Repair(Repair),
    /// Walk one random run.
    Simulate(Simulate),
    /// Print the transition system that engines see.
    Show(Show),
    /// Write the transition system or the bounded question of a property for other model checkers and solvers.
    #[command(after_help = "Exit codes: 0 written, 2 bad input, 3 out of time or memory.")]
    Export(Export),
    /// Compare the model of each controller with recordings of the real one.
    #[command(after_help = "Exit codes: 0 nothing differs, 1 something does, 2 bad input.")]
    Conformance(Conformance),
    /// List the rules by which the model decides: what each decides, and whose decision it is.
    Rules(Rules),
    /// Say what a rule decides, whom it follows, how exactly, and where it is written.
    Explain(Explain),
    /// Measure cases or suites of tasks on several engines: whether they are right, agree, and became slower.
    #[command(after_help = bench::EXIT_CODES)]
    Bench(Bench),
    /// Ask every engine about one input, side by side.
    #[command(after_help = compare::EXIT_CODES)]
    Compare(Compare),
    /// Print what a shell needs to complete commands and options.
    Completions(Completions),
    /// Print the manual page, or write one for each command.
    Man(Man),
}

/// Where the cluster comes from.
#[derive(Clone, Debug, Args)]
pub struct Source {
    /// Files, directories (searched recursively), or `-` for standard input.
    #[arg(value_name = "PATH", required_unless_present = "case", conflicts_with = "case")]
    pub paths: Vec<PathBuf>,
    /// A failure case instead: c1 to c8, w1 to w4, m1 to m6.
    #[arg(long, value_name = "ID")]
    pub case: Option<String>,
    /// Number of nodes of the case, or a range of it such as 1..100.
    #[arg(long, value_name = "N", requires = "case", default_value = "3", value_parser = values::range)]
    pub scale: (usize, usize),
    /// Of a scenario with ranges: only this size, or a narrower range; may be given several times.
    #[arg(long = "size", value_name = "NAME=N", conflicts_with = "case", value_parser = values::size)]
    pub sizes: Vec<(String, (usize, usize))>,
    /// The fixed variant of the case.
    #[arg(long, requires = "case")]
    pub fixed: bool,
    /// The project's settings.
    #[command(flatten)]
    pub configuration: Configuration,
}

/// How answers of any command but `check` are written, and where.
#[derive(Clone, Debug, Args)]
pub struct Rendering {
    /// Rendering; by default that of FILE's suffix, or text.
    #[arg(long, value_parser = values::format(Format::is_general))]
    pub format: Option<&'static Format>,
    /// Write the answer to a file instead of standard output. Without --format its suffix says how.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

impl Rendering {
    /// The format that is asked for.
    pub fn format(&self) -> Result<&'static Format, CliError> {
        values::format_of(self.format, self.output.as_deref(), Format::is_general)
    }
}

impl Check {
    /// The format that is asked for.
    pub fn format(&self) -> Result<&'static Format, CliError> {
        values::format_of(self.format, self.output.as_deref(), Format::has_checks)
    }
}

/// When few workloads stand for a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FocusName {
    /// Where that is quicker.
    Auto,
    /// In every cluster of several workloads.
    On,
    /// Never: the whole cluster is one model.
    Off,
}

impl From<FocusName> for Focus {
    fn from(name: FocusName) -> Self {
        match name {
            FocusName::Auto => Focus::Auto,
            FocusName::On => Focus::On,
            FocusName::Off => Focus::Off,
        }
    }
}

/// Decision procedures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum EngineName {
    /// Explicit search and the SAT engine at the same time; the first answer counts.
    #[default]
    Auto,
    /// Breadth-first search over states.
    Explicit,
    /// Bounded checking with Z3.
    Smt,
    /// Bounded search with a SAT solver.
    Sat,
}

/// Groups of cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SuiteName {
    /// c1 to c8.
    Published,
    /// w1 to w4: starts, loads and failures are open.
    Wide,
    /// m1 to m6: twice as many workloads as nodes; all properties are asked about all of them.
    Many,
    /// Those that public issues tell of.
    Failures,
}

impl From<SuiteName> for Suite {
    fn from(name: SuiteName) -> Suite {
        match name {
            SuiteName::Published => Suite::Published,
            SuiteName::Wide => Suite::Wide,
            SuiteName::Many => Suite::Many,
            SuiteName::Failures => Suite::Failures,
        }
    }
}

/// SAT solvers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SatSolverName {
    /// Always there.
    Varisat,
    /// Needs a program built with the feature `cadical`.
    Cadical,
}

/// Options of `check`.
#[derive(Clone, Debug, Args)]
pub struct Check {
    /// The input; `--case all` checks c1 to c8, `--case wide` w1 to w4, `--case many` m1 to m6,
    /// `--case failures` those of public issues.
    #[command(flatten)]
    pub source: Source,
    /// The engine; auto by default.
    #[arg(long, value_enum)]
    pub engine: Option<EngineName>,
    /// The solver of the SAT engine.
    #[arg(long, value_enum, value_name = "NAME", default_value_t = SatSolverName::Varisat)]
    pub sat_solver: SatSolverName,
    /// Let a second program check the solver's proof of all that holds; `auto` then is `sat` alone. With a directory,
    /// proofs and the clauses they are about are kept there.
    #[arg(long, value_name = "DIR", num_args = 0..=1, require_equals = true)]
    pub certify: Option<Option<PathBuf>>,
    /// The symbolic engines first enumerate choices, up to so many branches of a depth; beyond, they start again and
    /// choices stay symbols. With 0 everything is left to the solver.
    #[arg(long, value_name = "N", default_value_t = Limits::default().splits)]
    pub splits: usize,
    /// Check this property only; may be given several times.
    #[arg(long = "property", value_name = "NAME", value_parser = PossibleValuesParser::new(NAMES))]
    pub properties: Vec<String>,
    /// Ask about workloads of this namespace only, in the company of all others.
    #[arg(long, short, value_name = "NAME")]
    pub namespace: Option<String>,
    /// Answer only this share of the questions, such as 0/4, the first of four; `kubound merge` puts answers together.
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// Go on after the first violation.
    #[arg(long)]
    pub all: bool,
    /// Exit with 0 whatever the answer is: for jobs whose answer somebody else reads. Bad input still exits with 2.
    #[arg(long)]
    pub exit_zero: bool,
    /// Decide properties of single workloads in models of few workloads, others over-approximated: where that is quicker,
    /// always, or never.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = FocusName::Auto)]
    pub focus: FocusName,
    /// Check the model as it is, every node told apart: for comparison.
    #[arg(long)]
    pub no_reduce: bool,
    /// Tell how the model was made smaller: what was merged and dropped, and why.
    #[arg(long)]
    pub explain_reduction: bool,
    /// Largest number of blocks (actions in async) of a run.
    #[arg(long, value_name = "K")]
    pub bound: Option<u32>,
    /// What may come before what: as the scenario says; else racing, and what holds there is asked again with overlapping.
    #[arg(long, value_parser = values::interleaving())]
    pub interleaving: Option<Interleaving>,
    /// Let slow actions come before controllers are done, too: the same as `--interleaving async`.
    #[arg(long, conflicts_with = "interleaving")]
    pub strict: bool,
    /// Wall-clock time for the whole input, such as 30s or 5m.
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    pub timeout: Option<Duration>,
    /// Of a family of topologies: where to try the smallest counterexample again, such as 50 or worker=50; the largest
    /// sizes by default.
    #[arg(long, value_name = "NAME=N", value_parser = values::single_size)]
    pub lift_to: Vec<(String, i64)>,
    /// Memory of the process, such as 500MiB or 2GiB.
    #[arg(long, value_name = "SIZE", value_parser = values::memory)]
    pub memory: Option<u64>,
    /// Rendering; by default that of FILE's suffix, or text.
    #[arg(long, value_parser = values::format(Format::has_checks))]
    pub format: Option<&'static Format>,
    /// Write the results to a file instead of standard output. Without --format its suffix says how.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Keep counterexamples for `kubound replay`.
    #[arg(long, value_name = "FILE")]
    pub save_trace: Option<PathBuf>,
    /// Violations that are in this earlier answer (of `--format json` or `--save-trace`) are known and do not count.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["shard", "namespace"])]
    pub baseline: Option<PathBuf>,
}

/// Options of `repair`.
#[derive(Clone, Debug, Args)]
pub struct Repair {
    /// The input.
    #[command(flatten)]
    pub source: Source,
    /// Write the first repair, or the one of this number, into the files.
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "1")]
    pub apply: Option<usize>,
    /// Largest number of blocks (actions in async) of a run.
    #[arg(long, value_name = "K")]
    pub bound: Option<u32>,
    /// How event-driven actions interleave; racing, or what the scenario says, by default.
    #[arg(long, value_parser = values::interleaving())]
    pub interleaving: Option<Interleaving>,
    /// Wall-clock time of the search, such as 30s or 5m; 2m by default.
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    pub timeout: Option<Duration>,
    /// Memory of the process, such as 500MiB or 2GiB.
    #[arg(long, value_name = "SIZE", value_parser = values::memory)]
    pub memory: Option<u64>,
    /// Rendering.
    #[command(flatten)]
    pub rendering: Rendering,
}

/// Options of `init`.
#[derive(Clone, Debug, Args)]
pub struct Init {
    /// Files, directories, or `-` for standard input.
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// Write a new file instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Begin with a line that tells editors which schema the scenario has: a file that `kubound schema -o FILE` wrote, as
    /// seen from the scenario, or its URL.
    #[arg(long, value_name = "FILE")]
    pub schema: Option<String>,
}

/// Options of `cases`.
#[derive(Clone, Debug, Args)]
pub struct Cases {
    /// Write every case, violating and fixed, below this directory.
    #[arg(long, value_name = "DIR")]
    pub emit: Option<PathBuf>,
    /// Number of nodes, or a range of it such as 1..100: then cases become scenarios with ranges.
    #[arg(long, value_name = "N", requires = "emit", default_value = "3", value_parser = values::range)]
    pub scale: (usize, usize),
    /// Rendering.
    #[command(flatten)]
    pub rendering: Rendering,
}

/// Options of `conformance`.
#[derive(Clone, Debug, Args)]
pub struct Conformance {
    /// A directory of recordings; the built-in ones by default.
    #[arg(value_name = "DIR", env = "KUBOUND_ORACLE")]
    pub recordings: Option<PathBuf>,
    /// Rendering.
    #[command(flatten)]
    pub rendering: Rendering,
    /// Show up to so many differences and omissions of each family.
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub show: usize,
    /// Put every N-th record to Z3 as well; 0: none.
    #[arg(long, value_name = "N", default_value_t = Depth::default().z3_every)]
    pub z3_every: usize,
}

/// Options of `replay`.
#[derive(Clone, Debug, Args)]
pub struct Replay {
    /// A file that `check --save-trace` or `check --format json` wrote.
    #[arg(value_name = "TRACE.json")]
    pub trace: PathBuf,
    /// The input, if it is elsewhere or has changed since.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Rendering.
    #[command(flatten)]
    pub rendering: Rendering,
}

/// Options of `simulate`.
#[derive(Clone, Debug, Args)]
pub struct Simulate {
    /// The input.
    #[command(flatten)]
    pub source: Source,
    /// Which run: the same seed gives the same run.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// How many blocks (actions in async).
    #[arg(long, default_value_t = 5)]
    pub blocks: u32,
    /// How event-driven actions interleave; racing, or what the scenario says, by default.
    #[arg(long, value_parser = values::interleaving())]
    pub interleaving: Option<Interleaving>,
    /// Rendering.
    #[command(flatten)]
    pub rendering: Rendering,
}

/// Options of `show`.
#[derive(Clone, Debug, Args)]
pub struct Show {
    /// The input.
    #[command(flatten)]
    pub source: Source,
    /// Only what this property needs; may be given several times.
    #[arg(long = "property", value_name = "NAME", value_parser = PossibleValuesParser::new(NAMES))]
    pub properties: Vec<String>,
}

/// Options of `rules`.
#[derive(Clone, Debug, Args)]
pub struct Rules {
    /// Rendering.
    #[command(flatten)]
    pub rendering: Rendering,
}

/// Options of `explain`.
#[derive(Clone, Debug, Args)]
pub struct Explain {
    /// The rule, such as scheduler/PodTopologySpread; stories name them with --verbose.
    #[arg(value_name = "RULE")]
    pub id: String,
    /// Rendering.
    #[command(flatten)]
    pub rendering: Rendering,
}
