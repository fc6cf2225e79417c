//! The command line.
//!
//! `args` says what may be written, `source` turns it into an input for [`crate::check`]; one file per command does the
//! rest. Answers are printed in one place (`printer`), and so are errors, which go up as [`CliError`].

mod answered;
pub mod args;
mod bench;
mod cases;
mod check;
mod child;
mod compare;
mod config;
mod conformance;
mod engines;
mod error;
mod export;
mod extras;
mod interrupt;
mod kubectl;
mod manual;
mod merge;
mod output;
mod printer;
mod progress;
mod reading;
mod repair;
mod replay;
mod reproduce;
mod rules;
mod simulate;
mod source;
mod timing;
mod usage;
mod values;
mod watch;

use std::process::ExitCode;

pub use error::CliError;
pub use kubectl::main as plugin;

use args::{Cli, Command};

/// Exit code for bad input or usage.
const BAD_INPUT: u8 = 2;

/// Runs the program on its arguments.
pub fn main() -> ExitCode {
    match usage::parse() {
        Ok(cli) => ended(run(&cli)),
        Err(code) => ExitCode::from(code),
    }
}

/// The end of the program: the one place where errors are printed.
fn ended(ran: Result<u8, CliError>) -> ExitCode {
    let code = ran.unwrap_or_else(|error| {
        output::remark(&error.to_string());
        error.exit_code()
    });
    ExitCode::from(code)
}

/// Runs a command; its exit code.
fn run(cli: &Cli) -> Result<u8, CliError> {
    match &cli.command {
        Command::Check(arguments) => check::run(arguments, cli.detail()),
        Command::Repair(arguments) => repair::run(arguments, cli.detail()),
        Command::Merge(arguments) => merge::run(arguments, cli.detail()),
        Command::Simulate(arguments) => simulate::run(arguments, cli.detail()),
        Command::Replay(arguments) => replay::run(arguments, cli.detail()),
        Command::Reproduce(arguments) => reproduce::run(arguments, cli.detail()),
        Command::Cases(arguments) => cases::run(arguments, cli.detail()),
        Command::Init(arguments) => extras::init(arguments, cli.detail()),
        Command::Timing(arguments) => timing::run(arguments, cli.detail()),
        Command::Schema(arguments) => extras::schema(arguments),
        Command::Show(arguments) => extras::show(arguments, cli.detail()),
        Command::Export(arguments) => export::run(arguments, cli.detail()),
        Command::Conformance(arguments) => conformance::run(arguments, cli.detail()),
        Command::Bench(arguments) => bench::run(arguments, cli.detail()),
        Command::Watch(arguments) => watch::run(arguments, cli.detail()),
        Command::Completions(arguments) => manual::completions(arguments),
        Command::Man(arguments) => manual::man(arguments),
        Command::Compare(arguments) => compare::run(arguments, cli.detail()),
        Command::Rules(arguments) => rules::list(arguments, cli.detail()),
        Command::Explain(arguments) => rules::explain(arguments, cli.detail()),
    }
}
