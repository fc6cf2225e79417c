//! `kubound simulate`.

use crate::check::{Ending, narrate};
use crate::model::build;
use crate::report::text::{self, Detail};

use super::CliError;
use super::args::Simulate;
use super::output::Output;
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
    let mut output = Output::open(None)?;
    output.write(&format!("seed {}: {}\n", arguments.seed, input.name.short()))?;
    match model.interpreter().execute(&run.trace) {
        Ok(executed) => {
            let story = narrate(&input.spec, &model, &run.trace, &executed, &Ending::Open);
            output.write(&text::narrative(&story))?;
        }
        Err(error) => output.write(&format!("the run cannot be told: {error}\n"))?,
    }
    if let Some(cut) = run.cut {
        output.write(&format!("\nthe run ends here: {cut}\n"))?;
    }
    Ok(0)
}
