//! `kubound completions` and `kubound man`: what shells and readers of manuals want to know, made of the arguments
//! themselves.

use std::fs;
use std::path::Path;

use clap::{Command, CommandFactory};
use clap_complete::generate;
use clap_mangen::Man;

use super::CliError;
use super::args::{self, Cli};
use super::output::Output;

/// Prints the completions of a shell.
pub fn completions(arguments: &args::Completions) -> Result<u8, CliError> {
    let mut script = Vec::new();
    generate(arguments.shell, &mut Cli::command(), "kubound", &mut script);
    Output::open(None)?.write(&String::from_utf8_lossy(&script))?;
    Ok(0)
}

/// Prints the page of the program, or writes one for each command.
pub fn man(arguments: &args::Man) -> Result<u8, CliError> {
    let mut command = Cli::command();
    // Gives every command its full name, and the options that all have.
    command.build();
    match &arguments.output {
        None => Output::open(None)?.write(&page(command).map_err(CliError::Output)?)?,
        Some(directory) => {
            fs::create_dir_all(directory).map_err(|error| CliError::File(directory.clone(), error))?;
            write(directory, &command)?;
        }
    }
    Ok(0)
}

/// The pages of a command and of all below it, each in a file called like it.
fn write(directory: &Path, command: &Command) -> Result<(), CliError> {
    let path = directory.join(format!("{}.1", name(command)));
    let failed = |error| CliError::File(path.clone(), error);
    let text = page(command.clone()).map_err(failed)?;
    let mut file = Output::open(Some(&path))?;
    file.write(&text)?;
    file.close()?;
    let mut shown = command.get_subcommands().filter(|it| !it.is_hide_set() && it.get_name() != "help");
    shown.try_for_each(|below| write(directory, below))
}

/// `kubound-check`.
fn name(command: &Command) -> String {
    command.get_display_name().unwrap_or(command.get_name()).to_owned()
}

fn page(command: Command) -> std::io::Result<String> {
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
