//! Arguments that cannot be understood, told without obeying what is in them.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Error, Parser};

use crate::input::visible::visible;

use super::BAD_INPUT;
use super::args::Cli;
use super::output::{self, Output};

/// The arguments of the program; otherwise the exit code, after what there is to say was said.
pub fn parse() -> Result<Cli, u8> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    Cli::try_parse_from(&arguments).map_err(|error| tell(&error, &arguments))
}

fn tell(error: &Error, arguments: &[OsString]) -> u8 {
    if !error.use_stderr() {
        let answer = error.render().ansi().to_string();
        return Output::open(None).and_then(|mut out| out.write(&answer)).map_or(BAD_INPUT, |()| 0);
    }
    match shown(arguments) {
        Some(error) => output::remark_styled(&error.render().ansi().to_string()),
        None => output::remark(&error.render().to_string()),
    }
    BAD_INPUT
}

/// The same error about arguments in which nothing is hidden: then all styles in it are our own. `None` if what was wrong
/// was hidden.
fn shown(arguments: &[OsString]) -> Option<Error> {
    let visible = arguments.iter().map(|argument| visible(&argument.to_string_lossy()).into_owned());
    Cli::try_parse_from(visible).err().filter(|error| !is_answer(error.kind()))
}

fn is_answer(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::DisplayHelp | ErrorKind::DisplayVersion)
}
