//! What a project's configuration says, where the command line says nothing.
//!
//! Cases come with Kubound and are the same everywhere: no configuration is read for them.

use std::path::{Path, PathBuf};

use crate::input::config::{self, document::Engine};
use crate::input::{Config, Diagnostics};
use crate::report::Detail;

use super::args::{Check, EngineName, Repair, Show, Simulate, Source};
use super::output::remark;

/// The configuration that is read for an input: the one that is named, or that of the working directory.
pub fn file(source: &Source) -> Option<PathBuf> {
    match &source.configuration.config {
        _ if source.configuration.no_config || source.case.is_some() => None,
        Some(named) => Some(named.clone()),
        None => config::find(),
    }
}

/// What it says; nothing if there is none.
///
/// # Errors
///
/// What is wrong with it.
pub fn read(source: &Source) -> Result<Config, Diagnostics> {
    file(source).map_or_else(|| Ok(Config::default()), |file| config::read(&file))
}

/// The same for commands that report errors on standard error only. Warnings are told.
pub fn told(source: &Source, detail: Detail) -> Result<Config, super::CliError> {
    let config = read(source)?;
    if detail > Detail::Quiet {
        remark(&config.diagnostics.to_string());
    }
    Ok(config)
}

/// Options of `check` with what the configuration adds to them.
pub fn check(arguments: &Check, config: &Config) -> Check {
    let racing = if arguments.strict { None } else { config.interleaving };
    Check {
        properties: properties(&arguments.properties, config),
        engine: arguments.engine.or(config.engine.map(engine)),
        bound: arguments.bound.or(config.bound),
        interleaving: arguments.interleaving.or(racing),
        timeout: arguments.timeout.or(config.timeout),
        memory: arguments.memory.or(config.memory),
        ..arguments.clone()
    }
}

/// The same of `repair`.
pub fn repair(arguments: &Repair, config: &Config) -> Repair {
    Repair {
        bound: arguments.bound.or(config.bound),
        interleaving: arguments.interleaving.or(config.interleaving),
        timeout: arguments.timeout.or(config.timeout),
        memory: arguments.memory.or(config.memory),
        ..arguments.clone()
    }
}

/// The same of `simulate`.
pub fn simulate(arguments: &Simulate, config: &Config) -> Simulate {
    Simulate { interleaving: arguments.interleaving.or(config.interleaving), ..arguments.clone() }
}

/// The same of `show`.
pub fn show(arguments: &Show, config: &Config) -> Show {
    Show { properties: properties(&arguments.properties, config), ..arguments.clone() }
}

fn properties(given: &[String], config: &Config) -> Vec<String> {
    if given.is_empty() { config.properties.clone() } else { given.to_vec() }
}

fn engine(name: Engine) -> EngineName {
    match name {
        Engine::Auto => EngineName::Auto,
        Engine::Explicit => EngineName::Explicit,
        Engine::Smt => EngineName::Smt,
        Engine::Sat => EngineName::Sat,
    }
}

/// Options that name the same configuration, for a command that people may copy.
pub fn words(source: &Source) -> Option<String> {
    let named = source.configuration.config.as_deref().map(Path::display);
    let named = named.map(|file| format!("--config {file}"));
    named.or(source.configuration.no_config.then(|| "--no-config".to_owned()))
}
