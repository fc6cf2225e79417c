//! `kubound init`, `kubound schema` and `kubound show`.

use std::fs::OpenOptions;
use std::io::Write;

use crate::check::transition_system;
use crate::input::{self, LoadOptions, init_scenario, scenario_schema};
use crate::report::Detail;

use super::CliError;
use super::args::{Init, Show};
use super::output::{Output, remark};
use super::source;

/// Writes a scenario to start from. An existing file is left alone.
pub fn init(arguments: &Init, detail: Detail) -> Result<u8, CliError> {
    let loaded = input::load(&arguments.paths, LoadOptions { need_nodes: false })?;
    if detail > Detail::Quiet {
        remark(&loaded.diagnostics.to_string());
    }
    let text = init_scenario(&loaded.spec);
    match &arguments.output {
        None => Output::open(None)?.write(&text)?,
        Some(path) => {
            let file = OpenOptions::new().write(true).create_new(true).open(path);
            let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
            written.map_err(|error| CliError::File(path.clone(), error))?;
        }
    }
    Ok(0)
}

/// Prints the schema of scenarios.
pub fn schema() -> Result<u8, CliError> {
    Output::open(None)?.json(&scenario_schema())?;
    Ok(0)
}

/// Prints the transition system.
pub fn show(arguments: &Show, detail: Detail) -> Result<u8, CliError> {
    let input = source::single(&arguments.source, detail)?;
    source::tell(&input, detail);
    let system = transition_system(&input, &arguments.properties)?;
    Output::open(None)?.write(&system.show())?;
    Ok(0)
}
