//! `kubound simulate`.

use crate::check::{Ending, narrate};
use crate::model::build;
use crate::report::document::Simulation;
use crate::report::{Detail, Document};

use super::CliError;
use super::args::Simulate;
use super::printer::Printer;
use super::source;
use crate::check::VerifyError;
use crate::check::walk::walk;

/// Walks one random run and tells it.
pub fn run(arguments: &Simulate, detail: Detail) -> Result<u8, CliError> {
    let mut input = source::single(&arguments.source, detail)?;
    if let Some(interleaving) = arguments.interleaving {
        input.spec.scenario.interleaving = interleaving;
    }
    source::tell(&input, detail);
    let model = build(&input.spec, &input.selection(&[])).map_err(VerifyError::from)?;
    let run = walk(&model.system, arguments.seed, arguments.blocks);
    let executed = model.interpreter().execute(&run.trace);
    let told = executed.map(|executed| narrate(&input.spec, &model, &run.trace, &executed, &Ending::Open));
    let told = told.map_err(|error| error.to_string());
    let simulation = Simulation { input: input.name, seed: arguments.seed, told, cut: run.cut };
    Printer::open(None, arguments.format, detail)?.finish(&Document::Simulation(&simulation))?;
    Ok(0)
}
