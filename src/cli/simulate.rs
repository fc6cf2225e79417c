//! `kubound simulate`.

use crate::check::simulate;
use crate::report::{Detail, Document};

use super::CliError;
use super::args::Simulate;
use super::config;
use super::printer::Printer;
use super::source;

/// Walks one random run and tells it.
pub fn run(arguments: &Simulate, detail: Detail) -> Result<u8, CliError> {
    let arguments = &config::simulate(arguments, &config::told(&arguments.source, detail)?);
    let printer = Printer::open(&arguments.rendering, detail)?;
    let mut input = source::single(&arguments.source, detail)?;
    if let Some(interleaving) = arguments.interleaving {
        input.spec.scenario.interleave(interleaving);
    }
    source::tell(&input, detail);
    let simulation = simulate(input, arguments.seed, arguments.blocks)?;
    printer.finish(&Document::Simulation(&simulation))?;
    Ok(0)
}
