//! `kubectl kubound`: commands of Kubound about the cluster that `kubectl` speaks to.
//!
//! The same commands and options as everywhere, and the cluster comes first among the paths. What is read of it is in
//! [`dump`]; who may read it is the matter of the user's `kubectl`.

mod dump;
mod resources;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Arg, ArgMatches, Args, CommandFactory, FromArgMatches, value_parser};

use super::args::{Cli, Command, EXIT_CODES};
use super::{CliError, ended, output, run};

use dump::Cluster;

/// Commands that make sense about a cluster.
const COMMANDS: [&str; 6] = ["check", "repair", "init", "timing", "simulate", "show"];

/// Which cluster, and what of it.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Cluster")]
pub struct Connection {
    /// The context of the kubeconfig.
    #[arg(long, global = true, value_name = "NAME")]
    pub context: Option<String>,
    /// The kubeconfig.
    #[arg(long, global = true, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Resources to do without, such as those that you may not list; verdicts are then about a cluster without them.
    #[arg(long, global = true, value_name = "NAME", value_delimiter = ',')]
    pub without: Vec<String>,
    /// Keep what is read of the cluster in a new file, for `kubound check FILE` and `kubound replay`.
    #[arg(long, global = true, value_name = "FILE")]
    pub keep: Option<PathBuf>,
}

/// Runs the plugin on its arguments.
pub fn main() -> ExitCode {
    let matches = command().get_matches();
    ended(about_cluster(&matches))
}

/// The commands, where paths may be left out.
fn command() -> clap::Command {
    let all = Connection::augment_args(Cli::command())
        .name("kubectl-kubound")
        .bin_name("kubectl kubound")
        .about("Bounded verifier for Kubernetes: checks the cluster that kubectl speaks to")
        .after_help(EXIT_CODES);
    let names: Vec<String> = all.get_subcommands().map(|it| it.get_name().to_owned()).collect();
    names.into_iter().fold(all, |all, name| match COMMANDS.contains(&name.as_str()) {
        true => all.mut_subcommand(name, without_paths),
        false => all.mut_subcommand(name, |it| it.hide(true)),
    })
}

/// Files and directories are what there is besides the cluster.
fn without_paths(command: clap::Command) -> clap::Command {
    command.mut_args(|argument| match argument.get_id().as_str() {
        // Whoever names a cluster needs no path, which an argument that exists cannot be told.
        "paths" => Arg::new("paths")
            .value_name("PATH")
            .value_parser(value_parser!(PathBuf))
            .num_args(0..)
            .help("Files besides the cluster, such as a scenario, or what is about to be applied"),
        "case" | "scale" | "fixed" => argument.hide(true),
        _ => argument,
    })
}

fn about_cluster(matches: &ArgMatches) -> Result<u8, CliError> {
    let usage = |error: clap::Error| CliError::Usage(error.to_string());
    let mut cli = Cli::from_arg_matches(matches).map_err(usage)?;
    let connection = Connection::from_arg_matches(matches).map_err(usage)?;
    let events = matches!(cli.command, Command::Timing(_));
    let paths = paths(&mut cli.command)?;
    let cluster = Cluster::read(&connection, events)?;
    cluster.remarks().for_each(output::remark);
    paths.insert(0, cluster.path().to_owned());
    run(&cli)
}

/// The paths of a command, to which the cluster is added.
fn paths(command: &mut Command) -> Result<&mut Vec<PathBuf>, CliError> {
    let refuse = |why: &str| Err(CliError::Usage(why.to_owned()));
    match command {
        Command::Check(it) if it.source.case.is_none() => Ok(&mut it.source.paths),
        Command::Repair(it) if it.apply.is_some() => {
            refuse("--apply writes into files: a repair of a cluster is for the files that it was made of")
        }
        Command::Repair(it) if it.source.case.is_none() => Ok(&mut it.source.paths),
        Command::Simulate(it) if it.source.case.is_none() => Ok(&mut it.source.paths),
        Command::Show(it) if it.source.case.is_none() => Ok(&mut it.source.paths),
        Command::Init(it) => Ok(&mut it.paths),
        Command::Timing(it) => Ok(&mut it.paths),
        _ => {
            refuse(&format!("kubectl kubound is for {} of the cluster; use kubound for the rest", COMMANDS.join(", ")))
        }
    }
}
