//! `kubound init`, `kubound schema` and `kubound show`.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use crate::check::transition_system;
use crate::input::visible::visible;
use crate::input::{self, LoadOptions, config_schema, init_scenario, scenario_schema};
use crate::report::Detail;
use crate::report::render::json;

use super::CliError;
use super::args::{Init, Schema, SchemaName, Show};
use super::config;
use super::output::{Output, remark};
use super::source;

/// Writes a scenario to start from. An existing file is left alone.
pub fn init(arguments: &Init, detail: Detail) -> Result<u8, CliError> {
    let loaded = input::load(&arguments.paths, LoadOptions { need_nodes: false })?;
    if detail > Detail::Quiet {
        remark(&loaded.diagnostics.to_string());
    }
    let text = modeline(arguments) + &init_scenario(&loaded.spec);
    write_new(arguments.output.as_deref(), &text)?;
    Ok(0)
}

/// Writes to a file that is not there yet, or to standard output.
pub fn write_new(file: Option<&Path>, text: &str) -> Result<(), CliError> {
    let Some(path) = file else { return Output::open(None)?.write(text) };
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| CliError::File(path.to_owned(), error))
}

/// What tells editors which schema the scenario has, if somebody says where that is.
fn modeline(arguments: &Init) -> String {
    arguments
        .schema
        .as_ref()
        .map_or(String::new(), |schema| format!("# yaml-language-server: $schema={}\n", visible(schema)))
}

/// Prints a schema, or writes it to a file.
pub fn schema(arguments: &Schema) -> Result<u8, CliError> {
    let schema = match arguments.of {
        SchemaName::Scenario => scenario_schema(),
        SchemaName::Config => config_schema(),
        SchemaName::Json => json::schema::answers(),
    };
    let mut output = Output::open(arguments.output.as_deref())?;
    output.json(&schema)?;
    output.close()?;
    Ok(0)
}

/// Prints the transition system.
pub fn show(arguments: &Show, detail: Detail) -> Result<u8, CliError> {
    let arguments = &config::show(arguments, &config::told(&arguments.source, detail)?);
    let input = source::single(&arguments.source, detail)?;
    source::tell(&input, detail);
    let system = transition_system(&input, &arguments.properties)?;
    Output::open(None)?.write(&system.show())?;
    Ok(0)
}
